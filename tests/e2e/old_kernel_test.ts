import { assert, assertEquals, assertMatch } from "@std/assert";
import { FEATURES } from "../../io/devices/base/features.ts";
import { e2e, e2eWith, NUSE, PEER, type Vif } from "./fixture.ts";

const OLD = { NUSE_WITHOUT: FEATURES.join() };

for (const vif of ["RAW", "TAP"] as Vif[]) {
  e2eWith("ping", "iperf3")("as on an old kernel: ping, TCP and UDP, no USO", async (f) => {
    const env = vif === "RAW" ? { ...OLD, "nuse-va-mac": "interface" } : OLD;
    const ping = await f.nuse(["-v", "ping", "-c", "2", "-i", "0.2", PEER], { env }).done;
    assertEquals(ping.code, 0, ping.stderr);
    assertMatch(ping.stderr, /offloads csum tso\n/);
    for (const args of [["-t", "1"], ["-u", "-b", "20M", "-t", "1", "-R"]]) {
      const server = f.peer(["iperf3", "-s", "-1", "--forceflush"]);
      await server.waitFor("listening");
      const r = await f.nuse(["iperf3", "-c", PEER, "-J", ...args], { env }).done;
      assertEquals(r.code, 0, r.stderr + r.stdout);
      const { end } = JSON.parse(r.stdout);
      assert((end.sum_received ?? end.sum).bytes > 0, r.stdout);
      await server.done;
    }
  }, [vif]);
}

e2e("a feature that is none is said", async (f) => {
  const r = await f.ns.run([NUSE, "true"], { env: { ...f.env, NUSE_WITHOUT: "gso" } });
  assertEquals(r.code, 2);
  assertMatch(
    r.stderr,
    /^nuse: NUSE_WITHOUT: there is no feature gso: EINVAL \(known: uso, .+\)\n$/,
  );
}, ["TAP"]);
