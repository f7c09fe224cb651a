/**
 * Control messages (struct cmsghdr) of datagram sockets behind the second door, as they lie in the
 * arena: what a program gives to sendmsg() becomes fields of the datagram's header, and the other
 * way round for recvmsg(), which of them by the socket's state bits. The twin of
 * ffi/shim/datagram/cmsg.c, for programs in which there is no shim.
 *
 * @module
 */
import { MSG_CTRUNC } from "../../../ffi/abi/socket.ts";
import * as P from "../../../ffi/shim/protocol.ts";
import {
  AF_INET,
  AF_INET6,
  DGRAM_DROPS_OFF,
  DGRAM_DST_OFF,
  DGRAM_DST_PORT_OFF,
  DGRAM_FAMILY_OFF,
  DGRAM_FLAGS_OFF,
  DGRAM_FRAG_OFF,
  DGRAM_GRO_OFF,
  DGRAM_HAS_PKTINFO,
  DGRAM_HAS_SEGMENT,
  DGRAM_HAS_TOS,
  DGRAM_HAS_TTL,
  DGRAM_IFINDEX_OFF,
  DGRAM_SEGMENT_OFF,
  DGRAM_TIME_OFF,
  DGRAM_TOS_OFF,
  DGRAM_TTL_OFF,
  EINVAL,
  IP_PKTINFO,
  IP_RECVFRAGSIZE,
  IP_RECVORIGDSTADDR,
  IP_TOS,
  IP_TTL,
  IPPROTO_IP,
  IPPROTO_IPV6,
  IPPROTO_UDP,
  IPV6_PKTINFO,
  IPV6_TCLASS,
  type Memory,
  SO_RXQ_OVFL,
  SO_TIMESTAMP,
  SO_TIMESTAMPING,
  SO_TIMESTAMPNS,
  type Socket,
  SOL_SOCKET,
  UDP_GRO,
  UDP_SEGMENT,
} from "../../../stack/mod.ts";

/** struct cmsghdr (64-bit): its length, with this header, is a size_t. */
const CMSG = { LEN: 0, LEVEL: 8, TYPE: 12, DATA: 16 } as const;
const ALIGNMENT = 8;

/** As a message it has the number of the option. */
const IP_ORIGDSTADDR = IP_RECVORIGDSTADDR;
const IPV6_HOPLIMIT = 52;
/** SO_MARK, SO_TIMESTAMPING, SCM_TXTIME, SCM_RIGHTS, SCM_CREDENTIALS: nothing that we send. */
const OF_SOCKETS: ReadonlySet<number> = new Set([36, 37, 61, 1, 2]);

const IN_PKTINFO = { INDEX: 0, SOURCE: 4, DESTINATION: 8, LEN: 12 } as const;
const IN6_PKTINFO = { ADDR: 0, INDEX: 16, LEN: 20 } as const;
const BYTE_MAX = 255;
const INT_LEN = 4;
/** Below all values. */
const INVALID = -2;
const MAPPED_PREFIX = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];

function align(len: number): number {
  return (len + ALIGNMENT - 1) & -ALIGNMENT;
}

/** One message of those given: where its data lie. */
interface Given {
  readonly type: number;
  readonly off: number;
  readonly len: number;
}

export class ControlMessages {
  #off = 0;
  #room = 0;
  #used = 0;
  /** MSG_CTRUNC, when there was too little room. */
  flags = 0;

  constructor(readonly memory: Memory) {}

  /** Takes the `len` bytes at `off` over into the datagram's header at `headerOff`: 0 or -errno. */
  take(off: number, len: number, socket: Socket, headerOff: number): number {
    const { dv } = this.memory;
    for (let at = off; off + len - at >= CMSG.DATA;) {
      const size = dv.getUint32(at + CMSG.LEN, true);
      const isLong = dv.getUint32(at + CMSG.LEN + 4, true) !== 0;
      if (isLong || size < CMSG.DATA || size > off + len - at) return -EINVAL;
      const type = dv.getInt32(at + CMSG.TYPE, true);
      const given = { type, off: at + CMSG.DATA, len: size - CMSG.DATA };
      const taken = this.#takeOne(dv.getInt32(at + CMSG.LEVEL, true), given, socket, headerOff);
      if (taken < 0) return taken;
      at += align(size);
    }
    return 0;
  }

