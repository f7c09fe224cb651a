/**
 * A poor man's coverage: which counters moved together, in which state of which kind of connection,
 * tells which way a frame took through the stack. Segments that took a new way are remembered and
 * tried again on other connections, at the same distance from their windows.
 *
 * @module
 */
import type { Stack } from "../../stack/mod.ts";
import type { Prng } from "../support/prng.ts";
import { type Draft, IP_OFF } from "./draft.ts";
import type { FlowView } from "./flow_view.ts";

const WAYS_MAX = 1 << 20;
const RECIPES_MAX = 4096;

/** A segment, with its numbers relative to the connection that it was made for. */
interface Recipe {
  readonly bytes: Uint8Array;
  readonly seq: number;
  readonly ack: number;
}

type Group = Record<string, number>;
/** Mixes into `way` which fields differ from `last`, and brings `last` up to date. */
type Mixer = (group: Group, last: Float64Array, way: number) => number;

/**
 * Compiled from the group's field names: a loop over names would cost more than the stack itself.
 */
function compileMixer(names: readonly string[], salt: number): Mixer {
  const lines = names.map((name, i) =>
    `if (g.${name} !== l[${i}]) { l[${i}] = g.${name}; w = Math.imul(w ^ ${
      salt + i
    }, 0x9e3779b1);` +
    ` w ^= w >>> 15; }`
  );
  return new Function("g", "l", "w", `${lines.join("\n")}\nreturn w;`) as Mixer;
}

export class Novelty {
  readonly #ways = new Set<number>();
  readonly #recipes: Recipe[] = [];
  #kept = 0;
  /** Of the first stack seen; all have the same. */
  #mixers: Mixer[] = [];
  #groups: Group[] = [];
  #last: Float64Array[] = [];
  #drops: Float64Array = new Float64Array(0);
  #lastDrops = new Float64Array(0);

  /** Ways seen so far. */
  get count(): number {
    return this.#ways.size;
  }

  get recipeCount(): number {
    return this.#recipes.length;
  }

  /** A new stack: its counters begin at zero. */
  attach(stack: Stack): void {
    const { ip, ip6, icmp, icmp6, arp, ndp, mld, udp, raw, tcp, drops } = stack.counters;
    const all = [ip, icmp, arp, udp, raw, tcp, ip6, icmp6, ndp, mld];
    this.#groups = all.map((group) => group as unknown as Group);
    // Octets and segments move with every frame
    const names = this.#groups.map((group) =>
      Object.keys(group).filter((name) => !/Octets|Segs$/.test(name))
    );
    if (this.#mixers.length === 0) {
      this.#mixers = names.map((list, i) => compileMixer(list, 1000 * (i + 1)));
    }
    this.#last = names.map((list) => new Float64Array(list.length));
    this.#drops = drops;
    this.#lastDrops = new Float64Array(drops.length);
  }

  /** What has moved since the last call, together with `context`: true when that is new. */
  observe(context: number): boolean {
    let way = context | 0;
    for (let i = 0; i < this.#mixers.length; i++) {
      way = this.#mixers[i](this.#groups[i], this.#last[i], way);
    }
    const drops = this.#drops;
    const last = this.#lastDrops;
    for (let i = 0; i < drops.length; i++) {
      if (drops[i] === last[i]) continue;
      last[i] = drops[i];
      way = Math.imul(way ^ i, 0x85ebca6b);
      way ^= way >>> 13;
    }
    if (this.#ways.has(way) || this.#ways.size >= WAYS_MAX) return false;
    this.#ways.add(way);
    return true;
  }

  /** Keeps the segment, which was made for `view` as it was then. */
  keep(bytes: Uint8Array, rcvNxt: number, sndUna: number): void {
    if (bytes.length < IP_OFF + 40 || bytes[23] !== 6 || bytes[14] !== 0x45) return;
    const dv = new DataView(bytes.buffer, bytes.byteOffset);
    const recipe = {
      bytes,
      seq: (dv.getInt32(IP_OFF + 24) - rcvNxt) | 0,
      ack: (dv.getInt32(IP_OFF + 28) - sndUna) | 0,
    };
    // Beyond that many the oldest goes
    this.#recipes[this.#kept++ % RECIPES_MAX] = recipe;
  }

  /** Writes one of the kept segments into the draft, moved to `view`. False: there is none. */
  recall(draft: Draft, view: FlowView, prng: Prng): boolean {
    if (this.#recipes.length === 0) return false;
    const { bytes, seq, ack } = prng.pick(this.#recipes);
    draft.load(bytes);
    const { dv } = draft;
    dv.setUint32(IP_OFF + 12, view.remote);
    dv.setUint32(IP_OFF + 16, view.local);
    dv.setUint16(IP_OFF + 20, view.remotePort);
    dv.setUint16(IP_OFF + 22, view.localPort);
    dv.setInt32(IP_OFF + 24, (view.rcvNxt + seq) | 0);
    dv.setInt32(IP_OFF + 28, (view.sndUna + ack) | 0);
    if (view.hasTimestamps && dv.getUint32(IP_OFF + 40) === 0x0101080a) {
      dv.setInt32(IP_OFF + 44, (view.tsRecent + prng.below(3)) | 0);
    }
    draft.fixAll();
    return true;
  }
}
