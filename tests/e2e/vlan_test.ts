/**
 * VLANs (802.1Q): `NUSEDEV=va.100`, where the host has va and nuse makes the rest. The peer is
 * another nuse, so that the kernel need not know VLANs (this one's cards take the tag off all the
 * same); where it does, its own as well.
 *
 * @module
 */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { run, type Running } from "../lab/netns.ts";
import { e2e, e2eWith, type Fixture, NUSE } from "./fixture.ts";

const SELF = "198.18.100.2";
const PEER = "198.18.100.1";
const ENV = { NUSEDEV: "va.100", "nuse-va.100": `${SELF}/24` };

/** A nuse at the other end, on these interfaces, running `program`. */
function peerNuse(f: Fixture, devices: readonly string[], program: readonly string[]): Running {
  const options = devices.flatMap((device) => ["--dev", device]);
  return f.peer([NUSE, ...options, ...program], { limitSec: 60 });
}

const WAITING = ["sh", "-c", "echo up; sleep 50"];

/** Whether this kernel can make a VLAN; it cannot everywhere that nuse runs. */
async function kernelHasVlans(f: Fixture): Promise<boolean> {
  const name = f.a.name;
  return (await run(`ip -n ${name} link add link va name t.9 type vlan id 9`.split(" "))).code ===
    0;
}

e2e("VLAN: ping with big packets, beside the untagged network and another VLAN", async (f) => {
  await f.b.ip("addr flush dev vb");
  const devices = [`vb.100=${PEER}/24`, "vb.101=198.18.101.1/24", "vb=198.18.0.1/24"];
  const peer = peerNuse(f, devices, WAITING);
  await peer.waitFor("up");
  const pings = [1400, 4000].map((size) => `ping -c 1 -W 2 -s ${size} ${PEER}`).join(" && ");
  const r = await f.nuse(["sh", "-c", pings], { env: ENV }).done;
  assertEquals(r.code, 0, r.stdout + r.stderr);
  const all = [
    ...["--dev", `va.100=${SELF}/24`, "--dev", "va.101=198.18.101.2/24"],
    ...["--dev", "va=198.18.0.2/24"],
  ];
  const three = [PEER, "198.18.101.1", "198.18.0.1"].map((to) => `ping -c 1 -W 2 ${to}`);
  const each = await f.a.run([NUSE, ...all, "sh", "-c", three.join(" && ")]);
  assertEquals(each.code, 0, each.stdout + each.stderr);
  // The same addresses in another VLAN: nobody answers.
  const other = ["--dev", `va.102=${SELF}/24`, "ping", "-c", "1", "-W", "1", PEER];
  assertEquals((await f.a.run([NUSE, ...other])).code, 1);
  peer.kill();
}, ["RAW"]);

e2e("VLAN: one that the host has is the host's; a parent that is not there is named", async (f) => {
  if (await kernelHasVlans(f)) {
    await f.b.ip("link add link vb name vb.100 type vlan id 100");
    await f.b.ip(`addr add ${PEER}/24 dev vb.100`);
    await f.b.ip("link set vb.100 up");
    await f.a.ip("link add link va name va.100 type vlan id 100");
    const down = await f.nuse(["true"], { env: ENV }).done;
    assertStringIncludes(down.stderr, "interface va.100 is down");
    await f.a.ip("link set va.100 up");
    const r = await f.nuse(["ping", "-c", "1", "-W", "2", PEER], { env: ENV }).done;
    assertEquals(r.code, 0, r.stdout + r.stderr);
  }
  const none = await f.nuse(["true"], { env: { NUSEDEV: "vz.7", "nuse-vz.7": "198.18.7.2" } }).done;
  assertEquals(none.code, 2);
  assertStringIncludes(none.stderr, "no such interface vz");
}, ["RAW"]);

e2eWith("iperf3")("VLAN: TCP both ways, in segments as the devices make them", async (f) => {
  const server = peerNuse(f, [`vb.100=${PEER}/24`], ["iperf3", "-s", "--forceflush"]);
  await server.waitFor("Server listening");
  for (const direction of [[], ["-R"]]) {
    const argv = ["iperf3", "-c", PEER, "-n", "50M", "-J", ...direction];
    const r = await f.nuse(argv, { env: ENV, limitSec: 40 }).done;
    assertEquals(r.code, 0, r.stdout + r.stderr);
    assert(JSON.parse(r.stdout).end.sum_received.bytes >= 30e6, r.stdout);
  }
  server.kill();
}, ["RAW"]);
