import { assertEquals } from "@std/assert";
import {
  DGRAM_DST_OFF,
  DGRAM_HAS_PKTINFO,
  DGRAM_HEADER_LEN,
  DGRAM_IFINDEX_OFF,
  ENETUNREACH,
  ENODEV,
} from "../../../stack/mod.ts";
import { bytesOf, Host, ip, PEER_ADDR } from "../net_fixture.ts";

Deno.test("IP_PKTINFO names what is not ours: as Linux, before the datagram goes", () => {
  const host = new Host();
  const socket = host.datagram(2, 17);
  const from = (source: string, ifIndex: number) =>
    host.send(socket, bytesOf(1), PEER_ADDR, 9, DGRAM_HAS_PKTINFO, (dv, off) => {
      dv.setInt32(off + DGRAM_DST_OFF, ip(source).w3);
      dv.setUint32(off + DGRAM_IFINDEX_OFF, ifIndex, true);
    });
  assertEquals([from("203.0.113.1", 0), from("0.0.0.0", 99)], [-ENETUNREACH, -ENODEV]);
  assertEquals(from("198.18.0.2", host.iface.index), 1);
});

Deno.test("a datagram is looked at as it would be sent, and is not", () => {
  const host = new Host();
  const socket = host.datagram(2, 17);
  const off = host.memory.alloc(DGRAM_HEADER_LEN);
  host.memory.u8.fill(0, off, off + DGRAM_HEADER_LEN);
  assertEquals(socket.checkHeader(off, 5, false), -89, "to nobody");
  assertEquals(socket.connect(PEER_ADDR, 9, host.nowUs), 0);
  assertEquals(socket.checkHeader(off, 5, false), 0);
  assertEquals(socket.checkHeader(off, 70000, false), -90);
  assertEquals(host.sent(), []);
});

Deno.test("a second connect() sends from the address that the first has chosen", () => {
  const host = new Host();
  const socket = host.datagram(2, 17);
  assertEquals(socket.connect(PEER_ADDR, 9, host.nowUs), 0);
  assertEquals(socket.connect(ip("127.0.0.1"), 9, host.nowUs), 0);
  assertEquals(socket.local().addr.toString(), "198.18.0.2");
  assertEquals(socket.disconnect(host.nowUs), 0);
  assertEquals(socket.connect(ip("127.0.0.1"), 9, host.nowUs), 0);
  assertEquals(socket.local().addr.toString(), "127.0.0.1");
});
