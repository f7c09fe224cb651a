import { assertEquals } from "@std/assert";
import {
  EADDRNOTAVAIL,
  EINVAL,
  ENOBUFS,
  ENODEV,
  EPROTO,
  getOption,
  setOption,
  SOCK_RAW,
} from "../../../stack/mod.ts";
import { bytesOf, Host, ip, udpFrame } from "../net_fixture.ts";

const [UNBLOCK, BLOCK, ADD, DROP, MSFILTER] = [37, 38, 39, 40, 41];
const [JOIN_GROUP, JOIN_SOURCE, LEAVE_SOURCE, BLOCK_SOURCE, UNBLOCK_SOURCE] = [42, 46, 47, 43, 44];
const GROUP_FILTER = 48;
const [EXCLUDE, INCLUDE] = [0, 1];
const GROUP = "239.1.2.3";
const OURS = "198.18.0.2";

function addresses(...texts: string[]): Uint8Array {
  const bytes = new Uint8Array(4 * texts.length);
  for (const [i, text] of texts.entries()) ip(text).writeTo(bytes, 4 * i);
  return bytes;
}

/** struct ip_msfilter */
function filterOf(mode: number, ...sources: string[]): Uint8Array {
  const bytes = new Uint8Array(16 + 4 * sources.length);
  bytes.set(addresses(GROUP, OURS));
  bytes[8] = mode;
  bytes[12] = sources.length;
  bytes.set(addresses(...sources), 16);
  return bytes;
}

/** A sockaddr_storage with an address of `family`. */
function storage(text: string, family = 2): Uint8Array {
  const bytes = new Uint8Array(128);
  bytes[0] = family;
  ip(text).writeTo(bytes, 4);
  return bytes;
}

/** struct group_source_req */
function groupSource(source: string, index = 2, family = 2): Uint8Array {
  return Uint8Array.of(index, 0, 0, 0, 0, 0, 0, 0, ...storage(GROUP), ...storage(source, family));
}

function setUp(type = 2, protocol = 0) {
  const host = new Host();
  const socket = host.datagram(type, protocol);
  if (type === 2) socket.bind(ip("0.0.0.0"), 5000, host.nowUs);
  const set = (name: number, value: Uint8Array) => setOption(socket, 0, name, value, host.nowUs);
  /** Which of the senders 198.18.0.1 to .3 it hears. */
  const heard = (): number[] => {
    const found: number[] = [];
    for (let last = 1; last <= 4; last++) {
      if (last === 2) continue; // we
      const ends = { src: ip(`198.18.0.${last}`), dst: ip(GROUP) };
      const dstMac = Uint8Array.of(1, 0, 94, 1, 2, 3);
      host.inject(udpFrame(9, 5000, bytesOf(1), { ...ends, dstMac }));
      if (host.recv(socket) !== null) found.push(last);
    }
    return found;
  };
  return { host, socket, set, heard };
}

Deno.test("IP_ADD_SOURCE_MEMBERSHIP: the first joins, the last leaves, between only these", () => {
  const { host, set, heard } = setUp();
  const one = (source: string) => addresses(GROUP, OURS, source);
  assertEquals([set(ADD, one("198.18.0.1")), heard()], [0, [1]]);
  assertEquals(set(ADD, one("198.18.0.1")), -EADDRNOTAVAIL);
  assertEquals([set(ADD, one("198.18.0.4")), heard()], [0, [1, 4]]);
  assertEquals(set(BLOCK, one("198.18.0.3")), -EINVAL); // the other mode
  assertEquals(set(DROP, one("198.18.0.3")), -EADDRNOTAVAIL);
  assertEquals([set(DROP, one("198.18.0.1")), heard()], [0, [4]]);
  assertEquals(set(DROP, one("198.18.0.4")), 0);
  assertEquals(host.iface.hasGroup(ip(GROUP).w3), false);
  assertEquals(set(DROP, one("198.18.0.4")), -EINVAL);
  for (let i = 1; i <= 10; i++) assertEquals(set(ADD, one(`203.0.113.${i}`)), 0);
  assertEquals(set(ADD, one("203.0.113.11")), -ENOBUFS);
});

Deno.test("IP_BLOCK_SOURCE: of a group that was joined all but these", () => {
  const { set, heard } = setUp();
  const one = (source: string) => addresses(GROUP, OURS, source);
  assertEquals(set(BLOCK, one("198.18.0.3")), -EINVAL); // not joined
  assertEquals([set(35, addresses(GROUP, OURS)), heard()], [0, [1, 3, 4]]);
  assertEquals([set(BLOCK, one("198.18.0.3")), heard()], [0, [1, 4]]);
  assertEquals(set(UNBLOCK, one("198.18.0.1")), -EADDRNOTAVAIL);
  assertEquals([set(UNBLOCK, one("198.18.0.3")), heard()], [0, [1, 3, 4]]);
  assertEquals(set(BLOCK, addresses(GROUP, OURS)), -EINVAL);
  assertEquals(set(BLOCK, addresses("198.18.0.1", OURS, "198.18.0.3")), -EINVAL);
  assertEquals(set(BLOCK, addresses(GROUP, "203.0.113.1", "198.18.0.3")), -ENODEV);
});

