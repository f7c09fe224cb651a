import { assertEquals } from "@std/assert";
import { DROP_IGMP_CHECKSUM, DROP_IGMP_SHORT } from "../../../stack/base/drop_reason.ts";
import * as igmp from "../../../stack/wire/igmp.ts";
import {
  emitIgmp,
  emitIgmpIpHeader,
  emitIgmpRecord,
  emitIgmpV3Report,
  IgmpHeader,
  parseIgmp,
  querySource,
} from "../../../stack/wire/igmp.ts";
import { igmpBytes } from "../../support/igmp.ts";
import { assertEmits, hex, IP_A, view } from "./golden.ts";

const GROUP = 0xef010203 | 0;
const SOURCE_GROUP = 0xe8010203 | 0;
const SOURCE = 0xc6120709 | 0;
const ALL_REPORTS = 0xe0000016 | 0;

/** What Linux sends (6.18): joining, a source's group, version 2, leaving in it. */
const TO_EX = hex(
  `46c0002800004000010236e6c6120701e000001694040000
   2200e8f900000001 04000000ef010203`,
);
const ALLOW = hex(
  `46c0002c00004000010236e2c6120701e000001694040000
   220021dd00000001 05000001e8010203c6120709`,
);
const V2_REPORT = hex("46c000200000400001022600c6120701ef01020394040000 1600f8faef010203");
const V2_LEAVE = hex("46c000200000400001023702c6120701e000000294040000 1700f7faef010203");

Deno.test("igmp: reports of version 3, as Linux writes them", () => {
  const both = [
    [TO_EX, igmp.CHANGE_TO_EXCLUDE, GROUP, []],
    [ALLOW, igmp.ALLOW_NEW_SOURCES, SOURCE_GROUP, [SOURCE]],
  ] as const;
  for (const [packet, type, group, sources] of both) {
    assertEmits(packet, (dv, off) => {
      const at = off + igmp.IGMP_IP_HEADER_LEN;
      const record = at + igmp.IGMP_LEN;
      const len = igmp.IGMP_LEN +
        emitIgmpRecord(dv, record, type, group, sources, 0, sources.length);
      emitIgmpV3Report(dv, at, 1, len);
      emitIgmpIpHeader(dv, off, len, IP_A, ALL_REPORTS);
    });
  }
});

Deno.test("igmp: a part of the sources", () => {
  assertEmits(hex("06000002ef010203 00000002 00000003"), (dv, off) => {
    emitIgmpRecord(dv, off, igmp.BLOCK_OLD_SOURCES, GROUP, [1, 2, 3, 4], 1, 3);
  });
});

Deno.test("igmp: version 2, parse and emit back", () => {
  const h = new IgmpHeader();
  for (const [packet, dst] of [[V2_REPORT, GROUP], [V2_LEAVE, 0xe0000002 | 0]] as const) {
    const message = packet.slice(igmp.IGMP_IP_HEADER_LEN);
    assertEquals(parseIgmp(view(message), 0, message.length, true, h), 0);
    assertEquals(h.group, GROUP);
    assertEmits(packet, (dv, off) => {
      emitIgmp(dv, off + igmp.IGMP_IP_HEADER_LEN, h.type, h.group);
      emitIgmpIpHeader(dv, off, igmp.IGMP_LEN, IP_A, dst);
    });
  }
});

function query(code: number, qqic = 125, sources: readonly number[] = [], qrv = 2) {
  const message = igmpBytes({
    type: igmp.IGMP_QUERY,
    code,
    group: GROUP,
    query: { qrv, qqic, sources },
    records: [],
  });
  const h = new IgmpHeader();
  assertEquals(parseIgmp(view(message), 0, message.length, true, h), 0);
  return { h, message };
}

Deno.test("igmp: a query's version is told by its length and code", () => {
  const h = new IgmpHeader();
  const old = (code: number) => {
    const message = igmpBytes({ type: 0x11, code, group: 0, query: null, records: [] });
    assertEquals(parseIgmp(view(message), 0, message.length, true, h), 0);
    return [h.version, h.maxRespTenths, h.sourceCount];
  };
  assertEquals([old(0), old(100), old(255)], [[1, 0, 0], [2, 100, 0], [2, 255, 0]]);
  const { h: third, message } = query(100, 20, [7, SOURCE], 0xf);
  assertEquals([third.version, third.robustness, third.intervalSec], [3, 7, 20]);
  assertEquals([third.sourceCount, third.group], [2, GROUP]);
  assertEquals([querySource(view(message), 0, 0), querySource(view(message), 0, 1)], [7, SOURCE]);
});

Deno.test("igmp: RFC 9776 4.1.1: codes from 128 on have an exponent", () => {
  const values = [0, 127, 128, 143, 144, 255].map((code) => query(code, code).h);
  const expected = [0, 127, 128, 248, 256, 31_744];
  assertEquals(values.map((h) => h.maxRespTenths), expected);
  assertEquals(values.map((h) => h.intervalSec), expected);
});

Deno.test("igmp: what is short or broken is dropped", () => {
  const h = new IgmpHeader();
  const parse = (bytes: Uint8Array, len = bytes.length, verify = false) =>
    parseIgmp(view(bytes), 0, len, verify, h);
  const { message } = query(100, 125, [1, 2]);
  assertEquals(parse(message, 7), DROP_IGMP_SHORT);
  assertEquals(parse(message, 11), DROP_IGMP_SHORT);
  assertEquals(parse(message, 19), DROP_IGMP_SHORT);
  assertEquals(parse(message, 20, true), 0);
  message[19] ^= 1;
  assertEquals([parse(message, 20, true), parse(message, 20)], [DROP_IGMP_CHECKSUM, 0]);
});
