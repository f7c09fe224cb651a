import { assert, assertEquals } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { Campaign, type Found } from "./campaign.ts";
import { Failure } from "./failure.ts";
import { Intervals } from "./intervals.ts";
import { Minimiser } from "./minimise.ts";
import { readReproducer, writeReproducer } from "./reproducer.ts";
import { replay } from "./session.ts";
import { drawSetting } from "./setting.ts";
import type { Step } from "./steps.ts";

const CORPUS = fromFileUrl(new URL("./corpus", import.meta.url));
const FRAMES = 20_000;

Deno.test(`${FRAMES} frames break nothing`, () => {
  const found: Found[] = [];
  const campaign = new Campaign(1, { replays: 0, ms: 0 }, {
    onSession: () => {},
    onFound: (failure) => found.push(failure),
  });
  campaign.run(FRAMES);
  assertEquals(found.map(({ session, step, message }) => ({ session, step, message })), []);
  const { frames, framesOut, ways } = campaign.totals;
  assertEquals(frames, FRAMES);
  // The conversations do go on
  assert(framesOut > FRAMES / 5 && ways > 500, `${framesOut} frames sent, ${ways} ways`);
});

for (const { name } of Deno.readDirSync(CORPUS)) {
  Deno.test(`found once: ${name}`, () => {
    const { setting, steps } = readReproducer(Deno.readTextFileSync(`${CORPUS}/${name}`));
    const failure = replay(setting, steps, true);
    assertEquals(failure?.message, undefined);
  });
}

Deno.test("a reproducer is what it was when it is read back", () => {
  const setting = drawSetting(7);
  const steps: Step[] = [
    { op: "call", id: 1, name: "tcp", slot: 3, args: [], isHeld: false },
    { op: "wait", id: 2, us: 17, isLate: true },
    {
      op: "frame",
      id: 3,
      bytes: Uint8Array.of(1, 2, 255),
      csum: 2,
      gsoType: 1,
      gsoSize: 1448,
      isHeld: true,
      iss: -5,
      tsBase: 9,
    },
  ];
  const what = "wire: a gap";
  assertEquals(readReproducer(writeReproducer({ what, setting, steps })), { what, setting, steps });
});

Deno.test("failures are of a kind whatever their numbers", () => {
  assertEquals(new Failure("pipe -17 of 3.5\nmore").kind, new Failure("pipe 4 of 20").kind);
  assert(new Failure("pipe 1").kind !== new Failure("cwnd 1").kind);
});

Deno.test("what does not fail again is not cut down", () => {
  const steps: Step[] = [{ op: "wait", id: 1, us: 5, isLate: false }];
  const minimiser = new Minimiser(drawSetting(1), "wire: #", { replays: 10, ms: 1000 });
  assertEquals(minimiser.run(steps), steps);
});

Deno.test("intervals merge, across the end of the sequence space too", () => {
  const intervals = new Intervals();
  intervals.add(-10, -5);
  intervals.add(3, 8);
  assert(intervals.covers(-10, -5) && !intervals.covers(-10, 0));
  intervals.add(-5, 3);
  assertEquals(intervals.count, 1);
  assert(intervals.covers(-10, 8) && !intervals.covers(-11, 8) && !intervals.covers(7, 9));
  intervals.add(0x7ffffff0, -0x7ffffff0);
  assert(intervals.covers(0x7fffffff, -0x7fffffff));
});
