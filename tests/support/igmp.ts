/**
 * IGMP messages as the tests see them: plain objects, built and decoded byte by byte,
 * independently of stack/wire, and printed as the packet scripts write them.
 *
 * @module
 */
import { onesSum } from "./checksum.ts";
import { ipText, ipWord } from "./packet_types.ts";

export const PROTO_IGMP = 2;
const RECORD_NAMES = ["?", "IS_IN", "IS_EX", "TO_IN", "TO_EX", "ALLOW", "BLOCK"];

export interface IgmpRecord {
  readonly type: number;
  readonly group: number;
  readonly sources: readonly number[];
}

export interface IgmpMessage {
  readonly type: number;
  /** Max Resp Code. */
  readonly code: number;
  readonly group: number;
  /** Of a query of version 3; null: of an older one. */
  readonly query: {
    readonly qrv: number;
    readonly qqic: number;
    readonly sources: readonly number[];
  } | null;
  /** Of a report of version 3. */
  readonly records: readonly IgmpRecord[];
}

export function recordType(name: string): number {
  const type = RECORD_NAMES.indexOf(name);
  if (type < 1) throw new Error(`unknown record "${name}"`);
  return type;
}

export function igmpBytes(m: IgmpMessage): Uint8Array {
  const body: number[] = [m.type, m.code, 0, 0, ...word(m.group)];
  const list = (sources: readonly number[]) => sources.flatMap(word);
  if (m.query !== null) {
    const { qrv, qqic, sources } = m.query;
    body.push(qrv, qqic, sources.length >> 8, sources.length & 255, ...list(sources));
  }
  if (m.type === 0x22) body.splice(4, 4, 0, 0, 0, m.records.length);
  for (const { type, group, sources } of m.records) {
    body.push(type, 0, sources.length >> 8, sources.length & 255, ...word(group), ...list(sources));
  }
  const bytes = Uint8Array.from(body);
  new DataView(bytes.buffer).setUint16(2, ~onesSum(bytes, 0, bytes.length) & 0xffff);
  return bytes;
}

function word(n: number): number[] {
  return [n >>> 24, n >>> 16 & 255, n >>> 8 & 255, n & 255];
}

/** Whatever is wrong goes to `errors`. null: too short to be read. */
export function decodeIgmp(p: Uint8Array, errors: string[]): IgmpMessage | null {
  if (p.length < 8) {
    errors.push("short IGMP");
    return null;
  }
  if (onesSum(p, 0, p.length) !== 0xffff) errors.push("IGMP checksum");
  const dv = new DataView(p.buffer, p.byteOffset, p.length);
  const [type, code] = p;
  if (type !== 0x11 && code !== 0) errors.push("IGMP code of a report");
  const isV3Query = type === 0x11 && p.length >= 12;
  const query = isV3Query
    ? { qrv: p[8], qqic: p[9], sources: words(dv, 12, dv.getUint16(10), errors) }
    : null;
  const records = type === 0x22 ? decodeRecords(dv, errors) : [];
  const group = type === 0x22 ? 0 : dv.getUint32(4);
  if (type !== 0x22 && query === null && p.length !== 8) errors.push("IGMP length");
  return { type, code, group, query, records };
}

function decodeRecords(dv: DataView, errors: string[]): IgmpRecord[] {
  const records: IgmpRecord[] = [];
  let at = 8;
  for (let left = dv.getUint16(6); left > 0; left--) {
    if (at + 8 > dv.byteLength) {
      errors.push("IGMP record cut short");
      return records;
    }
    const [type, aux, count] = [dv.getUint8(at), dv.getUint8(at + 1), dv.getUint16(at + 2)];
    if (aux !== 0) errors.push("IGMP auxiliary data");
    records.push({ type, group: dv.getUint32(at + 4), sources: words(dv, at + 8, count, errors) });
    at += 8 + 4 * count;
  }
  if (at !== dv.byteLength) errors.push("bytes after the IGMP records");
  if (records.length === 0) errors.push("IGMP report without a record");
  return records;
}

function words(dv: DataView, at: number, count: number, errors: string[]): number[] {
  if (at + 4 * count <= dv.byteLength) {
    return Array.from({ length: count }, (_, i) => dv.getUint32(at + 4 * i));
  }
  errors.push("IGMP sources cut short");
  return [];
}

function listText(sources: readonly number[]): string {
  return `{${sources.toSorted((a, b) => a - b).map(ipText).join(" ")}}`;
}

/** "report v3 TO_EX 239.1.2.3 {}; ALLOW 232.1.1.1 {198.18.0.1}" */
export function igmpText(m: IgmpMessage): string {
  switch (m.type) {
    case 0x11: {
      const version = m.query !== null ? 3 : m.code === 0 ? 1 : 2;
      const group = m.group === 0 ? "" : ` group ${ipText(m.group)}`;
      const { qrv = 0, qqic = 0, sources = [] } = m.query ?? {};
      const rest = m.query === null ? "" : ` qrv ${qrv} qqi ${qqic} ${listText(sources)}`;
      return `query v${version}${group}${version === 1 ? "" : ` max ${m.code}`}${rest}`;
    }
    case 0x12:
      return `report v1 ${ipText(m.group)}`;
    case 0x16:
      return `report v2 ${ipText(m.group)}`;
    case 0x17:
      return `leave ${ipText(m.group)}`;
    case 0x22: {
      const texts = m.records.map(({ type, group, sources }) =>
        `${RECORD_NAMES[type] ?? type} ${ipText(group)} ${listText(sources)}`
      );
      return `report v3 ${texts.join("; ")}`;
    }
    default:
      return `type ${m.type}`;
  }
}

/** Reads what `igmpText` writes; fields may be left out. */
export function parseIgmpText(text: string): IgmpMessage {
  const none = { code: 0, group: 0, query: null, records: [] };
  const [kind, version, ...rest] = text.split(/\s+/);
  if (kind === "leave") return { ...none, type: 0x17, group: ipWord(version) };
  if (kind === "query") return parseQuery(version, rest.join(" "));
  if (kind !== "report") throw new Error(`unknown IGMP message "${text}"`);
  if (version !== "v3") {
    return { ...none, type: version === "v1" ? 0x12 : 0x16, group: ipWord(rest[0]) };
  }
  const records = rest.join(" ").split(";").map((part) => {
    const m = /^\s*(\w+) (\S+) \{([^}]*)\}\s*$/.exec(part);
    if (m === null) throw new Error(`a record is written: TYPE GROUP {SOURCES}`);
    return { type: recordType(m[1]), group: ipWord(m[2]), sources: addresses(m[3]) };
  });
  return { ...none, type: 0x22, records };
}

function parseQuery(version: string, text: string): IgmpMessage {
  const field = (name: string) => new RegExp(`\\b${name} (\\S+)`).exec(text)?.[1];
  const group = ipWord(field("group") ?? "0.0.0.0");
  const sources = addresses(/\{(.*)\}/.exec(text)?.[1] ?? "");
  const code = version === "v1" ? 0 : Number(field("max") ?? 100);
  const qrv = Number(field("qrv") ?? 2);
  const qqic = Number(field("qqi") ?? 125);
  const query = version === "v3" ? { qrv, qqic, sources } : null;
  return { type: 0x11, code, group, query, records: [] };
}

function addresses(text: string): number[] {
  return text.split(/\s+/).filter((part) => part !== "").map(ipWord);
}
