/**
 * VLANs (802.1Q): `NUSEDEV=va.100`, where the host has va and nuse makes the rest; over a TAP and a
 * PIPE, which nuse makes too. The peer is another nuse, so that the kernel need not know VLANs
 * (this one's cards take the tag off all the same); where it does, its own as well.
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

const WAITING = ["sh", "-c", "echo up; sleep 600"];

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

/** The TAP's side: VLAN 100 and the untagged network, or only the VLAN. */
const TAP_AND_VLAN = ["t=198.18.0.2/24,vif=TAP,host=198.18.0.1", `t.100=${SELF}/24`];
const TAP_VLAN = [`t.100=${SELF}/24,vif=TAP`];

function devices(all: readonly string[]): string[] {
  return all.flatMap((device) => ["--dev", device]);
}

e2e("VLAN over a TAP: beside the untagged network, and alone", async (f) => {
  for (const own of [TAP_AND_VLAN, TAP_VLAN]) {
    const tap = f.b.start([NUSE, "-v", ...devices(own), ...WAITING], { limitSec: 60 });
    await tap.waitFor("up");
    if (own.length > 1) {
      const untagged = await f.b.run(["ping", "-c", "1", "-W", "2", "198.18.0.2"]);
      assertEquals(untagged.code, 0, untagged.stdout);
    }
    const pings = [1400, 4000].map((size) => `ping -c 1 -W 2 -s ${size} ${SELF}`).join(" && ");
    const other = devices([`nuse-t.100=${PEER}/24`]);
    const r = await f.b.run([NUSE, ...other, "sh", "-c", pings], { limitSec: 30 });
    assertEquals(r.code, 0, r.stdout + r.stderr);
    const wrong = devices([`nuse-t.101=${PEER}/24`]);
    const none = await f.b.run([NUSE, ...wrong, "ping", "-c", "1", "-W", "1", SELF]);
    assertEquals(none.code, 1, none.stdout + none.stderr);
    if (
      (await f.b.run(`ip link add link nuse-t name v100 type vlan id 100`.split(" "))).code === 0
    ) {
      await f.b.ip(`addr add ${PEER}/24 dev v100`);
      await f.b.ip("link set v100 up");
      const host = await f.b.run(["ping", "-c", "1", "-W", "2", SELF]);
      assertEquals(host.code, 0, host.stdout);
    }
    tap.kill();
    const { stderr } = await tap.done;
    assertStringIncludes(stderr, `t.100: VLAN 100 on t, ${SELF}/24`);
    assertEquals((await f.b.run(["ip", "link", "show", "nuse-t"])).code, 1, "the TAP is left");
  }
}, ["TAP"]);

e2eWith("iperf3")(
  "VLAN over a TAP: TCP both ways, in segments as the devices make them",
  async (f) => {
    const argv = [NUSE, ...devices(TAP_VLAN), "iperf3", "-s", "--forceflush"];
    const server = f.b.start(argv, { limitSec: 60 });
    await server.waitFor("Server listening");
    for (const direction of [[], ["-R"]]) {
      const client = ["iperf3", "-c", SELF, "-n", "50M", "-J", ...direction];
      const own = devices([`nuse-t.100=${PEER}/24`]);
      const r = await f.b.run([NUSE, ...own, ...client], { limitSec: 40 });
      assertEquals(r.code, 0, r.stdout + r.stderr);
      assert(JSON.parse(r.stdout).end.sum_received.bytes >= 30e6, r.stdout);
    }
    server.kill();
  },
  ["TAP"],
);

/** `body` with a path where to meet. */
async function withPath(body: (path: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await body(`${folder}/cable`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

e2eWith("iperf3")("VLAN over a PIPE: TCP both ways, in segments that nobody cuts", async (f) => {
  await withPath(async (path) => {
    const end = (address: string) => devices([`p.100=${address}/24,pipe=${path}`]);
    const server = f.a.start([NUSE, ...end(PEER), "iperf3", "-s", "--forceflush"], {
      limitSec: 60,
    });
    await server.waitFor("Server listening");
    for (const direction of [[], ["-R"]]) {
      const client = ["iperf3", "-c", PEER, "-n", "50M", "-J", ...direction];
      const r = await f.a.run([NUSE, ...end(SELF), ...client], { limitSec: 40 });
      assertEquals(r.code, 0, r.stdout + r.stderr);
      assert(JSON.parse(r.stdout).end.sum_received.bytes >= 30e6, r.stdout);
    }
    server.kill();
    await server.done;
  });
}, ["RAW"]);

e2e(
  "VLAN through a switch: each VLAN is a network of its own, as is what has no tag",
  async (f) => {
    await withPath(async (path) => {
      const hub = f.a.start(["sh", "-c", `exec ${NUSE} --switch ${path} 2>&1`], { limitSec: 60 });
      await hub.waitFor("switch at");
      const all = ["p=198.18.0.1/24", "p.100=198.18.100.1/24", "p.101=198.18.101.1/24"];
      const trunk = devices(all.map((device) => `${device},pipe=${path}`));
      const first = f.a.start([NUSE, ...trunk, ...WAITING], { limitSec: 60 });
      await first.waitFor("up");
      const ping = (name: string, net: number, to: number) => {
        const own = devices([`${name}=198.18.${net}.2/24,pipe=${path}`]);
        return f.a.run([NUSE, ...own, "ping", "-c", "1", "-W", "1", `198.18.${to}.1`]);
      };
      for (const [name, net] of [["p", 0], ["p.100", 100], ["p.101", 101]] as const) {
        const r = await ping(name, net, net);
        assertEquals(r.code, 0, `${name}: ${r.stdout}${r.stderr}`);
      }
      assertEquals((await ping("p.102", 100, 100)).code, 1);
      first.kill();
      await first.done;
      hub.kill();
      await hub.done;
    });
  },
  ["RAW"],
);
