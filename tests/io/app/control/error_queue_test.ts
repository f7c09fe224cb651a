import { assert, assertEquals } from "@std/assert";
import { AF_INET, AF_INET6, SOCK_DGRAM, SOCK_STREAM } from "../../../../ffi/abi/socket.ts";
import * as P from "../../../../ffi/shim/protocol.ts";
import { writeErrorEntry } from "../../../../io/app/control/error_queue.ts";
import { EAGAIN, ECONNREFUSED, type ErrorQueueEntry, IpAddress } from "../../../../stack/mod.ts";
import { nameText } from "../program.ts";
import { World } from "../world.ts";

const IPPROTO_IP = 0;
const IP_RECVERR = 11;

const OFF = 8;

function entry(payloadLen: number, hasOffender = true): ErrorQueueEntry {
  const offender = { addr: IpAddress.parse("198.18.0.9") as IpAddress, port: 0 };
  return {
    errno: 90,
    origin: 2,
    type: 3,
    code: 4,
    info: 1400,
    offender: hasOffender ? offender : null,
    destination: { addr: IpAddress.parse("198.18.0.1") as IpAddress, port: 9 },
    payload: new Uint8Array(payloadLen).fill(7),
  };
}

function write(e: ErrorQueueEntry, domain = AF_INET, maxLen = 1024): [number, Uint8Array] {
  const u8 = new Uint8Array(OFF + 2048).fill(0xa5);
  const len = writeErrorEntry(new DataView(u8.buffer), u8, OFF, maxLen, domain, e);
  assertEquals(u8[OFF + len], 0xa5);
  return [len, u8.slice(OFF, OFF + len)];
}

Deno.test("error queue entry: sock_extended_err and names", () => {
  const [len, u8] = write(entry(20));
  assertEquals(len, P.NUSE_EE_PAYLOAD_OFF + 20);
  assertEquals([...u8.slice(0, 12)], [90, 0, 0, 0, 2, 3, 4, 0, 0x78, 5, 0, 0]);
  const offender = u8.slice(P.NUSE_EE_OFFENDER_OFF, P.NUSE_EE_DESTINATION_OFF);
  assertEquals(nameText(offender), "198.18.0.9 0");
  assertEquals(nameText(u8.slice(P.NUSE_EE_DESTINATION_OFF, 72)), "198.18.0.1 9");
  assertEquals([...u8.slice(P.NUSE_EE_TIME_OFF, P.NUSE_EE_PAYLOAD_OFF)], new Array(24).fill(0));
  assertEquals(u8.slice(P.NUSE_EE_PAYLOAD_OFF), new Uint8Array(20).fill(7));
});

Deno.test("error queue entry: AF_INET6 names are v4-mapped; no offender is family 0", () => {
  const [, u8] = write(entry(0, false), AF_INET6);
  const destination = u8.slice(P.NUSE_EE_DESTINATION_OFF, P.NUSE_EE_TIME_OFF);
  assertEquals(new DataView(destination.buffer).getUint16(0, true), AF_INET6);
  assertEquals(nameText(destination, AF_INET6), "198.18.0.1 9");
  assertEquals(new DataView(u8.buffer).getUint16(P.NUSE_EE_OFFENDER_OFF, true), 0);
});

Deno.test("error queue entry: a long payload is cut", () => {
  assertEquals(write(entry(1000), AF_INET, 256)[0], 256);
});

Deno.test("ERRQUEUE: tells whether there is an entry, gives it once, then there is none", () => {
  using world = new World();
  const socket = world.program().socket(AF_INET, SOCK_DGRAM);
  assertEquals(socket.setInt(IPPROTO_IP, IP_RECVERR, 1), 0);
  assertEquals(socket.connect("127.0.0.1", 5998, 0), 0);
  assertEquals(socket.request(P.NUSE_OP_ERRQUEUE, { b: 1 }).result, -EAGAIN);
  assertEquals(socket.send(new Uint8Array(3)), 3);
  world.until("refused", () => socket.request(P.NUSE_OP_ERRQUEUE, { b: 1 }).result === 0);
  assertEquals(socket.request(P.NUSE_OP_ERRQUEUE, { b: 1 }).data.length, 0);
  const { result, data } = socket.request(P.NUSE_OP_ERRQUEUE);
  assertEquals([result, data[P.NUSE_EE_ERRNO_OFF]], [0, ECONNREFUSED]);
  assert(data.length >= P.NUSE_EE_PAYLOAD_OFF + 3);
  assertEquals(socket.request(P.NUSE_OP_ERRQUEUE).result, -EAGAIN);
});

Deno.test("ERRQUEUE of a stream: there is never an entry", () => {
  using world = new World();
  const socket = world.program().socket(AF_INET, SOCK_STREAM);
  assertEquals(socket.request(P.NUSE_OP_ERRQUEUE).result, -EAGAIN);
});