  #takeOne(level: number, given: Given, { domain, protocol }: Socket, headerOff: number): number {
    if (level === SOL_SOCKET) return OF_SOCKETS.has(given.type) ? 0 : -EINVAL;
    if (level === IPPROTO_IP) return this.#takeV4(given, headerOff);
    if (level === IPPROTO_IPV6 && domain === AF_INET6) return this.#takeV6(given, headerOff);
    if (level !== IPPROTO_UDP || protocol !== IPPROTO_UDP) return 0;
    if (given.type !== UDP_SEGMENT || given.len !== 2) return -EINVAL;
    const { dv } = this.memory;
    dv.setUint16(headerOff + DGRAM_SEGMENT_OFF, dv.getUint16(given.off, true), true);
    return this.#mark(headerOff, DGRAM_HAS_SEGMENT);
  }

  #takeV4(given: Given, headerOff: number): number {
    const { u8 } = this.memory;
    switch (given.type) {
      case IP_TTL:
        return this.#takeByte(given, headerOff, DGRAM_TTL_OFF, DGRAM_HAS_TTL, 1);
      case IP_TOS: // as a byte as well
        if (given.len === 1) {
          u8[headerOff + DGRAM_TOS_OFF] = u8[given.off];
          return this.#mark(headerOff, DGRAM_HAS_TOS);
        }
        return this.#takeByte(given, headerOff, DGRAM_TOS_OFF, DGRAM_HAS_TOS, 0);
      case IP_PKTINFO: {
        if (given.len !== IN_PKTINFO.LEN) return -EINVAL;
        const source = given.off + IN_PKTINFO.SOURCE;
        u8.copyWithin(headerOff + DGRAM_DST_OFF, source, source + 4);
        return this.#takeIndex(given.off + IN_PKTINFO.INDEX, headerOff);
      }
      default:
        return -EINVAL;
    }
  }

  #takeV6(given: Given, headerOff: number): number {
    const { u8 } = this.memory;
    switch (given.type) {
      case IPV6_HOPLIMIT:
        return this.#takeByte(given, headerOff, DGRAM_TTL_OFF, DGRAM_HAS_TTL, -1);
      case IPV6_TCLASS:
        return this.#takeByte(given, headerOff, DGRAM_TOS_OFF, DGRAM_HAS_TOS, -1);
      case IPV6_PKTINFO: {
        if (given.len < IN6_PKTINFO.LEN) return -EINVAL;
        const source = given.off + IN6_PKTINFO.ADDR;
        const isMapped = MAPPED_PREFIX.every((byte, i) => u8[source + i] === byte);
        const from = isMapped ? source + MAPPED_PREFIX.length : source;
        u8.copyWithin(headerOff + DGRAM_DST_OFF, from, source + 16);
        return this.#takeIndex(given.off + IN6_PKTINFO.INDEX, headerOff);
      }
      default:
        return -EINVAL;
    }
  }

  #takeIndex(indexOff: number, headerOff: number): number {
    const { dv } = this.memory;
    dv.setUint32(headerOff + DGRAM_IFINDEX_OFF, dv.getUint32(indexOff, true), true);
    return this.#mark(headerOff, DGRAM_HAS_PKTINFO);
  }

  /** An int of at least `least`; -1: the socket's own value (RFC 3542 6.3, 6.5). */
  #takeByte({ off, len }: Given, headerOff: number, field: number, flag: number, least: number) {
    const { dv, u8 } = this.memory;
    const value = len === INT_LEN ? dv.getInt32(off, true) : INVALID;
    if (value < least || value > BYTE_MAX) return -EINVAL;
    if (value < 0) return 0;
    u8[headerOff + field] = value;
    return this.#mark(headerOff, flag);
  }

  #mark(headerOff: number, flag: number): number {
    const { dv } = this.memory;
    const off = headerOff + DGRAM_FLAGS_OFF;
    dv.setUint16(off, dv.getUint16(off, true) | flag, true);
    return 0;
  }

  /** What is put from now on goes to `off`, where there is `room`. */
  begin(off: number, room: number): void {
    this.#off = off;
    this.#room = room;
    this.#used = 0;
    this.flags = 0;
  }

  /** Bytes that have been put. */
  get used(): number {
    return this.#used;
  }

  put(level: number, type: number, data: Uint8Array): void {
    const { dv, u8 } = this.memory;
    const left = this.#room - this.#used;
    if (left < CMSG.DATA) {
      this.flags = MSG_CTRUNC;
      return;
    }
    const len = Math.min(left, CMSG.DATA + data.length);
    if (len < CMSG.DATA + data.length) this.flags = MSG_CTRUNC;
    const at = this.#off + this.#used;
    u8.fill(0, at, at + Math.min(left, align(len)));
    dv.setUint32(at + CMSG.LEN, len, true);
    dv.setInt32(at + CMSG.LEVEL, level, true);
    dv.setInt32(at + CMSG.TYPE, type, true);
    u8.set(data.subarray(0, len - CMSG.DATA), at + CMSG.DATA);
    this.#used += Math.min(left, align(len));
  }

  putInt(level: number, type: number, value: number): void {
    this.put(level, type, new Uint8Array(new Int32Array([value]).buffer));
  }

  /** A time of receipt, microseconds of CLOCK_REALTIME, in the form that `state` asks for. */
  putTime(state: number, timeUs: bigint): void {
    const [seconds, rest] = [timeUs / 1_000_000n, timeUs % 1_000_000n];
    const nano = new Uint8Array(new BigInt64Array([seconds, rest * 1000n]).buffer);
    if ((state & P.NUSE_STATE_TIMESTAMPNS) !== 0) this.put(SOL_SOCKET, SO_TIMESTAMPNS, nano);
    else if ((state & P.NUSE_STATE_TIMESTAMP) !== 0) {
      const micro = new Uint8Array(new BigInt64Array([seconds, rest]).buffer);
      this.put(SOL_SOCKET, SO_TIMESTAMP, micro);
    }
    if ((state & P.NUSE_STATE_TIMESTAMPING) === 0) return;
    const stamps = new Uint8Array(3 * nano.length); // by software; the others are a device's
    stamps.set(nano);
    this.put(SOL_SOCKET, SO_TIMESTAMPING, stamps);
  }

  /** What `state` asks for of a datagram with this header, in the kernel's order. */
  putReceived(state: number, domain: number, header: Uint8Array): void {
    const dv = new DataView(header.buffer, header.byteOffset, header.byteLength);
    const timeUs = dv.getBigUint64(DGRAM_TIME_OFF, true);
    this.putTime(state, timeUs !== 0n ? timeUs : BigInt(Date.now()) * 1000n);
    const drops = dv.getInt32(DGRAM_DROPS_OFF, true);
    if ((state & P.NUSE_STATE_RXQ_OVFL) !== 0 && drops !== 0) {
      this.putInt(SOL_SOCKET, SO_RXQ_OVFL, drops);
    }
    const size = dv.getUint16(DGRAM_GRO_OFF, true);
    if (size !== 0) this.putInt(IPPROTO_UDP, UDP_GRO, size);
    if (dv.getUint16(DGRAM_FAMILY_OFF, true) === AF_INET) this.#putV4(state, header, dv);
    if (domain === AF_INET6) this.#putV6(state, header, dv);
  }

  #putV4(state: number, header: Uint8Array, dv: DataView): void {
    const destination = header.subarray(DGRAM_DST_OFF, DGRAM_DST_OFF + 4);
    if ((state & P.NUSE_STATE_PKTINFO) !== 0) {
      const info = new Uint8Array(IN_PKTINFO.LEN);
      info.set(header.subarray(DGRAM_IFINDEX_OFF, DGRAM_IFINDEX_OFF + 4), IN_PKTINFO.INDEX);
      info.set(destination, IN_PKTINFO.SOURCE);
      info.set(destination, IN_PKTINFO.DESTINATION);
      this.put(IPPROTO_IP, IP_PKTINFO, info);
    }
    if ((state & P.NUSE_STATE_RECVTTL) !== 0) {
      this.putInt(IPPROTO_IP, IP_TTL, header[DGRAM_TTL_OFF]);
    }
    if ((state & P.NUSE_STATE_RECVTOS) !== 0) {
      this.put(IPPROTO_IP, IP_TOS, header.subarray(DGRAM_TOS_OFF, DGRAM_TOS_OFF + 1));
    }
    if ((state & P.NUSE_STATE_ORIGDSTADDR) !== 0) {
      const to = new Uint8Array(16);
      const port = dv.getUint16(DGRAM_DST_PORT_OFF, true);
      to.set([AF_INET, 0, port >>> 8, port & BYTE_MAX]);
      to.set(destination, 4);
      this.put(IPPROTO_IP, IP_ORIGDSTADDR, to);
    }
    const longest = dv.getUint16(DGRAM_FRAG_OFF, true);
    if (longest !== 0) this.putInt(IPPROTO_IP, IP_RECVFRAGSIZE, longest);
  }

  #putV6(state: number, header: Uint8Array, dv: DataView): void {
    const isV4 = dv.getUint16(DGRAM_FAMILY_OFF, true) === AF_INET;
    if ((state & P.NUSE_STATE_PKTINFO6) !== 0) {
      const info = new Uint8Array(IN6_PKTINFO.LEN);
      if (isV4) info.set(MAPPED_PREFIX);
      const destination = header.subarray(DGRAM_DST_OFF, DGRAM_DST_OFF + (isV4 ? 4 : 16));
      info.set(destination, isV4 ? MAPPED_PREFIX.length : 0);
      info.set(header.subarray(DGRAM_IFINDEX_OFF, DGRAM_IFINDEX_OFF + 4), IN6_PKTINFO.INDEX);
      this.put(IPPROTO_IPV6, IPV6_PKTINFO, info);
    }
    if (isV4) return;
    if ((state & P.NUSE_STATE_RECVHOPLIMIT) !== 0) {
      this.putInt(IPPROTO_IPV6, IPV6_HOPLIMIT, header[DGRAM_TTL_OFF]);
    }
    if ((state & P.NUSE_STATE_RECVTCLASS) !== 0) {
      this.putInt(IPPROTO_IPV6, IPV6_TCLASS, header[DGRAM_TOS_OFF]);
    }
  }
}
