/**
 * The link of an address that is one link's only (sin6_scope_id, RFC 4007): as on Linux it ties the
 * socket to that interface, as SO_BINDTODEVICE does, and a socket that is tied needs none.
 *
 * @module
 */
import { EINVAL, ENODEV } from "../base/errno.ts";
import type { IpAddress } from "../base/ip_address.ts";
import type { OptionHost } from "./option_host.ts";

/** Whether `addr` is without meaning until a link is named. */
export function needsScope(addr: IpAddress): boolean {
  if (addr.family !== 6) return false;
  if (addr.isLinkLocal) return true;
  const scope = (addr.w0 >>> 16) & 15;
  return addr.isMulticast && (scope === 1 || scope === 2);
}

/**
 * To be called before bind and connect with what the program's sockaddr says. 0, -EINVAL: none is
 * named, or another than the socket's; -ENODEV. A group needs no link to connect to.
 */
export function useScope(host: OptionHost, addr: IpAddress, scopeId: number): number {
  if (!needsScope(addr)) return 0;
  const { ifIndex } = host.options;
  if (ifIndex !== 0) return scopeId === 0 || scopeId === ifIndex ? 0 : -EINVAL;
  if (scopeId === 0) return addr.isMulticast ? 0 : -EINVAL;
  if (host.interfaces.nameOf(scopeId) === null) return -ENODEV;
  host.ownOptions().ifIndex = scopeId;
  host.applyOptions();
  return 0;
}
