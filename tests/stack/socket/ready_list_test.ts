import { assertEquals } from "@std/assert";
import { ReadyList, type Socket } from "../../../stack/mod.ts";

function socket(): Socket {
  return { events: 0, isQueued: false } as unknown as Socket;
}

Deno.test("first in, first out, once each, events added up", () => {
  const list = new ReadyList();
  const [a, b] = [socket(), socket()];
  list.raise(a, 1);
  list.raise(b, 2);
  list.raise(a, 4);
  assertEquals([list.count, a.events, b.events], [2, 5, 2]);
  assertEquals(list.take() === a, true);
  assertEquals([a.isQueued, a.events], [false, 5]);
  list.raise(a, 8);
  assertEquals(list.take() === b && list.take() === a, true);
  assertEquals(list.take(), null);
});

Deno.test("it grows, also when its start is not at the front", () => {
  const list = new ReadyList();
  const all = Array.from({ length: 500 }, socket);
  for (const s of all.slice(0, 40)) list.raise(s, 1);
  for (let i = 0; i < 30; i++) list.take();
  for (const s of all.slice(40)) list.raise(s, 1);
  for (const s of all.slice(30)) assertEquals(list.take() === s, true);
});
