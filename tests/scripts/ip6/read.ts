/**
 * An IPv6 frame in words, as the scripts write it; independent of stack/wire. What a strict
 * receiver could object to stands behind "!!". What is as it usually is, is left out: from "own" to
 * "peer" with hop limit 64; messages of neighbour discovery to where such are sent, hop limit 255;
 * of listener discovery hop limit 1, behind a Router Alert.
 *
 * @module
 */
import type { IpAddress } from "../../../stack/mod.ts";
import { CSUM_PARTIAL } from "../../../stack/base/frames.ts";
import { onesSum } from "../../support/checksum.ts";
import type { WireFrame } from "../../support/packet_types.ts";
import { LOCAL_MAC, PEER_MAC } from "../../support/rig.ts";
import {
  addressText,
  ERRORS,
  macFor,
  nameOfMac,
  parseAddress,
  readAddress,
  RECORDS,
  solicitedGroup,
} from "./names.ts";
import { ndpOptionsText } from "./ndp_options.ts";

const LINK = 14;
const HEADER = 40;
const ICMPV6 = 58;
const ALERT = "hbh{ra,pad2}";

/** What is said of a message: its words, and what is usual for it. */
interface Said {
  text: string;
  from?: string;
  to?: string;
  hop?: number;
  headers?: string;
}

/** `quotable`: packets that errors may quote, from their IPv6 headers on. */
export function frameText6(frame: WireFrame, quotable: readonly Uint8Array[] = []): string {
  const { bytes } = frame;
  const p = bytes.subarray(LINK);
  const dv = new DataView(p.buffer, p.byteOffset, p.length);
  const trouble: string[] = [];
  const first = dv.getUint32(0);
  if (first >>> 28 !== 6) return `version ${first >>> 28}`;
  if (dv.getUint16(4) !== p.length - HEADER) trouble.push("payload length");
  const src = readAddress(p, 8);
  const dst = readAddress(p, 24);
  const walked = headersText(p);
  const said = bodyText(frame, p, walked.next, walked.at, walked.isPart, trouble, quotable);
  const parts: string[] = [];
  if (walked.headers !== (said.headers ?? "")) parts.push(walked.headers || "(no Router Alert)");
  parts.push(said.text);
  const mods: string[] = [];
  const unusual = (name: string, is: string, usual: string) => {
    if (is !== usual) mods.push(`${name} ${is}`);
  };
  unusual("from", addressText(src), said.from ?? "own");
  unusual("to", addressText(dst), said.to ?? "peer");
  unusual("hop", String(p[7]), String(said.hop ?? 64));
  unusual("tc", String((first >>> 20) & 255), "0");
  unusual("to-mac", nameOfMac(bytes.subarray(0, 6)), nameOfMac(macFor(dst, PEER_MAC)));
  unusual("from-mac", nameOfMac(bytes.subarray(6, 12)), nameOfMac(LOCAL_MAC));
  if (mods.length > 0) parts.push(`[${mods.join(", ")}]`);
  if (trouble.length > 0) parts.push(`!! ${trouble.join(", ")}`);
  return parts.join(" ");
}

interface Walked {
  readonly headers: string;
  readonly next: number;
  readonly at: number;
  /** What follows is a part of the packet. */
  readonly isPart: boolean;
}

function headersText(p: Uint8Array): Walked {
  const texts: string[] = [];
  let next = p[6];
  let at = HEADER;
  let isPart = false;
  while (!isPart && at + 8 <= p.length && [0, 43, 44, 60].includes(next)) {
    if (next === 44) {
      const field = (p[at + 2] << 8) | p[at + 3];
      const id = new DataView(p.buffer, p.byteOffset + at + 4, 4).getUint32(0);
      texts.push(`frag{${id},${field & ~7}${field & 1 ? "+" : ""}}`);
      isPart = field > 1 || (field & 1) === 1;
      next = p[at];
      at += 8;
      continue;
    }
    const len = (p[at + 1] + 1) * 8;
    texts.push(
      next === 43
        ? `rh{${p[at + 2]},${p[at + 3]}}`
        : `${next === 0 ? "hbh" : "dst"}{${optionsText(p.subarray(at + 2, at + len))}}`,
    );
    next = p[at];
    at += len;
  }
  return { headers: texts.join(" "), next, at, isPart };
}

function optionsText(b: Uint8Array): string {
  const texts: string[] = [];
  for (let at = 0; at < b.length;) {
    if (b[at] === 0) {
      texts.push("pad1");
      at++;
      continue;
    }
    const data = b.subarray(at + 2, at + 2 + b[at + 1]);
    if (b[at] === 1) texts.push(`pad${data.length + 2}`);
    else if (b[at] === 5) texts.push("ra");
    else texts.push(`${hexText([b[at]])}:${hexText(data)}`);
    at += 2 + data.length;
  }
  return texts.join(",");
}

