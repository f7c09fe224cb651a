import { assertEquals } from "@std/assert";
import { transferFile } from "../lab/linkem/file_transfer.ts";
import { LossyLink } from "../lab/linkem/lossy_link.ts";
import { canMakeNetns } from "../lab/netns.ts";

const BYTES = 32 * 1024;
const LIMIT_SEC = 170;

// The same with 2 s each way takes minutes: `deno task bench:bad`.
Deno.test({
  name: "25 % loss, 50 % duplication, 200 ms each way: a file goes out and comes in unharmed" +
    (canMakeNetns ? "" : " (left out: needs root and iproute2)"),
  ignore: !canMakeNetns,
  sanitizeOps: false,
  sanitizeResources: false,
  async fn() {
    await using link = await LossyLink.create();
    const impairments = { lossPpm: 250_000, dupPpm: 500_000, seed: 1 };
    await link.set({ delayUs: 200_000, ...impairments }, LIMIT_SEC + 5);
    const result = await transferFile(link, BYTES, LIMIT_SEC);
    assertEquals(result.code, 0, result.stderr);
    assertEquals(result.outSha256, result.sha256, "what nuse sent");
    assertEquals(result.inSha256, result.sha256, "what nuse received");
    const [there, back] = (await link.stop())!;
    for (const way of [there, back]) {
      assertEquals(way.lost > 0 && way.duplicated > 0, true, JSON.stringify(way));
    }
  },
});
