import { assertEquals } from "@std/assert";
import { runDirSources } from "../../cli/run_dir.ts";
import { sweepLibraries, systemLibraryDir } from "../../cli/secure_library.ts";

Deno.test("the folder of glibc, from the maps of a process", () => {
  const maps = `
7f0-7f1 r--p 00000000 fe:00 1  /usr/lib/x86_64-linux-gnu/libcap.so.2
7f1-7f2 r--p 00000000 fe:00 1  /usr/lib/x86_64-linux-gnu/libc.so.6
`;
  assertEquals(systemLibraryDir(maps), "/usr/lib/x86_64-linux-gnu");
  assertEquals(systemLibraryDir("7f1-7f2 r--p 0 fe:00 1 /lib/ld-musl-x86_64.so.1\n"), null);
});

Deno.test("a sweep removes only empty files, named as ours, of runs that are over", async () => {
  const dir = await Deno.makeTempDir();
  try {
    const sources = { ...runDirSources({}), pid: 5, isAlive: (pid: number) => pid === 1 };
    const ns = sources.pidNamespace;
    const kept = [`libnuse-1-${ns}.so`, `libnuse-8-${ns}.so`, "libnuse-7-1.so", "libnuse-x.so"];
    for (const name of [`libnuse-7-${ns}.so`, `libnuse-5-${ns}.so`, ...kept]) {
      await Deno.writeTextFile(`${dir}/${name}`, name === kept[1] ? "not ours" : "");
    }
    await Deno.symlink(`${dir}/${kept[0]}`, `${dir}/libnuse-9-${ns}.so`);
    sweepLibraries(dir, sources);
    const left = [...Deno.readDirSync(dir)].map(({ name }) => name).sort();
    assertEquals(left, [...kept, `libnuse-9-${ns}.so`].sort());
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});
