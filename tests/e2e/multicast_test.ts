/**
 * iperf as a multicast server: it connects its socket, which is bound to the group, to the first
 * sender; with a source it joins the group for that one only.
 *
 * @module
 */
import { assertEquals, assertMatch } from "@std/assert";
import { e2eWith, PEER } from "./fixture.ts";

const e2e = e2eWith("iperf");

const GROUP = "232.1.2.3";
const SENT = ["-u", "-T", "2", "-l", "1000", "-b", "800k", "-n", "50000"];

e2e("an iperf server of a multicast group hears all, with and without a source", async (f) => {
  await f.b.run(["ip", "route", "add", "224.0.0.0/4", "dev", "vb"]);
  for (const source of [[], ["-H", PEER]]) {
    const server = f.nuse(["iperf", "-s", "-u", "-B", `${GROUP}%va`, ...source, "-t", "30"], {
      limitSec: 60,
    });
    await server.waitFor("Server listening", 30);
    const client = await f.b.run(["iperf", "-c", GROUP, ...SENT]);
    assertEquals(client.stderr, "");
    await server.waitFor(" (0%)", 20);
    server.kill();
    assertMatch((await server.done).stdout, / 0\/5[01] \(0%\)/);
  }
}, ["RAW"]);
