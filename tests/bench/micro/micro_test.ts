import { assert } from "@std/assert";

const BENCH = new URL("../../../bench/micro/", import.meta.url);

/**
 * Under `deno test` Deno.bench registers nothing; set-up, warm-up and the benches' own checks run.
 */
for (const { name } of [...Deno.readDirSync(BENCH)].sort((a, b) => a.name < b.name ? -1 : 1)) {
  if (!name.endsWith("_bench.ts")) continue;
  Deno.test(`${name} still does what it measures`, async () => {
    assert(await import(new URL(name, BENCH).href));
  });
}
