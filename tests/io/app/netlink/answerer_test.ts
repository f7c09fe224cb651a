/**
 * Requests of tools, as bytes, and what a stack answers: links, addresses, routes, neighbours.
 */
import { assert, assertEquals } from "@std/assert";
import {
  IFA,
  IFLA,
  NDA,
  NETLINK_ROUTE,
  NLM_F_ACK,
  NLM_F_ACK_TLVS,
  NLM_F_CAPPED,
  NLM_F_REQUEST,
  NLMSG_DONE,
  NLMSG_ERROR,
  NLMSGERR_ATTR_MSG,
  RTA,
  RTM,
} from "../../../../ffi/abi/netlink.ts";
import { addressBytes, addressOfBytes } from "../../../../io/app/netlink/answer.ts";
import { answerDatagram, REFUSAL_EXTRA_MAX } from "../../../../io/app/netlink/answerer.ts";
import { type NetlinkRequest, NetlinkWriter } from "../../../../io/app/netlink/message.ts";
import {
  ANY_V4,
  EINVAL,
  ENETUNREACH,
  ENODEV,
  EOPNOTSUPP,
  EPERM,
  IpAddress,
} from "../../../../stack/mod.ts";
import { Host, PEER_MAC } from "../../../stack/net_fixture.ts";
import { ask, type Asking, listed, messagesIn, PORT_ID, SEQ, sourceOfStack } from "./asking.ts";

const AF_INET = 2;
const AF_INET6 = 10;

function sourceOf(host: Host) {
  return sourceOfStack(host.stack, host.nowUs);
}

function list(host: Host, type: number, fixed: number[], options: Asking = {}): NetlinkRequest[] {
  const found = listed(sourceOf(host), type, (w) => w.u8(...fixed), options);
  assert(typeof found !== "number", `refused: ${found}`);
  return found;
}

function addressIn(message: NetlinkRequest, fixedLen: number, type: number): string {
  return String(addressOfBytes(message.attributes(fixedLen)?.bytes(type) ?? null) ?? "-");
}

Deno.test("RTM_GETADDR, byte for byte as Linux 6.18 tells of 198.18.0.2/24 on eth0", () => {
  const host = new Host();
  const [, eth0] = list(host, RTM.GETADDR, [AF_INET]);
  const name = host.stack.interfaces[1].name;
  assertEquals(name, "eth0");
  // deno-fmt-ignore
  assertEquals([...eth0.bytes], [
    88, 0, 0, 0, 20, 0, 2, 0, SEQ & 0xff, SEQ >> 8, 0, 0, PORT_ID & 0xff, PORT_ID >> 8, 0, 0,
    2, 24, 0x80, 0, 2, 0, 0, 0,
    8, 0, 1, 0, 198, 18, 0, 2,
    8, 0, 2, 0, 198, 18, 0, 2,
    8, 0, 4, 0, 198, 18, 0, 255,
    9, 0, 3, 0, 101, 116, 104, 48, 0, 0, 0, 0,
    8, 0, 8, 0, 0x80, 0, 0, 0,
    20, 0, 6, 0, 255, 255, 255, 255, 255, 255, 255, 255, 0, 0, 0, 0, 0, 0, 0, 0,
  ]);
});

Deno.test("RTM_GETADDR: of one family, and, strictly, of one interface", () => {
  const host = new Host();
  const addresses = (fixed: number[], options: Asking = {}) =>
    list(host, RTM.GETADDR, fixed, options).map((m) => addressIn(m, 8, IFA.ADDRESS));
  assertEquals(addresses([0]), ["127.0.0.1", "198.18.0.2", "::1"]);
  assertEquals(addresses([AF_INET6]), ["::1"]);
  const second = [0, 0, 0, 0, 2, 0, 0, 0];
  assertEquals(addresses(second, { isStrict: true }), ["198.18.0.2"]);
  assertEquals(addresses(second), ["127.0.0.1", "198.18.0.2", "::1"]);
  const none = [0, 0, 0, 0, 9, 0, 0, 0];
  const refused = listed(sourceOf(host), RTM.GETADDR, (w) => w.u8(...none), { isStrict: true });
  assertEquals(refused, -ENODEV);
});

