/**
 * What `ip monitor` is told: that links, addresses, routes or neighbours are others than before
 * (the multicast groups of rtnetlink(7)), whoever has changed them: a program, DHCP, a router.
 *
 * While somebody listens, what there is is compared with what was told last, whenever the stack
 * says that something may have changed: so nothing has to be told from the places that change it.
 *
 * As on Linux nothing is told of a neighbour that is being asked for, nor of the routes of IPv4
 * that an interface takes with it when it is taken down.
 *
 * @module
 */
import { AF_INET } from "../../../ffi/abi/socket.ts";
import { RT_TABLE, RTM, RTNLGRP } from "../../../ffi/abi/netlink.ts";
import { type NeighbourView, NUD_FAILED, type Stack } from "../../../stack/mod.ts";
import type { NetlinkListener, NetlinkWatch } from "../endpoint/app_context.ts";
import { familyOf } from "../protocol/sockaddr.ts";
import { addressMessage } from "./addresses.ts";
import { linkFlags, linkMessage } from "./links.ts";
import { EVERYBODY } from "./message.ts";
import { neighbourMessage } from "./neighbours.ts";
import { routeMessage, type RouteRow, routeRows } from "./routes.ts";

/** One thing that there is. */
interface Item {
  readonly group: number;
  /** Another text: it is told again. */
  readonly text: string;
  /** Of a route: one that comes to the same place replaces it. null: it is no route. */
  readonly place: string | null;
  /** None: nothing is told of that. */
  readonly messages: (isGone: boolean) => readonly Uint8Array[];
}

/** Of NUD_*: nobody is told when a neighbour becomes this. */
const SILENT_STATES = 0x01 | 0x08; // INCOMPLETE, DELAY

export class NetlinkEvents implements NetlinkWatch {
  readonly #listeners = new Set<NetlinkListener>();
  #stamp = 0;
  #told = new Map<string, Item>();

  constructor(readonly stack: Stack) {}

  /** Its groups have changed. */
  watch(listener: NetlinkListener): void {
    if (listener.groups === 0) return this.unwatch(listener);
    if (this.#listeners.size === 0) {
      this.#stamp = this.stack.view.networkStamp();
      this.#told = this.#look(0);
    }
    this.#listeners.add(listener);
  }

  unwatch(listener: NetlinkListener): void {
    this.#listeners.delete(listener);
  }

  /** Tells what is new. */
  check(nowUs: number): void {
    if (this.#listeners.size === 0) return;
    const stamp = this.stack.view.networkStamp();
    if (stamp === this.#stamp) return;
    this.#stamp = stamp;
    const before = this.#told;
    const now = this.#told = this.#look(nowUs);
    const fresh = [...now].filter(([key, { text }]) => before.get(key)?.text !== text)
      .map(([, item]) => item);
    const gone = [...before].filter(([key]) => !now.has(key)).map(([, item]) => item);
    const heirs = new Set(fresh.flatMap(({ place }) => place ?? []));
    // As on Linux: addresses, then their routes, which go the other way round than they come
    for (const item of gone) if (item.place === null) this.#tell(item, true);
    for (const item of gone.reverse()) {
      if (item.place !== null && !heirs.has(item.place)) this.#tell(item, true);
    }
    for (const item of fresh) this.#tell(item, false);
  }

  #tell({ group, messages }: Item, isGone: boolean): void {
    const all = messages(isGone);
    for (const listener of this.#listeners) {
      if (((listener.groups >>> (group - 1)) & 1) === 0) continue;
      for (const message of all) listener.notify(message);
    }
  }

  /** In the order of telling. */
  #look(nowUs: number): Map<string, Item> {
    const items = new Map<string, Item>();
    this.#addLinks(items);
    this.#addAddresses(items, nowUs);
    this.#addRoutes(items);
    this.#addNeighbours(items, nowUs);
    return items;
  }

  #addLinks(items: Map<string, Item>): void {
    const { stack } = this;
    for (const iface of stack.interfaces) {
      items.set(`link ${iface.index}`, {
        group: RTNLGRP.LINK,
        text: `${linkFlags(iface)} ${iface.mtu}`,
        place: null,
        messages: (isGone) => isGone ? [] : [linkMessage({ stack }, EVERYBODY, iface, 0)],
      });
    }
  }

  #addAddresses(items: Map<string, Item>, nowUs: number): void {
    for (const iface of this.stack.interfaces) {
      for (const address of iface.addresses) {
        const { addr, prefixLen, isDeprecated = false } = address;
        items.set(`address ${iface.index} ${addr}/${prefixLen}`, {
          group: addr.family === 4 ? RTNLGRP.IPV4_IFADDR : RTNLGRP.IPV6_IFADDR,
          text: `${isDeprecated}`,
          place: null,
          messages: (isGone) => {
            const type = isGone ? RTM.DELADDR : RTM.NEWADDR;
            return [addressMessage(nowUs, EVERYBODY, 0, iface, address, type)];
          },
        });
      }
    }
  }

  #addRoutes(items: Map<string, Item>): void {
    const { stack } = this;
    for (const row of localFirst(routeRows(stack))) {
      const { dst, gateway, ifIndex, metric, prefixLen, src, table, type } = row;
      const isV4 = familyOf(dst) === AF_INET;
      const place = `${table} ${type} ${dst}/${prefixLen} ${metric}`;
      const key = `route ${place} ${gateway} ${ifIndex} ${src}`;
      const isSilent = () => isV4 && !(stack.interfaceByIndex(ifIndex)?.isUp ?? false);
      items.set(key, {
        group: isV4 ? RTNLGRP.IPV4_ROUTE : RTNLGRP.IPV6_ROUTE,
        text: "",
        place,
        messages: (isGone) => {
          if (isGone && isSilent()) return [];
          return [routeMessage(EVERYBODY, 0, row, isGone ? RTM.DELROUTE : RTM.NEWROUTE)];
        },
      });
    }
  }

  #addNeighbours(items: Map<string, Item>, nowUs: number): void {
    for (const neighbour of this.stack.view.neighbours(nowUs)) {
      const key = `neighbour ${neighbour.ifIndex} ${neighbour.addr}`;
      const isSilent = (neighbour.state & SILENT_STATES) !== 0;
      const text = isSilent ? this.#told.get(key)?.text ?? "" : textOf(neighbour);
      items.set(key, {
        group: RTNLGRP.NEIGH,
        text,
        place: null,
        messages: (isGone) => {
          if (!isGone) return isSilent ? [] : [neighbourMessage(EVERYBODY, neighbour, 0)];
          const failed = { ...neighbour, state: NUD_FAILED, mac: null };
          return [RTM.NEWNEIGH, RTM.DELNEIGH].map((type) =>
            neighbourMessage(EVERYBODY, failed, 0, type)
          );
        },
      });
    }
  }
}

/** An address's own routes come before that to its subnet. */
function localFirst(rows: RouteRow[]): RouteRow[] {
  const isLocal = ({ table }: RouteRow) => table === RT_TABLE.LOCAL;
  return [...rows.filter(isLocal), ...rows.filter((row) => !isLocal(row))];
}

function textOf({ state, mac }: NeighbourView): string {
  return `${state} ${mac}`;
}
