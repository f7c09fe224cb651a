/**
 * Streams by rings (io/app/endpoint/send_ring.ts): rings.c writes in every way that a program has,
 * past the shim too, and each byte arrives, in order.
 *
 * @module
 */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import type { Running } from "../lab/netns.ts";
import { LOSSY_PEER, LossyLink } from "../lab/linkem/lossy_link.ts";
import { withProgram } from "./compiled.ts";
import { e2eWith, PEER, whyLeftOut, withoutNetmap } from "./fixture.ts";

const e2e = withoutNetmap(e2eWith("cc"));

const SOURCES = ["rings.c"];
const PORT = "4970";
const LIMIT_S = 60;
const LOSSY_LIMIT_S = 120;

/** Starts nuse with these arguments, with rings. */
type Start = (argv: string[]) => Running;

/** One way of writing: all arrives, some of it by a ring, and the program is told `words`. */
async function check(
  receiver: Running,
  start: Start,
  argv: [rings: string, way: string, peer: string],
  words: string,
): Promise<void> {
  const [, way] = argv;
  await receiver.waitFor("listening", LIMIT_S);
  const sender = await start(["-v", ...argv, PORT]).done;
  const { stdout } = await receiver.done;
  assertStringIncludes(sender.stdout, words, `${way}: ${sender.stderr}`);
  const sent = sender.stdout.match(/sent main (\d+) second (\d+)\n$/);
  const expected = `main ${sent?.[1]}\nsecond ${sent?.[2]}\nend: 0 \n`;
  assertEquals(stdout.replace("listening\n", ""), expected, `${way}: ${sender.stdout}`);
  assertMatch(sender.stderr, /ringsMade [1-9]/, way);
}

function cases(title: string, ways: Readonly<Record<string, string>>): void {
  e2e(title, (f) =>
    withProgram(SOURCES, async (rings) => {
      const start = (argv: string[]) => f.nuse(argv);
      for (const [way, words] of Object.entries(ways)) {
        await check(f.peer([rings, "take", PORT]), start, [rings, way, PEER], words);
      }
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

const reason = whyLeftOut("RAW", ["cc"]);
Deno.test({
  name: `RAW: by a ring: what is lost on the way goes again as it was${reason}`,
  ignore: reason !== "",
  sanitizeOps: false,
  sanitizeResources: false,
  fn: () =>
    withProgram(SOURCES, async (rings) => {
      await using link = await LossyLink.create("RAW");
      await link.set({ delayUs: 500, lossPpm: 5000, dupPpm: 5000, seed: 1 }, LOSSY_LIMIT_S);
      const limitSec = LOSSY_LIMIT_S;
      const receiver = link.b.start([rings, "take", PORT], { limitSec });
      const start = (argv: string[]) => link.a.start([...link.command, ...argv], { limitSec });
      await check(receiver, start, [rings, "copies", LOSSY_PEER], "");
      const [there] = (await link.stop())!;
      assertEquals(there.lost > 0, true, JSON.stringify(there));
    }),
});
