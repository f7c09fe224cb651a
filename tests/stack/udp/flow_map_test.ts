import { assertEquals } from "@std/assert";
import { UdpEndpoint } from "../../../stack/udp/mod.ts";
import { FlowMap } from "../../../stack/udp/flow_map.ts";
import { ip } from "../net_fixture.ts";

const SINK = { receive: () => {}, icmpError: () => {} };
const LOCAL = ip("10.0.0.1");

function connected(remotePort: number, localPort = 5): UdpEndpoint {
  const remote = ip("10.0.0.2");
  const fields = { local: LOCAL, localPort, remote, remotePort };
  return Object.assign(new UdpEndpoint(2, SINK), fields);
}

function find(map: FlowMap, remotePort: number): UdpEndpoint | null {
  return map.find(LOCAL, 5, ip("10.0.0.2"), remotePort, 0);
}

Deno.test("an endpoint is found by its four values while it is there", () => {
  const map = new FlowMap(1);
  assertEquals(find(map, 7), null);
  const all = Array.from({ length: 200 }, (_, i) => connected(i + 1));
  for (const e of all) map.add(e);
  for (const e of all) assertEquals(find(map, e.remotePort), e);
  for (const e of all.slice(0, 100)) map.remove(e);
  assertEquals(find(map, 50), null);
  assertEquals(find(map, 150), all[149]);
  map.remove(all[0]); // again: nothing
});

Deno.test("equal flows form a chain, the latest first, and leave it in any order", () => {
  for (const order of [[0, 1, 2], [2, 1, 0], [1, 0, 2]]) {
    const map = new FlowMap(1);
    const three = [connected(7), connected(7), connected(7)];
    for (const e of three) map.add(e);
    assertEquals(find(map, 7), three[2]);
    const left = new Set(three);
    for (const i of order) {
      map.remove(three[i]);
      left.delete(three[i]);
      const chain = new Set<UdpEndpoint>();
      for (let e = find(map, 7); e !== null; e = e.nextInFlow) chain.add(e);
      assertEquals(chain, left);
    }
  }
});

Deno.test("one link-local peer on two links is two", () => {
  const map = new FlowMap(1);
  const [local, remote] = [ip("2001:db8::2"), ip("fe80::1")];
  const ends = { local, localPort: 5, remote, remotePort: 7 };
  const [first, second] = [2, 3].map((zone) =>
    Object.assign(new UdpEndpoint(10, SINK), { ...ends, zone })
  );
  for (const endpoint of [first, second]) map.add(endpoint);
  assertEquals(first.nextInFlow ?? second.nextInFlow, null);
  assertEquals([2, 3, 4].map((zone) => map.find(local, 5, remote, 7, zone)), [first, second, null]);
  map.remove(first);
  assertEquals([2, 3].map((zone) => map.find(local, 5, remote, 7, zone)), [null, second]);
});
