/**
 * Options of neighbour discovery (RFC 4861 4.6, RFC 8106, RFC 4191) in scripts:
 * `<sll peer-mac, mtu 1400, prefix 2001:db8:5::/64 LA valid 3600 preferred 1800>`.
 *
 * @module
 */
import { addressBytes, nameOfMac, parseAddress, parseMac, PREFERENCES } from "./names.ts";

const FOREVER = 0xffffffff;

function word(n: number): number[] {
  return [n >>> 24, n >>> 16 & 255, n >>> 8 & 255, n & 255];
}

/** Seconds, or "forever". */
function seconds(text: string): number {
  return text === "forever" ? FOREVER : Number(text);
}

/** The bytes of the options between the angle brackets. */
export function ndpOptionBytes(text: string): number[] {
  return text.split(",").map((part) => part.trim()).filter((part) => part !== "").flatMap(option);
}

function option(text: string): number[] {
  const [name, ...args] = text.split(/\s+/);
  switch (name) {
    case "sll":
      return [1, 1, ...parseMac(args[0])];
    case "tll":
      return [2, 1, ...parseMac(args[0])];
    case "mtu":
      return [5, 1, 0, 0, ...word(Number(args[0]))];
    case "prefix": {
      const [prefix, len] = args[0].split("/");
      const flags = (args[1].includes("L") ? 0x80 : 0) | (args[1].includes("A") ? 0x40 : 0);
      const times = [...word(seconds(args[3])), ...word(seconds(args[5])), 0, 0, 0, 0];
      return [3, 4, Number(len), flags, ...times, ...addressBytes(parseAddress(prefix))];
    }
    case "rdnss": {
      const servers = args.slice(1).map(parseAddress);
      const head = [25, 1 + 2 * servers.length, 0, 0, ...word(seconds(args[0]))];
      return [...head, ...servers.flatMap(addressBytes)];
    }
    case "route": {
      const [prefix, len] = args[0].split("/");
      const preference = PREFERENCES.indexOf(args[1]) << 3;
      const head = [24, 3, Number(len), preference, ...word(seconds(args[2]))];
      return [...head, ...addressBytes(parseAddress(prefix))];
    }
    case "nonce":
      return [14, 1, ...hexBytes(args[0])];
    case "opt":
      return hexBytes(args[0]);
    default:
      throw new Error(`unknown option of neighbour discovery "${text}"`);
  }
}

export function hexBytes(text: string): number[] {
  return (text.match(/../g) ?? []).map((pair) => parseInt(pair, 16));
}

/** " <…>", or "" when there are none. A nonce is random, and a quoted packet known: both named. */
export function ndpOptionsText(b: Uint8Array, from: number): string {
  const texts: string[] = [];
  for (let at = from; at + 8 <= b.length;) {
    const len = b[at + 1] * 8;
    if (len === 0) return " <an option of length 0>";
    const data = b.subarray(at + 2, at + len);
    const names: Record<number, () => string> = {
      1: () => `sll ${nameOfMac(data)}`,
      2: () => `tll ${nameOfMac(data)}`,
      4: () => `redirected (${len - 8})`,
      14: () => "nonce",
    };
    texts.push(names[b[at]]?.() ?? `opt ${b[at]}`);
    at += len;
  }
  return texts.length === 0 ? "" : ` <${texts.join(",")}>`;
}
