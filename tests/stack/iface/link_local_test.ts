import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { linkLocalCandidate } from "../../../stack/iface/link_local.ts";
import { ip } from "../net_fixture.ts";

const MAC = Uint8Array.of(2, 0, 0, 0, 0, 7);

Deno.test("link-local: in 169.254.1.0 to 169.254.254.255, spread evenly", () => {
  const first = ip("169.254.1.0").w3;
  const last = ip("169.254.254.255").w3;
  const quarters = [0, 0, 0, 0];
  for (let i = 0; i < 4000; i++) {
    const { w3 } = linkLocalCandidate(MAC, i);
    assert(w3 >= first && w3 <= last);
    quarters[Math.floor(((w3 - first) / (last - first + 1)) * 4)]++;
  }
  for (const n of quarters) assert(n > 850 && n < 1150, `${quarters}`);
});

Deno.test("link-local: a host tries its own again, and others try others", () => {
  assertEquals(linkLocalCandidate(MAC, 0), linkLocalCandidate(MAC, 0));
  assertNotEquals(linkLocalCandidate(MAC, 0), linkLocalCandidate(MAC, 1));
  const other = Uint8Array.of(2, 0, 0, 0, 0, 8);
  assertNotEquals(linkLocalCandidate(MAC, 0), linkLocalCandidate(other, 0));
});
