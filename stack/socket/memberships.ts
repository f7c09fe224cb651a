/**
 * The multicast groups a socket has joined (RFC 1112, ip(7)), with their source filters (RFC 3678).
 * Of IPv6 it holds the numbers of both (base/address_numbers.ts).
 * Errors are Linux's.
 *
 * @module
 */
import { EADDRINUSE, EADDRNOTAVAIL, EINVAL, ENOBUFS, ENODEV } from "../base/errno.ts";
import type { GroupMembership } from "../base/group_membership.ts";
import { IpAddress } from "../base/ip_address.ts";
import type { SocketEnv } from "./socket_env.ts";

/** Which membership: by `ifIndex`, or by the interface's `ifAddr`, or where the group is routed. */
export interface GroupChoice {
  readonly group: IpAddress;
  readonly ifIndex: number;
  /** int32 */
  readonly ifAddr: number;
}

export class Memberships {
  constructor(readonly env: SocketEnv, readonly list: GroupMembership[]) {}

  /** Sources that one filter may list. */
  get maxSources(): number {
    return this.env.config.maxSources;
  }

  /** `isInclude`: no source is heard until one is added. 0 or -errno. */
  join(choice: GroupChoice, isInclude = false): number {
    const index = this.#choose(choice);
    if (index === 0) return -ENODEV;
    if (this.find(this.#numberOf(choice), index) !== undefined) return -EADDRINUSE;
    if (this.list.length >= this.env.config.maxMemberships) return -ENOBUFS;
    const group = this.env.numbers.hold(choice.group);
    const joined: GroupMembership = { group, ifIndex: index, isInclude, sources: [] };
    this.list.push(joined);
    this.env.interfaces.changeFilter(index, group, null, joined);
    return 0;
  }

  leave(choice: GroupChoice): number {
    const { ifIndex, ifAddr } = choice;
    const index = this.#choose(choice);
    if (index === 0) return ifIndex === 0 && ifAddr === 0 ? -ENODEV : -EADDRNOTAVAIL;
    const found = this.find(this.#numberOf(choice), index);
    if (found === undefined) return -EADDRNOTAVAIL;
    this.list.splice(this.list.indexOf(found), 1);
    this.env.interfaces.changeFilter(index, found.group, found, null);
    this.#forget(found);
    return 0;
  }

  /** The first source of a group joins it. */
  joinSource(choice: GroupChoice, source: number): number {
    const joined = this.join(choice, true);
    if (joined !== 0 && joined !== -EADDRINUSE) return joined;
    return this.#withFilter(choice, true, (found) => this.#add(found, source));
  }

  /** The last source of a group leaves it. */
  leaveSource(choice: GroupChoice, source: number): number {
    return this.#withFilter(choice, true, (found) => {
      if (!found.sources.includes(source)) return -EADDRNOTAVAIL;
      if (found.sources.length === 1) return this.leave(choice);
      return this.#change(found, true, found.sources.filter((s) => s !== source));
    });
  }

  block(choice: GroupChoice, source: number): number {
    return this.#withFilter(choice, false, (found) => this.#add(found, source));
  }

  unblock(choice: GroupChoice, source: number): number {
    return this.#withFilter(choice, false, (found) => {
      if (!found.sources.includes(source)) return -EADDRNOTAVAIL;
      return this.#change(found, false, found.sources.filter((s) => s !== source));
    });
  }

  /** The whole filter at once; to hear nobody is to leave. */
  setFilter(choice: GroupChoice, isInclude: boolean, sources: readonly number[]): number {
    const index = this.#choose(choice);
    if (index === 0) return -ENODEV;
    if (isInclude && sources.length === 0) return this.leave(choice);
    const found = this.find(this.#numberOf(choice), index);
    if (found === undefined) return -EINVAL;
    return this.#change(found, isInclude, [...new Set(sources)]);
  }

  leaveAll(): void {
    for (const membership of this.list) {
      const { group, ifIndex } = membership;
      this.env.interfaces.changeFilter(ifIndex, group, membership, null);
      this.#forget(membership);
    }
    this.list.length = 0;
  }

  /** A filter keeps its mode as long as it has sources. */
  #withFilter(
    choice: GroupChoice,
    isInclude: boolean,
    change: (found: GroupMembership) => number,
  ): number {
    const index = this.#choose(choice);
    if (index === 0) return -ENODEV;
    const found = this.find(this.#numberOf(choice), index);
    if (found === undefined) return -EINVAL;
    if (found.isInclude !== isInclude) {
      if (found.sources.length > 0) return -EINVAL;
      this.#change(found, isInclude, []);
    }
    return change(found);
  }

  #change(found: GroupMembership, isInclude: boolean, sources: readonly number[]): number {
    const before = { isInclude: found.isInclude, sources: found.sources };
    found.isInclude = isInclude;
    found.sources = sources;
    const { numbers, interfaces } = this.env;
    for (const source of sources) numbers.holdNumber(source);
    interfaces.changeFilter(found.ifIndex, found.group, before, found);
    for (const source of before.sources) numbers.release(source);
    return 0;
  }

  /** The group and its sources need no numbers any more. */
  #forget({ group, sources }: GroupMembership): void {
    const { numbers } = this.env;
    for (const source of sources) numbers.release(source);
    numbers.release(group);
  }

  #add(found: GroupMembership, source: number): number {
    if (found.sources.length >= this.maxSources) return -ENOBUFS;
    if (found.sources.includes(source)) return -EADDRNOTAVAIL;
    return this.#change(found, found.isInclude, [...found.sources, source]);
  }

  #numberOf({ group }: GroupChoice): number {
    return this.env.numbers.find(group);
  }

  /** undefined: it is no member. */
  find(group: number, ifIndex: number): GroupMembership | undefined {
    return this.list.find((m) => m.group === group && m.ifIndex === ifIndex);
  }

  #choose({ group, ifIndex, ifAddr }: GroupChoice): number {
    if (ifIndex !== 0) return ifIndex;
    if (ifAddr !== 0) return this.env.interfaces.indexOfV4(ifAddr);
    const route = this.env.network.route(group, null, 0);
    return typeof route === "number" ? 0 : route.ifIndex;
  }
}
