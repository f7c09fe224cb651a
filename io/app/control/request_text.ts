/**
 * A request in words, for the log: what strace would show of the call behind it.
 *
 * @module
 */
import * as P from "../../../ffi/shim/protocol.ts";
import { AF_INET, AF_INET6, errnoName, type Memory } from "../../../stack/mod.ts";
import type { Reply, Request } from "../protocol/message.ts";
import { readSockaddr, SocketAddress } from "../protocol/sockaddr.ts";

/** "connect" by its number, as NUSE_OP_CONNECT is called. */
const NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(P).filter(([name]) => name.startsWith("NUSE_OP_"))
    .map(([name, op]) => [Number(op), name.slice("NUSE_OP_".length).toLowerCase()]),
);

/** Those that bring an address. */
const WITH_ADDRESS: ReadonlySet<number> = new Set([
  P.NUSE_OP_BIND,
  P.NUSE_OP_CONNECT,
  P.NUSE_OP_CHECK,
]);

export function requestName(op: number): string {
  return NAMES.get(op) ?? `request ${op}`;
}

/** The socket that it is about, and what it asks of it. */
export function requestDetail(request: Request, { dv }: Memory): string {
  const { op, cookie, a, b, c, dataOff, dataLen } = request;
  const socket = cookie === 0 ? "" : `socket ${cookie}`;
  if (!WITH_ADDRESS.has(op) || dataLen === 0 || (op === P.NUSE_OP_CHECK && b === 1)) {
    return `${socket} (${a}, ${b}, ${c})`.trim();
  }
  const address = new SocketAddress();
  const domain = dataLen > 16 ? AF_INET6 : AF_INET;
  const isRead = readSockaddr(dv, dataOff, dataLen, domain, address) === 0;
  return `${socket} ${isRead ? `${address.addr}:${address.port}` : "an address of another family"}`;
}

/** What the program gets; null: the answer comes later. */
export function resultText(reply: Reply | null): string {
  if (reply === null) return "waits";
  return reply.result < 0 ? errnoName(reply.result) : String(reply.result);
}
