/**
 * Builds the frame that a "<" line of an IPv6 script describes, byte by byte, independently of
 * stack/wire. The language: tests/scripts/README.md.
 *
 * @module
 */
import type { IpAddress } from "../../../stack/mod.ts";
import { onesSum } from "../../support/checksum.ts";
import { type WireFrame, wireFrame } from "../../support/packet_types.ts";
import { fillPattern } from "../../support/pattern.ts";
import { LOCAL_MAC, PEER_MAC } from "../../support/rig.ts";
import { modifierValue } from "../wire.ts";
import { addressBytes, ERRORS, macFor, parseAddress, parseMac, solicitedGroup } from "./names.ts";
import { mldMessage } from "./mld.ts";
import { hexBytes, ndpOptionBytes } from "./ndp_options.ts";

/** As the other scripts' payload (world.ts). */
export const PEER_KEY6 = 0x9ee3;
const ICMPV6 = 58;
const HEADERS: Readonly<Record<string, number>> = { hbh: 0, dst: 60, rh: 43, frag: 44 };

/** What comes behind the extension headers. */
export interface Body {
  readonly next: number;
  readonly bytes: number[];
  /** Who sends such, to whom, how far; else from the peer to us. */
  readonly from?: IpAddress;
  readonly to?: IpAddress;
  readonly hop?: number;
  /** Such come behind these. */
  readonly headers?: string[];
}

/** The frame of a line. `last`: the packet that the stack sent last, for errors "of last". */
export function writeFrame6(text: string, last: Uint8Array | null): WireFrame {
  const { rest, modifiers } = takeModifiers(text);
  const packet = writePacket(rest, modifiers, last);
  const value = (name: string) => modifierValue(modifiers, name);
  const dst = parseAddress6(packet, 24);
  const to = value("to-mac");
  const dstMac = to === null ? macFor(dst, LOCAL_MAC) : parseMac(to);
  const from = value("from-mac");
  const srcMac = from === null ? PEER_MAC : parseMac(from);
  return wireFrame(Uint8Array.from([...dstMac, ...srcMac, 0x86, 0xdd, ...packet]));
}

function parseAddress6(packet: readonly number[], at: number): IpAddress {
  const groups: string[] = [];
  for (let i = at; i < at + 16; i += 2) groups.push((packet[i] << 8 | packet[i + 1]).toString(16));
  return parseAddress(groups.join(":"));
}

/** Takes the bracketed list off the end. */
function takeModifiers(text: string): { rest: string; modifiers: string[] } {
  const m = /^(.*?)\s*\[([^\]]*)\]$/.exec(text);
  if (m === null) return { rest: text, modifiers: [] };
  return { rest: m[1], modifiers: m[2].split(",").map((part) => part.trim()) };
}

function writePacket(text: string, modifiers: string[], last: Uint8Array | null): number[] {
  const { headers, body: bodyText } = splitHeaders(text);
  const whole = parseBody(bodyText, last);
  const value = (name: string) => modifierValue(modifiers, name);
  const address = (name: string, usual: IpAddress) =>
    value(name) === null ? usual : parseAddress(value(name)!);
  const src = address("from", whole.from ?? parseAddress("peer"));
  const dst = address("to", whole.to ?? parseAddress("own"));
  const ends = [...addressBytes(src), ...addressBytes(dst)];
  const bytes = withChecksum(whole, ends, modifiers.includes("badsum"));
  const part = cut(bytes, value("part"));
  const chain = chainBytes([...(whole.headers ?? []), ...headers], whole.next, part);
  const len = Number(value("len") ?? chain.bytes.length);
  const first = 0x60000000 | Number(value("tc") ?? 0) << 20 | Number(value("label") ?? 0);
  const hop = Number(value("hop") ?? whole.hop ?? 64);
  const packet = [
    ...[first >>> 24, first >>> 16 & 255, first >>> 8 & 255, first & 255],
    ...[len >> 8, len & 255, chain.next, hop, ...ends, ...chain.bytes],
  ];
  return value("short") === null ? packet : packet.slice(0, packet.length - Number(value("short")));
}

/** "part 0..8": these bytes of the body. */
function cut(bytes: number[], part: string | null): number[] {
  if (part === null) return bytes;
  const [from, to] = part.split("..");
  return bytes.slice(Number(from), to === "" ? undefined : Number(to));
}

