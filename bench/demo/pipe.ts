/**
 * What the demo shows where it may make no network namespaces: two nuse joined by a PIPE, as any
 * user, with no kernel's stack in between.
 *
 *     nuse 198.18.3.10 (ping, iperf3 -c) ── PIPE ── nuse 198.18.3.2 (iperf3 -s)
 *
 * @module
 */
import { type Running, start } from "../../tests/lab/netns.ts";
import { NUSE } from "../../tests/lab/nuse.ts";
import { pathOfProgram } from "../../tests/lab/setup.ts";
import { figure } from "../lab/table.ts";

const NEAR = "198.18.3.10";
const FAR = "198.18.3.2";
const MARGIN_SEC = 15;

const INTRO = `
PIPE: two programs that nobody has changed, each under a nuse of its own, and between the two a unix
socket that carries Ethernet frames. No root, no interface, no kernel's TCP/IP in the way.
`;

class Pair {
  readonly #folder = Deno.makeTempDirSync({ prefix: "nuse-demo-" });
  /** ping without the capabilities of its file, with which nothing could be preloaded into it. */
  readonly ping = `${this.#folder}/ping`;
  readonly #running: Running[] = [];

  constructor() {
    Deno.copyFileSync(pathOfProgram("ping")!, this.ping);
    Deno.chmodSync(this.ping, 0o755);
  }

  /** Starts a program behind the nuse at `address`. */
  nuse(address: string, argv: readonly string[], limitSec: number): Running {
    const running = start([NUSE, ...this.#options(address), ...argv], { limitSec });
    this.#running.push(running);
    return running;
  }

  /** What one would type for it. */
  commandLine(address: string, argv: readonly string[]): string {
    return ["./nuse", ...this.#options(address), ...argv].join(" ").replace(this.ping, "ping");
  }

  #options(address: string): string[] {
    return ["--dev", `cable=${address}/24,pipe=${this.#folder}/cable`];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const running of this.#running) running.kill();
    await Promise.all(this.#running.map(({ done }) => done));
    await Deno.remove(this.#folder, { recursive: true });
  }
}

/** iperf3's figure of the receiver, Gbit/s. Throws an Error that says what came instead. */
async function iperf3(pair: Pair, more: readonly string[], secs: number): Promise<number> {
  const argv = ["iperf3", "-c", FAR, "-J", "-t", String(secs), ...more];
  const { code, stdout, stderr } = await pair.nuse(NEAR, argv, secs + MARGIN_SEC).done;
  const report = stdout.startsWith("{") ? JSON.parse(stdout) : {};
  if (code !== 0 || report.error) throw new Error(`exit ${code}: ${report.error ?? stderr}`);
  return report.end.sum_received.bits_per_second / 1e9;
}

/** True: all of it worked. */
export async function showPipe(secs: number): Promise<boolean> {
  await using pair = new Pair();
  console.log(INTRO);
  const serve = ["iperf3", "-s", "--forceflush"];
  console.log(`$ ${pair.commandLine(FAR, serve)}`);
  const server = pair.nuse(FAR, serve, 60 + 2 * secs);
  await server.waitFor("listening");
  console.log("Server listening; and in another terminal:\n");
  const argv = [pair.ping, "-c", "3", FAR];
  console.log(`$ ${pair.commandLine(NEAR, argv)}`);
  const ping = await pair.nuse(NEAR, argv, MARGIN_SEC).done;
  console.log(`${ping.stdout}${ping.stderr}`);
  let isWell = ping.code === 0;
  for (const [name, more] of [["out", []], ["in", ["-R"]]] as const) {
    try {
      const rate = await iperf3(pair, more, secs);
      console.log(`  iperf3 -c HOST, ${name.padEnd(3)}  ${figure(rate, "Gbit/s")} Gbit/s`);
    } catch (error) {
      isWell = false;
      console.log(`  iperf3 -c HOST, ${name.padEnd(3)}  ${(error as Error).message.trim()}`);
    }
  }
  return isWell;
}
