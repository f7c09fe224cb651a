import { assert, assertEquals } from "@std/assert";
import {
  type Dhcp6Start,
  EADDRINUSE,
  EAFNOSUPPORT,
  ENODEV,
  type Info6,
  type Lease6,
  type ProbePlan,
  QUICK_PROBE,
} from "../../../stack/mod.ts";
import { Host, ip, PEER_MAC, udpPacket } from "../net_fixture.ts";
import {
  Host6,
  icmp6Frame,
  ip6Frame,
  ndpFrame,
  OUR_LINK_LOCAL,
  PEER_LINK_LOCAL,
} from "../v6_fixture.ts";
import { type Answer6, GRANTED, option6, readMessage6, reply6, type Seen6 } from "./server6.ts";

const SERVERS = "ff02::1:2";
const URGENT = option6(7, [255]);
const [SOLICIT, ADVERTISE, REQUEST, REPLY, RELEASE, DECLINE, INFORMATION] = [1, 2, 3, 7, 8, 9, 11];

/** A stack with an IPv6 link, and a server on it. */
class World extends Host6 {
  readonly events: string[] = [];
  readonly how: Dhcp6Start;

  constructor(probe: ProbePlan | null = null, isAdvised = false) {
    super();
    const owner = {
      bound: ({ addresses }: Lease6) =>
        void this.events.push(`bound ${addresses.map(({ addr }) => addr).join(" ")}`),
      lost: (_: Lease6, why: string) => void this.events.push(`lost: ${why}`),
      informed: ({ search }: Info6) => void this.events.push(`informed ${search}`),
    };
    this.how = { hostname: "", probe, isAdvised, owner };
    assertEquals(typeof this.stack.dhcp.start6(this.iface.index, this.how, this.nowUs), "object");
    this.stack.poll(this.nowUs);
  }

  /** The client's messages that left, and between which ends. */
  asked(): (Seen6 & { ends: string })[] {
    this.stack.poll(this.nowUs);
    return this.sent6().filter(({ header }) => header.nextHeader === 17).map((sent) => {
      const dv = new DataView(sent.payload.buffer, sent.payload.byteOffset);
      const ports = `${dv.getUint16(0)} to ${dv.getUint16(2)}`;
      const ends = `${sent.src} ${sent.dst} ${ports} hops ${sent.header.hopLimit}`;
      return { ...readMessage6(sent.payload.slice(8)), ends };
    });
  }

  askedOne(): Seen6 & { ends: string } {
    const all = this.asked();
    assertEquals(all.length, 1);
    return all[0];
  }

  answer(seen: Seen6, type: number, answer?: Answer6, port = 547): void {
    const [src, dst] = [PEER_LINK_LOCAL, OUR_LINK_LOCAL];
    const packet = udpPacket(port, 546, reply6(seen, type, answer), src, dst);
    this.inject(ip6Frame(17, packet, { src, dst }));
  }

  bind(answer: Answer6 = {}): void {
    this.answer(this.askedOne(), ADVERTISE, { ...answer, outer: URGENT });
    this.answer(this.askedOne(), REPLY, answer);
  }

  /** A router says with these flags where more is to be had. */
  advise(flags: number): void {
    const rest = ((64 << 24) | (flags << 16) | 1800) >>> 0;
    const fields = { src: PEER_LINK_LOCAL, dst: ip("ff02::1"), hopLimit: 255 };
    this.inject(icmp6Frame(134, 0, rest, new Uint8Array(8), fields));
  }

  get global(): string[] {
    return this.iface.addresses.filter(({ addr }) => addr.toString().startsWith("2001:db8::7"))
      .map(({ addr, prefixLen, isDeprecated }) =>
        `${addr}/${prefixLen}${isDeprecated ? " deprecated" : ""}`
      );
  }
}

Deno.test("dhcp6: by UDP from the link-local address to all servers (RFC 9915 7.1, 7.2)", () => {
  const world = new World();
  const solicit = world.askedOne();
  assertEquals(solicit.ends, `fe80::ff:fe00:2 ${SERVERS} 546 to 547 hops 1`);
  assertEquals([...solicit.options.get(1)!], [0, 3, 0, 1, 2, 0, 0, 0, 0, 2]); // DUID-LL
  world.answer(solicit, ADVERTISE, { outer: URGENT }, 548); // no server's port
  assertEquals(world.asked(), []);
  world.answer(solicit, ADVERTISE, { outer: URGENT });
  const request = world.askedOne();
  assertEquals(request.type, REQUEST);
  world.answer(request, REPLY);
  assertEquals([world.events, world.global], [[`bound ${GRANTED}`], [`${GRANTED}/128`]]);
});

Deno.test("dhcp6: identifiers are the same at every start, and each interface has its own", () => {
  const ids = () => {
    const { options, iaid } = new World().askedOne();
    return [[...options.get(1)!], iaid];
  };
  assertEquals(ids(), ids());
  assert(ids()[1] !== 0);
});

