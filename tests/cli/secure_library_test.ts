import { assertEquals } from "@std/assert";
import { systemLibraryDir } from "../../cli/secure_library.ts";

Deno.test("the folder of glibc, from the maps of a process", () => {
  const maps = `
7f0-7f1 r--p 00000000 fe:00 1  /usr/lib/x86_64-linux-gnu/libcap.so.2
7f1-7f2 r--p 00000000 fe:00 1  /usr/lib/x86_64-linux-gnu/libc.so.6
`;
  assertEquals(systemLibraryDir(maps), "/usr/lib/x86_64-linux-gnu");
  assertEquals(systemLibraryDir("7f1-7f2 r--p 0 fe:00 1 /lib/ld-musl-x86_64.so.1\n"), null);
});
