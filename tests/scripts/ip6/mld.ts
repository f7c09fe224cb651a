/**
 * Messages of listener discovery as a peer sends them (RFC 3810 5, RFC 2710 3).
 *
 * @module
 */
import { addressBytes, parseAddress, RECORDS } from "./names.ts";
import type { Body } from "./write.ts";

const ALERT = ["hbh{ra,pad2}"];
const NOBODY = "::";

/**
 * "query v1|v2 [group G] [max MS] [qrv N] [qqi N] [{SOURCES}]", "report v1 G", "done G",
 * "report v2 RECORD G {SOURCES}; …"
 */
export function mldMessage(text: string): Body {
  const [kind, version, ...rest] = text.split(/\s+/);
  const usual = { next: 58, from: parseAddress("peer-ll"), hop: 1, headers: ALERT };
  if (kind === "done") {
    return { ...usual, bytes: oldMessage(132, 0, version), to: parseAddress("ff02::2") };
  }
  if (kind === "query") return { ...usual, ...query(version, rest.join(" ")) };
  if (version === "v1") {
    return { ...usual, bytes: oldMessage(131, 0, rest[0]), to: parseAddress(rest[0]) };
  }
  const records = rest.join(" ").split(";").map((part) => part.trim());
  const bytes = [143, 0, 0, 0, 0, 0, 0, records.length, ...records.flatMap(record)];
  return { ...usual, bytes, to: parseAddress("ff02::16") };
}

function oldMessage(type: number, maxMs: number, group: string): number[] {
  return [type, 0, 0, 0, maxMs >> 8, maxMs & 255, 0, 0, ...addressBytes(parseAddress(group))];
}

function query(version: string, text: string): Pick<Body, "bytes" | "to"> {
  const field = (name: string, usual: string) =>
    new RegExp(`\\b${name} (\\S+)`).exec(text)?.[1] ?? usual;
  const group = field("group", NOBODY);
  const bytes = oldMessage(130, Number(field("max", "10000")), group);
  if (version === "v2") {
    const sources = addresses(/\{(.*)\}/.exec(text)?.[1] ?? "");
    const [qrv, qqi] = [Number(field("qrv", "2")), Number(field("qqi", "125"))];
    bytes.push(qrv, qqi, 0, sources.length, ...sources.flat());
  }
  return { bytes, to: parseAddress(group === NOBODY ? "ff02::1" : group) };
}

function record(text: string): number[] {
  const m = /^(\w+) (\S+) \{([^}]*)\}$/.exec(text);
  if (m === null) throw new Error(`a record is written: TYPE GROUP {SOURCES}`);
  const sources = addresses(m[3]);
  const head = [RECORDS.indexOf(m[1]), 0, 0, sources.length];
  return [...head, ...addressBytes(parseAddress(m[2])), ...sources.flat()];
}

function addresses(text: string): number[][] {
  const words = text.split(/\s+/).filter((part) => part !== "");
  return words.map((part) => addressBytes(parseAddress(part)));
}
