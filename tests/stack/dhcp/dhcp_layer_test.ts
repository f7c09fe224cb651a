import { assert, assertEquals } from "@std/assert";
import type { DhcpStart, Lease, ProbePlan } from "../../../stack/mod.ts";
import { EADDRINUSE, ENODEV, QUICK_PROBE } from "../../../stack/mod.ts";
import {
  DHCPACK,
  DHCPDISCOVER,
  DHCPOFFER,
  DHCPRELEASE,
  DHCPREQUEST,
} from "../../../stack/wire/dhcp.ts";
import {
  arpFrame,
  BROADCAST_MAC,
  FakeDevice,
  Host,
  ip,
  NO_OFFLOAD,
  parseArpFrame,
  parseUdpFrame,
  PEER_MAC,
  type SentFrame,
  udpFrame,
} from "../net_fixture.ts";
import { address, type Answer, OFFERED, readRequest, reply, type Seen, SERVER } from "./server.ts";

const NIC_MAC = Uint8Array.of(2, 0, 0, 0, 0, 0x22);
const ANY = ip("0.0.0.0");

/** A stack with a second interface that has no address, and a server on its link. */
class World extends Host {
  readonly nic = new FakeDevice(NO_OFFLOAD, 1500);
  readonly events: string[] = [];
  readonly index: number;

  constructor(probe: ProbePlan | null = null) {
    super();
    const added = this.stack.addInterface({ name: "eth1", mac: NIC_MAC, link: this.nic });
    this.index = added.index;
    const owner = {
      bound: (lease: Lease) => void this.events.push(`bound ${lease.addr}`),
      lost: (lease: Lease, why: string) => void this.events.push(`lost ${lease.addr}: ${why}`),
    };
    const how: DhcpStart = { hostname: "", probe, owner };
    assert(typeof this.stack.dhcp.start(this.index, how, this.nowUs) === "object");
  }

  /** What left by the interface since the last call. */
  left(): SentFrame[] {
    this.flush();
    return this.nic.frames.splice(0);
  }

  /** The one client's message that left, and its addresses. */
  asked(): Seen & { src: number; dst: number; ports: string } {
    const [frame, ...more] = this.left();
    assertEquals(more.length, 0);
    const { header, payload } = parseUdpFrame(frame);
    const dv = new DataView(payload.buffer, payload.byteOffset);
    const ports = `${dv.getUint16(0)} to ${dv.getUint16(2)}`;
    return { ...readRequest(payload.slice(8)), src: header.src, dst: header.dst, ports };
  }

  answer(seen: Seen, type: number, answer?: Answer): void {
    const fields = { src: ip(SERVER), dst: ip("255.255.255.255"), dstMac: BROADCAST_MAC };
    this.inject(udpFrame(67, 68, reply(seen, type, answer), fields), 0, 0, 0, this.index);
  }

  bind(options: Answer["options"] = {}): void {
    this.answer(this.asked(), DHCPOFFER, { options });
    this.answer(this.asked(), DHCPACK, { options });
  }

  get addresses(): string[] {
    const { addresses } = this.stack.interfaceByIndex(this.index)!;
    return addresses.map(({ addr, prefixLen }) => `${addr}/${prefixLen}`);
  }

  get routes(): string[] {
    return this.stack.routes.filter(({ ifIndex }) => ifIndex === this.index)
      .map(({ dst, prefixLen, gateway }) => `${dst}/${prefixLen} ${gateway ?? "on link"}`);
  }
}

Deno.test("dhcp: from no address to one, by broadcasts of port 68", () => {
  const world = new World();
  const discover = world.asked();
  assertEquals([discover.type, discover.ports], [DHCPDISCOVER, "68 to 67"]);
  assertEquals([discover.src, discover.dst], [ANY.w3, -1]);
  world.answer(discover, DHCPOFFER, { options: { 3: address(SERVER) } });
  const request = world.asked();
  assertEquals([request.type, request.src, request.dst], [DHCPREQUEST, ANY.w3, -1]);
  world.answer(request, DHCPACK, { options: { 3: address(SERVER) } });
  assertEquals(world.events, [`bound ${OFFERED}`]);
  assertEquals(world.addresses, [`${OFFERED}/24`]);
  assertEquals(world.routes, ["198.18.0.0/24 on link", "0.0.0.0/0 198.18.0.1"]);
  const announced = parseArpFrame(world.left()[0]);
  assertEquals(announced.senderIp, ip(OFFERED).w3);
});

