/**
 * The bench's network: two namespaces with the kernel's own path between them, and beside it the
 * paths that nuse takes to the same peer, or to another nuse.
 *
 *     ns a (program)                ns b (kernel peer)
 *       va0 198.18.0.1  ── veth ──  vb0 198.18.0.2        native
 *       va1 (bare, RAW) ── veth ──  vb1 198.18.1.2        nuse in a, at 198.18.1.10
 *                                   nuse-tap 198.18.2.2   nuse in b too, at 198.18.2.10
 *
 * PIPE has no kernel in it: two nuse, at 198.18.3.10 and 198.18.3.2, joined at a path. What it is
 * to be compared with is two nuse as well, with as little of the kernel between them as there is:
 *
 *     raw2    ns a: nuse over va2, 198.18.4.10  ── veth ──  ns b: nuse over vb2, 198.18.4.2
 *     tap2    ns b: two nuse, each with a TAP on the bridge br0: 198.18.5.10, 198.18.5.2
 *
 * In IPv6 each address has a twin: 2001:db8:1::10 for 198.18.1.10.
 *
 * @module
 */
import { addAddress6, allowIpv6, HAS_IPV6 } from "../../tests/lab/ipv6.ts";
import type { Family } from "../../tests/support/families.ts";
import { closeOnSignal } from "./interrupt.ts";
import { NUSE } from "../../tests/lab/nuse.ts";
import { must, Netns, type Running, type RunOptions, veth } from "../../tests/lab/netns.ts";

/** Ways to the peer: the kernel's own, and nuse's. */
export type Path = "native" | "raw" | "tap" | "pipe" | "raw2" | "tap2";
export const NUSE_PATHS: readonly Path[] = ["raw", "tap", "pipe", "raw2", "tap2"];
/** Those with a nuse at both ends. */
export const PAIR_PATHS: readonly Path[] = ["pipe", "raw2", "tap2"];
/** Other stacks (peers.ts). */
export type PeerPath = "gvisor" | "lwip";
/** Those whose best is held against the bars. */
export const BAR_PATHS: readonly Path[] = ["raw", "tap", "pipe"];

/** What a path's ends are called. */
interface Ends {
  /** Namespace in which the program runs. */
  ns: Netns;
  /** The program's own address, and the kernel peer's as the program sees it. */
  self: string;
  peer: string;
  env: Record<string, string>;
  /** Of a peer that runs under nuse as well; null: it is the kernel's. */
  peerEnv: Record<string, string> | null;
  /** Where such a peer runs. */
  peerNs?: Netns;
}

/**
 * A socket made while BBR is the default stays paced when CUBIC is chosen for it, which halves what
 * the kernel reaches.
 */
export const UNPACED = "net.ipv4.tcp_congestion_control=reno";
const LOAD_SOURCE = `${import.meta.dirname}/load.c`;

export class Lab {
  /** What is spoken from now on. */
  family: Family = 4;
  readonly #ends: Readonly<Record<Family, Record<Path, Ends>>>;
  #closed: Promise<void> | null = null;
  readonly #onSignal = closeOnSignal(() => this.close());

  private constructor(
    readonly a: Netns,
    readonly b: Netns,
    /** The compiled load program. */
    readonly load: string,
    readonly scratch: string,
  ) {
    this.#ends = { 4: this.#endsOf(4), 6: this.#endsOf(6) };
  }

