/**
 * `deno task bench:bad [--kib N] [--delay MS] [--loss PPM] [--dup PPM] [--limit S]`
 *
 * A file through a path as bad as they come, out of nuse and into it: 25 % loss, 2 s each way, half
 * of what arrives arrives twice. It passes when both copies are intact within the limit.
 *
 * @module
 */
import { parseArgs } from "@std/cli/parse-args";
import { transferFile } from "../../tests/lab/linkem/file_transfer.ts";
import { LossyLink } from "../../tests/lab/linkem/lossy_link.ts";
import { canMakeNetns } from "../../tests/lab/netns.ts";
import { closeOnSignal } from "../lab/interrupt.ts";
import { saveReport } from "../lab/results.ts";
import { helpIfAsked } from "../../cli/build/task_help.ts";

async function main(): Promise<number> {
  const args = parseArgs(Deno.args, {
    string: ["kib", "delay", "loss", "dup", "limit"],
    default: { kib: "256", delay: "2000", loss: "250000", dup: "500000", limit: "1500" },
  });
  const [kib, delayMs, lossPpm, dupPpm, limitSec] = [
    args.kib,
    args.delay,
    args.loss,
    args.dup,
    args.limit,
  ].map(Number);
  if (!(kib > 0 && delayMs >= 0 && lossPpm >= 0 && dupPpm >= 0 && limitSec > 0)) {
    console.error("bench:bad: --kib, --delay, --loss, --dup and --limit take numbers");
    return 2;
  }
  if (!canMakeNetns) {
    console.error("bench:bad: needs root and iproute2 (it makes network namespaces)");
    return 2;
  }
  await using link = await LossyLink.create();
  using _ = closeOnSignal(() => link.close());
  const settings = { delayUs: delayMs * 1000, lossPpm, dupPpm, seed: 1 };
  await link.set(settings, limitSec + 10);
  const result = await transferFile(link, Math.round(kib * 1024), limitSec);
  const counts = await link.stop();
  const { sha256, outSha256, inSha256, seconds, code, stderr } = result;
  const isIntact = code === 0 && outSha256 === sha256 && inSha256 === sha256;
  const file = await saveReport("bad", { kib, ...settings, isIntact, counts, ...result });
  if (code !== 0) console.error(`nuse: exit ${code}: ${stderr}`);
  console.log(`sent by nuse      ${outSha256 === sha256 ? "intact" : "DAMAGED"}`);
  console.log(`received by nuse  ${inSha256 === sha256 ? "intact" : "DAMAGED"}`);
  console.log(`${kib} KiB each way in ${seconds.toFixed(0)} s`);
  console.error(`written: ${file}`);
  return isIntact ? 0 : 1;
}

helpIfAsked(import.meta);
Deno.exit(await main());
