/**
 * `ip neigh add`, `change`, `replace`, `del`: RTM_NEWNEIGH and RTM_DELNEIGH, with Linux's errors
 * and in its words (neigh_add, __neigh_update).
 *
 * @module
 */
import {
  NDA,
  NDMSG,
  NLM_F_CREATE,
  NLM_F_EXCL,
  NLM_F_REPLACE,
  NTF_PROXY,
  NTF_USE,
} from "../../../ffi/abi/netlink.ts";
import {
  EEXIST,
  EINVAL,
  ENODEV,
  ENOENT,
  EOPNOTSUPP,
  type Interface,
  type IpAddress,
  type NeighbourView,
  NUD_VALID,
} from "../../../stack/mod.ts";
import { MAC_LEN } from "../control/ifaddrs.ts";
import { addressOfBytes, type Answer, type NetlinkSource, Refusal } from "./answer.ts";
import type { Attributes, NetlinkRequest } from "./message.ts";

interface Wanted {
  readonly iface: Interface;
  readonly addr: IpAddress;
  readonly attributes: Attributes;
  readonly known: NeighbourView | undefined;
}

/** Which neighbour the request is about. */
function wantedNeighbour(source: NetlinkSource, request: NetlinkRequest): Wanted | Answer {
  const attributes = request.attributes(NDMSG.LEN);
  if (attributes === null) return -EINVAL;
  if (!attributes.has(NDA.DST)) return new Refusal(EINVAL, "Network address not specified");
  const index = request.u32(NDMSG.INDEX);
  const iface = source.stack.interfaceByIndex(index);
  if (index !== 0 && iface === null) return -ENODEV;
  const addr = addressOfBytes(attributes.bytes(NDA.DST));
  if (addr === null) return new Refusal(EINVAL, "Invalid network address");
  if ((request.u8(NDMSG.FLAGS) & NTF_PROXY) !== 0) {
    return new Refusal(EOPNOTSUPP, "nuse answers for no other host");
  }
  if (iface === null) return new Refusal(EINVAL, "Device not specified");
  const known = source.stack.view.neighbours(source.nowUs)
    .find((each) => each.ifIndex === index && each.addr.equals(addr));
  return { iface, addr, attributes, known };
}

function isWanted(found: Wanted | Answer): found is Wanted {
  return typeof found === "object" && "iface" in found;
}

/** RTM_NEWNEIGH */
export function addNeighbour(source: NetlinkSource, request: NetlinkRequest): Answer {
  const wanted = wantedNeighbour(source, request);
  if (!isWanted(wanted)) return wanted;
  const { iface: { index: ifIndex }, addr, attributes, known } = wanted;
  const mac = attributes.bytes(NDA.LLADDR);
  if (mac !== null && mac.length !== MAC_LEN) return new Refusal(EINVAL, "Invalid link address");
  if (known === undefined && !request.has(NLM_F_CREATE)) return -ENOENT;
  if (known !== undefined && request.has(NLM_F_EXCL)) return -EEXIST;
  const { stack, nowUs } = source;
  const state = request.u16(NDMSG.STATE);
  if ((request.u8(NDMSG.FLAGS) & NTF_USE) !== 0) {
    return new Refusal(EOPNOTSUPP, "nuse asks for a neighbour when there is something to send");
  }
  const before = known?.mac ?? null;
  if ((state & NUD_VALID) !== 0 && mac === null && before === null) {
    return new Refusal(EINVAL, "No link layer address given");
  }
  // Without NLM_F_REPLACE a MAC address that is known stays
  const isKept = before !== null && mac !== null && mac.some((byte, i) => byte !== before[i]);
  if (isKept && !request.has(NLM_F_REPLACE)) return 0;
  return stack.admin.setNeighbour({ ifIndex, addr, mac, state }, nowUs);
}

/** RTM_DELNEIGH */
export function removeNeighbour(source: NetlinkSource, request: NetlinkRequest): Answer {
  const wanted = wantedNeighbour(source, request);
  if (!isWanted(wanted)) return wanted;
  if (wanted.known === undefined) return -ENOENT;
  return source.stack.admin.forgetNeighbour(wanted.iface.index, wanted.addr, source.nowUs);
}
