/**
 * What the demo measures: iperf3 both ways, iperf 2, and ping, each with the command that it stands
 * for.
 *
 * @module
 */
import type { Lab, Path } from "../lab/lab.ts";
import type { Measure } from "../lab/measure.ts";
import { MEASURES } from "../lab/rows.ts";

export interface DemoMeasure extends Measure {
  /** The program's command line, as far as it matters to a reader. */
  readonly command: string;
}

const START_LIMIT_MS = 5000;
const MARGIN_SEC = 15;
let nextPort = 5001;

/** Rate of the last report in iperf 2's CSV (`-y C`), bit/s; NaN: there is none. */
export function csvRate(csv: string): number {
  const fields = csv.trimEnd().split("\n").at(-1)?.split(",") ?? [];
  return fields.length >= 9 ? Number(fields[8]) : NaN;
}

/** iperf 2 says nothing about itself in CSV mode: asks the kernel whether it listens. */
async function listens(lab: Lab, port: string): Promise<void> {
  for (const end = Date.now() + START_LIMIT_MS; Date.now() < end;) {
    const { stdout } = await lab.b.run(["ss", "-Hltn"]);
    if (stdout.includes(`:${port} `)) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error("iperf -s does not listen");
}

/** iperf 2 with CUBIC chosen per socket; the receiver's figure, Gbit/s. */
async function iperf2(lab: Lab, path: Path, secs: number): Promise<number> {
  const port = String(nextPort++);
  const limitSec = secs + MARGIN_SEC;
  const server = lab.opposite(path, ["iperf", "-s", "-p", port, "-P", "1", "-y", "C"], {
    limitSec,
  });
  try {
    await listens(lab, port);
    const argv = ["iperf", "-c", lab.peer(path), "-p", port, "-t", String(secs), "-Z", "cubic"];
    const client = await lab.program(path, argv, { limitSec }).done;
    if (client.code !== 0) {
      throw new Error(`iperf on ${path}: exit ${client.code}: ${client.stderr}`);
    }
    const rate = csvRate((await server.done).stdout);
    if (!(rate > 0)) throw new Error(`iperf on ${path}: the server reports nothing`);
    return rate / 1e9;
  } finally {
    server.kill();
    await server.done;
  }
}

/** One of the net bench's; a demo judges nothing. */
function borrowed(of: string, name: string, command: string): DemoMeasure {
  const measure = MEASURES.find((m) => m.name === of);
  if (measure === undefined) throw new Error(`bench/net has no measure ${of}`);
  return { ...measure, name, command, bar: null, goal: undefined };
}

export const DEMO_MEASURES: readonly DemoMeasure[] = [
  borrowed("TCP out", "iperf3, out", "iperf3 -C cubic -c HOST"),
  borrowed("TCP in", "iperf3, in", "iperf3 -C cubic -c HOST -R"),
  {
    name: "iperf 2, out",
    unit: "Gbit/s",
    bar: null,
    run: iperf2,
    command: "iperf -Z cubic -c HOST",
  },
  borrowed("ping RTT", "ping", "ping -c 300 -i 0.004 HOST"),
];
