import { assertEquals } from "@std/assert";
import { cachedDenort } from "../../../cli/build/denort.ts";

Deno.test("denort is found where deno compile keeps it, for this very version", async () => {
  const dir = await Deno.makeTempDir();
  try {
    assertEquals(await cachedDenort(dir), null);
    const release = `${dir}/dl/release/v${Deno.version.deno}`;
    await Deno.mkdir(release, { recursive: true });
    const zip = `${release}/denort-${Deno.build.target}.zip`;
    await Deno.writeTextFile(zip, "");
    assertEquals(await cachedDenort(dir), zip);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});
