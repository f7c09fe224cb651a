import { assert, assertEquals } from "@std/assert";
import type { AddressProbe } from "../../../stack/iface/address_probe.ts";
import { FULL_PROBE, type ProbePlan, QUICK_PROBE } from "../../../stack/mod.ts";
import {
  arpFrame,
  BROADCAST_MAC,
  bytesOf,
  Host,
  icmpFrame,
  ip,
  OUR_MAC,
  parseArpFrame,
  PEER_ADDR,
  PEER_MAC,
} from "../net_fixture.ts";

const REQUEST = 1;
const REPLY = 2;
const NOBODY = new Uint8Array(6);
const ANY = ip("0.0.0.0");
const WANTED = ip("198.18.0.50");

function start(host: Host, plan: ProbePlan): AddressProbe {
  const probe = host.stack.probeAddress(host.iface.index, WANTED, plan, host.nowUs);
  assert(typeof probe !== "number");
  return probe;
}

/** Microseconds at which probes went out, until it is over. */
function run(host: Host, probe: AddressProbe): { sentAtUs: number[]; tookUs: number } {
  const beganUs = host.nowUs;
  const sentAtUs: number[] = [];
  while (!probe.isOver) {
    host.nowUs = Math.max(host.nowUs, host.stack.pollAtUs());
    host.stack.poll(host.nowUs);
    for (const frame of host.sent()) {
      const arp = parseArpFrame(frame);
      assertEquals([arp.operation, arp.senderIp, arp.targetIp], [REQUEST, 0, WANTED.w3]);
      assertEquals(frame.bytes.slice(0, 6), BROADCAST_MAC);
      sentAtUs.push(host.nowUs - beganUs);
    }
  }
  return { sentAtUs, tookUs: host.nowUs - beganUs };
}

Deno.test("probe, in full: three, 1 to 2 s apart, then 2 s of waiting (RFC 5227 1.1)", () => {
  const host = new Host();
  const probe = start(host, FULL_PROBE);
  const { sentAtUs: [first, second, third], tookUs } = run(host, probe);
  assert(first <= 1e6);
  for (const gap of [second - first, third - second]) assert(gap >= 1e6 && gap <= 2e6, `${gap}`);
  assertEquals(tookUs - third, 2e6);
  assertEquals(probe.holder, null);
});

Deno.test("probe, quickly: two within 20 ms", () => {
  const host = new Host();
  const probe = start(host, QUICK_PROBE);
  assertEquals(run(host, probe), { sentAtUs: [0, 10e3], tookUs: 20e3 });
  assertEquals(probe.holder, null);
});

Deno.test("probe: an answer, anybody's use of the address, another's probe for it: in use", () => {
  const packets = [
    arpFrame(REPLY, PEER_MAC, WANTED, OUR_MAC, ANY),
    arpFrame(REQUEST, PEER_MAC, WANTED, NOBODY, PEER_ADDR),
    arpFrame(REQUEST, PEER_MAC, WANTED, NOBODY, WANTED),
    arpFrame(REQUEST, PEER_MAC, ANY, NOBODY, WANTED),
  ];
  for (const packet of packets) {
    const host = new Host();
    const probe = start(host, FULL_PROBE);
    host.inject(packet);
    assertEquals([probe.isOver, probe.holder], [true, "02:00:00:00:00:01"]);
    host.advance(10e6);
    assertEquals(host.sent().filter((f) => parseArpFrame(f).targetIp === WANTED.w3).length, 0);
  }
});

Deno.test("probe: an answer from our own MAC address is a twin's; the probe's echo is none", () => {
  const host = new Host();
  const probe = start(host, QUICK_PROBE);
  host.inject(arpFrame(REQUEST, OUR_MAC, ANY, NOBODY, WANTED));
  host.inject(arpFrame(REQUEST, PEER_MAC, ANY, NOBODY, ip("198.18.0.51")));
  assertEquals(probe.isOver, false);
  host.inject(arpFrame(REPLY, OUR_MAC, WANTED, OUR_MAC, ANY));
  assertEquals(probe.isOver, true);
});

Deno.test("probe: until it is over the address is nobody's", () => {
  const host = new Host();
  start(host, FULL_PROBE);
  host.sent();
  host.inject(arpFrame(REQUEST, PEER_MAC, PEER_ADDR, NOBODY, WANTED));
  host.inject(icmpFrame(8, 0, 1, bytesOf(8), { dst: WANTED }));
  assertEquals(host.sent().length, 0);
});

Deno.test("probe: no such interface", () => {
  assertEquals(new Host().stack.probeAddress(9, WANTED, QUICK_PROBE, 0), -19);
});

Deno.test("the log hears the questions, and whether the address is free or who has it", () => {
  const host = new Host();
  run(host, start(host, QUICK_PROBE));
  assertEquals(host.log.take(), [
    "ARP_PROBE 198.18.0.50 1 2",
    "ARP_PROBE 198.18.0.50 2 2",
    "ARP_FREE 198.18.0.50",
  ]);
  start(host, FULL_PROBE);
  host.inject(arpFrame(REPLY, PEER_MAC, WANTED, OUR_MAC, ANY));
  assertEquals(host.log.take()[0], `ARP_TAKEN 198.18.0.50 ${0x020000000001}`);
});