function hexText(bytes: Iterable<number>): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function bodyText(
  frame: WireFrame,
  p: Uint8Array,
  next: number,
  at: number,
  isPart: boolean,
  trouble: string[],
  quotable: readonly Uint8Array[],
): Said {
  const body = p.subarray(at);
  const dv = new DataView(body.buffer, body.byteOffset, body.length);
  if (next === 59 && body.length === 0) return { text: "none" };
  if (isPart || ![6, 17, ICMPV6].includes(next) || body.length < 8) {
    return { text: `proto ${next} (${body.length})` };
  }
  if (frame.csum !== CSUM_PARTIAL) {
    const sum = onesSum(body, 0, body.length, onesSum(p, 8, 32, next + body.length));
    if (sum !== 0xffff) trouble.push("checksum");
  }
  if (next === 17) {
    if (dv.getUint16(4) !== body.length) trouble.push("UDP length");
    return { text: `udp ${dv.getUint16(0)}:${dv.getUint16(2)} (${body.length - 8})` };
  }
  if (next === 6) return { text: `tcp ${dv.getUint16(0)}:${dv.getUint16(2)} flags ${body[13]}` };
  return icmpText6(body, dv, quotable);
}

function icmpText6(b: Uint8Array, dv: DataView, quotable: readonly Uint8Array[]): Said {
  const [type, code] = b;
  const rest = dv.getUint32(4);
  if (type < 128) return { text: errorText(type, code, rest, b.subarray(8), quotable) };
  const echo = `id ${rest >>> 16} seq ${rest & 0xffff} (${b.length - 8})`;
  switch (type) {
    case 128:
      return { text: `echo ${echo}` };
    case 129:
      return { text: `echo_reply ${echo}` };
    case 133:
      return { text: `rs${ndpOptionsText(b, 8)}`, from: "own-ll", to: "ff02::2", hop: 255 };
    case 135: {
      const target = readAddress(b, 8);
      const to = addressText(solicitedGroup(target));
      return { text: `ns ${addressText(target)}${ndpOptionsText(b, 24)}`, to, hop: 255 };
    }
    case 136: {
      const flags = ["R", "S", "O"].filter((_, i) => rest >>> (31 - i) & 1).join("");
      const target = addressText(readAddress(b, 8));
      const text = `na ${target} ${flags || "-"}${ndpOptionsText(b, 24)}`;
      return { text, from: target, hop: 255 };
    }
    case 137: {
      const [target, dst] = [readAddress(b, 8), readAddress(b, 24)].map(addressText);
      const text = `redirect ${target} ${dst}${ndpOptionsText(b, 40)}`;
      return { text, from: "own-ll", hop: 255 };
    }
    case 131:
    case 132:
    case 143:
      return mldText(type, b, dv);
    default:
      return { text: `icmp ${type} ${code} (${b.length - 8})` };
  }
}

function errorText(
  type: number,
  code: number,
  rest: number,
  quote: Uint8Array,
  quotable: readonly Uint8Array[],
): string {
  const known = Object.entries(ERRORS).find(([, [t, c]]) => t === type && c === code);
  const name = known?.[0] ?? `icmp ${type} ${code}`;
  const word = known?.[1][2] ?? "";
  const isQuoted = quotable.some((packet) => {
    const len = Math.min(packet.length, 1232);
    return quote.length === len && quote.every((byte, i) => byte === packet[i]);
  });
  const value = word === "" ? (rest === 0 ? "" : ` rest ${rest}`) : ` ${word} ${rest}`;
  return `${name}${value}${isQuoted ? "" : " of what nobody sent"}`;
}

function mldText(type: number, b: Uint8Array, dv: DataView): Said {
  const usual = { from: "own-ll", hop: 1, headers: ALERT };
  if (type !== 143) {
    const group = addressText(readAddress(b, 8));
    const text = type === 131 ? `mld report v1 ${group}` : `mld done ${group}`;
    return { ...usual, text, to: type === 131 ? group : "ff02::2" };
  }
  const records: string[] = [];
  let at = 8;
  for (let left = dv.getUint16(6); left > 0; left--) {
    const count = dv.getUint16(at + 2);
    const sources = Array.from({ length: count }, (_, i) => readAddress(b, at + 20 + 16 * i));
    const list = sources.map(addressText).sort().join(" ");
    records.push(`${RECORDS[b[at]] ?? b[at]} ${addressText(readAddress(b, at + 4))} {${list}}`);
    at += 20 + 16 * count;
  }
  const text = `mld report v2 ${records.sort().join("; ")}`;
  return { ...usual, text: at === b.length ? text : `${text} (more)`, to: "ff02::16" };
}

/** Who the message is for, of a frame: that of its IPv6 header. */
export function destinationOf({ bytes }: WireFrame): IpAddress {
  return readAddress(bytes, LINK + 24);
}

/** Whether what a line says, `*` for any word, is what the frame says. */
export function isSaid(wanted: string, said: string): boolean {
  const parts = canonical(wanted).split("*").map((part) =>
    part.replace(/[.+?^${}()|[\]\\]/g, "\\$&")
  );
  return new RegExp(`^${parts.join("[^\\s,}\\]]+")}$`).test(said);
}

/** Addresses that have names, by these. */
function canonical(text: string): string {
  return text.replace(/\s+/g, " ").replace(
    /(?<=[ {,])([0-9a-f]*:[0-9a-f:]+)(?=[ },\]]|$)/g,
    (all) => {
      try {
        return addressText(parseAddress(all));
      } catch {
        return all;
      }
    },
  );
}
