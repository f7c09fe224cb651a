import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { IpAddress } from "../../../../stack/base/ip_address.ts";
import { FourTuple } from "../../../../stack/tcp/base/four_tuple.ts";
import { IsnGenerator } from "../../../../stack/tcp/secrets/isn.ts";
import { seededRandom } from "../support/host.ts";

const BASE = { local: "198.18.0.2", remote: "198.18.0.1", localPort: 80, remotePort: 4000 };

function flow(changes: Partial<typeof BASE> = {}): FourTuple {
  const { local, remote, localPort, remotePort } = { ...BASE, ...changes };
  const found = new FourTuple();
  found.local = IpAddress.parse(local)!;
  found.remote = IpAddress.parse(remote)!;
  found.localPort = localPort;
  found.remotePort = remotePort;
  return found;
}

Deno.test("ISN: another for each local and remote address and port, and for each secret", () => {
  const isns = new IsnGenerator(seededRandom(1));
  const own = isns.isn(flow(), 0);
  assertEquals(isns.isn(flow(), 0), own);
  const others: Partial<typeof BASE>[] = [
    { local: "198.18.0.3" },
    { remote: "198.18.0.3" },
    { localPort: 81 },
    { remotePort: 4001 },
    { local: BASE.remote, remote: BASE.local, localPort: 4000, remotePort: 80 },
  ];
  for (const changes of others) {
    assertNotEquals(isns.isn(flow(changes), 0), own, JSON.stringify(changes));
  }
  assertNotEquals(new IsnGenerator(seededRandom(2)).isn(flow(), 0), own);
});

Deno.test("ISN: goes up by one every 4 microseconds, across the end of the sequence space", () => {
  const isns = new IsnGenerator(seededRandom(1));
  const first = isns.isn(flow(), 0);
  for (const ticks of [1, 250_000, 2 ** 31, 2 ** 32, 2 ** 32 + 7, 2 ** 45]) {
    assertEquals(isns.isn(flow(), 4 * ticks), (first + ticks) | 0, `${ticks}`);
    assertEquals(isns.isn(flow(), 4 * ticks + 3), (first + ticks) | 0, `${ticks}`);
  }
});

Deno.test("timestamp offset: one for two hosts, whatever the ports, another for others", () => {
  const isns = new IsnGenerator(seededRandom(1));
  const own = isns.timestampOffset(flow());
  isns.isn(flow({ remotePort: 9 }), 5);
  assertEquals(isns.timestampOffset(flow({ localPort: 81, remotePort: 4001 })), own);
  assertNotEquals(isns.timestampOffset(flow({ remote: "198.18.0.3" })), own);
  assertNotEquals(isns.timestampOffset(flow({ local: "198.18.0.3" })), own);
  assert(own !== isns.isn(flow(), 0), "one does not tell the other");
});
