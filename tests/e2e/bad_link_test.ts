import { assertEquals } from "@std/assert";
import { transferFile } from "../lab/linkem/file_transfer.ts";
import { LossyLink } from "../lab/linkem/lossy_link.ts";
import { BOTH, VIFS, whyLeftOut } from "./fixture.ts";

const LIMIT_SEC = 170;

interface BadLink {
  vif: "RAW" | "NETMAP";
  bytes: number;
  lossPercent: number;
  dupPercent: number;
  delayMs: number;
}

// The same with 2 s each way takes minutes: `deno task bench:bad`.
const LINKS: BadLink[] = [
  { vif: "RAW", bytes: 32 << 10, lossPercent: 25, dupPercent: 50, delayMs: 200 },
  { vif: "NETMAP", bytes: 256 << 10, lossPercent: 10, dupPercent: 20, delayMs: 10 },
];

const isWanted = ({ vif }: BadLink) => VIFS.includes(vif);

const CASES = LINKS.filter(isWanted).flatMap((link) => BOTH.map((family) => ({ ...link, family })));

for (const { vif, family, bytes, lossPercent, dupPercent, delayMs } of CASES) {
  const reason = whyLeftOut(vif, [], family);
  Deno.test({
    name:
      `${vif}${
        family === 6 ? " v6" : ""
      }: ${lossPercent} % loss, ${dupPercent} % duplication, ${delayMs} ms each way: ` +
      `a file goes out and comes in unharmed${reason}`,
    ignore: reason !== "",
    sanitizeOps: false,
    sanitizeResources: false,
    async fn() {
      await using link = await LossyLink.create(vif, family);
      const settings = { lossPpm: lossPercent * 10_000, dupPpm: dupPercent * 10_000, seed: 1 };
      await link.set({ delayUs: delayMs * 1000, ...settings }, LIMIT_SEC + 5);
      const result = await transferFile(link, bytes, LIMIT_SEC);
      assertEquals(result.code, 0, result.stderr);
      assertEquals(result.outSha256, result.sha256, "what nuse sent");
      assertEquals(result.inSha256, result.sha256, "what nuse received");
      const [there, back] = (await link.stop())!;
      for (const way of [there, back]) {
        assertEquals(way.lost > 0 && way.duplicated > 0, true, JSON.stringify(way));
      }
    },
  });
}
