/**
 * What comes on a netlink socket, message by message, and what goes back (netlink(7), Linux
 * netlink_rcv_skb): answers in datagrams, acknowledgments and errors. The same for programs with
 * the shim and without it.
 *
 * @module
 */
import {
  NETLINK_ROUTE,
  NLM_F_ACK,
  NLM_F_ACK_TLVS,
  NLM_F_CAPPED,
  NLM_F_DUMP,
  NLM_F_MULTI,
  NLM_F_REQUEST,
  NLMSG_DONE,
  NLMSG_ERROR,
  NLMSG_MIN_TYPE,
  NLMSGERR_ATTR_MSG,
  NLMSGHDR,
} from "../../../ffi/abi/netlink.ts";
import { type Answer, type NetlinkSource, Refusal } from "./answer.ts";
import { aligned, NetlinkRequest, NetlinkWriter } from "./message.ts";
import { answerRoute } from "./rtnetlink.ts";
import { answerDiag } from "./sock_diag.ts";

/** What of a netlink socket changes its answers. */
export interface NetlinkClient {
  /** NETLINK_ROUTE or NETLINK_SOCK_DIAG. */
  readonly family: number;
  readonly portId: number;
  /** NETLINK_GET_STRICT_CHK, NETLINK_EXT_ACK, NETLINK_CAP_ACK */
  readonly isStrict: boolean;
  readonly hasExtAck: boolean;
  readonly isCapped: boolean;
}

/**
 * The C library reads into a page, and gives up when that is too short: Linux's NLMSG_GOODSIZE, as
 * much as fits a page beside what the kernel notes of it.
 */
const DATAGRAM_LEN = 3776;
/** A refusal has all of its request in it: by so much it is longer at most. */
export const REFUSAL_EXTRA_MAX = 512;

/** Answers all messages of one datagram: the datagrams that go back. */
export function answerDatagram(
  source: NetlinkSource,
  client: NetlinkClient,
  datagram: Uint8Array,
  mayAdmin: () => boolean,
): Uint8Array[] {
  const dv = new DataView(datagram.buffer, datagram.byteOffset, datagram.byteLength);
  const answers: Uint8Array[] = [];
  for (let at = 0; at + NLMSGHDR.LEN <= datagram.length;) {
    const len = dv.getUint32(at + NLMSGHDR.LENGTH, true);
    if (len < NLMSGHDR.LEN || at + len > datagram.length) break;
    const bytes = datagram.slice(at, at + len);
    const request = new NetlinkRequest(bytes, client.portId, client.isStrict);
    answers.push(...answerMessage(source, client, request, mayAdmin));
    at += aligned(len);
  }
  return answers;
}

function answerMessage(
  source: NetlinkSource,
  client: NetlinkClient,
  request: NetlinkRequest,
  mayAdmin: () => boolean,
): Uint8Array[] {
  const isForKernel = request.has(NLM_F_REQUEST);
  let answer: Answer = 0;
  if (isForKernel && request.type >= NLMSG_MIN_TYPE) {
    answer = client.family === NETLINK_ROUTE
      ? answerRoute(source, request, mayAdmin)
      : answerDiag(source, request, mayAdmin);
  }
  if (answer instanceof Refusal) return [error(client, request, -answer.errno, answer.text)];
  if (typeof answer === "number") {
    const isAsked = answer < 0 || request.has(NLM_F_ACK);
    return isAsked ? [error(client, request, answer, null)] : [];
  }
  // Of a dump the end is the acknowledgment
  if (request.has(NLM_F_DUMP)) return joined([...answer, done(request)]);
  const acknowledged = request.has(NLM_F_ACK) ? [error(client, request, 0, null)] : [];
  return [...answer, ...acknowledged];
}

function done(request: NetlinkRequest): Uint8Array {
  return new NetlinkWriter(NLMSG_DONE, NLM_F_MULTI, request).u32(0).finish();
}

/** `result`: 0 or -errno. */
function error(
  { hasExtAck, isCapped }: NetlinkClient,
  request: NetlinkRequest,
  result: number,
  text: string | null,
): Uint8Array {
  const isWhole = result !== 0 && !isCapped;
  const hasText = hasExtAck && text !== null;
  const flags = (isWhole ? 0 : NLM_F_CAPPED) | (hasText ? NLM_F_ACK_TLVS : 0);
  const w = new NetlinkWriter(NLMSG_ERROR, flags, request);
  w.u32(result >>> 0).bytes(request.bytes.subarray(0, isWhole ? undefined : NLMSGHDR.LEN));
  if (hasText) w.attributeText(NLMSGERR_ATTR_MSG, text);
  return w.finish();
}

/** Messages put together, as many as fit a datagram. */
function joined(messages: readonly Uint8Array[]): Uint8Array[] {
  const datagrams: Uint8Array[] = [];
  let held: Uint8Array[] = [];
  let heldLen = 0;
  const close = () => {
    if (held.length === 0) return;
    const datagram = new Uint8Array(heldLen);
    let at = 0;
    for (const message of held) {
      datagram.set(message, at);
      at += message.length;
    }
    datagrams.push(datagram);
    [held, heldLen] = [[], 0];
  };
  for (const message of messages) {
    if (heldLen + message.length > DATAGRAM_LEN) close();
    held.push(message);
    heldLen += message.length;
  }
  close();
  return datagrams;
}
