import { assertEquals, assertNotEquals } from "@std/assert";
import { isOpen, withOpenCache } from "./open_cache.ts";

Deno.test({
  name: "a cache that keeps others out is not the tests'; one that is open is",
  ignore: Deno.uid() !== 0,
  async fn() {
    const before = Deno.env.get("NUSE_CACHE");
    const dir = Deno.makeTempDirSync();
    try {
      for (
        const [mode, inner, open] of [
          [0o700, "", false],
          [0o711, "", false],
          [0o755, "", true],
          [0o700, "/in", false],
          [0o711, "/in", true],
          [0o755, "/absent/yet", true],
        ] as const
      ) {
        Deno.chmodSync(dir, mode);
        if (inner === "/in") Deno.mkdirSync(`${dir}/in`, { recursive: true, mode: 0o755 });
        const own = dir + inner;
        const what = `${mode.toString(8)}${inner}`;
        assertEquals(isOpen(own), open, what);
        Deno.env.set("NUSE_CACHE", own);
        const used = await withOpenCache(() => Promise.resolve(Deno.env.get("NUSE_CACHE")!));
        if (open) assertEquals(used, own, what);
        else assertNotEquals(used, own, what);
        assertEquals(Deno.env.get("NUSE_CACHE"), own);
      }
    } finally {
      if (before === undefined) Deno.env.delete("NUSE_CACHE");
      else Deno.env.set("NUSE_CACHE", before);
      Deno.removeSync(dir, { recursive: true });
    }
  },
});
