import { assert, assertEquals, assertMatch } from "@std/assert";
import { usableFeatures } from "../../io/devices/base/features.ts";
import { e2eWith, type Fixture, inBoth, PEER, SELF, until } from "./fixture.ts";

const e2e = e2eWith("iperf", "iperf3", "nc", "ss");
const e2e3 = inBoth(e2eWith("iperf3"));

/** Waits until iperf 2 listens on the peer's kernel. */
function peerListens(f: Fixture): Promise<void> {
  return until("a listener", async () => (await f.b.run(["ss", "-ltn"])).stdout.includes(":5001"));
}

/** Waits until the program under nuse accepts. */
function nuseListens(f: Fixture): Promise<void> {
  return until(
    "a listener",
    async () => (await f.peer(["nc", "-z", SELF, "5001"]).done).code === 0,
  );
}

/** iperf3 under nuse against the peer until, by `args`, so many bytes or blocks have been sent. */
async function iperf3Client(f: Fixture, args: string[]) {
  const server = f.peer(["iperf3", "-s", "-1", "--forceflush"]);
  await server.waitFor("listening");
  const r = await f.nuse(["iperf3", "-c", f.other, "-J", ...args]).done;
  assertEquals(r.code, 0, r.stdout.slice(-2000) + r.stderr);
  await server.done;
  return JSON.parse(r.stdout).end;
}

e2e3("iperf3 -c: out, in, both, several streams", async (f) => {
  for (const args of [[], ["-R"], ["--bidir"], ["-P", "4"], ["-C", "cubic"]]) {
    const end = await iperf3Client(f, ["-n", `${64 << 20}`, ...args]);
    const { sum_received: there, sum_received_bidir_reverse: back = there } = end;
    // It ends when all is written, one way or the other; what buffers still hold is not counted
    assert(Math.max(there.bytes, back.bytes) > 16 << 20, `${args}: ${JSON.stringify(end)}`);
    assert(Math.min(there.bytes, back.bytes) > 0, `${args}: ${JSON.stringify(end)}`);
  }
});

/** What a counter of `-v` has come to. */
function counted(stderr: string, name: string): number {
  return Number(stderr.match(new RegExp(`[ :]${name} (\\d+)`))?.[1] ?? 0);
}

e2e("iperf3 -c: frames of more than 64 KiB, where the kernel takes them", async (f) => {
  for (const without of ["", "big_tcp"]) {
    const server = f.peer(["iperf3", "-s", "-1", "--forceflush"]);
    await server.waitFor("listening");
    const argv = ["-v", "iperf3", "-c", PEER, "-n", `${256 << 20}`];
    const r = await f.nuse(argv, { env: { NUSE_WITHOUT: without } }).done;
    assertEquals(r.code, 0, r.stdout.slice(-2000) + r.stderr);
    await server.done;
    const perFrame = counted(r.stderr, "txBytes") / counted(r.stderr, "txGso");
    const isLong = without === "" && usableFeatures().has("big_tcp");
    assertEquals(perFrame > 65_536, isLong, r.stderr);
    assertEquals(counted(r.stderr, "txDropped"), 0, r.stderr);
  }
}, ["TAP"]);

e2e3("iperf3 -u: what a socket's buffer holds arrives, out and in", async (f) => {
  for (const args of [[], ["-R"]]) {
    // However late the receiver is, these 58 KB have room
    const end = await iperf3Client(f, ["-u", "-b", "20M", "-k", "40", ...args]);
    assertEquals(end.sum.lost_packets, 0, JSON.stringify(end.sum));
  }
});

e2e3("iperf3 -s under nuse, the peer as client, both directions and UDP", async (f) => {
  for (const args of [[], ["-R"], ["--bidir"], ["-u", "-b", "50M"], ["-u", "-b", "50M", "-R"]]) {
    const server = f.nuse(["iperf3", "-s", "-1", "--forceflush"]);
    await server.waitFor("listening");
    const r = await f.peer(["iperf3", "-c", f.self, "-t", "1", "-J", ...args]).done;
    assertEquals(r.code, 0, `${args}: ${r.stdout.slice(-1000)}${r.stderr}`);
    const report = JSON.parse(r.stdout);
    assertEquals(report.error, undefined);
    assertEquals((await server.done).code, 0);
  }
});

e2e("iperf 2 -c: TCP, -u, -u -b 500M, -P 4, -d, -r", async (f) => {
  for (const args of [[], ["-P", "4"], ["-d"], ["-r"]]) {
    const server = f.peer(["iperf", "-s"]);
    await peerListens(f);
    const r = await f.nuse(["iperf", "-c", PEER, "-t", "1", ...args]).done;
    assertEquals(r.code, 0, `${args}: ${r.stdout}${r.stderr}`);
    assert(/ (M|G)bits\/sec/.test(r.stdout), r.stdout);
    server.kill();
    await server.done;
  }
  for (const args of [["-u"], ["-u", "-b", "500M"]]) {
    const server = f.peer(["iperf", "-s", "-u"]);
    await server.waitFor("Server listening").catch(() => {});
    const r = await f.nuse(["iperf", "-c", PEER, "-t", "1", ...args]).done;
    assertEquals(r.code, 0, `${args}: ${r.stdout}${r.stderr}`);
    assert(r.stdout.includes("Server Report"), r.stdout);
    server.kill();
    await server.done;
  }
});

e2e("iperf 2 -s under nuse, the peer as client", async (f) => {
  const server = f.nuse(["iperf", "-s"], { limitSec: 30 });
  await nuseListens(f);
  for (const args of [[], ["-P", "4"], ["-d"]]) {
    const r = await f.peer(["iperf", "-c", SELF, "-t", "1", ...args]).done;
    assertEquals(r.code, 0, `${args}: ${r.stdout}${r.stderr}`);
    assert(/ (M|G)bits\/sec/.test(r.stdout), r.stdout);
  }
  server.kill();
  await server.done;
});

e2e(
  "RAW on a slow interface: TCP fills it, what is too much is told, nothing stalls",
  async (f) => {
    for (const limit of ["100kb", "30mb"]) { // its queue is full; our socket's buffer is full
      const shape = async (rate: string) => {
        const tbf = ["tbf", "rate", rate, "burst", "64kb", "limit", limit];
        const { code, stderr } = await f.ns.run(
          ["tc", "qdisc", "replace", "dev", "va", "root", ...tbf],
        );
        assertEquals(code, 0, stderr);
      };
      await shape("50mbit");
      const { sum_received } = await iperf3Client(f, ["-C", "cubic", "-n", `${16 << 20}`]);
      assert(sum_received.bytes > 4 << 20, `${limit}: ${sum_received.bytes} bytes`);
      const { stdout } = await f.ns.run(["tc", "-s", "qdisc", "show", "dev", "va"]);
      const waited = Number(stdout.match(/overlimits (\d+)/)?.[1]);
      assert(waited > 100, `${limit}: the link was not full: ${stdout}`);
      await shape("10mbit"); // less than a busy machine sends
      const flood = ["-v", "iperf3", "-u", "-b", "200M", "-t", "1", "-c", PEER];
      const server = f.peer(["iperf3", "-s", "-1", "--forceflush"]);
      await server.waitFor("listening");
      const r = await f.nuse(flood).done;
      assertEquals(r.code, 0, r.stdout + r.stderr);
      assertMatch(r.stderr, /^nuse: va: .*txWaits [1-9]/m);
      await server.done;
    }
  },
  ["RAW"],
);
