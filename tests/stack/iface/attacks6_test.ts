/**
 * A neighbour that lies (RFC 3756, RFC 6583): nothing breaks, and what is kept of it is bounded.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { FAILED, INCOMPLETE, NeighbourTable, REACHABLE } from "../../../stack/iface/neighbour.ts";
import { EACCES, ENODEV, NUD_FAILED, NUD_INCOMPLETE } from "../../../stack/mod.ts";
import { bytesOf, ip, PEER_MAC } from "../net_fixture.ts";
import {
  addressBytes,
  advertisement,
  concat,
  Host6,
  icmp6Frame,
  ndpFrame,
  OUR_ADDR6,
  PEER_ADDR6,
  PEER_LINK_LOCAL,
} from "../v6_fixture.ts";

const ADVERTISEMENT = 136;
const [SOLICITED, OVERRIDE] = [0x40000000, 0x20000000];
const LIAR_MAC = Uint8Array.of(2, 0, 0, 0, 0, 0x66);
const LIAR = "02:00:00:00:00:66";
const PEER = "02:00:00:00:00:01";
const ALL_NODES = ip("ff02::1");

function claims(host: Host6, flags: number, mac = LIAR_MAC, target = PEER_ADDR6): void {
  host.inject(ndpFrame(ADVERTISEMENT, flags, target, 2, mac, { src: target, srcMac: mac }));
}

function stateOf(host: Host6, addr = PEER_ADDR6): number | undefined {
  return host.stack.view.neighbours(host.nowUs).find((n) => n.addr.equals(addr))?.state;
}

/** Sends to the peer; the MAC address that it goes to. */
function sendTo(host: Host6, addr = PEER_ADDR6): string | undefined {
  const socket = host.datagram(2, 17, 10);
  host.sent();
  assertEquals(host.send(socket, bytesOf(1), addr, 9), 1);
  const sent = host.sent6().filter(({ header }) => header.nextHeader === 17);
  assertEquals(socket.close(host.nowUs), undefined);
  return sent[0]?.dstMac;
}

/** A host to which the peer has just answered. */
function reached(): Host6 {
  const host = new Host6();
  sendTo(host);
  host.advance(6e6); // DELAY is over: it is asked
  host.inject(advertisement());
  assertEquals(stateOf(host), 0x02);
  return host;
}

Deno.test("a claim without override: the peer is doubted, not replaced (RFC 4861 7.2.5)", () => {
  const host = reached();
  claims(host, 0);
  assertEquals([stateOf(host), sendTo(host)], [0x04, PEER]);
  claims(host, SOLICITED); // no answer to any question of ours, and no override
  assertEquals(sendTo(host), PEER);
});

Deno.test("a claim with override is believed as far as it must be, and the peer heals it", () => {
  const host = reached();
  claims(host, OVERRIDE);
  assertEquals([stateOf(host), sendTo(host)], [0x04, LIAR], "STALE: it is going to be asked");
  host.advance(5.5e6);
  const asked = host.sent6().filter(({ payload }) => payload[0] === 135);
  assertEquals(asked[0].dstMac, LIAR);
  host.inject(advertisement());
  assertEquals([stateOf(host), sendTo(host)], [0x02, PEER]);
  claims(host, OVERRIDE);
  host.advance(20e6); // the liar does not answer, and nobody else is asked meanwhile
  assertEquals(sendTo(host), LIAR);
  host.advance(20e6);
  assertEquals(stateOf(host), NUD_FAILED);
  sendTo(host);
  host.inject(advertisement());
  assertEquals(sendTo(host), PEER);
});

