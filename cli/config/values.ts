/**
 * Values as a person writes them, in a variable or an option, checked one by one. Every function
 * throws Failure in the form `<where>: <what is wrong> (<what to do>)`.
 *
 * @module
 */
import {
  type AddressConfig,
  DAD_KINDS,
  type DadKind,
  DYNAMIC_KINDS,
  type DynamicKind,
  VIF_KINDS,
  type VifKind,
} from "../../io/config.ts";
import { parsePortName } from "../../io/devices/netmap/port_name.ts";
import { IpAddress } from "../../stack/base/ip_address.ts";
import { Failure } from "../base/failure.ts";

/** A value and where it was said. */
export interface Setting {
  readonly text: string;
  /** "nuse-eth0", "--dev eth0", "nuse.conf:3:13". */
  readonly from: string;
  /** In a file: the place of the character at `offset` of the text. */
  readonly placeAt?: (offset: number) => string;
}

/** How to write a key and its value where `setting` was said. */
export function asWritten(setting: Setting, key: string, inFile: string, value: string): string {
  return setting.placeAt === undefined ? `${key}=${value}` : `${inFile} ${value}`;
}

/** The kernel's limit on an interface's name, without the final NUL. */
const NAME_MAX = 15;
/** Says that the host's end of a TAP is somebody else's affair: a bridge's port, for one. */
export const NO_HOST_ADDRESS = "none";
const MTU_MIN = 68; // RFC 791
const MTU_MAX = 65535;
/** Nine digits are enough for everybody. */
const METRIC_MAX = 999_999_999;
/** sockaddr_un, without the final NUL. */
const SOCKET_PATH_MAX = 107;

export interface Cidr {
  readonly address: IpAddress;
  /** null: not said. */
  readonly prefixLen: number | null;
}

export function parseNumber(text: string, min: number, max: number): number | null {
  const n = /^\d{1,9}$/.test(text) ? Number(text) : -1;
  return n >= min && n <= max ? n : null;
}

/** "192.168.209.39", "192.168.209.39/24" or "2001:db8::2/64". */
export function parseCidr(setting: Setting): Cidr {
  const { text, from } = setting;
  const [host, prefix, ...more] = text.split("/");
  const address = IpAddress.parse(host);
  if (address === null || more.length > 0) {
    throw new Failure(
      `${from}: "${text}" is not an IP address (write 198.18.0.2/24 or 2001:db8::2/64)`,
    );
  }
  if (prefix === undefined) return { address, prefixLen: null };
  const example = address.family === 4 ? "/1 to /32, e.g. /24" : "/1 to /128, e.g. /64";
  const prefixLen = parseNumber(prefix, 0, address.family === 4 ? 32 : 128);
  if (prefixLen === null) {
    throw new Failure(`${from}: "${text}" has no valid prefix length (write ${example})`);
  }
  return { address, prefixLen };
}

/** A word in place of an address; null: it is none of these. */
export function parseDynamic({ text }: Setting): DynamicKind | null {
  return DYNAMIC_KINDS.find((kind) => kind === text.toLowerCase()) ?? null;
}

/** A netmask ("255.255.255.0"); returns the prefix length. */
export function parseNetmask({ text, from }: Setting): number {
  const mask = IpAddress.parse(text);
  if (mask !== null && mask.family === 4) {
    const prefixLen = Math.clz32(~mask.toV4Word());
    const whole = prefixLen === 0 ? 0 : -1 << (32 - prefixLen);
    if (whole === (mask.toV4Word() | 0)) return prefixLen;
  }
  throw new Failure(
    `${from}: "${text}" is no netmask (expected ones, then zeros, e.g. 255.255.255.0)`,
  );
}

/** A router: its address, and the interface where it has it ("fe80::1%eth0"); null: not said. */
export interface Gateway {
  readonly address: IpAddress;
  readonly device: string | null;
}

export function parseGateway(setting: Setting): Gateway {
  const [text, device] = setting.text.split("%", 2);
  const { address, prefixLen } = parseCidr({ ...setting, text });
  if (prefixLen !== null) {
    throw new Failure(`${setting.from}: a gateway has no prefix length (write ${address})`);
  }
  return { address, device: device ?? null };
}

export function parseMetric({ text, from }: Setting): number {
  const metric = parseNumber(text, 0, METRIC_MAX);
  if (metric === null) {
    throw new Failure(`${from}: "${text}" is no metric (expected 0 to ${METRIC_MAX})`);
  }
  return metric;
}

/** Why a host cannot have this address; null when it can. */
function unusable(address: IpAddress, prefixLen: number): string | null {
  if (address.isUnspecified) return "is no address";
  if (address.isLoopback) return "is a loopback address";
  if (address.isMulticast) return "is a multicast address";
  if (address.isBroadcast) return "is the broadcast address";
  const isV6 = address.family === 6;
  // RFC 3021, RFC 6164: both addresses are hosts
  if (prefixLen >= (isV6 ? 127 : 31)) return null;
  const network = address.maskedBy(prefixLen);
  if (network.equals(address)) return "names the subnet, not a host in it";
  if (isV6) return null;
  const broadcast = IpAddress.v4(network.toV4Word() | (-1 >>> prefixLen));
  return broadcast.equals(address) ? "is the broadcast address of its subnet" : null;
}

