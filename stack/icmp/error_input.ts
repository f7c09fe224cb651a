/**
 * ICMP errors that we receive: finds out which packet of ours they quote, and makes of them the
 * `IcmpError` that transports get. Whether the quoted packet was really sent is for the transport
 * to say (RFC 5927): it knows its ports and sequence numbers.
 *
 * @module
 */
import { DROP_ICMP_QUOTE, DROP_ICMP_TYPE } from "../base/drop_reason.ts";
import {
  ICMP_HEADER_LEN,
  ICMP_PARAMETER_PROBLEM,
  ICMP_REDIRECT,
  ICMP_UNREACHABLE,
  type IcmpHeader,
  REDIRECT_CODE_MAX,
  UNREACHABLE_FRAGMENTATION_NEEDED,
} from "../wire/icmp.ts";
import { ANY_V4, IpAddress } from "../base/ip_address.ts";
import { Ipv4Header, parseQuotedIpv4 } from "../wire/ipv4.ts";
import type { IcmpError, Network } from "../base/network.ts";
import type { Packet } from "../base/packet.ts";
import { errnoOfIcmp, isHardIcmp } from "./error_map.ts";

/** RFC 792: an error quotes the header and 64 bits of data. */
export const MIN_QUOTED_DATA_LEN = 8;

/** The error being delivered; reused. */
export class QuotedError implements IcmpError {
  type = 0;
  code = 0;
  errno = 0;
  isHard = false;
  mtu = 0;
  pointer = 0;
  gateway: IpAddress | null = null;
  from: IpAddress = ANY_V4;
  protocol = 0;
  local: IpAddress = ANY_V4;
  remote: IpAddress = ANY_V4;
  readonly zone = 0;
  quotedOff = 0;
  quotedLen = 0;
  readonly #header = new Ipv4Header();

  /** Reads the error in `pkt`, whose ICMP header is `icmp`. Returns 0 or a drop reason. */
  parse(dv: DataView, pkt: Packet, icmp: IcmpHeader, network: Network): number {
    this.errno = errnoOfIcmp(icmp.type, icmp.code);
    const isRedirect = icmp.type === ICMP_REDIRECT && icmp.code <= REDIRECT_CODE_MAX;
    if (this.errno === 0 && !isRedirect) return DROP_ICMP_TYPE;
    const header = this.#header;
    const quote = pkt.transportOff + ICMP_HEADER_LEN;
    const reason = parseQuotedIpv4(dv, quote, pkt.endOff - quote, header);
    if (reason !== 0 || header.fragmentOff !== 0) return DROP_ICMP_QUOTE;
    this.quotedOff = quote + header.headerLen;
    this.quotedLen = pkt.endOff - this.quotedOff;
    if (this.quotedLen < MIN_QUOTED_DATA_LEN) return DROP_ICMP_QUOTE;
    this.local = IpAddress.v4(header.src);
    this.remote = IpAddress.v4(header.dst);
    if (!network.isLocal(this.local) || this.remote.isBroadcast) return DROP_ICMP_QUOTE;
    this.from = IpAddress.v4(pkt.src3);
    this.type = icmp.type;
    this.code = icmp.code;
    this.isHard = isHardIcmp(icmp.type, icmp.code);
    const isTooBig = icmp.type === ICMP_UNREACHABLE &&
      icmp.code === UNREACHABLE_FRAGMENTATION_NEEDED;
    this.mtu = isTooBig ? icmp.mtu : 0;
    this.pointer = icmp.type === ICMP_PARAMETER_PROBLEM ? icmp.pointer : 0;
    this.gateway = isRedirect ? IpAddress.v4(icmp.gateway) : null;
    this.protocol = header.protocol;
    return 0;
  }
}
