/**
 * Other userspace stacks as paths of their own, where somebody has built small programs around
 * them: `kern/kt` on the kernel, `gvisor/gvpeer`, `lwip/lwpeer`, all with the same words:
 *
 *     sink PORT · send HOST PORT SECS · echo PORT · rr HOST PORT SECS
 *     usink PORT · usend HOST PORT SIZE SECS · idle SECS
 *
 * each of which prints READY when it listens, and ends with a line of `name=value` figures.
 *
 *     gvisor   ns a: 198.18.6.10 over vp (AF_PACKET) ── veth ── vq 198.18.6.2 in ns b
 *     lwip     ns b: 198.18.7.10 over a TAP, 198.18.7.2 on the kernel
 *
 * @module
 */
import { type Netns, type Running, veth } from "../../tests/lab/netns.ts";
import { awake } from "./awake.ts";
import type { Lab, PeerPath } from "./lab.ts";
import { MARGIN_SEC, newPort, stop } from "./measure.ts";
import { pingMedian } from "./measures.ts";

interface Stack {
  readonly ns: Netns;
  readonly self: string;
  readonly peer: string;
  /** What comes before the words above. */
  readonly command: readonly string[];
}

/** The figures of a peer's last line. */
export function peerFigures(stdout: string): Record<string, number> {
  const line = stdout.trimEnd().split("\n").findLast((text) => text.startsWith("mode=")) ?? "";
  const pairs = [...line.matchAll(/(\w+)=(-?[\d.]+)(?= |$)/g)];
  return Object.fromEntries(pairs.map(([, name, value]) => [name, Number(value)]));
}

export class Peers {
  readonly #lab: Lab;
  readonly #folder: string;
  readonly #stacks: Readonly<Record<PeerPath, Stack>>;

  private constructor(lab: Lab, folder: string) {
    this.#lab = lab;
    this.#folder = folder;
    const gvisor = ["-dev", "pkt:vp", "-addr", "198.18.6.10", "-gso", "-rxcsum"];
    this.#stacks = {
      gvisor: {
        ...{ ns: lab.a, self: "198.18.6.10", peer: "198.18.6.2" },
        command: [`${folder}/gvisor/gvpeer`, ...gvisor, "-dispatch", "recvmmsg"],
      },
      lwip: {
        ...{ ns: lab.b, self: "198.18.7.10", peer: "198.18.7.2" },
        command: [`${folder}/lwip/lwpeer`, "ftap:lwip0", "198.18.7.10", "198.18.7.2"],
      },
    };
  }

  /** Which of them are built in `folder`. */
  static builtIn(folder: string): PeerPath[] {
    const isThere = (path: string) => {
      try {
        return Deno.statSync(`${folder}/${path}`).isFile;
      } catch {
        return false;
      }
    };
    if (!isThere("kern/kt")) return [];
    const programs = [["gvisor", "gvisor/gvpeer"], ["lwip", "lwip/lwpeer"]] as const;
    return programs.filter(([, path]) => isThere(path)).map(([name]) => name);
  }

  static async create(lab: Lab, folder: string): Promise<Peers> {
    await veth(lab.a, "vp", null, lab.b, "vq", "198.18.6.2/24");
    await lab.b.ip("tuntap add dev lwip0 mode tap");
    await lab.b.ip("addr add 198.18.7.2/24 dev lwip0");
    await lab.b.ip("link set lwip0 up");
    return new Peers(lab, folder);
  }

  #stack(path: PeerPath, words: string[], limitSec: number): Running {
    const { ns, command } = this.#stacks[path];
    return ns.start([...command, ...words], { limitSec });
  }

  #kernel(words: string[], limitSec: number): Running {
    return this.#lab.b.start([`${this.#folder}/kern/kt`, ...words], { limitSec });
  }

  /** The figures of the server, or of the client, of one pair of programs. */
  async #pair(
    path: PeerPath,
    secs: number,
    { out, server, client }: { out: boolean; server: string; client: string[] },
  ): Promise<Record<"server" | "client", Record<string, number>>> {
    const port = newPort();
    const limitSec = secs + MARGIN_SEC;
    const { self, peer } = this.#stacks[path];
    const words = client.map((word) => word === "HOST" ? (out ? peer : self) : word)
      .map((word) => word === "PORT" ? port : word);
    const serve = [server, port];
    const listening = out ? this.#kernel(serve, limitSec) : this.#stack(path, serve, limitSec);
    try {
      await listening.waitFor("READY");
      const asking = out ? this.#stack(path, words, limitSec) : this.#kernel(words, limitSec);
      const asked = peerFigures((await asking.done).stdout);
      return { client: asked, server: peerFigures((await listening.done).stdout) };
    } finally {
      await stop(listening);
    }
  }

  async #bulk(path: PeerPath, secs: number, out: boolean): Promise<number> {
    const client = ["send", "HOST", "PORT", String(secs)];
    return (await this.#pair(path, secs, { out, server: "sink", client })).server.gbps;
  }

  async #datagrams(path: PeerPath, secs: number, size: number, out: boolean): Promise<number> {
    const client = ["usend", "HOST", "PORT", String(size), String(secs)];
    return (await this.#pair(path, secs, { out, server: "usink", client })).server.pps;
  }

  async #roundTrips(path: PeerPath, secs: number): Promise<number> {
    const client = ["rr", "HOST", "PORT", String(secs)];
    return (await this.#pair(path, secs, { out: true, server: "echo", client })).client.pps;
  }

  async #pinged(path: PeerPath, secs: number): Promise<number> {
    const idle = this.#stack(path, ["idle", String(secs + MARGIN_SEC)], secs + 2 * MARGIN_SEC);
    try {
      await idle.waitFor("READY");
      return await pingMedian((argv) => this.#lab.b.start(argv), this.#stacks[path].self, secs);
    } finally {
      await stop(idle);
    }
  }

  /** Runs a row of the bench; null: these programs do not have it. Rejects when it failed. */
  async run(name: string, path: PeerPath, secs: number): Promise<number | null> {
    const rows: Record<string, () => Promise<number>> = {
      "TCP out": () => this.#bulk(path, secs, true),
      "TCP in": () => this.#bulk(path, secs, false),
      "UDP 1 KiB out": () => this.#datagrams(path, secs, 1024, true),
      "UDP 1 KiB in": () => this.#datagrams(path, secs, 1024, false),
      "UDP 64 B out": () => this.#datagrams(path, secs, 64, true),
      "UDP 64 B in": () => this.#datagrams(path, secs, 64, false),
      "TCP request/response": () => this.#roundTrips(path, secs),
      "TCP request/response, awake": () => awake(() => this.#roundTrips(path, secs)),
      "ping RTT, pinged": () => this.#pinged(path, secs),
      "ping RTT, pinged, awake": () => awake(() => this.#pinged(path, secs)),
    };
    const row = rows[name];
    if (row === undefined) return null;
    const value = await row();
    if (!(value > 0)) throw new Error(`${path} told no figure`);
    return value;
  }
}
