/**
 * What comes in of IPv6 that IPv4 has not: extension headers, neighbour and listener discovery,
 * routers, redirects, errors of its own, fragments of what no other grammar cuts. In the words of
 * the packet scripts (tests/scripts/ip6).
 *
 * @module
 */
import { onesSum } from "../support/checksum.ts";
import type { Prng } from "../support/prng.ts";
import { ERRORS } from "../scripts/ip6/names.ts";
import { writeFrame6 } from "../scripts/ip6/write.ts";
import { type Draft, IP_OFF } from "./draft.ts";
import { PING_IDS, UDP_PORTS } from "./other_grammar.ts";

const HEADER = 40;
const ICMPV6 = 58;
const UDP = 17;
const OWN: readonly string[] = ["own", "own", "own", "own-ll", "2001:db8:64::c612:a"];
/** Neighbours, routers, somebody beyond, nobody. */
const PEERS: readonly string[] = [
  "peer",
  "peer",
  "peer-ll",
  "2001:db8:64::c612:3",
  "fe80::1",
  "fe80::2",
  "2001:db8:64::cb00:7105",
  "::",
  "own",
];
const GROUPS: readonly string[] = [
  "ff02::1",
  "ff02::1",
  "ff02::2",
  "group(own)",
  "ff02::fb",
  "ff0e::7",
];
const MACS: readonly string[] = ["peer-mac", "peer-mac", "02:00:00:00:00:09", "own-mac"];
const PREFIXES: readonly string[] = ["2001:db8:5::/64", "2001:db8:6::/64", "fe80::/64", "::/0"];
/** Lifetimes in seconds; none that never ends, so that a session does. */
const TIMES: readonly number[] = [0, 1, 30, 1800, 7200, 65535];

export class Grammar6 {
  constructor(readonly prng: Prng, readonly draft: Draft) {}

  /** A frame; `sent`: packets of ours that errors may be about. */
  frame(sent: readonly Uint8Array[]): void {
    const { prng, draft } = this;
    const last = sent.length === 0 ? null : prng.pick(sent).slice(14);
    draft.load(writeFrame6(this.#text(last !== null), last).bytes);
    if (prng.chance(0.35)) this.#mutate();
  }

  /** Fragments of one packet, in order or not, whole or not. */
  fragments(): Uint8Array[] {
    const { prng } = this;
    const body = prng.chance(0.5) ? this.#echo(1200) : this.#udp(1200);
    const id = prng.below(4);
    const ends = this.#ends();
    const cuts = [0];
    while (cuts.length < 5 && prng.chance(0.7)) {
      cuts.push(cuts[cuts.length - 1] + 8 * prng.below(60));
    }
    const frames = cuts.map((from, i) => {
      const to = cuts[i + 1] ?? "";
      const place = `${from}${i + 1 < cuts.length ? "+" : ""}`;
      const bent = prng.chance(0.05) ? `${8 * prng.below(8192)}+` : place;
      const head = prng.chance(0.1) ? `${this.#headers()} ` : "";
      const text = `${head}frag{${id},${bent}} ${body} [part ${from}..${to}, ${ends}]`;
      return writeFrame6(text, null).bytes;
    });
    for (let n = prng.below(3); n > 0; n--) {
      const [i, j] = [prng.below(frames.length), prng.below(frames.length)];
      const kind = prng.below(3);
      if (kind === 0) [frames[i], frames[j]] = [frames[j], frames[i]];
      else if (kind === 1) frames.push(frames[i]);
      else if (frames.length > 1) frames.splice(i, 1);
    }
    return frames;
  }

  #text(hasSent: boolean): string {
    const { prng } = this;
    const kind = prng.below(20);
    if (kind < 4) return `${this.#headers()} ${this.#payload()} [${this.#ends()}]`;
    if (kind < 6) return `ns ${this.#target()}${this.#links("sll")} [${this.#ends(true)}]`;
    if (kind < 9) {
      const flags = ["R", "S", "O"].filter(() => prng.chance(0.5)).join("") || "-";
      return `na ${this.#target()} ${flags}${this.#links("tll")} [${this.#ends(true)}]`;
    }
    if (kind < 11) return this.#routerAdvertisement();
    if (kind === 11) return `rs${this.#links("sll")} [from ${prng.pick(PEERS)}]`;
    if (kind < 14) return this.#redirect();
    if (kind < 17) return this.#listeners();
    return this.#error(hasSent);
  }

  #payload(): string {
    const { prng } = this;
    const kind = prng.below(6);
    if (kind < 2) return this.#udp(60);
    if (kind < 4) return this.#echo(60);
    return kind === 4 ? "none" : `proto ${prng.pick([0, 4, 41, 43, 44, 58, 59, 60, 253])} (8)`;
  }

