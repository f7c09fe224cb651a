/**
 * What a datagram socket's packets have besides the usual headers, by its options and by the
 * control messages of one datagram, as far as these are not in its header (ancillary.ts). It is
 * made a PacketShape for the network when a datagram goes.
 *
 * @module
 */
import { EINVAL, ENETUNREACH } from "../base/errno.ts";
import { IpAddress } from "../base/ip_address.ts";
import type { Route } from "../base/network.ts";
import {
  type HeaderOptions,
  type Headers6,
  headers6Len,
  NO_HEADERS6,
  PacketShape,
  UNSAID,
} from "../base/packet_shape.ts";
import type { SocketOptions } from "../base/socket_options.ts";
import { Ancillary } from "./ancillary.ts";
import { DGRAM_EXTRAS_LEN_OFF, DGRAM_HEADER_LEN } from "./datagram_header.ts";
import type { Destination } from "./destination.ts";
import { DAY_MS } from "./ip_options.ts";
import type { SocketEnv } from "./socket_env.ts";

export class SendShape {
  /** The program may send headers of its own (CAP_NET_RAW), as far as is known. */
  mayRaw = false;
  /** The options ask for something. */
  #isByOptions = false;
  readonly #said = new Ancillary();
  #hasSaid = false;
  readonly #shape = new PacketShape();

  constructor(
    readonly env: SocketEnv,
    readonly options: SocketOptions,
    readonly destination: Destination,
  ) {}

  /** Options have changed. */
  refresh(): void {
    const { headers6, fragmentMtu6, ipOptions } = this.options;
    this.#isByOptions = headers6 !== NO_HEADERS6 || fragmentMtu6 !== 0 || ipOptions !== null;
  }

  /** A datagram without control messages of this kind. */
  saidNothing(): void {
    if (!this.#hasSaid) return;
    this.#hasSaid = false;
    this.#said.reset();
    this.destination.dontFragSaid = UNSAID;
    this.destination.flowLabelSaid = UNSAID;
  }

  /**
   * Reads those of the datagram whose header is at `off`; they follow it. Returns how many bytes
   * they are, or -errno.
   */
  read(off: number): number {
    const { memory: { dv } } = this.env;
    const said = this.#said;
    this.saidNothing();
    this.#hasSaid = true;
    const len = dv.getUint16(off + DGRAM_EXTRAS_LEN_OFF, true);
    const result = said.read(dv, off + DGRAM_HEADER_LEN, len, this.mayRaw);
    if (result !== 0) return result;
    const { destination, options } = this;
    destination.dontFragSaid = said.dontFrag;
    const named = options.sendFlowInfo ? said.namedFlowLabel : UNSAID;
    destination.flowLabelSaid = said.flowLabel !== UNSAID ? said.flowLabel : named;
    return len;
  }

  /** The packet of the datagram at hand is not as others are. */
  get isShaped(): boolean {
    return this.#isByOptions || this.#hasSaid;
  }

  get #headers6(): Headers6 {
    const { headers6 } = this.#said;
    return headers6 === NO_HEADERS6 ? this.options.headers6 : headers6;
  }

  get #ipOptions(): HeaderOptions | null {
    return this.#said.ipOptions ?? this.options.ipOptions;
  }

  /** Bytes that it adds to a packet on `route`. */
  lengthOn({ dst }: Route): number {
    if (!this.isShaped) return 0;
    return dst.family === 6 ? headers6Len(this.#headers6) : this.#ipOptions?.bytes.length ?? 0;
  }

  /** Where a packet to `route`'s destination is sent first, which a source route may say. */
  firstHop(route: Route, own: IpAddress): Route | number {
    const options = route.dst.family === 4 ? this.#ipOptions : null;
    if (options === null || options.routeAt < 0) return route;
    if (route.dst.isUnspecified) return -EINVAL;
    const first = this.destination.routeTo(IpAddress.v4(options.firstHop), own, 0);
    if (typeof first === "number") return first;
    return options.isStrict && first.viaGateway ? -ENETUNREACH : first;
  }

  /** Of a packet that goes by `route` to `dst` in the end; null: as all others. */
  of(route: Route, dst: IpAddress, nowUs: number): PacketShape | null {
    const shape = this.#shape;
    const isV6 = route.dst.family === 6;
    shape.headers6 = isV6 ? this.#headers6 : NO_HEADERS6;
    shape.mtu6 = isV6 ? this.options.fragmentMtu6 : 0;
    const options = isV6 ? null : this.#ipOptions;
    shape.ipOptions = null;
    if (options !== null) {
      const { network, clock } = this.env;
      const dayMs = Math.floor((nowUs + clock.offsetUs) / 1000) % DAY_MS;
      const isOurs = (addr: number) => network.isLocal(IpAddress.v4(addr));
      shape.ipOptions = options.ofPacket(route.src.w3, dst.w3, dayMs, isOurs);
    }
    return shape.isPlain(route.dst.family) ? null : shape;
  }
}
