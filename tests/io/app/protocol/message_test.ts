import { assertEquals } from "@std/assert";
import * as P from "../../../../ffi/shim/protocol.ts";
import {
  MESSAGE_MAX_LEN,
  readCookie,
  Reply,
  Request,
  writeCookie,
} from "../../../../io/app/protocol/message.ts";

const OFF = 16;

function requestBytes(dataLen: number): DataView {
  const dv = new DataView(new ArrayBuffer(OFF + MESSAGE_MAX_LEN + 1));
  dv.setUint32(OFF + P.NUSE_REQ_MAGIC_OFF, P.NUSE_MAGIC, true);
  dv.setUint16(OFF + P.NUSE_REQ_VERSION_OFF, P.NUSE_VERSION, true);
  dv.setUint16(OFF + P.NUSE_REQ_OP_OFF, P.NUSE_OP_GETOPT, true);
  writeCookie(dv, OFF + P.NUSE_REQ_COOKIE_OFF, 0x1_2345_6789_a);
  dv.setInt32(OFF + P.NUSE_REQ_A_OFF, -1, true);
  dv.setInt32(OFF + P.NUSE_REQ_B_OFF, 2, true);
  dv.setInt32(OFF + P.NUSE_REQ_C_OFF, 3, true);
  dv.setUint32(OFF + P.NUSE_REQ_DATA_LEN_OFF, dataLen, true);
  return dv;
}

Deno.test("Request.parse reads every field", () => {
  const request = new Request();
  assertEquals(request.parse(requestBytes(5), OFF, P.NUSE_HEADER_LEN + 5), true);
  const { op, cookie, a, b, c, dataOff, dataLen } = request;
  assertEquals(
    { op, cookie, a, b, c, dataOff, dataLen },
    {
      op: P.NUSE_OP_GETOPT,
      cookie: 0x1_2345_6789_a,
      a: -1,
      b: 2,
      c: 3,
      dataOff: OFF + P.NUSE_HEADER_LEN,
      dataLen: 5,
    },
  );
});

Deno.test("Request.parse refuses what is no request", () => {
  const request = new Request();
  const header = P.NUSE_HEADER_LEN;
  assertEquals(request.parse(requestBytes(0), OFF, header - 1), false);
  assertEquals(request.parse(requestBytes(4), OFF, header + 5), false);
  assertEquals(request.parse(requestBytes(0xffffffff), OFF, header), false);
  const most = P.NUSE_DATA_MAX;
  assertEquals(request.parse(requestBytes(most), OFF, header + most), true);
  assertEquals(request.parse(requestBytes(most + 1), OFF, header + most + 1), false);
  const wrongMagic = requestBytes(0);
  wrongMagic.setUint8(OFF, 0);
  assertEquals(request.parse(wrongMagic, OFF, header), false);
  const wrongVersion = requestBytes(0);
  wrongVersion.setUint16(OFF + P.NUSE_REQ_VERSION_OFF, P.NUSE_VERSION + 1, true);
  assertEquals(request.parse(wrongVersion, OFF, header), false);
});

Deno.test("Reply.emit writes every byte of the header", () => {
  const dv = new DataView(new ArrayBuffer(OFF + MESSAGE_MAX_LEN));
  new Uint8Array(dv.buffer).fill(0xa5);
  const reply = new Reply(OFF);
  reply.result = -111;
  reply.state = 0x8001;
  reply.cookie = 2 ** 32 + 7;
  reply.a = 1;
  reply.b = -2;
  reply.c = 3;
  reply.dataLen = 9;
  assertEquals(reply.emit(dv), P.NUSE_HEADER_LEN + 9);
  assertEquals(dv.getInt32(OFF + P.NUSE_REP_RESULT_OFF, true), -111);
  assertEquals(dv.getUint32(OFF + P.NUSE_REP_STATE_OFF, true), 0x8001);
  assertEquals(readCookie(dv, OFF + P.NUSE_REP_COOKIE_OFF), 2 ** 32 + 7);
  assertEquals(dv.getInt32(OFF + P.NUSE_REP_A_OFF, true), 1);
  assertEquals(dv.getInt32(OFF + P.NUSE_REP_B_OFF, true), -2);
  assertEquals(dv.getInt32(OFF + P.NUSE_REP_C_OFF, true), 3);
  assertEquals(dv.getUint32(OFF + P.NUSE_REP_DATA_LEN_OFF, true), 9);
  reply.clear();
  reply.emit(dv);
  assertEquals(new Uint8Array(dv.buffer, OFF, P.NUSE_HEADER_LEN).some((byte) => byte !== 0), false);
});
