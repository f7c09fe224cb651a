/**
 * One bulk transfer through a lossy link, from the kernel or from nuse to the kernel of the other
 * end.
 *
 * @module
 */
import {
  type LinkCounts,
  LOSSY_NUSE,
  LOSSY_PEER,
  type LossyLink,
} from "../../tests/lab/linkem/lossy_link.ts";
import { NUSE } from "../../tests/lab/nuse.ts";

export const RATE_BPS = 100_000_000;
/** The queue holds one bandwidth-delay product, but not less than this. */
const QUEUE_MIN_BYTES = 64_000;
/** Beyond the transfer: handshakes, and iperf3's exchange of results over the same link. */
const MARGIN_SEC = 20;

export interface Conditions {
  readonly isNuse: boolean;
  readonly rttMs: number;
  readonly lossPpm: number;
  readonly seed: number;
  readonly secs: number;
}

export interface Sample {
  readonly seed: number;
  /** What the receiver's program got. */
  readonly mbps: number;
  /** Segments, as the sender's TCP_INFO has them. */
  readonly retransmits: number;
  /** What the link did from the sender to the receiver. */
  readonly link: LinkCounts;
}

/** Runs iperf3 for `secs` seconds. Throws when it gives no result. */
export async function sample(link: LossyLink, c: Conditions): Promise<Sample> {
  const queueBytes = Math.max(QUEUE_MIN_BYTES, RATE_BPS / 8 * c.rttMs / 1000);
  const limitSec = c.secs + MARGIN_SEC;
  await link.set(
    { delayUs: c.rttMs * 500, rate: RATE_BPS, queueBytes, lossPpm: c.lossPpm, seed: c.seed },
    limitSec + 10,
  );
  const server = link.b.start(["iperf3", "-s", "-1", "--forceflush"], { limitSec });
  try {
    await server.waitFor("listening");
    const argv = ["iperf3", "-c", LOSSY_PEER, "-t", String(c.secs), "-J", "-C", "cubic"];
    const env: Record<string, string> = c.isNuse ? { NUSEDEV: "va", "nuse-va": LOSSY_NUSE } : {};
    const client = await link.a.start(c.isNuse ? [NUSE, ...argv] : argv, { env, limitSec }).done;
    const report = client.stdout.startsWith("{") ? JSON.parse(client.stdout) : {};
    if (client.code !== 0 || report.error) {
      throw new Error(`exit ${client.code}: ${report.error ?? client.stderr}`);
    }
    const counts = await link.stop();
    if (counts === null) throw new Error("the emulator gave no counts");
    return {
      seed: c.seed,
      mbps: report.end.sum_received.bits_per_second / 1e6,
      retransmits: report.end.sum_sent.retransmits,
      link: counts[0],
    };
  } finally {
    server.kill();
    await server.done;
  }
}
