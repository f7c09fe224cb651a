import { assertEquals } from "@std/assert";
import { setOption } from "../../../stack/mod.ts";
import { ip } from "../net_fixture.ts";
import {
  addressBytes,
  concat,
  Host6,
  icmp6Message,
  ip6Frame,
  OUR_LINK_LOCAL,
  PEER_LINK_LOCAL,
  sent6,
} from "../v6_fixture.ts";
import { Host } from "../net_fixture.ts";

Deno.test("mld sender: many groups need several messages", () => {
  const host = new Host6();
  const socket = host.datagram(2, 17, 10);
  for (let i = 0; i < 100; i++) {
    const other = host.datagram(2, 17, 10);
    const group = ip(`ff05::${i.toString(16)}`);
    const value = concat(addressBytes(group), Uint8Array.of(host.iface.index, 0, 0, 0));
    assertEquals(setOption(other as never, 41, 20, value, host.nowUs), 0);
  }
  const { ip: ip4, ip6 } = host.stack.counters;
  const before = [ip4.outRequests, ip6.outRequests];
  host.stack.poll(host.nowUs);
  const all = host.sent6();
  assertEquals([ip4.outRequests, ip6.outRequests], [before[0], before[1] + 2]);
  const counts = all.map(({ payload }) => new DataView(payload.buffer).getUint16(14));
  assertEquals(counts, [72, 28]);
  assertEquals(all.every(({ header }) => header.payloadLen + 40 <= 1500), true);
  assertEquals(socket.recvCount(), 0);
});

Deno.test("mld sender: from no address, while there is none on the link (RFC 3590)", () => {
  const host = new Host({ isSettled: false });
  host.stack.addAddress(host.iface.index, ip("2001:db8::5"), 64, host.nowUs);
  host.advance(1e3);
  const reports = host.sent().filter((f) => f.bytes[12] === 0x86).map(sent6)
    .filter(({ dst }) => dst === "ff02::16");
  assertEquals(reports.map(({ src }) => src), ["::"]);
  host.stack.addAddress(host.iface.index, OUR_LINK_LOCAL, 64, host.nowUs);
  host.advance(1e3);
  const later = host.sent().filter((f) => f.bytes[12] === 0x86).map(sent6)
    .filter(({ dst }) => dst === "ff02::16");
  assertEquals(later.map(({ src }) => src), [OUR_LINK_LOCAL.toString()]);
});

Deno.test("mld sender: from the link-local address, for any group (RFC 2710 3)", () => {
  const host = new Host6();
  const alert = Uint8Array.of(58, 0, 5, 2, 0, 0, 1, 0);
  const all = ip("ff02::1");
  const message = icmp6Message(130, 0, 0x00640000, new Uint8Array(16), PEER_LINK_LOCAL, all);
  const fields = { src: PEER_LINK_LOCAL, dst: all, hopLimit: 1 };
  host.inject(ip6Frame(0, concat(alert, message), fields));
  const socket = host.datagram(2, 17, 10);
  const value = concat(addressBytes(ip("ff0e::77")), Uint8Array.of(host.iface.index, 0, 0, 0));
  assertEquals(setOption(socket as never, 41, 20, value, host.nowUs), 0);
  host.stack.poll(host.nowUs);
  const reports = host.sent6().filter(({ dst }) => dst === "ff0e::77");
  assertEquals(reports.map(({ src, payload }) => [src, payload[8]]), [[`${OUR_LINK_LOCAL}`, 131]]);
});
