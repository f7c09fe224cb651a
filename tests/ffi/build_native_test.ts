/** @module */
import { assert, assertEquals, assertMatch, assertNotEquals, assertThrows } from "@std/assert";
import { buildNative, findNative } from "../../ffi/build_native.ts";
import { SysError } from "../../ffi/errno.ts";

const SOURCE = '__attribute__((visibility("default"))) int answer(void) { return 42; }\n';

/** A directory with a source and a cache in it. */
async function withSource(
  use: (source: string, cacheDir: string, dir: string) => Promise<void> | void,
): Promise<void> {
  const dir = await Deno.makeTempDir({ prefix: "nuse-native-" });
  try {
    await Deno.writeTextFile(`${dir}/answer.c`, SOURCE);
    await use(`${dir}/answer.c`, `${dir}/cache`, dir);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

function answer(path: string): number {
  const library = Deno.dlopen(path, { answer: { parameters: [], result: "i32" } });
  try {
    return library.symbols.answer();
  } finally {
    library.close();
  }
}

Deno.test("findNative: builds once, then needs no compiler; a change builds anew", async () => {
  await withSource(async (source, cacheDir, dir) => {
    const compilers = ["cc"];
    const first = findNative("answer", [source], { cacheDir, compilers });
    assertEquals(answer(first), 42);
    const builtAt = Deno.statSync(first).mtime?.getTime();
    const second = findNative("answer", [source], { cacheDir, compilers });
    assertEquals(second, first);
    assertEquals(Deno.statSync(second).mtime?.getTime(), builtAt);
    // The path does not matter, contents do; headers beside the source count as well.
    await Deno.mkdir(`${dir}/moved`);
    await Deno.copyFile(source, `${dir}/moved/answer.c`);
    const moved = `${dir}/moved/answer.c`;
    assertEquals(findNative("answer", [moved], { cacheDir, compilers }), first);
    await Deno.writeTextFile(`${dir}/moved/answer.h`, "#define ANSWER 43\n");
    assertNotEquals(findNative("answer", [moved], { cacheDir, compilers }), first);
    await Deno.writeTextFile(source, SOURCE.replace("42", "43"));
    const changed = findNative("answer", [source], { cacheDir, compilers });
    assertEquals(answer(changed), 43);
    // Nothing but finished libraries, and the last one's object, is left in the cache.
    assert(namesIn(cacheDir).every((name) => /^(\.lock|answer-[0-9a-f]{32}\.s?o)$/.test(name)));
    assertEquals(objectsIn(cacheDir).length, 1);
  });
});

const namesIn = (dir: string) => [...Deno.readDirSync(dir)].map(({ name }) => name);
const objectsIn = (dir: string) => namesIn(dir).filter((name) => name.endsWith(".o"));

Deno.test("findNative: of a changed library only what the change concerns is made", async () => {
  await withSource(async (source, cacheDir, dir) => {
    const sources = [`${dir}/part.c`, source];
    await Deno.writeTextFile(`${dir}/part.h`, "enum { PART = 40 };\n");
    await Deno.writeTextFile(`${dir}/part.c`, '#include "part.h"\nint part(void){return PART;}\n');
    const whole = 'int part(void); __attribute__((visibility("default"))) int answer(void)';
    await Deno.writeTextFile(source, `${whole} { return part() + 2; }\n`);
    const cc = `${dir}/compiler`;
    const script = `for a; do case $a in *.c) echo "$a" >>${dir}/log;; esac; done; exec cc "$@"`;
    await Deno.writeTextFile(cc, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    const build = async (name: string, compiler = cc) => {
      await Deno.writeTextFile(`${dir}/log`, "");
      const library = findNative(name, sources, { cacheDir, compilers: [compiler] });
      const log = await Deno.readTextFile(`${dir}/log`);
      const names = log.trim().split("\n").map((path) => path.slice(dir.length + 1));
      return [answer(library), ...names];
    };
    assertEquals(await build("answer"), [42, "part.c", "answer.c"]);
    await Deno.writeTextFile(source, `${whole} { return part() + 3; }\n`);
    assertEquals(await build("answer"), [43, "answer.c"]);
    await Deno.writeTextFile(`${dir}/part.h`, "enum { PART = 50 };\n");
    assertEquals(await build("answer"), [53, "part.c", "answer.c"]);
    assertEquals(await build("answer", `${cc} -O1`), [53, "part.c", "answer.c"]);
    // Another library has objects of its own, and leaves those of the first alone
    assertEquals(await build("other"), [53, "part.c", "answer.c"]);
    assertEquals(objectsIn(cacheDir).map((name) => name.split("-")[0]).sort(), [
      "answer",
      "answer",
      "other",
      "other",
    ]);
  });
});

Deno.test("findNative: a ready-made library wins; a missing one falls back", async () => {
  await withSource((source, cacheDir, dir) => {
    buildNative([source], `${dir}/answer.so`);
    const options = { cacheDir, nativeDir: dir, compilers: ["/nonexistent/cc"] };
    assertEquals(findNative("answer", ["/nonexistent/answer.c"], options), `${dir}/answer.so`);
    const other = findNative("other", [source], { ...options, compilers: ["cc"] });
    assert(other.startsWith(`${cacheDir}/other-`));
  });
});

Deno.test("findNative: a folder that others can write is not trusted", async () => {
  await withSource(async (source, cacheDir, dir) => {
    await Deno.mkdir(cacheDir);
    buildNative([source], `${cacheDir}/answer.so`);
    await Deno.chmod(cacheDir, 0o777);
    assertThrows(() => findNative("answer", [source], { cacheDir }), SysError, "set NUSE_CACHE");
    const nativeDir = cacheDir;
    const options = { cacheDir: `${dir}/other`, nativeDir };
    assertThrows(() => findNative("answer", [source], options), SysError, "set NUSE_NATIVE_DIR");
    await Deno.chmod(cacheDir, 0o755);
    assertEquals(findNative("answer", [source], options), `${nativeDir}/answer.so`);
  });
});

Deno.test({
  name: "findNative: a cache that cannot be written, or that is mounted noexec, is named",
  ignore: Deno.uid() !== 0,
  async fn() {
    await withSource(async (source, cacheDir) => {
      await Deno.mkdir(cacheDir);
      const module = JSON.stringify(import.meta.resolve("../../ffi/build_native.ts"));
      const code = `const { findNative, openNative } = await import(${module});
        const cacheDir = ${JSON.stringify(cacheDir)};
        const options = { cacheDir, compilers: ["cc"] };
        try {
          openNative(findNative("answer", [${JSON.stringify(source)}], options), {});
        } catch (error) {
          console.log(error.message);
        }`;
      const under = async (mountOptions: string) => {
        const mount = `mount -t tmpfs -o mode=755,${mountOptions} none ${cacheDir}`;
        const args = ["-m", "sh", "-c", `${mount} && exec "$@"`, "sh", Deno.execPath(), "eval"];
        const { stdout } = await new Deno.Command("unshare", { args: [...args, code] }).output();
        return new TextDecoder().decode(stdout).trim();
      };
      assertMatch(await under("ro"), /^cannot write the cache \S+: EROFS \(.*NUSE_CACHE.*\)$/);
      assertMatch(
        await under("noexec"),
        /^cannot load libraries from \S+: EACCES \(it is mounted noexec: set NUSE_CACHE .*\)$/,
      );
      assertMatch(await under("size=4k"), /no space left in \S+\/cache \(/);
    });
  },
});

Deno.test("findNative: several first starts at once all succeed", async () => {
  await withSource(async (source, cacheDir) => {
    const module = import.meta.resolve("../../ffi/build_native.ts");
    const code = `import { findNative } from ${JSON.stringify(module)};
      console.log(findNative("answer", ${JSON.stringify([source])}, {
        cacheDir: ${JSON.stringify(cacheDir)}, compilers: ["cc"] }));`;
    const run = () => new Deno.Command(Deno.execPath(), { args: ["eval", code] }).output();
    const outputs = await Promise.all([run(), run(), run()]);
    const paths = outputs.map(({ stdout }) => new TextDecoder().decode(stdout).trim());
    assertEquals(new Set(paths).size, 1);
    assertEquals(answer(paths[0]), 42);
  });
});
