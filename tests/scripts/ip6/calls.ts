/**
 * Commands of IPv6 scripts: the stack's addresses, what routers have told it, whom it knows; a
 * socket's groups.
 *
 * @module
 */
import { type AddressProbe, type IpAddress, QUICK_PROBE, setOption } from "../../../stack/mod.ts";
import { ESRCH } from "../../../stack/base/errno.ts";
import * as c from "../../../stack/base/socket_constants.ts";
import type { Answer, Call } from "../call.ts";
import type { World } from "../world.ts";
import { addressBytes, addressText, parseAddress } from "./names.ts";

const STORAGE_LEN = 128;
const GROUP_OFF = 8;
/** By the NUD_* bit that `ip neighbour` is told. */
const STATES = ["INCOMPLETE", "REACHABLE", "STALE", "DELAY", "PROBE", "FAILED"];

const probes = new WeakMap<World, Map<string, AddressProbe>>();

function doing(run: (world: World, args: readonly string[]) => Answer): Call {
  return { expected: () => "0", run: (world, _target, args) => run(world, args) };
}

function looking(run: (world: World, args: readonly string[]) => Answer): Call {
  return { ...doing(run), isLooking: true };
}

/** "has ADDR yes|no|deprecated" */
function has({ rig: { stack, ifIndex } }: World, [text, wanted]: readonly string[]): Answer {
  const entry = stack.interfaceByIndex(ifIndex)!.findAddress(parseAddress(text));
  const is = entry === null ? "no" : entry.isDeprecated ? "deprecated" : "yes";
  return is === wanted ? 0 : is;
}

/** "probe ADDR": begins to ask whether it is free. */
function probe(world: World, [text]: readonly string[]): Answer {
  const { stack, ifIndex, nowUs } = world.rig;
  const started = stack.probeAddress(ifIndex, parseAddress(text), QUICK_PROBE, nowUs);
  if (typeof started === "number") return started;
  const all = probes.get(world) ?? new Map<string, AddressProbe>();
  probes.set(world, all.set(text, started));
  return 0;
}

/** "probed ADDR free|taken|asking" */
function probed(world: World, [text, wanted]: readonly string[]): Answer {
  const found = probes.get(world)?.get(text);
  if (found === undefined) return -ESRCH;
  const is = !found.isOver ? "asking" : found.holder === null ? "free" : "taken";
  return is === wanted ? 0 : is;
}

/** "route DST/LEN GATEWAY|link|none": how it is reached, by the table. */
function route({ rig: { stack } }: World, [text, wanted]: readonly string[]): Answer {
  const [prefix, len] = text.split("/");
  const dst = parseAddress(prefix);
  const found = stack.routes.filter((entry) =>
    entry.dst.equals(dst) && entry.prefixLen === Number(len)
  );
  const is = found.length === 0
    ? "none"
    : found.map(({ gateway }) => gateway === null ? "link" : addressText(gateway)).join(",");
  return is === wanted ? 0 : is;
}

/** "neighbour ADDR STATE|none" */
function neighbour({ rig: { stack, nowUs } }: World, [text, wanted]: readonly string[]): Answer {
  const addr = parseAddress(text);
  const found = stack.view.neighbours(nowUs).find((known) => known.addr.equals(addr));
  const is = found === undefined ? "none" : STATES[Math.log2(found.state)];
  return is === wanted ? 0 : is;
}

/** "servers ADDR…": of names, as routers have told. */
function servers({ rig: { stack } }: World, args: readonly string[]): Answer {
  const is = stack.routers.nameServers.map(({ addr }) => addressText(addr)).join(" ");
  return is === args.join(" ") ? 0 : is;
}

export const calls6: Readonly<Record<string, Call>> = {
  /** "address ADDR/LEN": it is ours from now on. */
  address: doing(({ rig: { stack, ifIndex, nowUs } }, [text]) => {
    const [addr, len] = text.split("/");
    return stack.addAddress(ifIndex, parseAddress(addr), Number(len), nowUs);
  }),
  unaddress: doing(({ rig: { stack, ifIndex, nowUs } }, [text]) =>
    stack.removeAddress(ifIndex, parseAddress(text), nowUs)
  ),
  /** "gateway ADDR": the default route's. */
  gateway: doing(({ rig: { stack, ifIndex } }, [text]) =>
    stack.addRoute({ dst: parseAddress("::"), prefixLen: 0, gateway: parseAddress(text), ifIndex })
  ),
  /** Routers are asked, and believed. */
  discover: doing(({ rig: { stack, ifIndex, nowUs } }) =>
    stack.startRouterDiscovery(ifIndex, nowUs)
  ),
  has: looking(has),
  probe: doing(probe),
  probed: looking(probed),
  route: looking(route),
  neighbour: looking(neighbour),
  servers: looking(servers),
};

/** struct group_req, or group_source_req with a source. */
function request(world: World, group: IpAddress, source: IpAddress | null): Uint8Array {
  const all = source === null ? [group] : [group, source];
  const value = new Uint8Array(GROUP_OFF + STORAGE_LEN * all.length);
  const dv = new DataView(value.buffer);
  dv.setInt32(0, world.rig.ifIndex, true);
  all.forEach((addr, i) => {
    dv.setUint16(GROUP_OFF + STORAGE_LEN * i, c.AF_INET6, true);
    value.set(addressBytes(addr), GROUP_OFF + STORAGE_LEN * i + 8);
  });
  return value;
}

/** By the option of a group, or of a group and source. */
export function changeGroup6(
  world: World,
  target: string | null,
  name: number,
  [group, source]: readonly string[],
): Answer {
  const from = source === undefined ? null : parseAddress(source);
  const value = request(world, parseAddress(group), from);
  const { socket } = world.socket(target);
  return setOption(socket, c.IPPROTO_IPV6, name, value, world.rig.nowUs);
}
