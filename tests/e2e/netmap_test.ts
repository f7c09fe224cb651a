/**
 * What only NETMAP has, over the simulated module: its kinds of ports, small and slow rings, rings
 * that are set anew, refusals, errors, and the port's end. What a real module can be brought to do
 * is run over that one, too (`deno task test:netmap`).
 *
 * @module
 */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { EIO } from "../../ffi/errno.ts";
import { transferFile } from "../lab/linkem/file_transfer.ts";
import { attach, detach } from "../lab/netmap/attach.ts";
import { HAS_MODULE } from "../lab/netmap/lab.ts";
import type { ModuleOptions } from "../lab/netmap/sim_module.ts";
import type { Running } from "../lab/netns.ts";
import {
  commandOf,
  descendant,
  Fixture,
  NUSE,
  parentOf,
  PEER,
  SELF,
  until,
  whyLeftOut,
} from "./fixture.ts";

const FILE_BYTES = 8 << 20;
const LIMIT_SEC = 30;
const PING = ["ping", "-c", "1", "-W", "2"];

/** Registers a test with a simulated module that is as `options` say. */
function simulated(
  name: string,
  options: Partial<ModuleOptions>,
  body: (fixture: Fixture) => Promise<void>,
): void {
  if (!HAS_MODULE) anywhere(name, options, body);
}

/** As `simulated`, also over a module of the machine's own, which is as it is. */
function anywhere(
  name: string,
  options: Partial<ModuleOptions>,
  body: (fixture: Fixture) => Promise<void>,
): void {
  const reason = whyLeftOut("NETMAP", ["ping", "iperf3", "nc", "tc"]);
  Deno.test({
    name: `NETMAP: ${name}${reason}`,
    ignore: reason !== "",
    sanitizeOps: false,
    sanitizeResources: false,
    async fn() {
      await using fixture = await Fixture.create("NETMAP", options);
      await body(fixture);
    },
  });
}

function commandOn(f: Fixture, port: string, host = 2): string[] {
  return [...f.netmap?.enter ?? [], NUSE, "--dev", `${port}=198.18.0.${host}/24,vif=NETMAP`];
}

function nuseOn(f: Fixture, port: string, argv: string[], host = 2): Running {
  return f.ns.start([...commandOn(f, port, host), ...argv], { limitSec: LIMIT_SEC });
}

/** A nuse that is just there, once it is; and the process to kill. */
async function idleOn(f: Fixture, port: string, host = 2): Promise<[Running, number]> {
  const idle = nuseOn(f, port, ["sh", "-c", "echo here; exec sleep 33.5"], host);
  await idle.waitFor("here");
  return [idle, await parentOf(await descendant(idle.pid, "sleep 33.5"))];
}

/** A file each way at once; returns what nuse said. */
async function transfer(f: Fixture, command: string[]): Promise<string> {
  const link = { a: f.a, b: f.b, command: [...command, "-v"] };
  const result = await transferFile(link, FILE_BYTES, LIMIT_SEC);
  assertEquals(result.code, 0, result.stderr);
  assertEquals(result.outSha256, result.sha256, `what nuse sent\n${result.stderr}`);
  assertEquals(result.inSha256, result.sha256, `what nuse received\n${result.stderr}`);
  return result.stderr;
}

/** Nuse on the port is refused in one line with status 2; returns it. */
async function refusal(f: Fixture, port: string): Promise<string> {
  const r = await nuseOn(f, port, ["true"], 3).done;
  assertEquals(r.code, 2, r.stderr);
  assertMatch(r.stderr, /^nuse: [^\n]+\n$/);
  return r.stderr;
}

function counter(stderr: string, name: string): number {
  return Number(stderr.match(new RegExp(`\\b${name} (\\d+)`))?.[1] ?? 0);
}

simulated("two rings each way: all of them, or one by its number", { rings: 2 }, async (f) => {
  const told = await transfer(f, f.command);

  assertMatch(told, /2 TX and 2 RX rings of 512 and 512 slots, virtio-net headers of 0 bytes/);
  // The simulated card chooses the ring by the last byte of the MAC: odd, and all ones in ARP
  const mac = ["--dev", `netmap:va-1=${SELF}/24,vif=NETMAP,mac=02:00:00:00:00:01`];
  const one = await f.ns.start([...f.netmap!.enter, NUSE, ...mac, "-v", ...PING, PEER]).done;
  assertEquals(one.code, 0, one.stdout + one.stderr);
  assertStringIncludes(one.stderr, "1 TX and 1 RX rings");
  assertStringIncludes(await refusal(f, "netmap:va-7"), "EINVAL (ring 7 may not exist");
});

anywhere("a VALE switch with an interface attached", { attach: { vale0: "va" } }, async (f) => {
  if (HAS_MODULE) await attach(f.a, "vale0:va");
  const told = await transfer(f, commandOn(f, "vale0:n"));
  assertMatch(told, /virtio-net headers of 0 bytes/); // the interface's frames have none
  assertEquals([counter(told, "txDropped"), counter(told, "rxErrors")], [0, 0], told);
  if (HAS_MODULE) await detach(f.a, "vale0:va");
});

