import { assertEquals } from "@std/assert";
import { Sender } from "../../../stack/igmp/sender.ts";
import { Host, NO_OFFLOAD } from "../net_fixture.ts";
import { decodeFrame } from "../../support/decode.ts";
import { igmpText } from "../../support/igmp.ts";
import { ipText } from "../../support/packet_types.ts";

const GROUP = 0xe8010203 | 0;

function setUp(mtu = 1500, memoryLen?: number) {
  const host = new Host({ caps: NO_OFFLOAD, mtu, memoryLen });
  const { memory, counters, igmp } = host.stack;
  const sender = new Sender({ memory, counters, network: igmp.deps.network });
  const sent = () =>
    host.sent().map((wire) => {
      const frame = decodeFrame(wire);
      assertEquals(frame.errors, []);
      return `${ipText(frame.ip!.dst)}: ${igmpText(frame.igmp!)}`;
    });
  return { host, sender, sent, index: host.iface.index };
}

Deno.test("where each message goes", () => {
  const { sender, sent, index, host } = setUp();
  sender.report(index, 1, GROUP, host.nowUs);
  sender.report(index, 2, GROUP, host.nowUs);
  sender.leave(index, GROUP, host.nowUs);
  sender.reportV3(index, host.nowUs, (sink) => sink(2, GROUP, []));
  sender.reportV3(index, host.nowUs, () => {});
  assertEquals(sent(), [
    "232.1.2.3: report v1 232.1.2.3",
    "232.1.2.3: report v2 232.1.2.3",
    "224.0.0.2: leave 232.1.2.3",
    "224.0.0.22: report v3 IS_EX 232.1.2.3 {}",
  ]);
  const { outReports, outLeaves } = host.stack.counters.igmp;
  assertEquals([outReports, outLeaves], [3, 1]);
});

Deno.test("a record goes whole into the next packet when it fits none that is begun", () => {
  const { sender, sent, index, host } = setUp(100); // 76 bytes: a head, two records of 28, twelve
  const sources = Array.from({ length: 5 }, (_, i) => i + 1);
  sender.reportV3(index, host.nowUs, (sink) => {
    for (const type of [5, 6, 5]) sink(type, GROUP, sources);
  });
  const list = "{0.0.0.1 0.0.0.2 0.0.0.3 0.0.0.4 0.0.0.5}";
  assertEquals(sent(), [
    `224.0.0.22: report v3 ALLOW 232.1.2.3 ${list}; BLOCK 232.1.2.3 ${list}`,
    `224.0.0.22: report v3 ALLOW 232.1.2.3 ${list}`,
  ]);
});

Deno.test("an interface that is not there, and no memory: nothing is sent, all is taken", () => {
  const { sender, sent, index, host } = setUp(1500, 4 << 20);
  let taken = 0;
  const fill = (sink: (type: number, group: number, sources: number[]) => void) => {
    sink(5, GROUP, [1]);
    taken++;
  };
  sender.reportV3(9, host.nowUs, fill);
  while (host.memory.alloc(1024) >= 0);
  sender.reportV3(index, host.nowUs, fill);
  sender.leave(index, GROUP, host.nowUs);
  assertEquals([taken, sent()], [2, []]);
});
