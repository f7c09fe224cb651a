/**
 * Control messages (cmsg(3)) that travel with one datagram and have no place in its header
 * (datagram_header.ts): what a program says of one that it sends (RFC 3542 6 to 11, ip(7)), read
 * here; and the layout of those that it gets (received_extras.ts).
 *
 *     u64 length, this header included | i32 level | i32 type | data, padded to 8 bytes
 *
 * @module
 */
import { EINVAL, ENOBUFS, EPERM } from "../base/errno.ts";
import {
  type Headers6,
  HEADERS6_MAX_LEN,
  headers6Len,
  IP_OPTIONS_MAX_LEN,
  LABEL_MASK,
  NO_HEADERS6,
  UNSAID,
} from "../base/packet_shape.ts";
import * as c from "../base/socket_constants.ts";
import { compileIpOptions, type IpOptions } from "./ip_options.ts";

export const CMSG_HEADER_LEN = 16;

/** One control message, padded. */
export function controlMessage(level: number, type: number, data: Uint8Array): Uint8Array {
  const message = new Uint8Array((CMSG_HEADER_LEN + data.length + 7) & ~7);
  const dv = new DataView(message.buffer);
  dv.setUint32(0, CMSG_HEADER_LEN + data.length, true);
  dv.setInt32(8, level, true);
  dv.setInt32(12, type, true);
  message.set(data, CMSG_HEADER_LEN);
  return message;
}

/** What control messages have said; reused. */
export class Ancillary {
  headers6: Headers6 = NO_HEADERS6;
  /** IP_RETOPTS: null: none. */
  ipOptions: IpOptions | null = null;
  /** IPV6_FLOWINFO: a flow label, or UNSAID. */
  flowLabel = UNSAID;
  /** sin6_flowinfo, which counts with IPV6_FLOWINFO_SEND only. */
  namedFlowLabel = UNSAID;
  /** IPV6_DONTFRAG: 0, 1, or UNSAID. */
  dontFrag = UNSAID;

  reset(): void {
    this.headers6 = NO_HEADERS6;
    this.ipOptions = null;
    this.flowLabel = UNSAID;
    this.namedFlowLabel = UNSAID;
    this.dontFrag = UNSAID;
  }

  /**
   * Reads the messages in the `len` bytes at `off`. `mayRaw`: the program may send headers of its
   * own (CAP_NET_RAW). 0 or -errno.
   */
  read(dv: DataView, off: number, len: number, mayRaw: boolean): number {
    const end = off + len;
    for (let at = off; at + CMSG_HEADER_LEN <= end;) {
      const messageLen = dv.getUint32(at, true);
      if (messageLen < CMSG_HEADER_LEN || at + messageLen > end) return -EINVAL;
      const result = this.#take(dv, at, messageLen - CMSG_HEADER_LEN, mayRaw);
      if (result !== 0) return result;
      at += (messageLen + 7) & ~7;
    }
    return headers6Len(this.headers6) > HEADERS6_MAX_LEN ? -ENOBUFS : 0;
  }

  #take(dv: DataView, at: number, len: number, mayRaw: boolean): number {
    const level = dv.getInt32(at + 8, true);
    const type = dv.getInt32(at + 12, true);
    const data = new Uint8Array(dv.buffer, dv.byteOffset + at + CMSG_HEADER_LEN, len).slice();
    if (level === c.IPPROTO_IP) {
      return type === c.IP_RETOPTS ? this.#takeIpOptions(data, mayRaw) : 0;
    }
    if (level !== c.IPPROTO_IPV6) return 0;
    switch (type) {
      case c.IPV6_FLOWINFO:
        this.flowLabel = labelOf(data);
        return 0;
      case c.IPV6_FLOWINFO_SEND:
        this.namedFlowLabel = labelOf(data);
        return 0;
      case c.IPV6_DONTFRAG:
        this.dontFrag = data[0];
        return 0;
      case c.IPV6_HOPOPTS:
      case c.IPV6_2292HOPOPTS:
        return this.#takeHeader("hopByHop", data, mayRaw);
      case c.IPV6_RTHDRDSTOPTS:
        return this.#takeHeader("routerDestination", data, mayRaw);
      case c.IPV6_DSTOPTS:
      case c.IPV6_2292DSTOPTS:
        return this.#takeHeader("destination", data, mayRaw);
      case c.IPV6_RTHDR:
      case c.IPV6_2292RTHDR:
        return -EINVAL; // no type of it is known
      default:
        return 0;
    }
  }

  #takeHeader(place: keyof Headers6, data: Uint8Array, mayRaw: boolean): number {
    const len = data.length < 2 ? 0 : (data[1] + 1) << 3;
    if (len === 0 || data.length < len || this.headers6[place] !== null) return -EINVAL;
    if (!mayRaw) return -EPERM;
    this.headers6 = { ...this.headers6, [place]: data.subarray(0, len) };
    return 0;
  }

  #takeIpOptions(data: Uint8Array, mayRaw: boolean): number {
    const compiled = compileIpOptions(data.subarray(0, IP_OPTIONS_MAX_LEN), mayRaw);
    if (typeof compiled === "number") return compiled;
    this.ipOptions = compiled;
    return 0;
  }
}

/** Of flow information, in network order: traffic class and label. */
function labelOf(data: Uint8Array): number {
  return ((data[1] << 16) | (data[2] << 8) | data[3]) & LABEL_MASK;
}
