/**
 * How a datagram socket sends: which way, whether it may, and what the packet looks like, by the
 * options and by what the datagram's header says. Subclasses hand it to their protocol.
 *
 * @module
 */
import { EADDRNOTAVAIL, EINVAL, EMSGSIZE, ENETUNREACH, ENODEV, EPIPE } from "../base/errno.ts";
import { checkDestination } from "../base/address_family.ts";
import { ANY_V4, type IpAddress } from "../base/ip_address.ts";
import type { Route } from "../base/network.ts";
import { AF_INET6 } from "../base/socket_constants.ts";
import { IPV4_HEADER_LEN } from "../wire/ipv4.ts";
import { ipHeaderLen } from "../wire/ipv6.ts";
import { type DatagramSocket, EVENT_ERRQUEUE, EVENT_READABLE } from "./api.ts";
import * as h from "./datagram_header.ts";
import { BaseDatagramSocket } from "./datagram_socket.ts";

export abstract class SendingSocket extends BaseDatagramSocket implements DatagramSocket {
  protected abstract readonly maxPayload: number;
  protected minPayload = 0;
  /** UDP_SEGMENT of the datagram at hand; 0: it goes in one piece. */
  protected segment = 0;
  /** Of the datagram that has been looked at: its port, where it goes in the end. */
  #port = 0;
  #finalDst: IpAddress = ANY_V4;

  protected abstract transmit(
    route: Route,
    port: number,
    off: number,
    len: number,
    ttl: number,
    tos: number,
    dontFragment: boolean,
    nowUs: number,
  ): number;

