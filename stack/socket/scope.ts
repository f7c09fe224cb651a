/**
 * The link of an address that is one link's only (sin6_scope_id, RFC 4007): as on Linux it ties the
 * socket to that interface, as SO_BINDTODEVICE does, and a socket that is tied needs none. And the
 * other thing that sockaddr_in6 says besides, the flow label (sin6_flowinfo).
 *
 * @module
 */
import { EINVAL, ENETUNREACH, ENODEV } from "../base/errno.ts";
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
 * named, or another than the socket's; -ENODEV or, of connect, -ENETUNREACH: there is no such link.
 */
export function useScope(
  host: OptionHost,
  addr: IpAddress,
  scopeId: number,
  isConnect = false,
): number {
  if (!needsScope(addr)) return 0;
  const { ifIndex } = host.options;
  if (ifIndex !== 0) return scopeId === 0 || scopeId === ifIndex ? 0 : -EINVAL;
  if (scopeId === 0 && isConnect && addr.isMulticast) scopeId = host.options.multicastIfIndex6;
  if (scopeId === 0) return -EINVAL;
  if (host.interfaces.nameOf(scopeId) === null) return isConnect ? -ENETUNREACH : -ENODEV;
  host.ownOptions().ifIndex = scopeId;
  host.applyOptions();
  return 0;
}

/** To be called before connect: the label counts with IPV6_FLOWINFO_SEND, else there is none. */
export function useFlowLabel(host: OptionHost, flowLabel: number): void {
  const { sendFlowInfo, flowLabel6 } = host.options;
  const label = sendFlowInfo ? flowLabel : 0;
  if (label === flowLabel6) return;
  host.ownOptions().flowLabel6 = label;
  host.applyOptions();
}