  #endsOf(family: Family): Record<Path, Ends> {
    const { a, b } = this;
    const of = (address: string) => family === 4 ? address : twinOf(address);
    const at = (address: string) => `${of(address)}/${family === 4 ? 24 : 64}`;
    return {
      native: { ns: a, self: of("198.18.0.1"), peer: of("198.18.0.2"), env: {}, peerEnv: null },
      raw: {
        ns: a,
        self: of("198.18.1.10"),
        peer: of("198.18.1.2"),
        env: { NUSEDEV: "va1", "nuse-va1": at("198.18.1.10") },
        peerEnv: null,
      },
      tap: {
        ns: b,
        self: of("198.18.2.10"),
        peer: of("198.18.2.2"),
        env: {
          NUSEVIF: "TAP",
          NUSEDEV: "tap",
          "nuse-tap": at("198.18.2.10"),
          "nuse-tap-host": at("198.18.2.2"),
        },
        peerEnv: null,
      },
      pipe: {
        ns: a,
        self: of("198.18.3.10"),
        peer: of("198.18.3.2"),
        env: this.#cable(at("198.18.3.10")),
        peerEnv: this.#cable(at("198.18.3.2")),
      },
      raw2: {
        ns: a,
        self: of("198.18.4.10"),
        peer: of("198.18.4.2"),
        env: { NUSEDEV: "va2", "nuse-va2": at("198.18.4.10") },
        peerEnv: { NUSEDEV: "vb2", "nuse-vb2": at("198.18.4.2") },
        peerNs: b,
      },
      tap2: {
        ns: b,
        self: of("198.18.5.10"),
        peer: of("198.18.5.2"),
        env: bridged("left", at("198.18.5.10")),
        peerEnv: bridged("right", at("198.18.5.2")),
        peerNs: b,
      },
    };
  }

  /** The variables of one end of the pipe. */
  #cable(address: string): Record<string, string> {
    const path = `${this.scratch}/cable`;
    return { NUSEDEV: "cable", "nuse-cable": address, "nuse-cable-pipe": path };
  }

  static async create(): Promise<Lab> {
    const a = await Netns.create("bna");
    const b = await Netns.create("bnb").catch(async (error) => {
      await a.close();
      throw error;
    });
    const scratch = await Deno.makeTempDir({ prefix: "nuse-bench-" });
    const lab = new Lab(a, b, `${scratch}/load`, scratch);
    try {
      for (const ns of [a, b]) await must([...ns.enter, "sysctl", "-qw", UNPACED]);
      await must(["cc", "-O2", "-Wall", "-Wextra", "-std=c11", "-o", lab.load, LOAD_SOURCE]);
      if (HAS_IPV6) { for (const ns of [a, b]) await allowIpv6(ns); }
      await veth(a, "va0", "198.18.0.1/24", b, "vb0", "198.18.0.2/24");
      await veth(a, "va1", null, b, "vb1", "198.18.1.2/24");
      await veth(a, "va2", null, b, "vb2", null);
      if (HAS_IPV6) await lab.#addTwins();
      await b.ip("link add br0 type bridge");
      await b.ip("link set br0 up");
      return lab;
    } catch (error) {
      await lab.close();
      throw error;
    }
  }

  /** The kernel's addresses of IPv6; nuse's interfaces are bare to it. */
  async #addTwins(): Promise<void> {
    const { a, b } = this;
    for (
      const [ns, device, address] of [[a, "va0", "0.1"], [b, "vb0", "0.2"], [
        b,
        "vb1",
        "1.2",
      ]] as const
    ) {
      await addAddress6(ns, device, `${twinOf(`198.18.${address}`)}/64`);
    }
    for (const [ns, device] of [[a, "va1"], [a, "va2"], [b, "vb2"]] as const) {
      await must([...ns.enter, "sysctl", "-qw", `net.ipv6.conf.${device}.disable_ipv6=1`]);
    }
  }

  /** What there is of a path, in the family that is spoken. */
  #end(path: Path): Ends {
    return this.#ends[this.family][path];
  }

  /** Address of the peer, as the program on `path` sees it. */
  peer(path: Path): string {
    return this.#end(path).peer;
  }

  /** Address of the program on `path`. */
  self(path: Path): string {
    return this.#end(path).self;
  }

  /** The peer is the kernel's own stack, there without a program. */
  hasKernelPeer(path: Path): boolean {
    return this.#end(path).peerEnv === null;
  }

  /** Starts a program where those of the path run, with what nuse would need, without nuse. */
  bare(path: Path, argv: string[], options: RunOptions = {}): Running {
    const { ns, env } = this.#end(path);
    return ns.start(argv, { ...options, env: { ...env, ...options.env } });
  }

  /** Starts a program on its path: bare for `native`, else behind `./nuse`. */
  program(path: Path, argv: string[], options: RunOptions = {}): Running {
    const { ns, env } = this.#end(path);
    const command = path === "native" ? argv : [NUSE, ...argv];
    return ns.start(command, { ...options, env: { ...env, ...options.env } });
  }

  /**
   * As `program`, by bash, which writes the user and system seconds of it and its children behind
   * what it has written to stderr.
   */
  timed(path: Path, argv: string[], options: RunOptions = {}): Running {
    const { ns, env } = this.#end(path);
    const command = path === "native" ? argv : [NUSE, ...argv];
    const script = 'TIMEFORMAT="%3U %3S"; time "$@"';
    const settings = Object.entries({ ...env, ...options.env }).map(([k, v]) => `${k}=${v}`);
    return ns.start(["bash", "-c", script, "timed", "env", ...settings, ...command], {
      ...options,
      env: undefined,
    });
  }

  /** What one would type to do what `program` does, in the namespace. */
  commandLine(path: Path, argv: string[]): string {
    const env = Object.entries(this.#end(path).env).map(([name, value]) => `${name}=${value}`);
    return (path === "native" ? argv : ["env", ...env, "./nuse", ...argv]).join(" ");
  }

  /** Starts a program at the other end: on the kernel, in b, or behind another nuse. */
  opposite(path: Path, argv: string[], options: RunOptions = {}): Running {
    const { peerEnv, peerNs } = this.#end(path);
    if (peerEnv === null) return this.b.start(argv, options);
    return (peerNs ?? this.a).start([NUSE, ...argv], {
      ...options,
      env: { ...peerEnv, ...options.env },
    });
  }

  close(): Promise<void> {
    this.#closed ??= this.#remove();
    return this.#closed;
  }

  async #remove(): Promise<void> {
    await this.a.close();
    await this.b.close();
    await Deno.remove(this.scratch, { recursive: true });
    this.#onSignal[Symbol.dispose]();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

function twinOf(address: string): string {
  const [, , net, host] = address.split(".");
  return `2001:db8:${net}::${host}`;
}

/** The variables of one end of the bridge. */
function bridged(name: string, address: string): Record<string, string> {
  return {
    NUSEVIF: "TAP",
    NUSEDEV: name,
    [`nuse-${name}`]: address,
    [`nuse-${name}-bridge`]: "br0",
  };
}
