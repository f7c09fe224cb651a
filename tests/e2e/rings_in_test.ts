/**
 * What a stream brings, by rings (io/app/endpoint/receive_ring.ts): rings_in.c reads in every way
 * that a program has, past the shim too, and each byte comes once, in order.
 *
 * @module
 */
import { assertEquals, assertMatch } from "@std/assert";
import { withProgram } from "./compiled.ts";
import { e2eWith, PEER, withoutNetmap } from "./fixture.ts";

const e2e = withoutNetmap(e2eWith("cc"));

const SOURCES = ["rings_in.c"];
const PORT = "4971";
const LIMIT_S = 60;

/** What the program prints, and the giver, by the way of reading. */
interface Expected {
  readonly told?: string;
  readonly giver?: string;
}

const ENDED = "end: 0 \n";

function cases(title: string, ways: Readonly<Record<string, Expected>>): void {
  e2e(title, (f) =>
    withProgram(SOURCES, async (rings) => {
      for (const [way, { told = "", giver = ENDED }] of Object.entries(ways)) {
        const peer = f.peer([rings, "give", PORT], { limitSec: LIMIT_S });
        await peer.waitFor("listening", LIMIT_S);
        const argv = ["-v", rings, way, PEER, PORT];
        const { stdout, stderr } = await f.nuse(argv, { limitSec: LIMIT_S }).done;
        const gave = await peer.done;
        assertEquals(stdout, `${told}seen 1\n`, `${way}: ${stderr}`);
        assertMatch(gave.stdout.replace("listening\n", ""), new RegExp(`^${giver}$`), way);
        assertMatch(stderr, /receiveRingsMade [1-9]/, way);
      }
    }));
}

cases("from a ring: sizes, and what goes past the shim in turn", { sizes: {}, mixed: {} });

cases("from a ring: epoll's edges, all levels, and what fires once", {
  edges: { told: "missed edges: 0\n" },
  levels: { told: "not shown: 0, refused: 0\n" },
  oneshot: { told: "missed: 0, not disarmed: 0\n" },
});

cases("from a ring: threads, and handlers of signals", {
  threads: { told: "counts 1 sums 1\n" },
  handler: { told: "counts 1 sums 1\n" },
  interrupted: { told: "interrupted: 20\n" },
});

cases("from a ring: fork, SCM_RIGHTS, exec", { children: {}, passed: {}, executed: {} });

cases("from a ring: a number that is something else by now, and copies", {
  stale: { told: "read from the pipe: 5 \nhello\n" },
  copies: {},
});

cases("from a ring: bad memory, SO_RCVTIMEO, silence, urgent data", {
  bad: { told: "nowhere: -1 EFAULT\nnot to be written to: -1 EFAULT\n" },
  timed: { told: "in vain: -1 EAGAIN\nnot waiting: -1 EAGAIN\n" },
  pauses: {},
  urgent: { told: "urgent: 1 \n!\nat the mark: 1\n" },
});

cases("from a ring: FIN, RST, shutdown, and a close with bytes unread", {
  finished: { told: "the end: 0 \npoll 2005\n" },
  reset: { told: "then: -1 ECONNRESET\nand then: 0 \n", giver: "" },
  shut: { told: "shutdown: 0 \nthen: 0 \n" },
  closed: { giver: "end: -1 ECONNRESET\n" },
});
