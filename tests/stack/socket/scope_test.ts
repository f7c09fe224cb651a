import { assert, assertEquals } from "@std/assert";
import {
  CSUM_NONE,
  EINPROGRESS,
  EINVAL,
  ENETUNREACH,
  ENODEV,
  GSO_NONE,
  needsScope,
  setOption,
  type StreamSocket,
  useScope,
} from "../../../stack/mod.ts";
import { intBytes } from "../../../stack/socket/option_codec.ts";
import { finish, pseudoSum, sum } from "../../../stack/wire/checksum.ts";
import { emitTcp, TCP_SYN } from "../../../stack/wire/tcp.ts";
import { FakeDevice, ip, NO_OFFLOAD } from "../net_fixture.ts";
import { Host6, ip6Frame, OUR_ADDR6 } from "../v6_fixture.ts";

const FAR = ip("fe80::9");
const OTHER_MAC = Uint8Array.of(2, 0, 0, 0, 0, 9);

Deno.test("scope: which addresses mean nothing without a link", () => {
  const all = ["fe80::1", "ff02::1", "ff01::1", "ff05::1", "2001:db8::1", "::1", "169.254.1.1"];
  assertEquals(all.map((text) => needsScope(ip(text))), [
    true,
    true,
    true,
    false,
    false,
    false,
    false,
  ]);
});

Deno.test("scope: a link-local address ties the socket to its link, as on Linux", () => {
  const host = new Host6();
  const { index } = host.iface;
  const socket = host.datagram(2, 17, 10) as never as Parameters<typeof useScope>[0];
  assertEquals(useScope(socket, FAR, 0), -EINVAL);
  assertEquals(useScope(socket, FAR, 99), -ENODEV);
  assertEquals(useScope(socket, ip("2001:db8::1"), 99), 0);
  assertEquals(socket.options.ifIndex, 0);
  assertEquals(useScope(socket, FAR, index), 0);
  assertEquals(socket.options.ifIndex, index);
  assertEquals([useScope(socket, FAR, 0), useScope(socket, FAR, 1)], [0, -EINVAL]);
  const other = host.datagram(2, 17, 10) as never as typeof socket;
  assertEquals(useScope(other, ip("ff02::1"), 0), -EINVAL);
  assertEquals(useScope(other, FAR, 99, true), -ENETUNREACH);
  other.options.multicastIfIndex6 = index;
  assertEquals(useScope(other, ip("ff02::1"), 0, true), 0, "groups have an option that says it");
  assertEquals(other.options.ifIndex, index);
});

Deno.test("scope: the same link-local peer on two links is two peers", () => {
  const host = new Host6();
  const { stack, nowUs } = host;
  const link = new FakeDevice(NO_OFFLOAD, 1500);
  const second = stack.addInterface({ name: "eth1", mac: OTHER_MAC, link });
  assertEquals(stack.addAddress(second.index, ip("fe80::2"), 64, nowUs), 0);
  host.advance(5e6);
  for (const [type, done] of [[1, -EINPROGRESS], [2, 0]]) {
    for (const scopeId of [host.iface.index, second.index]) {
      const socket = stack.socket(10, type, 0);
      assert(typeof socket !== "number");
      assertEquals(setOption(socket, 1, 2, intBytes(1), nowUs), 0);
      assertEquals(socket.bind(OUR_ADDR6, 5000, nowUs), 0);
      assertEquals(useScope(socket, FAR, scopeId), 0);
      assertEquals(socket.connect(FAR, 9, nowUs), done);
    }
  }
});

Deno.test("scope: what a listener accepts from a link-local peer stays on that link", () => {
  const host = new Host6();
  const { stack, nowUs } = host;
  const link = new FakeDevice(NO_OFFLOAD, 1500);
  const second = stack.addInterface({ name: "eth1", mac: OTHER_MAC, link });
  assertEquals(stack.addAddress(second.index, ip("fe80::2"), 64, nowUs), 0);
  host.advance(5e6);
  const listener = stack.socket(10, 1, 0);
  assert(typeof listener !== "number" && listener.kind === "stream");
  assertEquals(listener.bind(ip("::"), 80, nowUs), 0);
  assertEquals((listener as StreamSocket).listen(5, nowUs), 0);
  link.frames.length = 0;
  host.device.frames.length = 0;
  const syn = new Uint8Array(20);
  const dv = new DataView(syn.buffer);
  emitTcp(dv, 0, 5000, 80, 1, 0, 20, TCP_SYN, 1000, 0, 0);
  dv.setUint16(16, finish(sum(dv, 0, 20, pseudoSum(FAR, OUR_ADDR6, 6, 20))));
  const frame = ip6Frame(6, syn, { src: FAR, dstMac: OTHER_MAC });
  host.inject(frame, CSUM_NONE, GSO_NONE, 0, second.index);
  stack.flush(nowUs);
  // It is asked for on the link that the SYN came in by, and on no other.
  assertEquals([link.frames.length, host.device.frames.length], [1, 0]);
});
