/**
 * The throughput table: one connection, buffer × loss × RTT, with the theoretical bounds beside it.
 *
 *     deno run -A tests/sim/throughput.ts            prints the table
 *     deno run -A tests/sim/throughput.ts --write    and keeps it as tests/sim/throughput.txt
 *
 * The link has no rate limit, and both directions lose frames. Bounds: a window of `buffer` bytes
 * cannot carry more than buffer / RTT; Reno at loss p carries MSS / RTT * sqrt(3 / 2p) (Mathis et
 * al., 1997), and so does CUBIC wherever its Reno-friendly region rules (RFC 9438 5.1), as in this
 * range: with its alpha of 1 beyond cwnd_prior hardly more. Reference: smoltcp's published figures
 * for 10 MiB, the same buffer and 100 ms, which are without congestion control.
 *
 * At 1% they lie above what RFC 9438 allows: 219,671 bytes/s are a mean window of 15.2 segments,
 * the formula gives 12.2, and a sender that repairs every loss within one round trip without a
 * timeout has 12.7 with the 22 segments of this buffer. BBR, which does not take every loss for
 * congestion, stands beside CUBIC.
 *
 * @module
 */
import { scalingRatio } from "../../stack/tcp/receive/receive_window.ts";
import { connect, listen, openStream } from "./apps.ts";
import { type LinkOptions, Simulator } from "./simulator.ts";
import { Transfer } from "./transfer.ts";

const PORT = 80;
const MSS = 1448;
const MIB = 1 << 20;
const TRIES = 100;
export const BUFFERS = [4096, 32768, 262144, 2097152];
export const LOSSES = [0, 0.001, 0.01, 0.05, 0.3];
export const RTTS_MS = [1, 20, 100];

/** smoltcp, bytes/s at 100 ms, by buffer and loss. */
export const REFERENCE: Readonly<Record<string, number>> = {
  "32768 0": 322_945,
  "32768 0.01": 219_671,
  "32768 0.05": 76_626,
  "32768 0.3": 1_156,
};

export interface Cell {
  readonly buffer: number;
  readonly loss: number;
  readonly rttMs: number;
  /** cubic when left out. */
  readonly congestion?: string;
}

/** Bytes a second that one transfer of `bytes` reaches. */
export function measure(cell: Cell, bytes: number, seed = 1): number {
  const { buffer, loss, rttMs } = cell;
  const sim = new Simulator(seed, { captureFrames: 20, checkEvery: 0 });
  // So much memory has room for `buffer` bytes of full segments
  const rcvBufBytes = Math.ceil((256 * buffer) / scalingRatio(MSS));
  const tcp = {
    congestion: cell.congestion ?? "cubic",
    rcvBufInitBytes: rcvBufBytes,
    rcvBufMaxBytes: rcvBufBytes,
    sndBufInitBytes: buffer,
    sndBufMaxBytes: buffer,
    // How fast, not how long it tries: at 30% one connection in some hundreds would be given up
    synRetries: TRIES,
    synAckRetries: TRIES,
    retries2: TRIES,
  };
  const a = sim.addHost("a", { config: { tcp } });
  const b = sim.addHost("b", { config: { tcp } });
  const link: Partial<LinkOptions> = {
    delayUs: rttMs * 500,
    loss: { kind: "bernoulli", rate: loss },
    arpSafeUntilUs: Infinity,
  };
  const { ends } = sim.connect(a, b, link);
  let server: Transfer | null = null;
  listen(sim, b, PORT, 5, (socket) => {
    server = new Transfer(sim, b, socket, { recvKey: 1, recvBytes: bytes, finishesLast: true });
  });
  const socket = openStream(a);
  new Transfer(sim, a, socket, { sendKey: 1, sendBytes: bytes });
  connect(sim, socket, ends[1].options.addr, PORT);
  a.turn(sim.nowUs);
  const received = () => (server as Transfer | null)?.received ?? 0;
  sim.run(() => received() === bytes, { maxSteps: 5_000_000, maxUs: 24 * 3600e6 });
  return bytes / ((sim.nowUs - sim.startUs) / 1e6);
}

export function windowBound(cell: Pick<Cell, "buffer" | "rttMs">): number {
  return cell.buffer / (cell.rttMs / 1000);
}

export function renoBound(cell: Cell): number {
  return cell.loss === 0 ? Infinity : MSS / (cell.rttMs / 1000) * Math.sqrt(1.5 / cell.loss);
}

function figure(value: number): string {
  return Number.isFinite(value) ? Math.round(value).toString() : "-";
}

/** NaN when the connection did not survive. */
function attempt(cell: Cell): number {
  try {
    return measure(cell, 10 * MIB);
  } catch {
    return NaN;
  }
}

const COLUMNS = [
  "buffer",
  "loss",
  "RTT ms",
  "bytes/s",
  "buffer/RTT",
  "of it",
  "Reno bound",
  "smoltcp",
  "BBR",
];

export function table(report: (line: string) => void): void {
  const row = (cells: readonly string[]) => report(cells.map((c) => c.padStart(11)).join(""));
  row(COLUMNS);
  for (const rttMs of RTTS_MS) {
    for (const buffer of BUFFERS) {
      for (const loss of LOSSES) {
        const cell = { buffer, loss, rttMs };
        const value = attempt(cell);
        const reference = rttMs === 100 ? REFERENCE[`${buffer} ${loss}`] : undefined;
        row([
          `${buffer}`,
          `${loss * 100}%`,
          `${rttMs}`,
          figure(value),
          figure(windowBound(cell)),
          (value / windowBound(cell)).toFixed(3),
          figure(renoBound(cell)),
          reference === undefined ? "" : `${reference}`,
          reference === undefined ? "" : figure(attempt({ ...cell, congestion: "bbr" })),
        ]);
      }
    }
  }
}

if (import.meta.main) {
  const lines: string[] = [];
  table((line) => {
    console.log(line);
    lines.push(line);
  });
  if (Deno.args.includes("--write")) {
    Deno.writeTextFileSync(new URL("throughput.txt", import.meta.url), lines.join("\n") + "\n");
  }
}