Deno.test("MCAST_JOIN_SOURCE_GROUP and its family, by index", () => {
  const { set, heard } = setUp();
  assertEquals([set(JOIN_SOURCE, groupSource("198.18.0.3")), heard()], [0, [3]]);
  assertEquals([set(LEAVE_SOURCE, groupSource("198.18.0.3")), heard()], [0, []]);
  assertEquals(set(JOIN_SOURCE, groupSource("198.18.0.3", 9)), -ENODEV);
  assertEquals(set(JOIN_SOURCE, groupSource("198.18.0.3", 2, 10)), -EADDRNOTAVAIL);
  assertEquals(set(JOIN_SOURCE, groupSource("198.18.0.3").slice(0, 263)), -EINVAL);
  assertEquals(set(JOIN_GROUP, groupSource("0.0.0.0").slice(0, 136)), 0);
  assertEquals([set(BLOCK_SOURCE, groupSource("198.18.0.1")), heard()], [0, [3, 4]]);
  assertEquals([set(UNBLOCK_SOURCE, groupSource("198.18.0.1")), heard()], [0, [1, 3, 4]]);
});

Deno.test("IP_MSFILTER and MCAST_MSFILTER: the whole filter at once", () => {
  const { host, set, heard } = setUp();
  assertEquals(set(MSFILTER, filterOf(INCLUDE, "198.18.0.1")), -EINVAL); // not joined
  set(35, addresses(GROUP, OURS));
  assertEquals([set(MSFILTER, filterOf(INCLUDE, "198.18.0.1", "198.18.0.4")), heard()], [0, [
    1,
    4,
  ]]);
  assertEquals([set(MSFILTER, filterOf(EXCLUDE, "198.18.0.1")), heard()], [0, [3, 4]]);
  assertEquals(set(MSFILTER, filterOf(7)), -EINVAL);
  assertEquals(set(MSFILTER, filterOf(EXCLUDE, "198.18.0.1").slice(0, 19)), -EINVAL);
  assertEquals(set(MSFILTER, filterOf(EXCLUDE, ...Array(11).fill("198.18.0.1"))), -ENOBUFS);
  const head = [2, 0, 0, 0, 0, 0, 0, 0, ...storage(GROUP), INCLUDE, 0, 0, 0, 1, 0, 0, 0];
  assertEquals([set(GROUP_FILTER, Uint8Array.of(...head, ...storage("198.18.0.3"))), heard()], [
    0,
    [3],
  ]);
  assertEquals(set(GROUP_FILTER, Uint8Array.of(...head)), -EINVAL);
  assertEquals(set(MSFILTER, filterOf(INCLUDE)), 0); // to hear nobody is to leave
  assertEquals(host.iface.hasGroup(ip(GROUP).w3), false);
});

Deno.test("IP_MSFILTER and MCAST_MSFILTER, read: what is asked is in the buffer", () => {
  const { host, socket, set } = setUp();
  const get = (name: number, asked: Uint8Array) =>
    getOption(socket, 0, name, 1024, host.nowUs, asked);
  assertEquals(get(MSFILTER, filterOf(INCLUDE)), -EADDRNOTAVAIL); // not joined
  set(35, addresses(GROUP, OURS));
  assertEquals(get(MSFILTER, filterOf(INCLUDE)), filterOf(EXCLUDE));
  set(MSFILTER, filterOf(EXCLUDE, "198.18.0.1", "198.18.0.4"));
  const room = (n: number) => filterOf(7, ...Array(n).fill("0.0.0.0"));
  assertEquals(get(MSFILTER, room(9)), filterOf(EXCLUDE, "198.18.0.1", "198.18.0.4"));
  const first = filterOf(EXCLUDE, "198.18.0.1");
  first[12] = 2; // there are two
  assertEquals(get(MSFILTER, room(1)), first);
  assertEquals(get(MSFILTER, room(0).slice(0, 15)), -EINVAL);
  assertEquals(get(MSFILTER, addresses("198.18.0.1", OURS, OURS, OURS)), -EINVAL);
  assertEquals(get(MSFILTER, addresses(GROUP, "203.0.113.1", OURS, OURS)), -ENODEV);
  const head = (
    mode: number,
    count: number,
    index = 2,
  ) => [index, 0, 0, 0, 0, 0, 0, 0, ...storage(GROUP), mode, 0, 0, 0, count, 0, 0, 0];
  assertEquals(
    get(GROUP_FILTER, Uint8Array.of(...head(7, 1))),
    Uint8Array.of(...head(EXCLUDE, 2), ...storage("198.18.0.1")),
  );
  assertEquals(get(GROUP_FILTER, Uint8Array.of(...head(7, 1, 3))), -EADDRNOTAVAIL);
  assertEquals(get(GROUP_FILTER, Uint8Array.of(...head(7, 1)).slice(1)), -EINVAL);
});

Deno.test("raw sockets have filters, streams no groups", () => {
  const { set, heard, host } = setUp(SOCK_RAW, 17);
  assertEquals([set(ADD, addresses(GROUP, OURS, "198.18.0.1")), heard()], [0, [1]]);
  const stream = host.stack.socket(2, 1, 0);
  if (typeof stream === "number") throw new Error(`${stream}`);
  for (
    const [name, value] of [
      [ADD, addresses(GROUP, OURS, "198.18.0.1")],
      [JOIN_SOURCE, groupSource("198.18.0.1")],
      [MSFILTER, filterOf(INCLUDE, "198.18.0.1")],
    ] as const
  ) {
    assertEquals(setOption(stream, 0, name, value, host.nowUs), -EPROTO);
  }
});
