import { assertEquals } from "@std/assert";
import type { SourceFilter } from "../../../stack/base/group_membership.ts";
import { ASKED_SOURCES_MAX, GroupState, type RecordSink } from "../../../stack/igmp/group_state.ts";
import { TimerHeap } from "../../../stack/storage/mod.ts";

const [IS_IN, IS_EX, TO_IN, TO_EX, ALLOW, BLOCK] = [1, 2, 3, 4, 5, 6];
const include = (...sources: number[]): SourceFilter => ({ isInclude: true, sources });
const exclude = (...sources: number[]): SourceFilter => ({ isInclude: false, sources });

function records(tell: (sink: RecordSink) => void): unknown[] {
  const all: unknown[] = [];
  tell((type, _group, sources) => all.push([type, ...sources]));
  return all;
}

function make() {
  const state = new GroupState(7);
  const changes = () => records((sink) => state.reportChanges(sink));
  return { state, changes };
}

Deno.test("a mode's change is told so often, then the sources that changed meanwhile", () => {
  const { state, changes } = make();
  state.change(null, exclude(), 3);
  assertEquals(changes(), [[TO_EX]]);
  state.change(exclude(), exclude(5), 3);
  assertEquals(changes(), [[TO_EX, 5]]);
  assertEquals(changes(), [[TO_EX, 5]]);
  assertEquals(changes(), [[BLOCK, 5]]);
  assertEquals([state.hasChanges, changes()], [false, []]);
  state.change(exclude(5), null, 1);
  assertEquals([state.isNeeded, changes(), state.isNeeded], [true, [[TO_IN]], false]);
});

Deno.test("each source is told as often as its own last change asks", () => {
  const { state, changes } = make();
  state.change(null, include(1), 2);
  assertEquals(changes(), [[ALLOW, 1]]);
  state.change(include(1), include(1, 2), 2);
  assertEquals(changes(), [[ALLOW, 1, 2]]);
  state.change(include(1, 2), include(2), 2);
  assertEquals(changes(), [[ALLOW, 2], [BLOCK, 1]]);
  assertEquals(changes(), [[BLOCK, 1]]);
  assertEquals(state.hasChanges, false);
});

Deno.test("a change that changes nothing for the link is not told", () => {
  const { state } = make();
  state.change(null, include(), 2);
  assertEquals(state.isNeeded, false);
  state.change(null, include(1), 2);
  state.forgetChanges();
  state.change(null, include(1), 2);
  assertEquals([state.hasChanges, state.isNeeded], [false, true]);
});

Deno.test("a waiting answer remembers a bounded number of sources, then it tells all", () => {
  const { state } = make();
  const timers = new TimerHeap<GroupState>();
  state.change(null, exclude(1), 1);
  const answer = () => {
    timers.cancel(state);
    return records((sink) => state.answer(sink));
  };
  state.ask([1, 2]);
  timers.set(state, 1);
  state.ask([3]);
  assertEquals(answer(), [[IS_IN, 2, 3]]);
  const many = Array.from({ length: ASKED_SOURCES_MAX }, (_, i) => i + 100);
  state.ask(many);
  timers.set(state, 1);
  assertEquals(answer(), [[IS_IN, ...many]]);
  state.ask(many);
  timers.set(state, 1);
  state.ask([7]);
  state.ask([8]);
  assertEquals(answer(), [[IS_EX, 1]]);
});
