/**
 * Network namespaces of the tests' and benches' own: made with random names, addresses from
 * 198.18.0.0/15, removed by `close` (also when a test fails: use `await using`).
 *
 * Every command run inside has a time limit and belongs to the caller: `close` ends what is left,
 * by pid.
 *
 * @module
 */
import { patience } from "./patience.ts";

export interface RunOptions {
  env?: Record<string, string>;
  /** Seconds until the command is killed (default 20), on an idle machine: see patience.ts. */
  limitSec?: number;
  stdin?: string;
  cwd?: string;
}

export interface RunResult {
  code: number;
  stdout: string;
  stderr: string;
}

/** A command under way, its output collected. */
export interface Running {
  readonly pid: number;
  /** What it has printed so far. */
  readonly seen: string;
  /** Resolves when stdout contains `text`; rejects after `limitSec`, later on a busy machine. */
  waitFor(text: string, limitSec?: number): Promise<void>;
  kill(signal?: Deno.Signal): void;
  readonly done: Promise<RunResult>;
}

const HAS_TOOLS = (() => {
  try {
    return new Deno.Command("ip", { args: ["-V"], stdout: "null", stderr: "null" }).outputSync()
      .success;
  } catch {
    return false;
  }
})();

/** True when this process may make namespaces and devices. */
export const canMakeNetns = HAS_TOOLS && Deno.uid() === 0;

async function text(stream: ReadableStream<Uint8Array>, onChunk: (all: string) => void) {
  const decoder = new TextDecoder();
  let all = "";
  for await (const chunk of stream) {
    all += decoder.decode(chunk, { stream: true });
    onChunk(all);
  }
  return all;
}

/** Starts a command with a time limit. */
export function start(argv: string[], options: RunOptions = {}): Running {
  const limit = Math.ceil((options.limitSec ?? 20) * patience());
  const child = new Deno.Command("timeout", {
    args: ["-k", "2", String(limit), ...argv],
    env: options.env,
    cwd: options.cwd,
    stdin: options.stdin === undefined ? "null" : "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  let seen = "";
  const waiters: { text: string; resolve: () => void }[] = [];
  const wake = () => waiters.filter((w) => seen.includes(w.text)).forEach((w) => w.resolve());
  const out = text(child.stdout, (all) => {
    seen = all;
    wake();
  });
  const err = text(child.stderr, () => {});
  if (options.stdin !== undefined) {
    const writer = child.stdin.getWriter();
    writer.write(new TextEncoder().encode(options.stdin))
      .then(() => writer.close()).catch(() => {});
  }
  const done = (async () => {
    const [stdout, stderr, status] = await Promise.all([out, err, child.status]);
    return { code: status.code, stdout, stderr };
  })();
  return {
    pid: child.pid,
    get seen() {
      return seen;
    },
    done,
    kill(signal = "SIGTERM") {
      try {
        child.kill(signal);
      } catch {
        // It has ended by itself.
      }
    },
    async waitFor(wanted, limitSec = 10) {
      let timer: ReturnType<typeof setTimeout> | undefined;
      const late = new Promise<never>((_, reject) => {
        const limitMs = limitSec * patience() * 1000;
        timer = setTimeout(() => reject(new Error(`no "${wanted}" in: ${seen}`)), limitMs);
      });
      const found = new Promise<void>((resolve) => waiters.push({ text: wanted, resolve }));
      const over = done.then((r) => {
        if (!r.stdout.includes(wanted)) {
          throw new Error(`ended with ${r.code} before "${wanted}": ${r.stdout}${r.stderr}`);
        }
      });
      wake();
      try {
        await Promise.race([found, over, late]);
      } finally {
        clearTimeout(timer);
        over.catch(() => {});
      }
    },
  };
}

/** Runs a command to its end. */
export function run(argv: string[], options: RunOptions = {}): Promise<RunResult> {
  return start(argv, options).done;
}

/** Runs a command that must succeed. */
export async function must(argv: string[], options: RunOptions = {}): Promise<string> {
  const r = await run(argv, options);
  if (r.code !== 0) throw new Error(`${argv.join(" ")}: exit ${r.code}: ${r.stderr}`);
  return r.stdout;
}

/** One namespace with `lo` up and IPv6 off. */
export class Netns {
  readonly name: string;
  readonly #running: Running[] = [];

  private constructor(name: string) {
    this.name = name;
  }

  static async create(prefix = "nuse"): Promise<Netns> {
    const ns = new Netns(`${prefix}-${crypto.randomUUID().slice(0, 8)}`);
    await must(["ip", "netns", "add", ns.name]);
    await must(["ip", "-n", ns.name, "link", "set", "lo", "up"]);
    await ns.run([
      "sysctl",
      "-qw",
      "net.ipv6.conf.all.disable_ipv6=1",
      "net.ipv6.conf.default.disable_ipv6=1",
    ]);
    return ns;
  }

  /** A prefix for argv that enters the namespace. */
  get enter(): string[] {
    return ["ip", "netns", "exec", this.name];
  }

  /** `ip -n NAME …` that must succeed. */
  ip(args: string): Promise<string> {
    return must(["ip", "-n", this.name, ...args.split(" ")]);
  }

  run(argv: string[], options: RunOptions = {}): Promise<RunResult> {
    return this.start(argv, options).done;
  }

  start(argv: string[], options: RunOptions = {}): Running {
    const env = Object.entries(options.env ?? {}).map(([k, v]) => `${k}=${v}`);
    const running = start([...this.enter, "env", ...env, ...argv], { ...options, env: undefined });
    this.#running.push(running);
    return running;
  }

  async close(): Promise<void> {
    for (const running of this.#running) running.kill("SIGTERM");
    const gone = Promise.all(this.#running.map((r) => r.done));
    let timer: ReturnType<typeof setTimeout> | undefined;
    await Promise.race([gone, new Promise((r) => timer = setTimeout(r, 3000))]);
    clearTimeout(timer);
    await run(["ip", "netns", "del", this.name]);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/**
 * Joins two namespaces by a veth pair, both ends up. An address is given as CIDR; null leaves it
 * bare.
 */
export async function veth(
  a: Netns,
  aName: string,
  aAddr: string | null,
  b: Netns,
  bName: string,
  bAddr: string | null,
): Promise<void> {
  await must(
    `ip link add ${aName} netns ${a.name} type veth peer name ${bName} netns ${b.name}`.split(" "),
  );
  for (const [ns, name, addr] of [[a, aName, aAddr], [b, bName, bAddr]] as const) {
    if (addr !== null) await ns.ip(`addr add ${addr} dev ${name}`);
    await ns.ip(`link set dev ${name} up`);
  }
}
