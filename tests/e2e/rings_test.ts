/**
 * Streams by rings (io/app/endpoint/send_ring.ts): rings.c writes in every way that a program has,
 * past the shim too, and each byte arrives, in order.
 *
 * @module
 */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { e2eWith, type Fixture, PEER, withoutNetmap } from "./fixture.ts";

const e2e = withoutNetmap(e2eWith("cc"));

const SOURCE = `${import.meta.dirname}/rings.c`;
const PORT = "4970";
const LIMIT_S = 60;

/** Runs `body` with rings.c compiled. */
async function compiled(f: Fixture, body: (rings: string) => Promise<void>): Promise<void> {
  const dir = await Deno.makeTempDir();
  try {
    const r = await f.ns.run(["cc", "-O1", "-pthread", "-o", `${dir}/rings`, SOURCE]);
    assertEquals(r.code, 0, r.stderr);
    await body(`${dir}/rings`);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

/** One way of writing: all arrives, some of it by a ring, and the program is told `words`. */
async function check(f: Fixture, rings: string, way: string, words: string): Promise<void> {
  const receiver = f.peer([rings, "take", PORT]);
  await receiver.waitFor("listening", LIMIT_S);
  const argv = ["-v", rings, way, PEER, PORT];
  const sender = await f.nuse(argv, { env: { NUSE_RINGS: "1" } }).done;
  const { stdout } = await receiver.done;
  assertStringIncludes(sender.stdout, words, `${way}: ${sender.stderr}`);
  const sent = sender.stdout.match(/sent main (\d+) second (\d+)\n$/);
  const expected = `main ${sent?.[1]}\nsecond ${sent?.[2]}\nend: 0 \n`;
  assertEquals(stdout.replace("listening\n", ""), expected, `${way}: ${sender.stdout}`);
  assertMatch(sender.stderr, /ringsMade [1-9]/, way);
}

function cases(title: string, ways: Readonly<Record<string, string>>): void {
  e2e(title, (f) =>
    compiled(f, async (rings) => {
      for (const [way, words] of Object.entries(ways)) await check(f, rings, way, words);
    }));
}

cases("by a ring: sizes, and what goes past the shim in turn", { sizes: "", mixed: "" });

cases("by a ring: epoll's edges and poll's levels", {
  edges: "missed edges: 0",
  levels: "refused: 0",
});

cases("by a ring: threads, and a handler that writes, too", {
  threads: "",
  handler: "",
  interrupted: "",
});

cases("by a ring: fork, SCM_RIGHTS, exec", { children: "", passed: "", executed: "" });

cases("by a ring: a number that is something else by now, and copies", {
  stale: "write into the pipe: 5 \nread from it: 5 \nhello\n",
  copies: "",
});

cases("by a ring: bad memory, shutdown, SO_SNDTIMEO and SIOCOUTQ, SIGKILL", {
  bad: "nowhere: -1 EFAULT\nnowhere, little: -1 EFAULT\nbeyond its end: -1 EFAULT\n",
  shut: "shutdown: 0 \nwrite: -1 EPIPE\nread: 0 \n",
  timed: "in the end: -1 EAGAIN\nmore than a MiB is queued: 1\nwritable: 0 \nwritable later: 1 \n",
  killed: "",
});