Deno.test("claims that are none: unasked, from afar, solicited by a group, of a group", () => {
  const host = reached();
  const before = host.stack.view.neighbours(host.nowUs).length;
  for (let i = 0; i < 5000; i++) claims(host, OVERRIDE, LIAR_MAC, ip(`2001:db8::9:${i}`));
  assertEquals(host.stack.view.neighbours(host.nowUs).length, before);
  const fields = { src: PEER_ADDR6, srcMac: LIAR_MAC };
  const far = { ...fields, hopLimit: 254 };
  host.inject(ndpFrame(ADVERTISEMENT, OVERRIDE, PEER_ADDR6, 2, LIAR_MAC, far));
  const flags = OVERRIDE | SOLICITED;
  const all = { ...fields, dst: ALL_NODES };
  host.inject(ndpFrame(ADVERTISEMENT, flags, PEER_ADDR6, 2, LIAR_MAC, all));
  host.inject(ndpFrame(ADVERTISEMENT, OVERRIDE, ip("ff02::5"), 2, LIAR_MAC, all));
  assertEquals([stateOf(host), sendTo(host)], [0x02, PEER]);
});

Deno.test("our own addresses are nobody else's, however often that is said", () => {
  const host = reached();
  host.sent();
  for (let i = 0; i < 1000; i++) claims(host, OVERRIDE, LIAR_MAC, OUR_ADDR6);
  assertEquals(host.sent6().length, 1, "contradicted once");
  assert(host.iface.findAddress(OUR_ADDR6) !== null);
  assertEquals(stateOf(host, OUR_ADDR6), undefined);
});

Deno.test("a scan of a /64: few are asked at a time, the peer is reached (RFC 6583 4.2)", () => {
  const host = reached();
  const used = host.memory.usedBytes;
  const socket = host.datagram(2, 17, 10);
  for (let i = 0; i < 20_000; i++) {
    host.send(socket, bytesOf(1), ip(`2001:db8::5:${i.toString(16)}`), 9);
    if (i % 1000 === 0) host.sent();
  }
  const all = host.stack.view.neighbours(host.nowUs).filter(({ addr }) => addr.family === 6);
  assertEquals(all.filter(({ state }) => state === NUD_INCOMPLETE).length, 512);
  assert(all.length <= 1024);
  assertEquals([stateOf(host), sendTo(host)], [0x02, PEER]);
  // A new neighbour that is there is found, too.
  const fresh = ip("2001:db8::4");
  sendTo(host, fresh);
  host.inject(advertisement(fresh));
  assertEquals(sendTo(host, fresh), PEER);
  host.advance(300e6);
  host.sent();
  assertEquals(host.stack.isQuiet(), true);
  assert(host.memory.usedBytes <= used, `${host.memory.usedBytes} of ${used}`);
});

Deno.test("questions from everybody fill no more than the table, and cost no peer", () => {
  const host = reached();
  for (let i = 0; i < 20_000; i++) {
    const src = ip(`2001:db8::6:${i.toString(16)}`);
    host.inject(ndpFrame(135, 0, OUR_ADDR6, 1, LIAR_MAC, { src, srcMac: LIAR_MAC }));
    if (i % 1000 === 0) host.sent();
  }
  const all = host.stack.view.neighbours(host.nowUs).filter(({ addr }) => addr.family === 6);
  assert(all.length <= 1024, `${all.length}`);
  assertEquals([stateOf(host), sendTo(host)], [0x02, PEER]);
});

function u32(n: number): number[] {
  return [n >>> 24, (n >>> 16) & 255, (n >>> 8) & 255, n & 255];
}

function advertises(host: Host6, lifetime: number, options: Uint8Array, src = PEER_LINK_LOCAL) {
  const rest = ((64 << 24) | lifetime) >>> 0;
  const body = concat(new Uint8Array(8), options);
  host.inject(icmp6Frame(134, 0, rest, body, { src, dst: ALL_NODES, hopLimit: 255 }));
}

function gateways(host: Host6): number {
  return host.stack.routes.filter(({ gateway, dst }) => gateway !== null && dst.family === 6)
    .length;
}