Deno.test("dhcp: the address is taken when the link has been asked and nobody has it", () => {
  const world = new World(QUICK_PROBE);
  world.bind();
  assertEquals(world.addresses, []);
  world.advance(0);
  const probe = parseArpFrame(world.left()[0]);
  assertEquals([probe.senderIp, probe.targetIp], [0, ip(OFFERED).w3]);
  world.advance(25e3);
  assertEquals(world.addresses, [`${OFFERED}/24`]);

  const taken = new World(QUICK_PROBE);
  taken.bind();
  taken.inject(
    arpFrame(2, PEER_MAC, ip(OFFERED), NIC_MAC, ANY),
    0,
    0,
    0,
    taken.index,
  );
  taken.advance(5e3);
  assertEquals([taken.addresses, taken.events], [[], []]);
});

Deno.test("dhcp: routes by a gateway beyond the subnet, and the link's MTU", () => {
  const world = new World();
  const far = Uint8Array.of(0, 203, 0, 113, 1);
  world.bind({ 1: address("255.255.255.255"), 121: far, 26: Uint8Array.of(5, 0) });
  assertEquals(world.addresses, [`${OFFERED}/32`]);
  assertEquals(world.routes, ["203.0.113.1/32 on link", "0.0.0.0/0 203.0.113.1"]);
  assertEquals(world.stack.interfaceByIndex(world.index)?.mtu, 1280);
  const wide = new World();
  wide.bind({ 26: Uint8Array.of(0x23, 0x28) });
  assertEquals(wide.stack.interfaceByIndex(wide.index)?.mtu, 1500);
});

Deno.test("dhcp: a lease that ends takes address and routes with it", () => {
  const world = new World();
  world.bind({ 3: address(SERVER) });
  world.advance(3601e6);
  assertEquals([world.addresses, world.routes], [[], []]);
  assertEquals(world.events.length, 2);
  assert(world.left().length > 0);
});

Deno.test("dhcp: given back to the server itself, from the address", () => {
  const world = new World();
  world.bind();
  world.left();
  world.stack.dhcp.releaseAll(world.nowUs);
  // The server's MAC is not known yet.
  assertEquals(parseArpFrame(world.left()[0]).targetIp, ip(SERVER).w3);
  assert(!world.stack.isQuiet());
  world.inject(arpFrame(2, PEER_MAC, ip(SERVER), NIC_MAC, ip(OFFERED)), 0, 0, 0, world.index);
  const release = world.asked();
  assertEquals([release.type, release.src, release.dst], [
    DHCPRELEASE,
    ip(OFFERED).w3,
    ip(SERVER).w3,
  ]);
});

Deno.test("dhcp: only a server's port is listened to", () => {
  const world = new World();
  const discover = world.asked();
  const offer = reply(discover, DHCPOFFER);
  const fields = { src: ip(SERVER), dst: ip("255.255.255.255"), dstMac: BROADCAST_MAC };
  world.inject(udpFrame(1067, 68, offer, fields), 0, 0, 0, world.index);
  assertEquals(world.left().length, 0);
});

Deno.test("dhcp: what cannot start", () => {
  const host = new Host();
  const owner = { bound: () => {}, lost: () => {} };
  const how = { hostname: "", probe: null, owner };
  assertEquals(host.stack.dhcp.start(9, how, host.nowUs), -ENODEV);
  const socket = host.datagram(2, 17);
  assertEquals(socket.bind(ANY, 68, host.nowUs), 0);
  assertEquals(host.stack.dhcp.start(host.iface.index, how, host.nowUs), -EADDRINUSE);
});