Deno.test("dhcp6: an address is used once it is free, deprecated in time, gone at its end", () => {
  const world = new World(QUICK_PROBE);
  world.bind({ addresses: [{ preferred: 100, valid: 200 }] });
  assertEquals(world.global, []);
  world.advance(1e6);
  assertEquals(world.global, [`${GRANTED}/128`]);
  world.advance(100e6);
  assertEquals(world.global, [`${GRANTED}/128 deprecated`]);
  world.advance(100e6);
  assertEquals(world.global, []);
  assertEquals(world.events[1], "lost: its lifetime is over and no server has answered");
});

Deno.test("dhcp6: one of two addresses ends alone, a renewal prolongs", () => {
  const world = new World();
  const short = { addr: "2001:db8::78", preferred: 50, valid: 80 };
  world.bind({ t1: 60, t2: 100, addresses: [{}, short] });
  world.advance(59e6);
  assertEquals(world.global, [`${GRANTED}/128`, "2001:db8::78/128 deprecated"]);
  world.advance(2e6);
  world.answer(world.askedOne(), REPLY, { t1: 60, t2: 100, addresses: [{ ...short, valid: 400 }] });
  world.advance(30e6);
  assertEquals(world.global, [`${GRANTED}/128`, "2001:db8::78/128"]);
  assertEquals(world.events.length, 2);
});

Deno.test("dhcp6: an address that a neighbour defends is declined (RFC 9915 18.2.10.1)", () => {
  const world = new World(QUICK_PROBE);
  world.bind();
  const fields = { src: ip(GRANTED), dst: ip("ff02::1") };
  world.inject(ndpFrame(136, 0x20000000, ip(GRANTED), 2, PEER_MAC, fields));
  const decline = world.askedOne();
  assertEquals([decline.type, decline.addresses, world.global], [DECLINE, [GRANTED], []]);
});

Deno.test("dhcp6: nobody is asked before a router says so, then for what it says (M, O)", () => {
  const world = new World(null, true);
  world.stack.startRouterDiscovery(world.iface.index, world.nowUs);
  world.advise(0);
  assertEquals(world.asked(), []);
  world.advise(0x40);
  const asked = world.askedOne();
  assertEquals(asked.type, INFORMATION);
  const outer = option6(24, [3, 108, 97, 98, 0]);
  world.answer(asked, REPLY, { isBare: true, outer });
  assertEquals(world.events, ["informed lab"]);
  world.advise(0x40);
  assertEquals(world.asked(), []);
  world.advise(0x80);
  assertEquals(world.askedOne().type, SOLICIT);
  for (let i = 0; i < 50; i++) world.advise(i % 2 === 0 ? 0x80 : 0x40);
  assertEquals(world.asked(), []);
});

Deno.test("dhcp6: the end: given back, quiet when the server knows; no router begins anew", () => {
  const world = new World(null, true);
  world.stack.startRouterDiscovery(world.iface.index, world.nowUs);
  world.advise(0x80);
  world.bind();
  world.stack.dhcp.releaseAll(world.nowUs);
  assertEquals(world.stack.isQuiet(), false);
  const release = world.askedOne();
  assertEquals([release.type, release.addresses], [RELEASE, [GRANTED]]);
  world.answer(release, REPLY, { isBare: true });
  assertEquals(world.stack.isQuiet(), true);
  world.advise(0x80);
  assertEquals(world.asked(), []);
});

Deno.test("dhcp6: without a link-local address nothing is sent, no turn is taken for it", () => {
  const world = new World();
  world.asked();
  world.stack.removeAddress(world.iface.index, OUR_LINK_LOCAL, world.nowUs);
  world.sent();
  world.advance(5e6);
  assertEquals(world.asked(), []);
  assert(world.stack.pollAtUs() > world.nowUs);
  world.stack.addAddress(world.iface.index, OUR_LINK_LOCAL, 64, world.nowUs);
  assertEquals(world.asked().map(({ type }) => type), [SOLICIT]);
});

Deno.test("dhcp6: what cannot start", () => {
  const { how, stack, nowUs } = new World();
  assertEquals(stack.dhcp.start6(9, how, nowUs), -ENODEV);
  const host = new Host6();
  const socket = host.datagram(2, 17, 10);
  assertEquals(socket.bind(ip("::"), 546, host.nowUs), 0);
  const { index } = host.iface;
  assertEquals(host.stack.dhcp.start6(index, how, host.nowUs), -EADDRINUSE);
  const without = new Host({ config: { ip: { disableIpv6: true } } });
  assertEquals(without.stack.dhcp.start6(without.iface.index, how, 0), -EAFNOSUPPORT);
});

Deno.test("dhcp6: a link that comes back: any server is asked (RFC 9915 18.2.12)", () => {
  const world = new World();
  world.bind();
  const { index } = world.iface;
  assertEquals(world.stack.admin.setInterfaceUp(index, false, world.nowUs), 0);
  world.stack.poll(world.nowUs);
  assertEquals(world.global, []);
  world.advance(60e6);
  assertEquals(world.asked(), []);
  assertEquals(world.stack.admin.setInterfaceUp(index, true, world.nowUs), 0);
  const rebind = world.askedOne();
  assertEquals([rebind.type, rebind.addresses], [6, [GRANTED]]);
  world.answer(rebind, REPLY);
  assertEquals(world.global, [`${GRANTED}/128`]);
});
