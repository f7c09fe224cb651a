import { assertEquals } from "@std/assert";
import { DROP_NAMES } from "../../../stack/mod.ts";
import { bytesOf, ip } from "../net_fixture.ts";
import { Host6, icmp6Frame, ip6Frame, OUR_ADDR6, udp6Packet } from "../v6_fixture.ts";

/** Why a datagram between these is dropped. */
function dropOf(src: string, dst: string): string {
  const host = new Host6();
  const before = [...host.stack.counters.drops];
  const [s, d] = [ip("::1"), ip("::1")];
  const packet = udp6Packet(5, 9, bytesOf(4), s, d);
  const frame = ip6Frame(17, packet, { src: s, dst: d });
  words(frame, 14 + 8, src);
  words(frame, 14 + 24, dst);
  host.inject(frame);
  const { drops } = host.stack.counters;
  const at = drops.findIndex((n, i) => n !== before[i]);
  return at < 0 ? "none" : DROP_NAMES[at];
}

/** Writes 16 bytes, of a v4-mapped address too. */
function words(frame: Uint8Array, off: number, text: string): void {
  const addr = ip(text);
  const dv = new DataView(frame.buffer);
  [addr.w0, addr.w1, addr.w2, addr.w3].forEach((word, i) => dv.setInt32(off + 4 * i, word));
}

const OURS = OUR_ADDR6.toString();

Deno.test("martians: addresses that no packet from a wire can have", () => {
  const cases: [string, string, string][] = [
    ["ff02::1", OURS, "martianMulticast"],
    ["::ffff:198.18.0.1", OURS, "martianReserved"],
    ["2001:db8::1", "::ffff:198.18.0.2", "ipMartian"],
    ["2001:db8::1", "::", "ipMartian"],
    ["::", OURS, "martianUnspecified"],
    ["::1", OURS, "martianLoopback"],
    ["2001:db8::1", "::1", "ipMartian"],
    ["2001:db8::1", "ff01::1", "ipMartian"],
    [OURS, OURS, "martianOwn"],
  ];
  for (const [src, dst, reason] of cases) assertEquals(dropOf(src, dst), reason, `${src} ${dst}`);
});

Deno.test("martians: an echo request from somewhere is none", () => {
  const host = new Host6();
  host.inject(icmp6Frame(128, 0, 1, bytesOf(8)));
  assertEquals(host.sentOne6().payload[0], 129);
});