/** `hbh{…} frag{…} udp 7:9 (8)`: the words in front that are headers. */
function splitHeaders(text: string): { headers: string[]; body: string } {
  const headers: string[] = [];
  let rest = text.trim();
  for (;;) {
    const m = /^(hbh|dst|rh|frag|hdr)\{([^}]*)\}\s*/.exec(rest);
    if (m === null) return { headers, body: rest };
    headers.push(`${m[1]}{${m[2]}}`);
    rest = rest.slice(m[0].length);
  }
}

function chainBytes(
  headers: readonly string[],
  next: number,
  body: readonly number[],
): { next: number; bytes: number[] } {
  let bytes = [...body];
  for (const header of headers.toReversed()) {
    const [, name, text] = /^(\w+)\{(.*)\}$/.exec(header)!;
    if (name === "hdr") {
      const [number, hex] = text.split(",");
      bytes = [next, ...hexBytes(hex), ...bytes];
      next = Number(number);
      continue;
    }
    bytes = [next, ...headerBytes(name, text), ...bytes];
    next = HEADERS[name];
  }
  return { next, bytes };
}

/** A header without its first byte. */
function headerBytes(name: string, text: string): number[] {
  const args = text.split(",").map((part) => part.trim());
  if (name === "rh") return [0, Number(args[0]), Number(args[1]), 0, 0, 0, 0];
  if (name === "frag") {
    const id = Number(args[0]);
    const field = parseInt(args[1]) | (args[1].endsWith("+") ? 1 : 0);
    return [0, field >> 8, field & 255, id >>> 24, id >>> 16 & 255, id >>> 8 & 255, id & 255];
  }
  const options = args.filter((arg) => arg !== "").flatMap(optionBytes);
  const missing = -(options.length + 2) & 7;
  if (missing === 1) options.push(0);
  else if (missing > 1) options.push(1, missing - 2, ...new Array(missing - 2).fill(0));
  return [(options.length + 2) / 8 - 1, ...options];
}

/** "pad1", "pad4" (four bytes in all), "ra", "c2:0000" (an option's type and data). */
function optionBytes(text: string): number[] {
  if (text === "pad1") return [0];
  if (text === "ra") return [5, 2, 0, 0];
  const pad = /^pad(\d+)$/.exec(text);
  if (pad !== null) return [1, Number(pad[1]) - 2, ...new Array(Number(pad[1]) - 2).fill(0)];
  const [type, data = ""] = text.split(":");
  const bytes = hexBytes(data);
  return [parseInt(type, 16), bytes.length, ...bytes];
}

function parseBody(text: string, last: Uint8Array | null): Body {
  const m = /^([^<]*?)\s*(?:<([^>]*)>)?$/.exec(text);
  if (m === null) throw new Error(`not a packet: "${text}"`);
  const words = m[1].split(/\s+/);
  const name = words[0];
  const options = ndpOptionBytes(m[2] ?? "");
  if (name === "none") return { next: 59, bytes: [] };
  if (name === "proto") return { next: Number(words[1]), bytes: data(words[2]) };
  if (name === "udp") return udp(words);
  if (name === "mld") return mldMessage(words.slice(1).join(" "));
  if (name in ERRORS) return errorMessage(m[1], last);
  if (name === "icmp") return icmp(Number(words[1]), Number(words[2]), 0, data(words[3]));
  if (name === "echo" || name === "echo_reply") {
    const rest = Number(words[2]) << 16 | Number(words[4]);
    return icmp(name === "echo" ? 128 : 129, 0, rest, data(words[5]));
  }
  return { ...discovery(name, words.slice(1), options), hop: 255 };
}

/** "(8)": so many bytes of the pattern. */
function data(text: string): number[] {
  const len = Number(/^\((\d+)\)$/.exec(text)?.[1]);
  if (Number.isNaN(len)) throw new Error(`a length is written (N), not "${text}"`);
  const bytes = new Uint8Array(len);
  fillPattern(bytes, 0, len, PEER_KEY6, 0);
  return [...bytes];
}

function udp(words: readonly string[]): Body {
  const [from, to] = words[1].split(":").map(Number);
  const payload = data(words[2]);
  const len = payload.length + 8;
  return {
    next: 17,
    bytes: [from >> 8, from & 255, to >> 8, to & 255, len >> 8, len & 255, 0, 0, ...payload],
  };
}

