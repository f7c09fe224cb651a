import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { Failure } from "../../cli/base/failure.ts";
import { findProgram, type ProgramSources, resolveProgram } from "../../cli/program.ts";
import { elfFile, type ElfOptions } from "./elf_file.ts";

const ROOT: ProgramSources = {
  path: "/usr/bin:/bin",
  uid: 0,
  gid: 0,
  hasDoor: false,
  hasCapabilities: () => true,
};
const MACHINE = Deno.build.arch === "x86_64" ? 62 : 183;
const SHELL = Deno.realPathSync("/bin/sh");

/** A folder with files of the given contents; executable unless the name ends in ".data". */
async function withFiles(
  files: Record<string, string | Uint8Array>,
  body: (dir: string) => void,
): Promise<void> {
  const dir = await Deno.makeTempDir();
  try {
    for (const [name, content] of Object.entries(files)) {
      const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
      const mode = name.endsWith(".data") ? 0o644 : 0o755;
      await Deno.writeFile(`${dir}/${name}`, bytes, { mode });
    }
    body(dir);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

function refusal(command: string[], status: number, sources: Partial<ProgramSources> = {}): string {
  const error = assertThrows(() => resolveProgram(command, { ...ROOT, ...sources }), Failure);
  assertEquals(error.status, status, error.message);
  assertMatch(error.message, /\(.+\)$/);
  return error.message;
}

const elf = (options: ElfOptions) => elfFile({ machine: MACHINE, ...options });

Deno.test("the programs of this machine are found and fit", () => {
  for (const name of ["sh", "ls", "true"]) {
    const program = resolveProgram([name, "-c", "x"], ROOT);
    assert(program.path.endsWith(`/${name}`));
    assertEquals(program.argv, [name, "-c", "x"]);
    assertEquals(program.isSecure, false);
  }
  assertEquals(resolveProgram(["/bin/sh"], ROOT).path, "/bin/sh");
});

Deno.test("not found is 127; no path search for a name with a slash", async () => {
  refusal(["no-such-program-here"], 127);
  refusal([""], 127);
  refusal(["./sh"], 127);
  refusal(["/no/such/folder/sh"], 127);
  refusal(["/bin/sh/x"], 127);
  await withFiles({ tool: "#!/bin/sh\n" }, (dir) => {
    assertEquals(findProgram("tool", `/nowhere:${dir}`), `${dir}/tool`);
    assertThrows(() => findProgram("tool", "/nowhere"), Failure, "not found");
  });
});

Deno.test("found but not executable is 126, unless a later folder has a better one", async () => {
  await withFiles({ "a.data": "#!/bin/sh\n", "sub": "" }, (dir) => {
    assert(refusal([`${dir}/a.data`], 126).includes("chmod +x"));
    assert(refusal([dir], 126).includes("directory"));
    Deno.mkdirSync(`${dir}/better`);
    Deno.writeTextFileSync(`${dir}/better/a.data`, "#!/bin/sh\n", { mode: 0o755 });
    assertEquals(findProgram("a.data", `${dir}:${dir}/better`), `${dir}/better/a.data`);
    assertThrows(() => findProgram("a.data", dir), Failure, "not executable");
  });
});

Deno.test("what no preload reaches is refused with 2", async () => {
  const files = {
    static: elf({ interpreter: null }),
    go: elf({ note: "Go\0" }),
    musl: elf({ interpreter: "/lib/ld-musl-x86_64.so.1" }),
    android: elf({ interpreter: "/system/bin/linker64" }),
    foreign: elf({ machine: 8 }),
    i386: elf({ bits: 32, machine: 3 }),
    script: "#!STATIC -x\n",
    env: "#!/usr/bin/env -S A=b go run\n",
  };
  await withFiles(files, (dir) => {
    Deno.writeTextFileSync(`${dir}/script`, `#! ${dir}/static -x\n`);
    assert(refusal([`${dir}/static`], 2).includes("statically linked"));
    assert(refusal([`${dir}/script`], 2).includes("statically linked"));
    assert(refusal([`${dir}/go`], 2).includes("Go program"));
    assert(refusal([`${dir}/env`], 2, { path: dir }).includes("Go program"));
    assert(refusal([`${dir}/musl`], 2).includes("musl"));
    assert(refusal([`${dir}/android`], 2).includes("linker64"));
    assert(refusal([`${dir}/foreign`], 2).includes("machine 8"));
    assert(refusal([`${dir}/i386`], 2).includes("32-bit"));
  });
});

Deno.test("damaged files, missing interpreters and loops are 126", async () => {
  const files = {
    cut: elf({}).subarray(0, 80),
    noloader: elf({ interpreter: "/lib/ld-linux-none.so.9" }),
    binary: new Uint8Array([1, 2, 0, 3]),
    orphan: "#!/no/such/interpreter\n",
    loop: "",
  };
  await withFiles(files, (dir) => {
    Deno.writeTextFileSync(`${dir}/loop`, `#!${dir}/loop\n`);
    for (const name of Object.keys(files)) refusal([`${dir}/${name}`], 126);
  });
});

Deno.test("scripts run by their interpreter, bare ones by the shell", async () => {
  await withFiles({ script: "#!/bin/sh -e\nexit\n", bare: "exit 3\n", empty: "" }, (dir) => {
    const script = resolveProgram([`${dir}/script`, "a"], ROOT);
    assertEquals(script.path, `${dir}/script`);
    assertEquals(Deno.realPathSync(script.image), SHELL);
    for (const name of ["bare", "empty"]) {
      const bare = resolveProgram([`${dir}/${name}`, "a"], ROOT);
      assertEquals(bare.path, "/bin/sh");
      assertEquals(bare.argv, ["sh", `${dir}/${name}`, "a"]);
    }
  });
});

Deno.test("the loader itself may be named", () => {
  const loader = elfLoader();
  if (loader !== null) assertEquals(resolveProgram([loader, "/bin/true"], ROOT).path, loader);
});

function elfLoader(): string | null {
  const candidates = ["/lib64/ld-linux-x86-64.so.2", "/lib/ld-linux-aarch64.so.1"];
  return candidates.find((path) => {
    try {
      return Deno.statSync(path).isFile;
    } catch {
      return false;
    }
  }) ?? null;
}

Deno.test("AT_SECURE: another user or group, or capabilities for one who is not root", async () => {
  const path = "/usr/bin";
  await withFiles({ own: "#!/bin/sh\n" }, (dir) => {
    const file = `${dir}/program`;
    Deno.copyFileSync("/bin/true", file);
    const isSecure = (mode: number, sources: Partial<ProgramSources>) => {
      Deno.chmodSync(file, mode);
      return resolveProgram([file], { ...ROOT, path, ...sources }).isSecure;
    };
    const { uid, gid } = Deno.statSync(file);
    const [own, group] = [uid ?? 0, gid ?? 0];
    const none = () => false;
    assertEquals(isSecure(0o755, { uid: own, gid: group, hasCapabilities: none }), false);
    assertEquals(isSecure(0o4755, { uid: own, gid: group, hasCapabilities: none }), false);
    assertEquals(isSecure(0o4755, { uid: own + 1, gid: group, hasCapabilities: none }), true);
    assertEquals(isSecure(0o2755, { uid: own, gid: group + 1, hasCapabilities: none }), true);
    assertEquals(isSecure(0o755, { uid: 1000, gid: group, hasCapabilities: () => true }), true);
    assertEquals(isSecure(0o755, { uid: 0, gid: group, hasCapabilities: () => true }), false);
    Deno.chmodSync(file, 0o4755);
    const other = resolveProgram([file], { ...ROOT, path, uid: own + 1 });
    assertEquals(other.guestUid, own);
    assertEquals(resolveProgram([file], { ...ROOT, path, uid: own }).guestUid, null);
  });
});

Deno.test("an interpreter counts as far as the kernel reads a script: 256 bytes", async () => {
  const script = (spaces: number) => `#!${" ".repeat(spaces)}/bin/sh\n`;
  await withFiles({ short: script(240), long: script(252) }, (dir) => {
    assertMatch(resolveProgram([`${dir}/short`], ROOT).image, /\/sh$/);
    assertMatch(refusal([`${dir}/long`], 126), /its interpreter \/b is missing/);
  });
});
