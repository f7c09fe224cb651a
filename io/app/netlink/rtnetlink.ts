/**
 * NETLINK_ROUTE: which request is answered by whom (rtnetlink(7)).
 *
 *     kind = type & 3: 0 NEW, 1 DEL, 2 GET, 3 SET
 *
 * What Linux has and the stack has not (queueing disciplines, next hop objects, labels of
 * addresses) is an empty list when it is listed. Every other request that is not known is refused
 * as Linux refuses what it does not know.
 *
 * @module
 */
import { NETNSA_NSID, NLM_F_DUMP, RTM } from "../../../ffi/abi/netlink.ts";
import { EOPNOTSUPP, EPERM } from "../../../stack/mod.ts";
import { getAddresses } from "./addresses.ts";
import { type Answer, type Handler, type NetlinkSource, Refusal } from "./answer.ts";
import { addAddress, addRoute, removeAddress, removeRoute } from "./changes.ts";
import { setLink } from "./link_changes.ts";
import { getLinks } from "./links.ts";
import { type NetlinkRequest, NetlinkWriter } from "./message.ts";
import { addNeighbour, removeNeighbour } from "./neighbour_changes.ts";
import { getNeighbours } from "./neighbours.ts";
import { addRule, getRoutes, getRules, removeRule } from "./routes.ts";

const KIND_MASK = 3;
const KIND_GET = 2;

const empty: Handler = (_source, request) => request.has(NLM_F_DUMP) ? [] : -EOPNOTSUPP;

/** RTM_GETNSID: no other namespace has a number here. */
const getNamespace: Handler = (_source, request) => {
  if (request.has(NLM_F_DUMP)) return [];
  const w = new NetlinkWriter(RTM.NEWNSID, 0, request).u32(0);
  return [w.attributeU32(NETNSA_NSID, 0xffffffff).finish()];
};

const GETTERS: ReadonlyMap<number, Handler> = new Map([
  [RTM.GETLINK, getLinks],
  [RTM.GETADDR, getAddresses],
  [RTM.GETROUTE, getRoutes],
  [RTM.GETNEIGH, getNeighbours],
  [RTM.GETRULE, getRules],
  [RTM.GETQDISC, empty],
  [RTM.GETTCLASS, empty],
  [RTM.GETTFILTER, empty],
  [RTM.GETMULTICAST, empty],
  [RTM.GETANYCAST, empty],
  [RTM.GETADDRLABEL, empty],
  [RTM.GETNETCONF, empty],
  [RTM.GETMDB, empty],
  [RTM.GETNEXTHOP, empty],
  [RTM.GETNSID, getNamespace],
]);

const CHANGERS: ReadonlyMap<number, Handler> = new Map([
  [RTM.NEWADDR, addAddress],
  [RTM.DELADDR, removeAddress],
  [RTM.NEWLINK, setLink],
  [RTM.SETLINK, setLink],
  [RTM.NEWROUTE, addRoute],
  [RTM.DELROUTE, removeRoute],
  [RTM.NEWNEIGH, addNeighbour],
  [RTM.DELNEIGH, removeNeighbour],
  [RTM.NEWRULE, addRule],
  [RTM.DELRULE, removeRule],
]);

const unknown: Handler = () =>
  new Refusal(EOPNOTSUPP, "nuse cannot change this: its configuration says what is there");

/** `mayAdmin`: the program has CAP_NET_ADMIN. */
export function answerRoute(
  source: NetlinkSource,
  request: NetlinkRequest,
  mayAdmin: () => boolean,
): Answer {
  const { type } = request;
  if ((type & KIND_MASK) === KIND_GET) {
    return (GETTERS.get(type) ?? ((): Answer => -EOPNOTSUPP))(source, request);
  }
  if (!mayAdmin()) return -EPERM;
  return (CHANGERS.get(type) ?? unknown)(source, request);
}
