/**
 * ICMPv6 errors that we receive: finds out which packet of ours they quote, past its extension
 * headers, and makes of them the `IcmpError` that transports get (as error_input.ts).
 *
 * @module
 */
import { DROP_ICMP_QUOTE, DROP_IPV6_TRUNCATED } from "../base/drop_reason.ts";
import { ANY_V6, IpAddress } from "../base/ip_address.ts";
import type { IcmpError, Network } from "../base/network.ts";
import type { Packet } from "../base/packet.ts";
import { ICMP_HEADER_LEN, type IcmpHeader } from "../wire/icmp.ts";
import { ICMPV6_PARAMETER_PROBLEM, ICMPV6_TOO_BIG } from "../wire/icmpv6.ts";
import { Ipv6Header, parseIpv6 } from "../wire/ipv6.ts";
import { ExtensionWalk, FRAGMENT_HEADER_LEN, walkExtensions } from "../wire/ipv6_extension.ts";
import { MIN_QUOTED_DATA_LEN } from "./error_input.ts";
import { errnoOfIcmpv6, isHardIcmpv6 } from "./error_map6.ts";

/** The error being delivered; reused. */
export class QuotedError6 implements IcmpError {
  type = 0;
  code = 0;
  errno = 0;
  isHard = false;
  mtu = 0;
  readonly gateway = null;
  from: IpAddress = ANY_V6;
  protocol = 0;
  local: IpAddress = ANY_V6;
  remote: IpAddress = ANY_V6;
  zone = 0;
  quotedOff = 0;
  quotedLen = 0;
  pointer = 0;
  readonly #header = new Ipv6Header();
  readonly #walk = new ExtensionWalk();

  /** Reads the error in `pkt`, whose ICMPv6 header is `icmp`. Returns 0 or DROP_ICMP_QUOTE. */
  parse(dv: DataView, pkt: Packet, icmp: IcmpHeader, network: Network): number {
    const header = this.#header;
    const walk = this.#walk;
    const quote = pkt.transportOff + ICMP_HEADER_LEN;
    const reason = parseIpv6(dv, quote, pkt.endOff - quote, header);
    // It is cut off, mostly.
    if (reason !== 0 && reason !== DROP_IPV6_TRUNCATED) return DROP_ICMP_QUOTE;
    if (walkExtensions(dv, quote, pkt.endOff, walk) !== 0) return DROP_ICMP_QUOTE;
    this.quotedOff = walk.transportOff;
    this.protocol = walk.protocol;
    if (walk.isFragment) {
      if (walk.fragmentOff !== 0) return DROP_ICMP_QUOTE;
      this.protocol = dv.getUint8(walk.fragmentHeaderOff);
      this.quotedOff = walk.fragmentHeaderOff + FRAGMENT_HEADER_LEN;
    }
    this.quotedLen = pkt.endOff - this.quotedOff;
    if (this.quotedLen < MIN_QUOTED_DATA_LEN) return DROP_ICMP_QUOTE;
    const { src0, src1, src2, src3, dst0, dst1, dst2, dst3 } = header;
    this.local = IpAddress.fromWords(src0, src1, src2, src3);
    this.remote = IpAddress.fromWords(dst0, dst1, dst2, dst3);
    const isV4 = this.local.family === 4 || this.remote.family === 4;
    if (isV4 || !network.isLocal(this.local)) return DROP_ICMP_QUOTE;
    const isOneLinks = this.remote.isLinkLocal && !network.isLocal(this.remote);
    this.zone = isOneLinks ? pkt.ifIndex : 0;
    this.from = IpAddress.fromWords(pkt.src0, pkt.src1, pkt.src2, pkt.src3);
    this.type = icmp.type;
    this.code = icmp.code;
    this.errno = errnoOfIcmpv6(icmp.type, icmp.code);
    this.isHard = isHardIcmpv6(icmp.type, icmp.code);
    this.mtu = icmp.type === ICMPV6_TOO_BIG ? icmp.mtu : 0;
    this.pointer = icmp.type === ICMPV6_PARAMETER_PROBLEM ? icmp.pointer : 0;
    return 0;
  }
}
