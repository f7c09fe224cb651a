import { assert, assertEquals } from "@std/assert";
import { fromFileUrl } from "@std/path";
import * as drop from "../../stack/base/drop_reason.ts";
import { Prng } from "../support/prng.ts";
import { writeFrame6 } from "../scripts/ip6/write.ts";
import { Draft } from "./draft.ts";
import { Grammar6 } from "./grammar6.ts";
import { judge, UNSURE } from "./judge.ts";
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

Deno.test("the judge of IPv6 is sure of what is wrong, and of segments in good order", () => {
  const frame = writeFrame6("udp 7:53 (8)", null).bytes;
  const verdict = (bytes: Uint8Array) => {
    const dv = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    return judge(bytes, dv, bytes.length, 0, 0, 6);
  };
  const changed = (at: number, value: number) => {
    const bytes = frame.slice();
    bytes[at] = value;
    return verdict(bytes);
  };
  assertEquals(verdict(frame), UNSURE);
  assertEquals(verdict(frame.slice(0, 50)), drop.DROP_IPV6_SHORT);
  assertEquals(verdict(frame.slice(0, 60)), drop.DROP_IPV6_TRUNCATED);
  assertEquals(changed(14, 0x40), drop.DROP_IPV6_VERSION);
  assertEquals(changed(22, 0xff), drop.DROP_MARTIAN_MULTICAST);
  assertEquals(changed(60, 0), drop.DROP_UDP_CHECKSUM);
  const echo = writeFrame6("echo id 1 seq 1 (8) [badsum]", null).bytes;
  assertEquals(verdict(echo), drop.DROP_ICMP_CHECKSUM);
  assertEquals(judge(frame, new DataView(frame.buffer), frame.length, 0, 0, 4), UNSURE);
});

Deno.test("frames of IPv6 are of every kind, and their fragments of one packet", () => {
  const draft = new Draft();
  const grammar = new Grammar6(new Prng(3), draft);
  const kinds = new Set<number>();
  for (let i = 0; i < 2000; i++) {
    grammar.frame([]);
    kinds.add(draft.u8[20] === 58 ? draft.u8[54] : -draft.u8[20]);
  }
  for (const type of [1, 2, 3, 4, 128, 133, 134, 135, 136, 137, -60, -43, -44, 0]) {
    assert(kinds.has(type), `none of ${type}`);
  }
  const ids = grammar.fragments().map((bytes) => bytes.slice(22, 54).join());
  assertEquals(new Set(ids).size, 1);
});