Deno.test("a lifetime of 0 in a router's name: the link goes on, the router heals it", () => {
  const host = reached();
  host.stack.startRouterDiscovery(host.iface.index, host.nowUs);
  const prefix = concat(
    Uint8Array.of(3, 4, 64, 0xc0, ...u32(86_400), ...u32(86_400), 0, 0, 0, 0),
    addressBytes(ip("2001:db8:5::")),
  );
  advertises(host, 1800, prefix);
  host.advance(1e6);
  const own = host.iface.addresses.length;
  const nothing = concat(
    Uint8Array.of(3, 4, 64, 0xc0, ...u32(0), ...u32(0), 0, 0, 0, 0),
    addressBytes(ip("2001:db8:5::")),
  );
  advertises(host, 0, nothing);
  assertEquals(gateways(host), 0);
  assertEquals([host.iface.addresses.length, sendTo(host)], [own, PEER], "RFC 4862 5.5.3 (e)");
  advertises(host, 1800, prefix);
  assertEquals(gateways(host), 1);
});

Deno.test("advertisements of a thousand routers, of all that there is: bounded", () => {
  const host = new Host6({ config: { ip: { useTempaddr: 2 } } });
  host.stack.startRouterDiscovery(host.iface.index, host.nowUs);
  for (let i = 0; i < 1000; i++) {
    const prefix = addressBytes(ip(`2001:db8:${(i + 16).toString(16)}::`));
    const times = [...u32(60), ...u32(30)];
    const options = concat(
      Uint8Array.of(3, 4, 64, 0xc0, ...times, 0, 0, 0, 0),
      prefix,
      Uint8Array.of(24, 3, 48, 0, ...u32(60)),
      prefix,
      Uint8Array.of(25, 3, 0, 0, ...u32(60)),
      prefix,
      Uint8Array.of(31, 2, 0, 0, ...u32(60), 3, 97 + i % 26, 97 + i % 25, 97, 0, 0, 0, 0),
      Uint8Array.of(5, 1, 0, 0, ...u32(1280 + i % 200)),
    );
    advertises(host, 60, options, ip(`fe80::${(i + 1).toString(16)}`));
    host.advance(1000);
    host.sent();
  }
  const { routers, routes } = host.stack;
  assert(routes.filter(({ dst }) => dst.family === 6).length <= 8 + 16 + 16 + 3);
  assert(host.iface.addresses.length <= 3 + 16 + 16, `${host.iface.addresses.length}`);
  assertEquals([routers.nameServers.length, routers.searchDomains.length], [8, 8]);
  let turns = 0;
  for (; host.stack.pollAtUs() < host.nowUs + 7300e6 && turns < 5000; turns++) {
    host.advance(Math.max(host.stack.pollAtUs() - host.nowUs, 1));
    host.sent();
    if (host.nowUs > 7300e6) break;
  }
  assert(turns < 5000, "it never sleeps");
  assertEquals([gateways(host), routers.nameServers.length, host.iface.addresses.length], [
    0,
    0,
    3,
  ]);
});

Deno.test("every address that we try is claimed: asked for four times, and it is known", () => {
  const host = new Host6({ config: { ip: { stableSecret: "2001:db8:1:2:3:4:5:6" } } });
  host.stack.startRouterDiscovery(host.iface.index, host.nowUs);
  host.sent();
  const option = Uint8Array.of(3, 4, 64, 0xc0, ...u32(3600), ...u32(3600), 0, 0, 0, 0);
  advertises(host, 1800, concat(option, addressBytes(ip("2001:db8:5::"))));
  const asked = new Set<string>();
  for (let i = 0; i < 400; i++) {
    host.advance(1000);
    for (const { payload, src } of host.sent6()) {
      if (payload[0] !== 135 || src !== "::") continue;
      const words = new DataView(payload.buffer, payload.byteOffset);
      const target = [8, 10, 12, 14, 16, 18, 20, 22].map((at) => words.getUint16(at).toString(16));
      asked.add(target.join(":"));
      const addr = ip(target.join(":"));
      host.inject(
        ndpFrame(ADVERTISEMENT, OVERRIDE, addr, 2, LIAR_MAC, { src: addr, dst: ALL_NODES }),
      );
    }
  }
  assertEquals([asked.size, host.stack.routers.takenOn(host.iface)], [4, 4]);
  assertEquals(host.stack.routers.isSettled(host.iface), true);
  assertEquals(host.iface.addresses.length, 3);
});

