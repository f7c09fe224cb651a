/**
 * A DHCPv6 client's messages (RFC 9915 18.2, table of appendix B): which options go into which.
 *
 * @module
 */
import type { IpAddress } from "../base/ip_address.ts";
import { domainLabels } from "../wire/domain_names.ts";
import {
  DHCP6_DECLINE,
  DHCP6_INFORMATION_REQUEST,
  DHCP6_RELEASE,
  DHCP6_SOLICIT,
  type Dhcp6Option,
  encodeAssociation,
  encodeDhcp6,
  OPT6_CLIENT_FQDN,
  OPT6_CLIENT_ID,
  OPT6_DNS_SERVERS,
  OPT6_DOMAIN_LIST,
  OPT6_ELAPSED_TIME,
  OPT6_IA_NA,
  OPT6_INF_MAX_RT,
  OPT6_RAPID_COMMIT,
  OPT6_REFRESH_TIME,
  OPT6_REQUEST,
  OPT6_SERVER_ID,
  OPT6_SOL_MAX_RT,
} from "../wire/dhcp6.ts";

/** Who asks. */
export interface ClientIdentity6 {
  /** Of the host (RFC 9915 11), the same at every start. */
  readonly duid: Uint8Array;
  /** Of the interface, int32, the same at every start. */
  readonly iaid: number;
  /** For the server's list of names; "": none is told. */
  readonly hostname: string;
}

export interface ClientMessage6 {
  readonly type: number;
  readonly xid: number;
  /** Since the first message of the exchange. */
  readonly elapsedUs: number;
  /** To whom; undefined: to all. */
  readonly server?: Uint8Array;
  /** Of the association; undefined: there is none in it. */
  readonly addresses?: readonly IpAddress[];
}

const HUNDREDTH_US = 10_000;

export function encodeClientMessage6(who: ClientIdentity6, what: ClientMessage6): Uint8Array {
  const { type, xid, elapsedUs, server, addresses } = what;
  const options: Dhcp6Option[] = [[OPT6_CLIENT_ID, who.duid]];
  if (server !== undefined) options.push([OPT6_SERVER_ID, server]);
  const elapsed = Math.min(Math.floor(elapsedUs / HUNDREDTH_US), 0xffff);
  options.push([OPT6_ELAPSED_TIME, Uint8Array.of(elapsed >> 8, elapsed)]);
  if (addresses !== undefined) options.push([OPT6_IA_NA, encodeAssociation(who.iaid, addresses)]);
  if (type === DHCP6_SOLICIT) options.push([OPT6_RAPID_COMMIT, new Uint8Array()]);
  if (type === DHCP6_RELEASE || type === DHCP6_DECLINE) return encodeDhcp6(type, xid, options);
  const isInformation = type === DHCP6_INFORMATION_REQUEST;
  const codes = isInformation
    ? [OPT6_DNS_SERVERS, OPT6_DOMAIN_LIST, OPT6_REFRESH_TIME, OPT6_INF_MAX_RT]
    : [OPT6_DNS_SERVERS, OPT6_DOMAIN_LIST, OPT6_SOL_MAX_RT];
  options.push([OPT6_REQUEST, Uint8Array.from(codes.flatMap((code) => [code >> 8, code]))]);
  if (who.hostname !== "" && !isInformation) {
    // No flags: the server decides about the DNS (RFC 4704 4.1).
    options.push([OPT6_CLIENT_FQDN, Uint8Array.of(0, ...domainLabels(who.hostname))]);
  }
  return encodeDhcp6(type, xid, options);
}