const PAIRS = [["vale1:m", "vale1:n"], ["va{1", "va}1"], ["vale1:m.7", "vale1:n.7"]];
for (const [one, other] of PAIRS) {
  anywhere(`${one} and ${other}: two nuse, iperf3 both ways`, {}, async (f) => {
    const server = nuseOn(f, one, ["iperf3", "-s", "--forceflush"], 4);
    await server.waitFor("listening");
    const args = ["iperf3", "-c", "198.18.0.4", "-J", "--bidir", "-n", `${8 << 20}`];
    const client = await nuseOn(f, other, args).done;
    assertEquals(client.code, 0, client.stdout + client.stderr);
    const { end } = JSON.parse(client.stdout);
    assert(end.sum_received.bytes > 0 && end.sum_received_bidir_reverse.bytes > 0, client.stdout);
    server.kill(); // not before: a nuse stays until what it has sent is acknowledged
    await server.done;
  });
}

const SMALL: Partial<ModuleOptions> = { slots: 64, completions: 16, completeEvery: 3 };

simulated(
  "rings of 64 slots, two merged frames, on a card that gives them back late",
  SMALL,
  async (f) => {
    const told = await transfer(f, f.command);
    assert(counter(told, "txWaits") > 0, told);
  },
);

simulated(
  "rings that are set anew in the middle of a transfer",
  { reinitEvery: 700 },
  async (f) => {
    assert(counter(await transfer(f, f.command), "ringResets") > 0);
  },
);

simulated("syncs that fail for a while: nuse waits, and goes on", {}, async (f) => {
  const pings = f.nuse(["-v", "ping", "-c", "20", "-i", "0.1", PEER]);
  await pings.waitFor("icmp_seq=2");
  await f.netmap!.order(`sync ${EIO}`);
  await new Promise((resolve) => setTimeout(resolve, 500));
  await f.netmap!.order("sync 0");
  const { code, stdout, stderr } = await pings.done;
  assertEquals(code, 0, stderr);
  assertMatch(stdout, /icmp_seq=20 /);
});

simulated("the interface is removed while nuse runs: said in one line", {}, async (f) => {
  const pings = f.nuse(["ping", "-c", "15", "-i", "0.1", PEER]);
  await pings.waitFor("icmp_seq=2");
  await f.netmap!.order("gone");
  const { stderr } = await pings.done;
  assertMatch(stderr, /^nuse: interface va failed: ENODEV\b[^\n]*\n/);
});

anywhere("who has the port, who has not, and after SIGKILL it is free", {}, async (f) => {
  const [idle, nuse] = await idleOn(f, "va");
  assertStringIncludes(await refusal(f, "va"), "the port va: EBUSY (another program");
  assertStringIncludes(await refusal(f, "netmap:vx{1@7"), "EINVAL");
  Deno.kill(nuse, "SIGKILL");
  await idle.done;
  await until("nuse's end", async () => (await commandOf(nuse)) === "");
  const next = await f.nuse([...PING, PEER]).done;
  assertEquals(next.code, 0, next.stdout + next.stderr);
  assertStringIncludes(await f.a.ip("-d link show va"), "promiscuity 0");
});

anywhere(
  "the qdisc is as it was, after the end and after SIGKILL; one's own is not",
  {},
  async (f) => {
    const qdisc = async () => (await f.a.run(["tc", "qdisc", "show", "dev", "va"])).stdout;
    const found = await qdisc();
    const [idle, nuse] = await idleOn(f, "va");
    assertMatch(await qdisc(), /^qdisc (bfifo|netmapemu) /); // the simulator's, the module's
    Deno.kill(nuse, "SIGKILL");
    await idle.done;
    await until("the qdisc that was there", async () => await qdisc() === found, 5);
    // At nuse's own end netmap finds the interface, and leaves a pfifo, for a moment
    for (let i = 0; i < 3; i++) assertEquals((await nuseOn(f, "va", ["true"]).done).stderr, "");
    await until("the qdisc that was there", async () => await qdisc() === found, 5);
    await f.a.run(
      "tc qdisc replace dev va root handle 7: tbf rate 1gbit burst 9k limit 9k".split(" "),
    );
    const { stderr } = await nuseOn(f, "va", ["true"]).done;
    assertEquals(stderr, "nuse: netmap's generic mode replaces the qdisc tbf of va\n");
  },
);

simulated("a module of another version", { api: 13 }, async (f) => {
  assertStringIncludes(await refusal(f, "va"), "/dev/netmap does not take API 14: EINVAL");
});

simulated("a module from before NIOCCTRL: by NIOCREGIF", { isOld: true }, async (f) => {
  const told = await transfer(f, f.command);
  assertMatch(told, /virtio-net headers of 0 bytes, by NIOCREGIF/);
});

simulated("no memory for one more port", {}, async (f) => {
  const idle = [];
  for (let i = 1; i <= 4; i++) idle.push((await idleOn(f, `x{${i}`, 10 + i))[0]);
  assertStringIncludes(await refusal(f, "x{5"), "ENOMEM (its buffers are used up");
  for (const running of idle) running.kill();
  await Promise.all(idle.map(({ done }) => done));
});
