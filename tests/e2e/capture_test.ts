/**
 * Packet sockets under nuse: they show the stack's frames, and send on its wire.
 *
 * @module
 */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { e2eWith, type Fixture, PEER, SELF, until, withoutNetmap } from "./fixture.ts";

const e2e = withoutNetmap(e2eWith("tcpdump", "arping", "iperf3", "python3"));

/** The interface's name inside. */
const nameOf = ({ vif }: Fixture) => vif === "TAP" ? "tap" : "va";

/** Runs `script` while tcpdump, started by `how`, writes to $OUT until $COUNT frames have come. */
function capture(f: Fixture, how: string, options: string, script: string) {
  const text = `out=$(mktemp); ${how} tcpdump -Z root -n -e -U -l -i ${nameOf(f)} ${options} ` +
    `>$out 2>&1 & until grep -q 'listening on' $out; do sleep 0.1; done; ${script}; ` +
    "wait $!; cat $out; rm $out";
  return f.nuse(["bash", "-c", text], { limitSec: 60 }).done;
}

e2e("tcpdump shows what comes and goes, by either door", async (f) => {
  for (const how of ["", "env -i"]) {
    const r = await capture(f, how, "-c 4 icmp", `ping -c 2 -i 0.2 ${PEER} >/dev/null`);
    const lines = r.stdout.split("\n").filter((line) => line.includes("ICMP"));
    assertEquals(lines.length, 4, r.stdout + r.stderr);
    assertStringIncludes(lines[0], `${SELF} > ${PEER}: ICMP echo request`);
    assertStringIncludes(lines[1], `${PEER} > ${SELF}: ICMP echo reply`);
    assertStringIncludes(r.stdout, "0 packets dropped by kernel");
  }
});

e2e("each frame has its direction, and a filter its effect", async (f) => {
  const cases = [["-Q out", "request"], ["-Q in", "reply"]];
  for (const [direction, kind] of cases) {
    const r = await capture(f, "", `${direction} -c 1 icmp`, `ping -c 1 ${PEER} >/dev/null`);
    assertMatch(r.stdout, new RegExp(`ICMP echo ${kind}`), r.stderr);
  }
}, ["RAW"]);

e2e("long segments are shown whole, and the transfer goes on", async (f) => {
  const server = f.peer(["iperf3", "-s", "-1"]);
  await until("the server", async () => (await f.b.run(["ss", "-tln"])).stdout.includes(":5201"));
  const options = `-c 200 -s 128 'tcp dst port 5201 and greater 2000'`;
  const r = await capture(f, "", options, `iperf3 -c ${PEER} -n 64M >/dev/null`);
  const lengths = [...r.stdout.matchAll(/, length (\d+): /g)].map(([, n]) => Number(n));
  assert(Math.max(...lengths) > 2000, r.stdout.slice(0, 2000) + r.stderr);
  await server.done;
}, ["RAW"]);

e2e("arping asks on the stack's wire from the stack's address", async (f) => {
  const argv = ["arping", "-c", "2", "-w", "10", "-I", nameOf(f), PEER];
  const r = await f.nuse(argv).done;
  assertEquals(r.code, 0, r.stdout + r.stderr);
  assertStringIncludes(r.stdout, `ARPING ${PEER} from ${SELF} ${nameOf(f)}`);
  assertMatch(r.stdout, /Received 2 response/);
});

const OPEN = "import socket\ntry: s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 3)\n" +
  "except OSError as error: print(error.errno)\nelse: print([n for _, n in socket.if_nameindex()])";

e2e("a packet socket takes the right to it, and shows no frame of the host's", async (f) => {
  const mine = await f.nuse(["python3", "-c", OPEN]).done;
  assertStringIncludes(mine.stdout, nameOf(f), mine.stderr);
  const powerless = ["setpriv", "--bounding-set=-all", "--inh-caps=-all", "--reuid=65534"];
  for (const bare of [[], ["env", "-i", "PATH=/usr/bin:/bin"]]) {
    const argv = [...bare, ...powerless, "--clear-groups", "/usr/bin/python3", "-c", OPEN];
    const r = await f.nuse(argv).done;
    assertEquals(r.stdout, "1\n", r.stderr); // EPERM
  }
  // What the host's own stack sends on that wire is not shown: only what the stack takes and makes.
  await f.ns.ip("addr add 198.18.0.77/24 dev va");
  const host = f.ns.start(["ping", "-i", "0.2", PEER]);
  const r = await capture(f, "", "-c 2 icmp", `ping -c 1 ${PEER} >/dev/null`);
  host.kill();
  assertStringIncludes((await host.done).stdout, "bytes from", "the host's own ping");
  assertStringIncludes(r.stdout, `${SELF} > ${PEER}: ICMP echo request`);
  assert(!r.stdout.includes("198.18.0.77 >"), r.stdout);
}, ["RAW"]);