  send(off: number, payloadLen: number, nowUs: number): number {
    const { shape, destination } = this;
    const dv = this.env.memory.dv;
    const flags = dv.getUint16(off + h.DGRAM_FLAGS_OFF, true);
    const route = this.#look(off, flags, payloadLen);
    if (typeof route === "number") return route;
    const hasTtl = (flags & h.DGRAM_HAS_TTL) !== 0;
    const ttl = hasTtl ? dv.getUint8(off + h.DGRAM_TTL_OFF) : destination.ttlOn(route);
    const hasTos = (flags & h.DGRAM_HAS_TOS) !== 0;
    const tos = destination.tosOn(route, hasTos ? dv.getUint8(off + h.DGRAM_TOS_OFF) : -1);
    const packetLen = this.#packetLen(route, payloadLen);
    const df = destination.dontFragment(route, packetLen);
    const at = off + h.DGRAM_HEADER_LEN + h.extrasLen(dv, off, flags);
    if (!shape.isShaped) {
      const result = this.transmit(route, this.#port, at, payloadLen, ttl, tos, df, nowUs);
      return result < 0 ? result : payloadLen;
    }
    const { network } = this.env;
    network.shape = shape.of(route, this.#finalDst, nowUs);
    const result = this.transmit(route, this.#port, at, payloadLen, ttl, tos, df, nowUs);
    network.shape = null;
    return result < 0 ? result : payloadLen;
  }

  checkHeader(off: number, payloadLen: number, mayRaw: boolean): number {
    if (mayRaw) this.grantRaw();
    const flags = this.env.memory.dv.getUint16(off + h.DGRAM_FLAGS_OFF, true);
    const route = this.#look(off, flags, payloadLen);
    return typeof route === "number" ? route : 0;
  }

  grantRaw(): void {
    this.shape.mayRaw = true;
  }

  check(addr: IpAddress | null, port: number, payloadLen: number, scopeId = 0): number {
    if (this.soError !== 0) return -this.queue.takeErrorAndRecord();
    if (this.isClosed || this.isSendShut) return -EPIPE;
    let route: Route | number;
    this.shape.saidNothing();
    if (addr === null) {
      route = this.peer.route();
    } else {
      const refused = checkDestination(this.domain, this.options.v6Only, addr);
      if (refused !== 0) return refused;
      const own = this.peer.source ?? this.sourceAddr;
      route = this.destination.routeToAddress(addr, scopeId, own);
    }
    if (typeof route === "number") return route;
    const verdict = addr === null ? 0 : this.checkPort(port);
    if (verdict !== 0) return verdict;
    const bound = this.autobind();
    if (bound !== 0) return bound;
    this.segment = this.options.udpSegment;
    return this.#checkLen(route, addr === null ? this.peer.port : port, payloadLen);
  }

  /** The way of the datagram whose header is at `off`, if it may go; or -errno. */
  #look(off: number, flags: number, payloadLen: number): Route | number {
    const { shape } = this;
    const dv = this.env.memory.dv;
    if (this.soError !== 0) return -this.queue.takeErrorAndRecord();
    if (this.isClosed || this.isSendShut) return -EPIPE;
    if ((flags & h.DGRAM_HAS_EXTRAS) === 0) {
      shape.saidNothing();
    } else {
      const said = shape.read(off);
      if (said < 0) return said;
    }
    let route = this.#routeOf(off, flags);
    if (typeof route === "number") return route;
    this.#finalDst = route.dst;
    if (shape.isShaped) {
      route = shape.firstHop(route, this.sourceAddr);
      if (typeof route === "number") return route;
    }
    if ((flags & h.DGRAM_DONTROUTE) !== 0 && route.viaGateway) return -ENETUNREACH;
    this.#port = this.peer.port;
    if ((flags & h.DGRAM_HAS_ADDR) !== 0) {
      this.#port = dv.getUint16(off + h.DGRAM_PORT_OFF, true);
      const verdict = this.checkPort(this.#port);
      if (verdict !== 0) return verdict;
    }
    if (this.localPort === 0) {
      const bound = this.autobind();
      if (bound !== 0) return bound;
    }
    this.segment = (flags & h.DGRAM_HAS_SEGMENT) === 0
      ? this.options.udpSegment
      : dv.getUint16(off + h.DGRAM_SEGMENT_OFF, true);
    const tooBig = this.#checkLen(route, this.#port, payloadLen);
    return tooBig !== 0 ? tooBig : route;
  }

  /** The route of the datagram whose header is at `off`, or -errno. */
  #routeOf(off: number, flags: number): Route | number {
    if ((flags & (h.DGRAM_HAS_ADDR | h.DGRAM_HAS_PKTINFO)) === 0) return this.peer.route();
    const { dv } = this.env.memory;
    const hasPktInfo = (flags & h.DGRAM_HAS_PKTINFO) !== 0;
    if (hasPktInfo) {
      const ifIndex = dv.getInt32(off + h.DGRAM_IFINDEX_OFF, true);
      if (ifIndex !== 0 && this.interfaces.nameOf(ifIndex) === null) return -ENODEV;
    }
    const { destination, domain, peer, sourceAddr } = this;
    const route = destination.routeOf(off, flags, domain, peer.addr, peer.source ?? sourceAddr);
    if (!hasPktInfo || route !== -EADDRNOTAVAIL) return route;
    // Of a source that is not ours Linux says what bind() does not, and in IPv4 something else
    const isV6 = dv.getUint16(off + h.DGRAM_FAMILY_OFF, true) === AF_INET6 ||
      peer.addr?.family === 6;
    return isV6 ? -EINVAL : -ENETUNREACH;
  }

  #packetLen(route: Route, payloadLen: number): number {
    return ipHeaderLen(route.dst.family) + this.shape.lengthOn(route) + this.headerLen + payloadLen;
  }

  /** -EMSGSIZE for what is longer than a packet can be, or than the path takes unfragmented. */
  #checkLen(route: Route, port: number, payloadLen: number): number {
    const { destination, options } = this;
    // IPv4 counts its header (20 bytes) in the length, IPv6 (40) does not.
    const longer = ipHeaderLen(route.dst.family) - IPV4_HEADER_LEN;
    if (payloadLen > this.maxPayload + longer) return -EMSGSIZE;
    if (payloadLen < this.minPayload) return -EINVAL;
    if (!destination.refusesTooBig(route)) return 0;
    const longest = this.segment > 0 ? Math.min(this.segment, payloadLen) : payloadLen;
    if (this.#packetLen(route, longest) <= destination.mtuOn(route)) return 0;
    const isV6 = route.dst.family === 6;
    if (isV6 && options.recvPathMtu6 && destination.isDontFragSaid) {
      this.extras.tellPathMtu(route, this.queue);
      this.env.ready.raise(this, EVENT_READABLE);
    }
    const isQueued = isV6 ? options.recvErr6 : options.recvErr;
    if (isQueued && this.errors.pushTooBig(route.dst, port, route.mtu)) {
      this.env.ready.raise(this, EVENT_ERRQUEUE);
    }
    return -EMSGSIZE;
  }
}
