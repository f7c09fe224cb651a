import { assertEquals } from "@std/assert";
import { saveReport } from "../../../bench/lab/results.ts";

Deno.test("a report says when and on what it was made", async () => {
  const file = await Deno.makeTempFile({ suffix: ".json" });
  try {
    assertEquals(await saveReport("x", { samples: [1] }, file), file);
    const text = await Deno.readTextFile(file);
    const { stamp, kernel, deno, samples } = JSON.parse(text);
    assertEquals([kernel, deno, samples], [Deno.osRelease(), Deno.version.deno, [1]]);
    assertEquals(new Date(stamp).toISOString(), stamp);
    assertEquals(text.at(-1), "\n");
  } finally {
    await Deno.remove(file);
  }
});