/** An address that a host may have. */
export function toHostAddress(setting: Setting, cidr: Cidr, fallbackLen: number): AddressConfig {
  const prefixLen = cidr.prefixLen ?? fallbackLen;
  if (prefixLen === 0) {
    throw new Failure(`${setting.from}: "/0" leaves no network outside (write /1 to /32)`);
  }
  const problem = unusable(cidr.address, prefixLen);
  if (problem !== null) {
    throw new Failure(
      `${setting.from}: ${cidr.address}/${prefixLen} ${problem} (give the address of one host)`,
    );
  }
  return { address: cidr.address.toString(), prefixLen };
}

/** RAW, TAP, NETMAP or PIPE, in any case. */
export function parseVif(setting: Setting): VifKind {
  const wanted = setting.text.toUpperCase();
  const kind = VIF_KINDS.find((k) => k === wanted);
  if (wanted === "DPDK") {
    const instead = "NETMAP takes a card from the host likewise, RAW shares it";
    throw new Failure(`${setting.from}: DPDK is not served (${instead})`);
  }
  if (kind === undefined) {
    throw new Failure(
      `${setting.from}: "${setting.text}" is unknown (choose RAW, TAP, NETMAP or PIPE)`,
    );
  }
  return kind;
}

export function parseDad(setting: Setting): DadKind {
  const kind = DAD_KINDS.find((known) => known === setting.text.toLowerCase());
  if (kind === undefined) {
    const choice = DAD_KINDS.join(", ");
    throw new Failure(`${setting.from}: "${setting.text}" is unknown (choose one of ${choice})`);
  }
  return kind;
}

/** "own", "interface" or six hexadecimal bytes of a unicast address. */
export function parseMac(setting: Setting): string {
  const text = setting.text.toLowerCase();
  if (text === "own" || text === "interface") return text;
  if (!/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/.test(text)) {
    throw new Failure(
      `${setting.from}: "${setting.text}" is no MAC address ` +
        `(write own, interface or 02:00:00:00:00:01)`,
    );
  }
  const firstByte = parseInt(text.slice(0, 2), 16);
  if ((firstByte & 1) !== 0 || text === "00:00:00:00:00:00") {
    throw new Failure(
      `${setting.from}: ${text} is no address of one host (make the first byte even, e.g. 02)`,
    );
  }
  return text;
}

/** What the host's end of a TAP gets, at most one of each family; none: nothing. */
export function parseHostEnd(setting: Setting): readonly Cidr[] {
  if (setting.text === NO_HOST_ADDRESS) return [];
  const all = splitList(setting).map(parseCidr);
  const families = all.map(({ address }) => address.family);
  if (new Set(families).size === families.length) return all;
  throw new Failure(`${setting.from}: two addresses of one family (give one IPv4, one IPv6)`);
}

/** The parts between commas; what has a place in a file keeps it. */
export function splitList({ text, from, placeAt }: Setting): Setting[] {
  let at = 0;
  return text.split(",").map((part) => {
    const start = at;
    at += part.length + 1;
    if (placeAt === undefined) return { text: part.trim(), from };
    return { text: part.trim(), from, placeAt: (offset: number) => placeAt(start + offset) };
  });
}

export function parseMtu(setting: Setting): number {
  const mtu = parseNumber(setting.text, MTU_MIN, MTU_MAX);
  if (mtu === null) {
    throw new Failure(`${setting.from}: "${setting.text}" is no MTU (${MTU_MIN} to ${MTU_MAX})`);
  }
  return mtu;
}

/** A path for a socket, made absolute. */
export function parsePipePath({ text, from }: Setting): string {
  // deno-lint-ignore no-control-regex -- they would break a line of a file, or of a message
  if (/[\0-\x1f\x7f]/.test(text)) {
    throw new Failure(`${from}: the path holds a control character (choose another)`);
  }
  if (text === "" || text.endsWith("/")) {
    throw new Failure(`${from}: "${text}" names no file (e.g. /tmp/pipe)`);
  }
  const path = text.startsWith("/") ? text : `${Deno.cwd()}/${text}`;
  const lenBytes = new TextEncoder().encode(path).length;
  if (lenBytes > SOCKET_PATH_MAX) {
    throw new Failure(`${from}: ${path} is too long (at most ${SOCKET_PATH_MAX} bytes)`);
  }
  return path;
}

/** A name that the kernel takes for an interface, `reserved` bytes shorter than its limit. */
export function checkInterfaceName(setting: Setting, reserved: number): string {
  const { text, from } = setting;
  if (text === "") throw new Failure(`${from} is empty (name an interface, or unset it)`);
  if (/[\s/:]/.test(text) || text === "." || text === "..") {
    throw new Failure(`${from}: "${text}" cannot name an interface (see ip link)`);
  }
  const limit = NAME_MAX - reserved;
  if (new TextEncoder().encode(text).length > limit) {
    const why = reserved > 0 ? `: the TAP is named nuse-${text}, and Linux takes ${NAME_MAX}` : "";
    throw new Failure(`${from}: "${text}" is too long (at most ${limit} bytes${why})`);
  }
  return text;
}

/** What a TAP is called on the host, with nothing before it. */
export function parseTapName(setting: Setting): string {
  return checkInterfaceName(setting, 0);
}

export function parseBridge(setting: Setting): string {
  return checkInterfaceName(setting, 0);
}

/** A netmap port; returns what the stack calls it: the port without `netmap:`, ring and memory. */
export function checkPortName({ text, from }: Setting): string {
  const port = parsePortName(text);
  if (typeof port === "string") throw new Failure(`${from}: ${port}`);
  return port.name;
}
