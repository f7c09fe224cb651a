/**
 * What a DHCPv6 server grants: addresses with their lifetimes, and when to ask for more of it (RFC
 * 9915 14.2, 21.4).
 *
 * @module
 */
import type { IpAddress } from "../base/ip_address.ts";
import type { Dhcp6Address, Dhcp6Reply } from "../wire/dhcp6.ts";
import { LIFETIME_FOREVER, lifetimeEndUs } from "../wire/ndp.ts";

/** T1 and T2 where the server leaves them to us: parts of the shortest preferred lifetime. */
const T1_PART = 0.5;
const T2_PART = 0.8;
/** Who is told to renew more often than this would do nothing else. */
const MIN_T1_US = 10e6;
/** Renewals may add addresses, never to more than this. */
const ADDRESSES_MAX = 16;

export interface Leased6 {
  readonly addr: IpAddress;
  /** On the stack's clock; Infinity: for ever. */
  readonly preferredUntilUs: number;
  readonly validUntilUs: number;
}

/** What is told besides addresses, and may be all that was asked for. */
export interface Info6 {
  readonly nameservers: readonly IpAddress[];
  readonly search: readonly string[];
}

export interface Lease6 extends Info6 {
  readonly addresses: readonly Leased6[];
  /** The server's identifier (DUID). */
  readonly server: Uint8Array;
  /** When it was asked for; all of it on the stack's clock. */
  readonly askedUs: number;
  readonly renewAtUs: number;
  readonly rebindAtUs: number;
}

/**
 * What `reply` grants to who asked at `askedUs`. Addresses that it takes back are in `ended`.
 * null: nothing that could be used.
 */
export function lease6Of(
  reply: Dhcp6Reply,
  askedUs: number,
): { lease: Lease6; ended: readonly IpAddress[] } | null {
  const { association, serverId, nameservers, search } = reply;
  if (association === null) return null;
  const { t1Seconds, t2Seconds } = association;
  if (t1Seconds > t2Seconds && t2Seconds > 0) return null; // RFC 9915 21.4
  const granted = association.addresses.filter(({ validSeconds }) => validSeconds > 0);
  const ended = association.addresses.filter(({ validSeconds }) => validSeconds === 0);
  const addresses = granted.map(({ addr, preferredSeconds, validSeconds }) => ({
    addr,
    preferredUntilUs: lifetimeEndUs(preferredSeconds, askedUs),
    validUntilUs: lifetimeEndUs(validSeconds, askedUs),
  }));
  const times = timesOf(t1Seconds, t2Seconds, granted, askedUs);
  const lease = { addresses, server: serverId, nameservers, search, askedUs, ...times };
  return { lease, ended: ended.map(({ addr }) => addr) };
}

/**
 * `before` as `reply` prolongs it, to who asked at `askedUs`: what the reply does not speak of goes
 * on for as long as it was said to (RFC 9915 18.2.10.1). null: nothing that could be used.
 */
export function prolonged(
  before: Lease6 | null,
  reply: Dhcp6Reply,
  askedUs: number,
): Lease6 | null {
  const read = lease6Of(reply, askedUs);
  if (read === null) return null;
  const { lease, ended } = read;
  const named = [...lease.addresses.map(({ addr }) => addr), ...ended];
  const kept = (before?.addresses ?? []).filter(({ addr, validUntilUs }) =>
    validUntilUs > askedUs && !named.some((other) => other.equals(addr))
  );
  return { ...lease, addresses: [...lease.addresses, ...kept].slice(0, ADDRESSES_MAX) };
}

/** Of a lease, or of what a server offers. */
export function addressesOf(
  { addresses }: { readonly addresses: readonly { readonly addr: IpAddress }[] },
): IpAddress[] {
  return addresses.map(({ addr }) => addr);
}

/** When the last of its addresses ends. */
export function endOf({ addresses }: Lease6): number {
  return Math.max(...addresses.map(({ validUntilUs }) => validUntilUs));
}

function timesOf(t1: number, t2: number, granted: readonly Dhcp6Address[], askedUs: number) {
  const lifetimes = granted.map(({ preferredSeconds, validSeconds }) =>
    preferredSeconds || validSeconds
  );
  const shortest = Math.min(...lifetimes);
  const preferredUs = shortest >= LIFETIME_FOREVER ? Infinity : shortest * 1e6;
  const afterUs = (seconds: number, part: number) =>
    seconds === LIFETIME_FOREVER ? Infinity : seconds > 0 ? seconds * 1e6 : preferredUs * part;
  const renewUs = Math.max(afterUs(t1, T1_PART), MIN_T1_US);
  const rebindUs = Math.max(afterUs(t2, T2_PART), renewUs);
  return { renewAtUs: askedUs + renewUs, rebindAtUs: askedUs + rebindUs };
}