Deno.test("RTM_GETLINK: all of them, and one by its number or name", () => {
  const host = new Host();
  const names = list(host, RTM.GETLINK, new Array(16).fill(0))
    .map((m) => [m.u32(4), m.attributes(16)?.text(IFLA.IFNAME), m.attributes(16)?.u32(IFLA.MTU)]);
  assertEquals(names, [[1, "lo", 65536], [2, "eth0", 1500]]);
  const [lo] = list(host, RTM.GETLINK, new Array(16).fill(0));
  assertEquals(lo.attributes(16)?.bytes(IFLA.LINKMODE), Uint8Array.of(0), "IF_LINK_MODE_DEFAULT");
  const byName = (name: string) =>
    listed(sourceOf(host), RTM.GETLINK, (w) => {
      w.u32(0, 0, 0, 0).attributeText(IFLA.IFNAME, name);
    }, { flags: 0 });
  const found = byName("eth0");
  assert(typeof found !== "number");
  assertEquals(found.map((m) => [m.type, m.flags, m.u32(4)]), [[RTM.NEWLINK, 0, 2]]);
  assertEquals(found[0].attributes(16)?.bytes(IFLA.ADDRESS), host.stack.interfaces[1].mac);
  assertEquals(byName("eth7"), -ENODEV);
  const cut = (bytes: number[]) =>
    listed(sourceOf(host), RTM.GETLINK, (w) => w.u8(...bytes), { flags: 0 });
  assertEquals([cut([]), cut([0, 0, 0, 0])], [-EINVAL, -EINVAL]);
});

Deno.test("RTM_GETROUTE: the table, and what Linux has in its local one", () => {
  const host = new Host();
  const gateway = IpAddress.parse("198.18.0.1");
  host.stack.addRoute({ dst: IpAddress.v4(0), prefixLen: 0, gateway, metric: 7 });
  const rows = (fixed: number[], options: Asking = {}) =>
    list(host, RTM.GETROUTE, fixed, options).map((m) => {
      const [len, table, type] = [m.u8(1), m.u8(4), m.u8(7)];
      const [dst, by] = [addressIn(m, 12, RTA.DST), addressIn(m, 12, RTA.GATEWAY)];
      return `${table} ${type} ${dst}/${len} ${by} ${m.attributes(12)?.u32(RTA.PRIORITY)}`;
    });
  const main = ["254 1 -/0 198.18.0.1 7", "254 1 198.18.0.0/24 - 0"];
  assertEquals(rows([AF_INET, ...new Array(11).fill(0)]), [
    ...main,
    "255 2 127.0.0.0/8 - 0",
    "255 2 127.0.0.1/32 - 0",
    "255 3 127.255.255.255/32 - 0",
    "255 2 198.18.0.2/32 - 0",
    "255 3 198.18.0.255/32 - 0",
  ]);
  const ofMain = [AF_INET, 0, 0, 0, 254, 0, 0, 0, 0, 0, 0, 0];
  assertEquals(rows(ofMain, { isStrict: true }), main);
  assertEquals(rows([AF_INET6, ...new Array(11).fill(0)]), ["255 2 ::1/128 - 0"]);
});

