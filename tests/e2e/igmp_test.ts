/**
 * Groups on a network that looks for their members: a bridge of the host's that snoops IGMP, and
 * asks (mcast_querier), sends a group's data only where somebody has joined.
 *
 *     nuse, va ── veth ── vb, a port of br0 198.18.0.1/24      RAW
 *     nuse, nuse-t ────── a port of br0                        TAP
 *
 * @module
 */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { e2eWith, type Fixture, NUSE, PEER, SELF, until } from "./fixture.ts";
import type { Running } from "../lab/netns.ts";

const e2e = e2eWith("python3", "bridge");
const GROUP = "239.1.2.3";
const SOURCE_GROUP = "232.1.2.3";

/** Joins a group, and another one for one source; says what it hears, and dies of "the end". */
const MEMBER = `
import os, signal, socket
ip = socket.inet_aton
all = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
all.bind(("${GROUP}", 5000))
all.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, ip("${GROUP}") + ip("${SELF}"))
one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
one.setsockopt(socket.IPPROTO_IP, 39, ip("${SOURCE_GROUP}") + ip("${SELF}") + ip("${PEER}"))
print("joined", flush=True)
while (data := all.recv(100)) != b"the end":
    print("heard", data.decode(), flush=True)
os.kill(os.getpid(), signal.SIGKILL)
`;

/** To the group, from the bridge. */
async function send(f: Fixture, data: string): Promise<void> {
  const program = "import socket, sys; " +
    "socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(sys.argv[1].encode(), " +
    `("${GROUP}", 5000))`;
  assertEquals((await f.b.run(["python3", "-c", program, data])).stderr, "");
}

/** br0 in b, speaking this version; it asks every two seconds and gives half a second. */
async function bridge(f: Fixture, version: number): Promise<void> {
  const asks = "mcast_querier 1 mcast_query_interval 200 mcast_query_response_interval 50 " +
    "mcast_startup_query_interval 100";
  const snoops = `mcast_snooping 1 mcast_igmp_version ${version}`;
  await f.b.ip(`link add br0 type bridge forward_delay 0 ${snoops} ${asks}`);
  if (f.vif === "RAW") {
    await f.b.ip("addr flush dev vb");
    await f.b.ip("link set vb master br0");
  }
  await f.b.ip(`addr add ${PEER}/24 dev br0`);
  await f.b.ip("link set br0 up");
  await f.b.ip("route add 224.0.0.0/4 dev br0");
}

function start(f: Fixture, argv: string[]): Running {
  if (f.vif === "RAW") return f.nuse(argv, { limitSec: 60 });
  const device = `t=${SELF}/24,vif=TAP,bridge=br0`;
  return f.b.start([NUSE, "--dev", device, ...argv], { limitSec: 60 });
}

/** What the bridge knows: a line each group. */
async function members(f: Fixture): Promise<string> {
  const port = f.vif === "RAW" ? "vb" : "nuse-t";
  const { stdout } = await f.b.run(["bridge", "-d", "-s", "mdb", "show", "dev", "br0"]);
  // Every IPv6 address has a group, too
  const isOfV4 = (line: string) => line.includes(`port ${port} `) && !line.includes("grp ff");
  return stdout.split("\n").filter(isOfV4).join("\n");
}

/** Seconds that the bridge still believes in a member of GROUP, without hearing of one. */
async function secondsLeft(f: Fixture): Promise<number> {
  const line = (await members(f)).split("\n").find((text) => text.includes(`grp ${GROUP} `));
  return Number(/ (\d+\.\d+)\s*$/.exec(line ?? "")?.[1] ?? -1);
}

async function stayAndEnd(f: Fixture, version: number): Promise<void> {
  await bridge(f, version);
  // It is not the program that nuse waits for: its end is told while nuse goes on.
  const program = start(f, ["sh", "-c", 'python3 -c "$0"; echo ended; sleep 40', MEMBER]);
  await program.waitFor("joined");
  await until("the bridge knows", async () => (await members(f)).includes(`grp ${GROUP} `));
  await send(f, "the data");
  await program.waitFor("heard the data");
  // Once it is renewed by the join's repetition; any other time that is an answer
  let [before, renewals] = [await secondsLeft(f), 0];
  await until("a query is answered", async () => {
    const now = await secondsLeft(f);
    if (now > before) renewals++;
    before = now;
    return renewals === 2;
  }, 20);
  if (version === 3) {
    assertMatch(await members(f), /grp 232\.1\.2\.3 src 198\.18\.0\.1 /);
  }
  await send(f, "the end");
  await program.waitFor("ended");
  await until("the bridge forgets", async () => await members(f) === "", 20);
  program.kill();
  await program.done;
}

const KNOWN = "a snooping bridge knows the group, asks, and hears of the end";
e2e(`IGMPv2: ${KNOWN}`, (f) => stayAndEnd(f, 2), ["RAW"]);
e2e(`IGMPv3: ${KNOWN}`, (f) => stayAndEnd(f, 3));

e2e("the last thing that a program's end says is that it has left", async (f) => {
  await bridge(f, 3);
  const program = start(f, ["-v", "python3", "-c", MEMBER]);
  await program.waitFor("joined");
  await until("the bridge knows", async () => (await members(f)).includes(`grp ${GROUP} `));
  await send(f, "the end");
  assertStringIncludes((await program.done).stderr, "igmp: ");
  await until("the bridge forgets", async () => await members(f) === "", 20);
}, ["RAW"]);

e2eWith("iperf", "bridge")(
  "iperf, a server of a group, with and without a source, behind a snooping bridge",
  async (f) => {
    await bridge(f, 3);
    for (const source of [[], ["-H", PEER]]) {
      const argv = ["iperf", "-s", "-u", "-B", `${SOURCE_GROUP}%va`, ...source, "-t", "30"];
      const server = start(f, argv);
      await server.waitFor("Server listening", 30);
      await until("the bridge knows", async () => (await members(f)).includes(SOURCE_GROUP));
      const sent = ["-u", "-T", "2", "-l", "1000", "-b", "800k", "-n", "50000"];
      const client = await f.b.run(["iperf", "-c", SOURCE_GROUP, ...sent]);
      assertEquals(client.stderr, "");
      await server.waitFor(" (0%)", 20);
      server.kill();
      assertMatch((await server.done).stdout, / 0\/5[01] \(0%\)/);
      await until("the bridge forgets", async () => await members(f) === "", 20);
    }
  },
  ["RAW"],
);
