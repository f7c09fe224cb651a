/**
 * What a DHCP server grants, read from its acknowledgment (RFC 2132). What is malformed in an
 * optional part is left out; a lease without what it cannot be without is none.
 *
 * @module
 */
import { IpAddress } from "../base/ip_address.ts";
import {
  type DhcpReply,
  OPT_CLASSLESS_ROUTES,
  OPT_DNS_SERVER,
  OPT_DOMAIN_NAME,
  OPT_DOMAIN_SEARCH,
  OPT_HOST_NAME,
  OPT_INTERFACE_MTU,
  OPT_LEASE_TIME,
  OPT_REBINDING_TIME,
  OPT_RENEWAL_TIME,
  OPT_ROUTER,
  OPT_SERVER_ID,
  OPT_SUBNET_MASK,
} from "../wire/dhcp.ts";
import { printableText, readDomainNames } from "../wire/domain_names.ts";

/** A route of option 121 or 3. */
export interface LeaseRoute {
  readonly dst: IpAddress;
  readonly prefixLen: number;
  /** null: on-link. */
  readonly gateway: IpAddress | null;
}

export interface Lease {
  readonly addr: IpAddress;
  readonly prefixLen: number;
  readonly server: IpAddress;
  readonly routes: readonly LeaseRoute[];
  /** 0: not said. */
  readonly mtu: number;
  /** Kept for those who look names up. */
  readonly nameservers: readonly IpAddress[];
  readonly domain: string;
  readonly search: readonly string[];
  readonly hostname: string;
  /** From the request on, microseconds; Infinity: for ever. T1 ≤ T2 ≤ the lease's end. */
  readonly renewAfterUs: number;
  readonly rebindAfterUs: number;
  readonly expiresAfterUs: number;
}

/** RFC 2131 3.3: this lease time means "for ever". */
const INFINITE = 0xffffffff;
/** A shorter lease would be all renewing. */
const MIN_LEASE_S = 10;
/** RFC 2132 5.1. */
const MIN_MTU = 68;

/** null: not an offer that can be used. */
export function leaseOf(reply: DhcpReply): Lease | null {
  const { options } = reply;
  const server = firstAddress(options.get(OPT_SERVER_ID));
  const leaseS = uint32(options.get(OPT_LEASE_TIME));
  const addr = IpAddress.v4(reply.yiaddr);
  if (server === null || leaseS === null || leaseS < MIN_LEASE_S || !isHost(addr)) return null;
  const prefixLen = prefixOf(options.get(OPT_SUBNET_MASK)) ?? classfulPrefix(addr);
  const classless = parseClasslessRoutes(options.get(OPT_CLASSLESS_ROUTES));
  return {
    addr,
    prefixLen,
    server,
    routes: classless ?? defaultRoute(firstAddress(options.get(OPT_ROUTER))),
    mtu: mtuOf(options.get(OPT_INTERFACE_MTU)),
    nameservers: addresses(options.get(OPT_DNS_SERVER)),
    domain: text(options.get(OPT_DOMAIN_NAME)),
    search: readDomainNames(options.get(OPT_DOMAIN_SEARCH) ?? new Uint8Array()), // RFC 3397
    hostname: text(options.get(OPT_HOST_NAME)),
    ...times(
      leaseS,
      uint32(options.get(OPT_RENEWAL_TIME)),
      uint32(options.get(OPT_REBINDING_TIME)),
    ),
  };
}

type Times = Pick<Lease, "renewAfterUs" | "rebindAfterUs" | "expiresAfterUs">;

/** RFC 2131 4.4.5: T1 is half of the lease and T2 seven eighths, unless the server says better. */
function times(leaseS: number, t1: number | null, t2: number | null): Times {
  if (leaseS === INFINITE) {
    return { renewAfterUs: Infinity, rebindAfterUs: Infinity, expiresAfterUs: Infinity };
  }
  const expires = leaseS * 1e6;
  const rebind = t2 !== null && t2 < leaseS ? t2 * 1e6 : expires * 0.875;
  const renew = t1 !== null && t1 * 1e6 < rebind ? t1 * 1e6 : Math.min(expires / 2, rebind);
  return { renewAfterUs: renew, rebindAfterUs: rebind, expiresAfterUs: expires };
}

function isHost(addr: IpAddress): boolean {
  return !addr.isUnspecified && !addr.isMulticast && !addr.isBroadcast && !addr.isLoopback;
}

function addresses(value: Uint8Array | undefined): IpAddress[] {
  if (value === undefined) return [];
  const dv = new DataView(value.buffer, value.byteOffset, value.length);
  const all: IpAddress[] = [];
  for (let i = 0; i + 4 <= value.length; i += 4) all.push(IpAddress.v4(dv.getInt32(i)));
  return all.filter(isHost);
}

function firstAddress(value: Uint8Array | undefined): IpAddress | null {
  return addresses(value)[0] ?? null;
}

function uint32(value: Uint8Array | undefined): number | null {
  if (value === undefined || value.length !== 4) return null;
  return new DataView(value.buffer, value.byteOffset, 4).getUint32(0);
}

function mtuOf(value: Uint8Array | undefined): number {
  if (value === undefined || value.length !== 2) return 0;
  const mtu = value[0] << 8 | value[1];
  return mtu < MIN_MTU ? 0 : mtu;
}

function text(value: Uint8Array | undefined): string {
  return value === undefined ? "" : printableText(value);
}

/** null: missing, or not ones followed by zeros. */
function prefixOf(value: Uint8Array | undefined): number | null {
  const mask = uint32(value);
  if (mask === null) return null;
  const prefixLen = Math.clz32(~mask);
  const isContiguous = (mask << prefixLen) === 0 || prefixLen === 32;
  return isContiguous && prefixLen > 0 ? prefixLen : null;
}

/** RFC 2131 has no word for a lease without a mask; RFC 791 2.3 has classes. */
function classfulPrefix({ w3 }: IpAddress): number {
  const firstByte = w3 >>> 24;
  return firstByte < 128 ? 8 : firstByte < 192 ? 16 : 24;
}

function defaultRoute(gateway: IpAddress | null): LeaseRoute[] {
  return gateway === null ? [] : [{ dst: IpAddress.v4(0), prefixLen: 0, gateway }];
}

/** RFC 3442: prefix length, as many bytes of the network as it needs, router. null: none. */
function parseClasslessRoutes(value: Uint8Array | undefined): LeaseRoute[] | null {
  if (value === undefined) return null;
  const routes: LeaseRoute[] = [];
  for (let i = 0; i < value.length;) {
    const prefixLen = value[i];
    const networkLen = (prefixLen + 7) >> 3;
    const end = i + 1 + networkLen + 4;
    if (prefixLen > 32 || end > value.length) return null;
    const network = new Uint8Array(8);
    network.set(value.subarray(i + 1, i + 1 + networkLen));
    network.set(value.subarray(i + 1 + networkLen, end), 4);
    const dv = new DataView(network.buffer);
    const dst = IpAddress.v4(dv.getInt32(0)).maskedBy(prefixLen);
    const router = IpAddress.v4(dv.getInt32(4));
    routes.push({ dst, prefixLen, gateway: router.isUnspecified ? null : router });
    i = end;
  }
  return routes;
}
