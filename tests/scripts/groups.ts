/**
 * Script commands for multicast groups: a socket's memberships and their source filters, always on
 * the one interface that there is.
 *
 * @module
 */
import { setOption } from "../../stack/mod.ts";
import * as c from "../../stack/base/socket_constants.ts";
import { ipWord } from "../support/packet_types.ts";
import { LOCAL_ADDR } from "../support/rig.ts";
import type { Answer, Call } from "./call.ts";
import { changeGroup6 } from "./ip6/calls.ts";
import type { World } from "./world.ts";

/** Big-endian words, the addresses of struct ip_mreq and ip_mreq_source. */
function words(...values: number[]): Uint8Array {
  const bytes = new Uint8Array(4 * values.length);
  const dv = new DataView(bytes.buffer);
  values.forEach((value, i) => dv.setUint32(4 * i, value));
  return bytes;
}

function set(world: World, target: string | null, name: number, value: Uint8Array): Answer {
  return setOption(world.socket(target).socket, c.IPPROTO_IP, name, value, world.rig.nowUs);
}

/** Options of both families: of a group, and of a group and source; IPv6's of all. */
interface Names {
  readonly all: number;
  readonly one: number;
  readonly all6: number;
  readonly one6: number;
}

/** "NAME GROUP [SOURCE]": `all` without a source, else `one`. */
function change({ all, one, all6, one6 }: Names): Call {
  return {
    expected: () => "0",
    run: (world, target, [group, source]) => {
      if (world.rig.options.isNative) {
        const args = source === undefined ? [group] : [group, source];
        return changeGroup6(world, target, source === undefined ? all6 : one6, args);
      }
      return source === undefined
        ? set(world, target, all, words(ipWord(group), LOCAL_ADDR))
        : set(world, target, one, words(ipWord(group), LOCAL_ADDR, ipWord(source)));
    },
  };
}

/** "filter GROUP include|exclude SOURCE…" */
function setFilter(world: World, target: string | null, args: readonly string[]): Answer {
  const [group, mode, ...sources] = args;
  const value = words(ipWord(group), LOCAL_ADDR, 0, 0, ...sources.map(ipWord));
  const dv = new DataView(value.buffer);
  dv.setInt32(8, mode === "include" ? c.MCAST_INCLUDE : c.MCAST_EXCLUDE, true);
  dv.setInt32(12, sources.length, true);
  return set(world, target, c.IP_MSFILTER, value);
}

export const groupCalls: Readonly<Record<string, Call>> = {
  join: change({
    all: c.IP_ADD_MEMBERSHIP,
    one: c.IP_ADD_SOURCE_MEMBERSHIP,
    all6: c.MCAST_JOIN_GROUP,
    one6: c.MCAST_JOIN_SOURCE_GROUP,
  }),
  leave: change({
    all: c.IP_DROP_MEMBERSHIP,
    one: c.IP_DROP_SOURCE_MEMBERSHIP,
    all6: c.MCAST_LEAVE_GROUP,
    one6: c.MCAST_LEAVE_SOURCE_GROUP,
  }),
  block: change({
    all: c.IP_BLOCK_SOURCE,
    one: c.IP_BLOCK_SOURCE,
    all6: c.MCAST_BLOCK_SOURCE,
    one6: c.MCAST_BLOCK_SOURCE,
  }),
  unblock: change({
    all: c.IP_UNBLOCK_SOURCE,
    one: c.IP_UNBLOCK_SOURCE,
    all6: c.MCAST_UNBLOCK_SOURCE,
    one6: c.MCAST_UNBLOCK_SOURCE,
  }),
  filter: { expected: () => "0", run: setFilter },
};
