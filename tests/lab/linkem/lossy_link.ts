/**
 * Three namespaces in a row, the middle one being a seeded link emulator (linkem.c):
 *
 *     a: va                           m: linkem          b: vb
 *     198.18.0.3 kernel          ── ma ══════════ mb ──  198.18.0.1 kernel peer
 *     198.18.0.2 nuse, RAW or over the simulated netmap
 *
 * Offloads are off on the outer ends, so that one frame is one packet and loss is per packet.
 *
 * @module
 */
import { type NetmapLab, provideNetmap } from "../netmap/lab.ts";
import { must, Netns, type Running, veth } from "../netns.ts";
import { NUSE } from "../nuse.ts";
import type { Family } from "../../support/families.ts";
import { addAddress6, allowIpv6 } from "../ipv6.ts";

export interface LinkSettings {
  /** One-way delay, microseconds. */
  delayUs?: number;
  /** Bits per second; 0 unlimited. */
  rate?: number;
  queueBytes?: number;
  /** Per million. */
  lossPpm?: number;
  dupPpm?: number;
  seed?: number;
}

export interface LinkCounts {
  passed: number;
  lost: number;
  dropped: number;
  duplicated: number;
}

export const LOSSY_PEER = "198.18.0.1";
export const LOSSY_NUSE = "198.18.0.2";
export const LOSSY_KERNEL = "198.18.0.3";
const LOSSY_PEER6 = "2001:db8:2::1";
const LOSSY_NUSE6 = "2001:db8:2::2";

const NO_OFFLOADS = "tx off rx off tso off gso off gro off";
const SOURCE = `${import.meta.dirname}/linkem.c`;

export class LossyLink {
  #link: Running | null = null;
  #netmap: NetmapLab | null = null;

  private constructor(
    readonly vif: "RAW" | "NETMAP",
    readonly a: Netns,
    readonly m: Netns,
    readonly b: Netns,
    readonly scratch: string,
    readonly family: Family,
  ) {}

  static async create(vif: "RAW" | "NETMAP" = "RAW", family: Family = 4): Promise<LossyLink> {
    const scratch = await Deno.makeTempDir({ prefix: "nuse-linkem-" });
    await must(["cc", "-O2", "-std=c11", "-Wall", "-Wextra", "-o", `${scratch}/linkem`, SOURCE]);
    const [a, m, b] = [
      await Netns.create("lka"),
      await Netns.create("lkm"),
      await Netns.create("lkb"),
    ];
    const lossy = new LossyLink(vif, a, m, b, scratch, family);
    try {
      if (family === 6) await allowIpv6(b);
      await veth(a, "va", `${LOSSY_KERNEL}/24`, m, "ma", null);
      await veth(b, "vb", `${LOSSY_PEER}/24`, m, "mb", null);
      if (family === 6) await addAddress6(b, "vb", `${LOSSY_PEER6}/64`);
      for (const [ns, dev] of [[a, "va"], [b, "vb"], [m, "ma"], [m, "mb"]] as const) {
        await must([...ns.enter, ...`ethtool -K ${dev} ${NO_OFFLOADS}`.split(" ")]);
      }
      if (vif === "NETMAP") lossy.#netmap = await provideNetmap(a);
      return lossy;
    } catch (error) {
      await lossy.close();
      throw error;
    }
  }

  /** The peer's address. */
  get peer(): string {
    return this.family === 4 ? LOSSY_PEER : LOSSY_PEER6;
  }

  /** The first words of a command that starts nuse in `a`. */
  get command(): string[] {
    const enter = this.#netmap?.enter ?? [];
    const address = this.family === 4 ? `${LOSSY_NUSE}/24` : `${LOSSY_NUSE6}/64`;
    const settings = [`NUSEVIF=${this.vif}`, "NUSEDEV=va", `nuse-va=${address}`];
    return [...enter, "env", ...settings, NUSE];
  }

  /** Starts (or restarts) the emulator. */
  async set(settings: LinkSettings, limitSec: number): Promise<void> {
    await this.stop();
    const s = settings;
    this.#link = this.m.start([
      `${this.scratch}/linkem`,
      "ma",
      "mb",
      String(limitSec),
      `delay=${s.delayUs ?? 0}`,
      `rate=${s.rate ?? 0}`,
      `queue=${s.queueBytes ?? 1 << 20}`,
      `loss=${s.lossPpm ?? 0}`,
      `dup=${s.dupPpm ?? 0}`,
      `seed=${s.seed ?? 1}`,
    ], { limitSec: limitSec + 5 });
    await this.#link.waitFor("READY");
  }

  /** Ends the emulator; its counts, a to b and b to a. */
  async stop(): Promise<[LinkCounts, LinkCounts] | null> {
    const link = this.#link;
    if (link === null) return null;
    this.#link = null;
    link.kill();
    const line = (await link.done).stdout.trimEnd().split("\n").at(-1) ?? "";
    return line.startsWith("[") ? JSON.parse(line) : null;
  }

  async close(): Promise<void> {
    await this.stop();
    for (const ns of [this.a, this.m, this.b]) await ns.close();
    await this.#netmap?.close();
    await Deno.remove(this.scratch, { recursive: true });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
