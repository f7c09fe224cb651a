/**
 * A netlink client without a socket: requests to a stack of net_fixture.ts, and the answers taken
 * to pieces.
 *
 * @module
 */
import {
  NETLINK_ROUTE,
  NLM_F_ACK,
  NLM_F_DUMP,
  NLM_F_REQUEST,
  NLMSG_DONE,
  NLMSG_ERROR,
} from "../../../../ffi/abi/netlink.ts";
import type { NetlinkSource } from "../../../../io/app/netlink/answer.ts";
import { answerDatagram, type NetlinkClient } from "../../../../io/app/netlink/answerer.ts";
import { aligned, NetlinkRequest, NetlinkWriter } from "../../../../io/app/netlink/message.ts";
import { EOPNOTSUPP, type Stack } from "../../../../stack/mod.ts";

export const SEQ = 4711;
export const PORT_ID = 1234;

export interface Asking extends Partial<NetlinkClient> {
  readonly flags?: number;
  readonly mayAdmin?: boolean;
}

export function sourceOfStack(stack: Stack, nowUs: number): NetlinkSource {
  return {
    stack,
    nowUs,
    inodeOf: (socket) => socket === null ? 0 : 9001,
    uidOf: (socket) => socket === null ? 0 : 1000,
    endListener: () => -EOPNOTSUPP,
  };
}

/** The messages of some datagrams. */
export function messagesIn(datagrams: readonly Uint8Array[]): NetlinkRequest[] {
  return datagrams.flatMap((datagram) => {
    const messages: NetlinkRequest[] = [];
    const dv = new DataView(datagram.buffer, datagram.byteOffset, datagram.byteLength);
    for (let at = 0; at < datagram.length;) {
      const len = dv.getUint32(at, true);
      messages.push(new NetlinkRequest(datagram.slice(at, at + len), PORT_ID, false));
      at += aligned(len);
    }
    return messages;
  });
}

/** Sends one request, of which `fill` writes what follows the header: the datagrams. */
export function ask(
  source: NetlinkSource,
  type: number,
  fill: (w: NetlinkWriter) => void,
  { flags = NLM_F_DUMP, mayAdmin = false, ...client }: Asking = {},
): Uint8Array[] {
  const w = new NetlinkWriter(type, NLM_F_REQUEST | flags, { seq: SEQ, portId: 0 });
  fill(w);
  const whole = {
    ...{ family: NETLINK_ROUTE, portId: PORT_ID, isStrict: false, hasExtAck: true },
    ...{ isCapped: false, ...client },
  };
  return answerDatagram(source, whole, w.finish(), () => mayAdmin);
}

/** As `ask`: the messages without the DONE of a list, or the errno of a refusal. */
export function listed(...asked: Parameters<typeof ask>): NetlinkRequest[] | number {
  const messages = messagesIn(ask(...asked));
  const last = messages.at(-1);
  if (last?.type === NLMSG_ERROR) return last.dv.getInt32(16, true);
  return last?.type === NLMSG_DONE ? messages.slice(0, -1) : messages;
}

export { NLM_F_ACK };