Deno.test("RTM_GETROUTE of one destination: by the gateway, to ourselves, nowhere", () => {
  const host = new Host();
  const look = (text: string) => {
    const bytes = new Uint8Array(4);
    IpAddress.parse(text)?.writeTo(bytes, 0);
    const found = listed(sourceOf(host), RTM.GETROUTE, (w) => {
      w.u8(AF_INET, 32, 0, 0, 0, 0, 0, 0).u32(0).attribute(RTA.DST, bytes);
    }, { flags: 0 });
    if (typeof found === "number") return found;
    const [m] = found;
    const [type, oif] = [m.u8(7), m.attributes(12)?.u32(RTA.OIF)];
    return [type, oif, addressIn(m, 12, RTA.PREFSRC), addressIn(m, 12, RTA.GATEWAY)];
  };
  assertEquals(look("203.0.113.9"), -ENETUNREACH);
  const gateway = IpAddress.parse("198.18.0.1");
  host.stack.addRoute({ dst: IpAddress.v4(0), prefixLen: 0, gateway });
  assertEquals(look("203.0.113.9"), [1, 2, "198.18.0.2", "198.18.0.1"]);
  assertEquals(look("198.18.0.7"), [1, 2, "198.18.0.2", "-"]);
  assertEquals(look("198.18.0.2"), [2, 1, "198.18.0.2", "-"]);
  assertEquals(look("198.18.0.255"), [3, 2, "198.18.0.2", "-"]);
});

Deno.test("RTM_GETROUTE: how the way is asked for, and what is said of it", () => {
  const host = new Host();
  host.stack.addRoute({ dst: ANY_V4, prefixLen: 0, gateway: IpAddress.parse("198.18.0.1") });
  const bytesOf = (text: string) => addressBytes(IpAddress.parse(text)!);
  const look = (dst: string, fill: (w: NetlinkWriter) => void = () => {}, family = AF_INET) => {
    const found = listed(sourceOf(host), RTM.GETROUTE, (w) => {
      w.u8(family, 32, 0, 0, 0, 0, 0, 0).u32(0).attribute(RTA.DST, bytesOf(dst));
      fill(w);
    }, { flags: 0 });
    if (typeof found === "number") return found;
    const [m] = found;
    const sides = [addressIn(m, 12, RTA.SRC), addressIn(m, 12, RTA.PREFSRC)];
    return [m.u8(1), m.u8(2), m.u8(4), m.u8(7), (m.u32(8) >>> 0).toString(16), ...sides];
  };
  assertEquals(look("203.0.113.9"), [32, 0, 254, 1, "200", "-", "198.18.0.2"]);
  assertEquals(look("198.18.0.2"), [32, 0, 254, 2, "80000200", "-", "198.18.0.2"]);
  assertEquals(look("198.18.0.255"), [32, 0, 254, 3, "90000200", "-", "198.18.0.2"]);
  assertEquals(look("239.1.2.3"), [32, 0, 254, 5, "20000200", "-", "198.18.0.2"]);
  const from = (src: string) => (w: NetlinkWriter) => w.attribute(RTA.SRC, bytesOf(src));
  assertEquals(look("203.0.113.9", from("198.18.0.2")), [
    ...[32, 32, 254, 1, "200"],
    ...["198.18.0.2", "-"],
  ]);
  assertEquals(look("203.0.113.9", from("2001:db8::1")), -EINVAL);
  assertEquals(look("203.0.113.9", () => {}, AF_INET6), -EINVAL);
  assertEquals(look("203.0.113.9", () => {}, 7), -EOPNOTSUPP);
  const by = (index: number) => (w: NetlinkWriter) => w.attributeU32(RTA.OIF, index);
  assertEquals(look("203.0.113.9", by(9)), -ENODEV);
  assertEquals(look("203.0.113.9", by(2)), [32, 0, 254, 1, "200", "-", "198.18.0.2"]);
});