  #udp(most: number): string {
    const { prng } = this;
    const port = prng.chance(0.7) ? prng.pick(UDP_PORTS) : prng.below(65536);
    return `udp ${prng.pick([53, 7, 5000])}:${port} (${prng.below(most)})`;
  }

  #echo(most: number): string {
    const { prng } = this;
    const name = prng.chance(0.7) ? "echo" : "echo_reply";
    return `${name} id ${prng.pick(PING_IDS)} seq ${prng.below(9)} (${prng.below(most)})`;
  }

  #headers(): string {
    const { prng } = this;
    return Array.from({ length: prng.below(4) }, () => {
      const kind = prng.below(8);
      if (kind < 2) return `hbh{${this.#options()}}`;
      if (kind < 5) return `dst{${this.#options()}}`;
      if (kind === 5) return `rh{${prng.pick([0, 2, 4, 200])},${prng.pick([0, 0, 1, 255])}}`;
      if (kind === 6) return `frag{${prng.below(4)},${8 * prng.pick([0, 0, 1, 100])}}`;
      return `hdr{${prng.pick([0, 43, 60, 51])},${
        prng.pick(["00010400000000", "05000000000000"])
      }}`;
    }).join(" ");
  }

  #options(): string {
    const { prng } = this;
    return Array.from({ length: prng.below(4) }, () => {
      const kind = prng.below(6);
      if (kind === 0) return "pad1";
      if (kind === 1) return `pad${prng.between(2, 9)}`;
      if (kind === 2) return "ra";
      const type = prng.pick(["1e", "5e", "9e", "de", "c2", "26"]);
      return `${type}:${"00".repeat(prng.below(6))}`;
    }).join(",");
  }

  #target(): string {
    return this.prng.chance(0.5) ? this.prng.pick(OWN) : this.prng.pick(PEERS);
  }

  #links(name: string): string {
    const { prng } = this;
    const options: string[] = [];
    if (prng.chance(0.8)) options.push(`${name} ${prng.pick(MACS)}`);
    if (prng.chance(0.1)) options.push("opt fd02" + "00".repeat(14));
    if (prng.chance(0.05)) options.push("nonce 010203040506");
    return options.length === 0 ? "" : ` <${options.join(",")}>`;
  }

  #routerAdvertisement(): string {
    const { prng } = this;
    const options: string[] = [];
    if (prng.chance(0.6)) {
      const [valid, preferred] = [prng.pick(TIMES), prng.pick(TIMES)];
      const flags = prng.pick(["LA", "L", "A", "-"]);
      options.push(`prefix ${prng.pick(PREFIXES)} ${flags} valid ${valid} preferred ${preferred}`);
    }
    if (prng.chance(0.3)) options.push(`sll ${prng.pick(MACS)}`);
    if (prng.chance(0.2)) options.push(`mtu ${prng.pick([0, 1279, 1280, 1400, 1500, 70000])}`);
    if (prng.chance(0.2)) options.push(`rdnss ${prng.pick(TIMES)} 2001:db8:5::53`);
    if (prng.chance(0.2)) {
      options.push(
        `route ${prng.pick(PREFIXES)} ${prng.pick(["low", "high"])} ${prng.pick(TIMES)}`,
      );
    }
    const life = prng.pick(TIMES);
    const hops = prng.pick([0, 1, 64, 255]);
    const preference = prng.pick(["low", "medium", "high", "reserved"]);
    return `ra life ${life} hops ${hops} prf ${preference} <${options.join(",")}> ` +
      `[from ${prng.pick(["peer-ll", "fe80::1", "fe80::2", "peer"])}]`;
  }

  #redirect(): string {
    const { prng } = this;
    const dst = prng.pick(["2001:db8:64::cb00:7105", "2001:db8:64::808:808", "peer", "ff02::1"]);
    const target = prng.pick(["fe80::1", "fe80::2", "peer-ll", dst, "own"]);
    const from = prng.pick(["peer-ll", "fe80::1", "peer"]);
    return `redirect ${target} ${dst}${this.#links("tll")} [from ${from}]`;
  }

  #listeners(): string {
    const { prng } = this;
    const group = prng.pick(["::", "::", ...GROUPS]);
    const kind = prng.below(6);
    const about = group === "::" ? "" : ` group ${group}`;
    const max = prng.pick([0, 1, 1000, 10000, 65535]);
    const to = group === "::" ? "ff02::1" : group;
    if (kind === 0) return `mld query v1${about} max ${max} [to ${to}]`;
    if (kind < 4) {
      const sources = Array.from({ length: prng.below(4) }, () => prng.pick(PEERS)).join(" ");
      const qrv = prng.below(16);
      return `mld query v2${about} max ${max} qrv ${qrv} qqi ${
        prng.below(256)
      } {${sources}} [to ${to}]`;
    }
    const known = prng.pick(GROUPS);
    return kind === 4 ? `mld report v1 ${known}` : `mld report v2 TO_EX ${known} {}`;
  }

  #error(hasSent: boolean): string {
    const { prng } = this;
    const name = prng.pick(Object.keys(ERRORS));
    const word = ERRORS[name][2];
    const value = prng.pick([0, 6, 40, 1280, 1300, 1499, 1500, 65535]);
    const about = hasSent && prng.chance(0.8) ? "last" : `{${this.#headers()} ${this.#udp(60)}}`;
    return `${name}${word === "" ? "" : ` ${word} ${value}`} of ${about} [${this.#ends()}]`;
  }

  #ends(isOnLink = false): string {
    const { prng } = this;
    const to = prng.chance(0.8) ? prng.pick(OWN) : prng.pick(GROUPS);
    const mods = [`from ${prng.pick(PEERS)}`, `to ${to}`];
    if (isOnLink && prng.chance(0.9)) mods.push("hop 255");
    else if (prng.chance(0.1)) mods.push(`hop ${prng.pick([0, 1, 254, 255])}`);
    if (prng.chance(0.1)) mods.push(`tc ${prng.below(256)}`);
    if (prng.chance(0.03)) mods.push(`len ${prng.pick([0, 1, 8, 39, 1500, 65535])}`);
    return mods.join(", ");
  }

  /** Bytes changed, cut, or put between; repaired, mostly. */
  #mutate(): void {
    const { prng, draft } = this;
    const span = Math.min(draft.len - IP_OFF, 100);
    for (let n = prng.magnitude(1, 6); n > 0; n--) {
      const off = IP_OFF + prng.below(Math.max(1, span));
      const kind = prng.below(8);
      if (kind < 5) draft.u8[off] ^= 1 << prng.below(8);
      else if (kind === 5) draft.u8[off] = prng.pick([0, 0xff, 43, 44, 58, 60]);
      else if (kind === 6) draft.len = Math.max(IP_OFF, draft.len - prng.below(20));
      else draft.resize(off, 8 * prng.pick([-1, 1]));
    }
    if (prng.chance(0.8)) this.#repair();
  }

  #repair(): void {
    const { u8, dv, len } = this.draft;
    const l4 = IP_OFF + HEADER;
    if (len < l4 + 8) return;
    const bodyLen = Math.min(0xffff, len - l4);
    dv.setUint16(IP_OFF + 4, bodyLen);
    const next = u8[IP_OFF + 6];
    if (next !== ICMPV6 && next !== UDP) return;
    const field = l4 + (next === ICMPV6 ? 2 : 6);
    dv.setUint16(field, 0);
    const sum = ~onesSum(u8, l4, bodyLen, onesSum(u8, IP_OFF + 8, 32, next + bodyLen)) & 0xffff;
    dv.setUint16(field, next === UDP && sum === 0 ? 0xffff : sum);
  }
}