Deno.test("what is asked for longest is given up first, and its packets with it", () => {
  const world = new Host6();
  const failed: string[] = [];
  const config = { ...world.stack.config.neighbour, maxEntries: 4 };
  const table = new NeighbourTable(config, world.memory, () => 0, {
    solicit: () => {},
    learned: () => {},
    resolved: () => {},
    failed: (n, packets) => failed.push(`${n.addr} ${packets.length}`),
  });
  const all = [1, 2, 3].map((i) => table.findOrAdd(world.iface, ip(`2001:db8::${i}`), 0)!);
  for (const n of all) {
    world.iface.tx.begin();
    table.wait(n, world.iface.tx);
    table.startResolving(n, 1);
  }
  assertEquals(failed, ["2001:db8::1 1"]);
  assertEquals(all.map(({ state }) => state), [FAILED, INCOMPLETE, INCOMPLETE]);
  assertEquals(table.resolvingCount, 2);
  table.learn(all[1], PEER_MAC[0], 5, true, 2);
  table.startResolving(all[0], 3); // there is room again
  assertEquals(all.map(({ state }) => state), [INCOMPLETE, REACHABLE, INCOMPLETE]);
});

Deno.test("a link-local address of somebody else: no IPv6 there (RFC 4862 5.4.5)", () => {
  const host = reached();
  const { stack, iface } = host;
  stack.startRouterDiscovery(iface.index, host.nowUs);
  assertEquals(stack.disableIpv6(9, host.nowUs), -ENODEV);
  assertEquals(stack.disableIpv6(iface.index, host.nowUs), 0);
  host.sent();
  assertEquals(iface.addresses.map(({ addr }) => addr.family), [4]);
  assertEquals(stack.addAddress(iface.index, OUR_ADDR6, 64, host.nowUs), -EACCES);
  advertises(host, 1800, new Uint8Array(0));
  host.inject(icmp6Frame(128, 0, 1, bytesOf(1)));
  host.advance(30e6);
  // No answer, no question: only that its groups are left.
  const reports = host.sent6().filter(({ payload }) => payload[8] === 143);
  assertEquals([gateways(host), host.sent().length, reports.length], [0, 0, 2]);
  const socket = host.datagram(2, 17, 2);
  assertEquals(host.send(socket, bytesOf(1), ip("198.18.0.1"), 9), 1);
});

Deno.test("advertisements of noise: none is half believed, none throws", () => {
  const host = reached();
  host.stack.startRouterDiscovery(host.iface.index, host.nowUs);
  let state = 815;
  const random = (n: number) => {
    state = (Math.imul(state, 1103515245) + 12345) | 0;
    return (state >>> 8) % n;
  };
  const kinds = [3, 5, 24, 25, 31];
  for (let i = 0; i < 3000; i++) {
    const options = Array.from({ length: random(4) }, () => {
      const option = Uint8Array.from({ length: 8 * (1 + random(5)) }, () => random(256));
      option[0] = kinds[random(5)];
      option[1] = random(9) === 0 ? random(40) : option.length >> 3;
      return option;
    });
    advertises(host, random(3) * 900, concat(...options), ip(`fe80::${(i % 20) + 1}`));
    if (i % 100 === 0) host.advance(1e6);
    host.sent();
  }
  const { routers, routes } = host.stack;
  assert(routes.filter(({ dst }) => dst.family === 6).length <= 8 + 16 + 16 + 3);
  assert(host.iface.addresses.length <= 3 + 16);
  assertEquals(routers.nameServers.length, 8); // some of it is sound
  assert(routers.searchDomains.length <= 8);
  assert(routers.searchDomains.every((name) => /^[!-~]+$/.test(name)));
  assertEquals(sendTo(host), PEER);
});