Deno.test("RTM_GETROUTE: routes of IPv6, their metrics, and whose they are", () => {
  const host = new Host();
  const at = (text: string) => IpAddress.parse(text)!;
  host.stack.addAddress(2, at("2001:db8::2"), 64, host.nowUs);
  host.advance(3e6);
  host.stack.addRoute({ dst: at("2001:db8:1::"), prefixLen: 48, gateway: at("2001:db8::1") });
  const far = { dst: at("2001:db8:2::"), prefixLen: 48, gateway: at("2001:db8::1"), metric: 5 };
  host.stack.addRoute(far);
  const rows = list(host, RTM.GETROUTE, [AF_INET6, ...new Array(11).fill(0)]).map((m) => {
    const [len, table, protocol, scope, type] = [1, 4, 5, 6, 7].map((off) => m.u8(off));
    const dst = `${addressIn(m, 12, RTA.DST)}/${len}`;
    return `${table} ${protocol} ${scope} ${type} ${dst} ${m.attributes(12)?.u32(RTA.PRIORITY)}`;
  });
  assertEquals(rows.filter((row) => row.includes("db8:")), [
    "254 2 0 1 2001:db8::/64 256",
    "254 3 0 1 2001:db8:1::/48 1024",
    "254 3 0 1 2001:db8:2::/48 5",
    "255 2 0 2 2001:db8::2/128 0",
  ]);
});

Deno.test("RTM_GETLINK: what is told of the loopback, an Ethernet, a VLAN", () => {
  const host = new Host();
  assert(typeof host.stack.addVlan(2, 7, "eth0.7", PEER_MAC) !== "number");
  const links = list(host, RTM.GETLINK, new Array(16).fill(0));
  const told = links.map((m) => {
    const a = m.attributes(16)!;
    const numbers = [IFLA.MTU, IFLA.MIN_MTU, IFLA.MAX_MTU, IFLA.TXQLEN].map((type) => a.u32(type));
    const bytes = (type: number) => [...a.bytes(type) ?? []];
    const info = a.bytes(IFLA.LINKINFO);
    const kind = info === null ? "" : new TextDecoder().decode(info.slice(4, 8));
    const below = [a.u32(IFLA.LINK), kind];
    return [
      a.text(IFLA.IFNAME),
      ...numbers,
      bytes(IFLA.OPERSTATE)[0],
      bytes(IFLA.BROADCAST)[0],
      ...below,
    ];
  });
  assertEquals(told, [
    ["lo", 65536, 0, 0, 1000, 0, 0, 0, ""],
    ["eth0", 1500, 68, 1500, 1000, 6, 255, 0, ""],
    ["eth0.7", 1500, 68, 1500, 1000, 6, 255, 2, "vlan"],
  ]);
});

Deno.test("RTM_GETNEIGH: whom the stack knows, and in what state", () => {
  const host = new Host();
  const [peer] = list(host, RTM.GETNEIGH, new Array(12).fill(0));
  assertEquals([peer.u8(0), peer.u32(4), peer.u16(8)], [AF_INET, 2, 4]); // NUD_STALE
  assertEquals(addressIn(peer, 12, NDA.DST), "198.18.0.1");
  assertEquals(peer.attributes(12)?.bytes(NDA.LLADDR), PEER_MAC);
});

Deno.test("a list that is long comes in datagrams of a page, each whole, with one end", () => {
  const host = new Host();
  for (let i = 1; i <= 100; i++) {
    const addr = IpAddress.v4(0xc6130000 + i);
    assertEquals(host.stack.addAddress(2, addr, 32, host.nowUs), 0);
  }
  const datagrams = ask(sourceOf(host), RTM.GETADDR, (w) => w.u8(AF_INET));
  assert(datagrams.length > 1);
  assert(datagrams.every(({ length }) => length <= 3776));
  const types = messagesIn(datagrams).map(({ type }) => type);
  assertEquals(types.filter((type) => type === RTM.NEWADDR).length, 102);
  assertEquals(types.indexOf(NLMSG_DONE), types.length - 1);
});