export function icmp(type: number, code: number, rest: number, body: readonly number[]): Body {
  const word = [rest >>> 24, rest >>> 16 & 255, rest >>> 8 & 255, rest & 255];
  return { next: ICMPV6, bytes: [type, code, 0, 0, ...word, ...body] };
}

/** "too_big mtu 1280 of last", "port_unreachable of {udp 7:9 (8)}": of what we had sent. */
function errorMessage(text: string, last: Uint8Array | null): Body {
  const m = /^(\w+)(?: (?:mtu|ptr) (\d+))? of (last|\{(.*)\})$/.exec(text);
  if (m === null) throw new Error(`an error is written: NAME [mtu N|ptr N] of last|{PACKET}`);
  const [type, code] = ERRORS[m[1]];
  if (m[3] === "last" && last === null) throw new Error("the stack has sent nothing yet");
  const quote = m[3] === "last" ? [...last!] : ownPacket(m[4], last);
  return icmp(type, code, Number(m[2] ?? 0), quote.slice(0, 1232));
}

/** A packet that we sent, or could have, to the peer. */
function ownPacket(text: string, last: Uint8Array | null): number[] {
  const { rest, modifiers } = takeModifiers(text);
  const has = (name: string) => modifierValue(modifiers, name) !== null;
  if (!has("from")) modifiers.push("from own");
  if (!has("to")) modifiers.push("to peer");
  return writePacket(rest, modifiers, last);
}

function discovery(name: string, words: readonly string[], options: number[]): Body {
  const router = parseAddress("peer-ll");
  switch (name) {
    case "rs":
      return { ...icmp(133, 0, 0, options), from: router, to: parseAddress("ff02::2") };
    case "ra":
      return { ...routerAdvertisement(words, options), from: router, to: parseAddress("ff02::1") };
    case "ns": {
      const target = parseAddress(words[0]);
      const body = [...addressBytes(target), ...options];
      return { ...icmp(135, 0, 0, body), to: solicitedGroup(target) };
    }
    case "na": {
      const target = parseAddress(words[0]);
      const flag = (letter: string, bit: number) => words[1].includes(letter) ? bit : 0;
      const flags = flag("R", 1 << 31) | flag("S", 1 << 30) | flag("O", 1 << 29);
      return { ...icmp(136, 0, flags, [...addressBytes(target), ...options]), from: target };
    }
    case "redirect": {
      const ends = words.flatMap((text) => addressBytes(parseAddress(text)));
      return { ...icmp(137, 0, 0, [...ends, ...options]), from: router };
    }
    default:
      throw new Error(`unknown message "${name}"`);
  }
}

/** "ra [hops N] [life N] [prf high] [flags MO] [reachable MS] [retrans MS]" */
function routerAdvertisement(words: readonly string[], options: number[]): Body {
  const field = (name: string) => words[words.indexOf(name) + 1];
  const has = (name: string) => words.includes(name);
  const number = (name: string, usual: number) => has(name) ? Number(field(name)) : usual;
  const flags = has("flags") ? field("flags") : "";
  const preference =
    { medium: 0, high: 1, reserved: 2, low: 3 }[has("prf") ? field("prf") : "medium"];
  const byte = (flags.includes("M") ? 0x80 : 0) | (flags.includes("O") ? 0x40 : 0);
  const rest = number("hops", 64) << 24 | (byte | preference! << 3) << 16 | number("life", 1800);
  const times = [number("reachable", 0), number("retrans", 0)].flatMap((
    ms,
  ) => [ms >>> 24, ms >>> 16 & 255, ms >>> 8 & 255, ms & 255]);
  return icmp(134, 0, rest, [...times, ...options]);
}

function withChecksum(body: Body, ends: readonly number[], isBad: boolean): number[] {
  const { next, bytes } = body;
  const field = next === ICMPV6 ? 2 : 6;
  if ((next !== ICMPV6 && next !== 17) || bytes.length < 8) return bytes;
  const pseudo = onesSum(Uint8Array.from(ends), 0, 32, next + bytes.length);
  const sum = ~onesSum(Uint8Array.from(bytes), 0, bytes.length, pseudo) & 0xffff;
  const right = next === 17 && sum === 0 ? 0xffff : sum;
  const value = isBad ? right ^ 0x55 : right;
  return [...bytes.slice(0, field), value >> 8, value & 255, ...bytes.slice(field + 2)];
}

/** The packets in frames that scripts wrote, from their IPv6 headers on. */
export function packetOf({ bytes }: WireFrame): Uint8Array {
  return bytes.slice(14);
}
