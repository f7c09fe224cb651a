/**
 * The multicast groups a socket has joined (RFC 1112, ip(7)).
 *
 * @module
 */
import { EADDRINUSE, EADDRNOTAVAIL, ENOBUFS, ENODEV } from "../base/errno.ts";
import { IpAddress } from "../base/ip_address.ts";
import type { SocketEnv } from "./socket_env.ts";

export interface Membership {
  readonly group: number;
  readonly ifIndex: number;
}

export class Memberships {
  constructor(readonly env: SocketEnv, readonly list: Membership[]) {}

  /** `ifIndex`, or the interface with `ifAddr`, or the one the group is routed to. 0 or -errno. */
  join(group: IpAddress, ifIndex: number, ifAddr: number): number {
    const index = this.#choose(group, ifIndex, ifAddr);
    if (index === 0) return -ENODEV;
    if (this.#find(group, index) >= 0) return -EADDRINUSE;
    if (this.list.length >= this.env.config.maxMemberships) return -ENOBUFS;
    this.list.push({ group: group.w3, ifIndex: index });
    this.env.interfaces.joinGroup(index, group.w3);
    return 0;
  }

  leave(group: IpAddress, ifIndex: number, ifAddr: number): number {
    const index = this.#choose(group, ifIndex, ifAddr);
    if (index === 0) return ifIndex === 0 && ifAddr === 0 ? -ENODEV : -EADDRNOTAVAIL;
    const at = this.#find(group, index);
    if (at < 0) return -EADDRNOTAVAIL;
    this.list.splice(at, 1);
    this.env.interfaces.leaveGroup(index, group.w3);
    return 0;
  }

  leaveAll(): void {
    for (const { group, ifIndex } of this.list) this.env.interfaces.leaveGroup(ifIndex, group);
    this.list.length = 0;
  }

  #find(group: IpAddress, ifIndex: number): number {
    return this.list.findIndex((m) => m.group === group.w3 && m.ifIndex === ifIndex);
  }

  #choose(group: IpAddress, ifIndex: number, ifAddr: number): number {
    if (ifIndex !== 0) return ifIndex;
    if (ifAddr !== 0) return this.env.interfaces.indexOfV4(ifAddr);
    const route = this.env.network.route(group, null, 0);
    return typeof route === "number" ? 0 : route.ifIndex;
  }
}