Deno.test("errors and acknowledgments: what was asked comes back, and a word of ours", () => {
  const host = new Host();
  const change = (options: Asking) => {
    const [m] = messagesIn(ask(sourceOf(host), RTM.NEWADDR, (w) => w.u32(0, 0), options));
    return m;
  };
  const refused = change({ flags: NLM_F_ACK });
  assertEquals([refused.type, refused.dv.getInt32(16, true)], [NLMSG_ERROR, -EPERM]);
  assertEquals([refused.flags, refused.length, refused.seq], [0, 4 + 24, SEQ]);
  const capped = change({ isCapped: true });
  assertEquals([capped.flags, capped.length], [NLM_F_CAPPED, 4 + 16]);
  const unknown = messagesIn(ask(sourceOf(host), 250, (w) => w.u32(0), { flags: 0 }));
  assertEquals(unknown.map((m) => m.dv.getInt32(16, true)), [-EOPNOTSUPP]);
  // NOOP is nothing but acknowledged
  const noop = messagesIn(ask(sourceOf(host), 1, () => {}, { flags: NLM_F_ACK }));
  assertEquals(noop.map((m) => [m.dv.getInt32(16, true), m.flags]), [[0, NLM_F_CAPPED]]);
});

Deno.test("what changes nothing by being silent: a refusal has its words", () => {
  const host = new Host();
  const asked = { flags: NLM_F_ACK, mayAdmin: true };
  const [m] = messagesIn(ask(sourceOf(host), RTM.NEWRULE, (w) => w.u32(0, 0, 0), asked));
  assertEquals(m.dv.getInt32(16, true), -EOPNOTSUPP);
  assertEquals(m.flags & NLM_F_ACK_TLVS, NLM_F_ACK_TLVS);
  const text = m.attributes(4 + 16 + 12)?.text(NLMSGERR_ATTR_MSG) ?? "";
  assert(text.startsWith("nuse "), text);
  const [whole] = ask(sourceOf(host), RTM.NEWRULE, (w) => w.bytes(new Uint8Array(60_000)), asked);
  const extra = whole.length - (16 + 60_000);
  assert(extra > 20 && extra <= REFUSAL_EXTRA_MAX, `${extra} bytes more than its request`);
});

Deno.test("no ports of bridges, no numbers of namespaces, no queueing disciplines", () => {
  const host = new Host();
  assertEquals(list(host, RTM.GETLINK, [7, ...new Array(15).fill(0)]), []);
  assertEquals(list(host, RTM.GETQDISC, new Array(20).fill(0)), []);
  const [id] = list(host, RTM.GETNSID, [0, 0, 0, 0], { flags: 0 });
  assertEquals([id.type, id.attributes(4)?.u32(1)], [RTM.NEWNSID, 0xffffffff]);
});

Deno.test("RTM_GETRULE: Linux's three", () => {
  const rules = list(new Host(), RTM.GETRULE, [AF_INET, ...new Array(11).fill(0)]);
  assertEquals(list(new Host(), RTM.GETRULE, [AF_INET6, ...new Array(11).fill(0)]).length, 2);
  assertEquals(rules.map((m) => [m.u8(4), m.attributes(12)?.u32(6)]), [
    [255, 0],
    [254, 32766],
    [253, 32767],
  ]);
});

Deno.test("several requests in one datagram are answered in turn; what is cut off is not", () => {
  const requests = [RTM.GETRULE, 250, RTM.GETRULE].map((type) =>
    new NetlinkWriter(type, NLM_F_REQUEST | NLM_F_ACK, { seq: type, portId: 0 }).u32(0).finish()
  );
  const whole = Uint8Array.from(requests.flatMap((bytes) => [...bytes]));
  const client = {
    ...{ family: NETLINK_ROUTE, portId: PORT_ID, isStrict: false },
    ...{ hasExtAck: false, isCapped: false },
  };
  const datagram = whole.subarray(0, whole.length - 1);
  const answers = answerDatagram(sourceOf(new Host()), client, datagram, () => true);
  assertEquals(messagesIn(answers).map((m) => m.seq), [RTM.GETRULE, 250]);
});
