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

/** "NAME GROUP [SOURCE]": `all` without a source, else `one`. */
function change(all: number, one: number): Call {
  return {
    expected: () => "0",
    run: (world, target, [group, source]) =>
      source === undefined
        ? set(world, target, all, words(ipWord(group), LOCAL_ADDR))
        : set(world, target, one, words(ipWord(group), LOCAL_ADDR, ipWord(source))),
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
  join: change(c.IP_ADD_MEMBERSHIP, c.IP_ADD_SOURCE_MEMBERSHIP),
  leave: change(c.IP_DROP_MEMBERSHIP, c.IP_DROP_SOURCE_MEMBERSHIP),
  block: change(c.IP_BLOCK_SOURCE, c.IP_BLOCK_SOURCE),
  unblock: change(c.IP_UNBLOCK_SOURCE, c.IP_UNBLOCK_SOURCE),
  filter: { expected: () => "0", run: setFilter },
};
