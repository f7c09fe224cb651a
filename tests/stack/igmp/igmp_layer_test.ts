import { assertEquals } from "@std/assert";
import type { DatagramSocket } from "../../../stack/mod.ts";
import { IpAddress, LOOPBACK_INDEX, setOption } from "../../../stack/mod.ts";
import { ipv4Frame, ipv4Header } from "../../support/build.ts";
import { igmpBytes, igmpText, parseIgmpText, PROTO_IGMP } from "../../support/igmp.ts";
import { ipWord } from "../../support/packet_types.ts";
import { PEER_ADDR, PEER_MAC, Rig } from "../../support/rig.ts";

const [JOIN, LEAVE] = [35, 36];
const GROUP = "239.1.2.3";

function setUp() {
  const rig = new Rig();
  const socket = rig.stack.socket(2, 2, 0) as DatagramSocket;
  /** IP_ADD_MEMBERSHIP or IP_DROP_MEMBERSHIP, by the interface's index. */
  const member = (name: number, group: string, ifIndex = rig.ifIndex, of = socket) => {
    const value = new Uint8Array(12);
    IpAddress.v4(ipWord(group) | 0).writeTo(value, 0);
    value[8] = ifIndex;
    return setOption(of, 0, name, value, rig.nowUs);
  };
  /** What has been sent since, in words. */
  const told = () => {
    rig.turn();
    return rig.sent.splice(0).map(({ frame }) => frame.igmp === null ? "?" : igmpText(frame.igmp));
  };
  const query = (text: string) => {
    const header = ipv4Header({ src: PEER_ADDR, dst: ipWord("224.0.0.1"), ttl: 1 });
    const mac = Uint8Array.of(1, 0, 0x5e, 0, 0, 1);
    rig.inject(ipv4Frame(mac, PEER_MAC, header, PROTO_IGMP, igmpBytes(parseIgmpText(text))));
  };
  return { rig, socket, member, told, query };
}

Deno.test("sockets share a group's report; the last one to leave tells", () => {
  const { rig, socket, member, told } = setUp();
  const other = rig.stack.socket(2, 2, 0) as DatagramSocket;
  assertEquals([member(JOIN, GROUP), member(JOIN, GROUP, rig.ifIndex, other)], [0, 0]);
  assertEquals(told(), [`report v3 TO_EX ${GROUP} {}`]);
  rig.advanceTo(rig.nowUs + 5e6);
  told();
  assertEquals([member(LEAVE, GROUP), told()], [0, []]);
  socket.close(rig.nowUs);
  other.close(rig.nowUs);
  assertEquals(told(), [`report v3 TO_IN ${GROUP} {}`]);
});

Deno.test("what is left untold keeps the stack from being quiet, until it is told once", () => {
  const { rig, member, told } = setUp();
  member(JOIN, GROUP);
  assertEquals([rig.stack.isQuiet(), rig.stack.pollAtUs()], [false, 0]);
  told();
  assertEquals(rig.stack.isQuiet(), true);
});

Deno.test("the loopback has no routers", () => {
  const { rig, member, told } = setUp();
  assertEquals(member(JOIN, GROUP, LOOPBACK_INDEX), 0);
  assertEquals([told(), rig.stack.igmp.pollAtUs()], [[], Infinity]);
});

Deno.test("each interface has its own querier and its own groups", () => {
  const { rig, member, told, query } = setUp();
  const link = { caps: rig.caps, mtu: 1500, transmit: () => {} };
  const second = rig.stack.addInterface({ name: "eth1", mac: new Uint8Array(6), link });
  rig.stack.addAddress(second.index, IpAddress.v4(ipWord("198.18.1.2") | 0), 24, rig.nowUs);
  query("query v2 max 10");
  member(JOIN, GROUP, second.index);
  assertEquals([told(), second.txPackets], [[], 2]); // the address, and the report
  member(JOIN, GROUP);
  assertEquals(told(), [`report v2 ${GROUP}`]);
});

Deno.test("many groups at once are one report of as many packets as they need", () => {
  const { rig, told, member } = setUp();
  for (let i = 0; i < 200; i++) {
    const of = rig.stack.socket(2, 2, 0) as DatagramSocket;
    member(JOIN, `239.1.${i}.1`, rig.ifIndex, of);
  }
  rig.turn();
  const sizes = rig.sent.map(({ frame }) => frame.igmp?.records.length);
  assertEquals(sizes, [183, 17]); // 1500 - 24 - 8, by 8
  assertEquals(rig.sent.flatMap(({ frame }) => frame.errors), []);
  told();
  assertEquals(rig.stack.counters.igmp.outReports, 2);
});

Deno.test("a flood of queries is answered now and then, and keeps nothing", () => {
  const { rig, member, told, query } = setUp();
  member(JOIN, GROUP);
  rig.advanceTo(rig.nowUs + 5e6);
  told();
  const before = rig.memory.usedBytes;
  let answers = 0;
  for (let i = 0; i < 5000; i++) {
    const sources = Array.from({ length: 60 }, (_, k) => `10.${k}.${i >> 8}.${i & 255}`).join(" ");
    query(i % 2 === 0 ? "query v3 max 0" : `query v3 group ${GROUP} max 127 {${sources}}`);
    rig.advanceTo(rig.nowUs + 100);
    answers += told().length;
  }
  assertEquals(answers < 250, true, `${answers} answers to 5000 queries in half a second`);
  rig.advanceTo(rig.nowUs + 20e6);
  told();
  assertEquals([rig.memory.usedBytes, rig.stack.igmp.pollAtUs()], [before, Infinity]);
});

Deno.test("groups joined and left without end leave a bounded number to be told again", () => {
  const { rig, member, told } = setUp();
  for (let i = 0; i < 3000; i++) {
    const group = `239.2.${i >> 8}.${i & 255}`;
    member(JOIN, group);
    member(LEAVE, group);
    if (i % 100 === 99) told();
  }
  const { outReports } = rig.stack.counters.igmp;
  rig.advanceTo(rig.nowUs + 5e6);
  const records = rig.sent.map(({ frame }) => frame.igmp?.records.length ?? 0);
  assertEquals(records.reduce((a, b) => a + b), 1024);
  assertEquals(outReports, 30);
});

Deno.test("messages of other protocols and hosts are counted, no more", () => {
  const { rig, told, query } = setUp();
  query(`report v3 TO_EX ${GROUP} {}`);
  query(`report v2 ${GROUP}`);
  query(`leave ${GROUP}`);
  const { inMsgs, inReports, inQueries } = rig.stack.counters.igmp;
  assertEquals([inMsgs, inReports, inQueries, told()], [3, 2, 0, []]);
});
