/**
 * Script commands for datagram sockets. They fill and read the record format of
 * stack/socket/api.ts.
 *
 * @module
 */
import {
  DGRAM_ERROR,
  DGRAM_HAS_ADDR,
  DGRAM_HEADER_LEN,
  DGRAM_MAGIC,
} from "../../stack/socket/datagram_header.ts";
import { EAGAIN } from "../../stack/base/errno.ts";
import { ipWord } from "../support/packet_types.ts";
import { checkPattern, fillPattern } from "../support/pattern.ts";
import { PEER_ADDR } from "../support/rig.ts";
import type { Answer, Call } from "./call.ts";
import { parseAddress } from "./ip6/names.ts";
import { LOCAL_KEY, PEER_KEY, type World } from "./world.ts";

/** "sendto LEN [ADDR:]PORT" and "send LEN" (connected). */
function send(world: World, target: string | null, args: readonly string[]): Answer {
  const named = world.socket(target);
  const len = Number(args[0]);
  const { memory } = world.rig;
  const off = memory.alloc(DGRAM_HEADER_LEN + len);
  const { dv } = memory;
  memory.u8.fill(0, off, off + DGRAM_HEADER_LEN);
  dv.setUint16(off, DGRAM_MAGIC, true);
  dv.setUint32(off + 4, len, true);
  if (args[1] !== undefined) {
    const isNative = args[2] !== undefined; // "sendto N ADDR PORT", in a script of IPv6
    const [host, port] = isNative
      ? [args[1], args[2]]
      : args[1].includes(":")
      ? args[1].split(":")
      : [null, args[1]];
    dv.setUint16(off + 2, DGRAM_HAS_ADDR, true);
    dv.setUint16(off + 8, world.domain, true);
    dv.setUint16(off + 10, Number(port), true);
    const addr = isNative
      ? parseAddress(args[1])
      : world.address(host === null ? PEER_ADDR : ipWord(host));
    addr.writeTo(memory.u8, off + 16);
    named.flow.peerPort = Number(port);
  }
  fillPattern(memory.u8, off + DGRAM_HEADER_LEN, len, LOCAL_KEY, 0);
  const result = named.datagram.send(off, len, world.rig.nowUs);
  memory.freeDeferred(off, DGRAM_HEADER_LEN + len);
  if (named.socket.local().port !== 0) named.flow.localPort = named.socket.local().port;
  return result;
}

/** "recv": length of the oldest record, or the error it stands for. */
function receive(world: World, target: string | null): Answer {
  const socket = world.socket(target).datagram;
  if (socket.recvCount() === 0) {
    const pending = socket.takeError();
    return pending === 0 ? -EAGAIN : -pending;
  }
  const off = socket.recvPeek(0);
  const { dv, u8 } = world.rig.memory;
  if (dv.getUint16(off, true) !== DGRAM_MAGIC) throw new Error("record without its magic number");
  const isError = (dv.getUint16(off + 2, true) & DGRAM_ERROR) !== 0;
  const len = dv.getUint32(off + 4, true);
  const error = dv.getInt32(off + 12, true);
  const bad = isError ? -1 : checkPattern(u8, off + DGRAM_HEADER_LEN, len, PEER_KEY, 0);
  if (bad >= 0) throw new Error(`recv: wrong byte ${bad}`);
  socket.recvConsume(1, world.rig.nowUs);
  return isError ? -error : len;
}

/** "errqueue -> ERRNO TYPE CODE INFO" or "none". */
function errorQueue(world: World, target: string | null): Answer {
  const entry = world.socket(target).datagram.takeErrorQueue();
  return entry ? `${entry.errno} ${entry.type} ${entry.code} ${entry.info}` : "none";
}

export const datagramCalls: Readonly<Record<string, Call>> = {
  sendto: { expected: (args) => args[0], run: send },
  send: { expected: (args) => args[0], run: send },
  recv: { expected: (args) => args[0] ?? "EAGAIN", run: receive },
  errqueue: { expected: () => "none", run: errorQueue },
};
