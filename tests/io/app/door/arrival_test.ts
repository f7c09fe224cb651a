/** @module */
import { assertEquals } from "@std/assert";
import { DoorArrival, isDoorNews } from "../../../../io/app/door/arrival.ts";
import type { AppContext } from "../../../../io/app/endpoint/app_context.ts";

const VIEW = 1;
const UNIX = 2;
const DOOR = 0;

/** What comes with which news, and what is done about it. */
class Gate {
  readonly done: string[] = [];
  readonly arrival: DoorArrival;
  /** What the socket gives: a byte and a descriptor; null: it has ended; a number: -errno. */
  next: [news: number, fd: number] | null | number = null;
  isTaken = true;

  constructor() {
    const u8 = new Uint8Array(64);
    const dv = new DataView(u8.buffer);
    const note = (text: string) => {
      this.done.push(text);
      return this.isTaken;
    };
    const app = {
      base: null,
      memory: { u8, dv },
      allocate: () => 16,
      loop: { add: () => 3, remove: (slot: number) => this.done.push(`remove ${slot}`) },
      sys: {
        recvFd: (_fd: number, _base: null, off: number, _len: number, fdOff: number) => {
          if (this.next === null) return 0;
          if (typeof this.next === "number") return this.next;
          u8[off] = this.next[0];
          dv.setInt32(fdOff, this.next[1], true);
          return 1;
        },
        close: (fd: number) => this.done.push(`close ${fd}`),
        closeLater: (fd: number) => this.done.push(`later ${fd}`),
      },
    };
    this.arrival = new DoorArrival(app as unknown as AppContext, 9, {
      onDoor: (fd) => note(`door ${fd}`),
      onView: (fd) => note(`view ${fd}`),
      onUnixList: (fd) => note(`unix ${fd}`),
    });
  }

  wake(next: Gate["next"]): string[] {
    this.next = next;
    this.arrival.onEvents();
    return this.done.splice(0);
  }
}

Deno.test("arrival: each descriptor goes to whom its news says", () => {
  const gate = new Gate();
  assertEquals(gate.wake([DOOR, 30]), ["door 30"]);
  assertEquals(gate.wake([VIEW, 31]), ["view 31"]);
  assertEquals(gate.wake([UNIX, 32]), ["unix 32"]);
  assertEquals([DOOR, VIEW, UNIX, 7].map(isDoorNews), [true, false, false, true]);
});

Deno.test("arrival: what nobody takes is closed, where that may take its time", () => {
  const gate = new Gate();
  gate.isTaken = false;
  assertEquals(gate.wake([DOOR, 0]), ["door 0", "later 0"]);
  assertEquals(gate.wake([VIEW, -1]), [], "none came");
  assertEquals(gate.wake(-11), []);
});

Deno.test("arrival: it ends with whoever could send one, once", () => {
  const gate = new Gate();
  assertEquals(gate.wake(null), ["remove 3", "close 9"]);
  gate.arrival.close();
  assertEquals(gate.done, []);
});
