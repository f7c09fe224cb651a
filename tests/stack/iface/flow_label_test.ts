import { assert, assertEquals } from "@std/assert";
import { flowLabel, flowSeed } from "../../../stack/iface/flow_label.ts";
import { ip } from "../net_fixture.ts";

const SEED = flowSeed(ip("2001:db8::1"), ip("2001:db8::2"), 12345);

function label(ports: number, protocol = 6, seed = SEED): number {
  const dv = new DataView(new ArrayBuffer(4));
  dv.setInt32(0, ports);
  return flowLabel(dv, 0, protocol, seed);
}

Deno.test("flow labels: one for a connection, others for others (RFC 6437 2)", () => {
  const all = new Set<number>();
  for (let port = 0; port < 1000; port++) all.add(label(port << 16 | 443));
  assert(all.size > 990, `${all.size}`);
  assert([...all].every((l) => l > 0 && l <= 0xfffff));
  assertEquals(label(5 << 16 | 443), label(5 << 16 | 443));
});

Deno.test("flow labels: what else they hang on", () => {
  assert(label(7) !== label(7, 17));
  assert(label(7) !== label(7, 6, flowSeed(ip("2001:db8::1"), ip("2001:db8::2"), 12346)), "secret");
  assert(label(7) !== label(7, 6, flowSeed(ip("2001:db8::2"), ip("2001:db8::1"), 12345)), "ends");
  assertEquals(label(7, 58), label(8, 58), "ICMPv6 has no ports");
});
