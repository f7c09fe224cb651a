import { assertEquals } from "@std/assert";
import { recordingErrorAt, recordPassage } from "../../../stack/wire/ipv4_recording.ts";
import { OPTIONS_PACKET, view } from "./golden.ts";

const OURS = 0x0a0b0c0d;
const OTHER = [9, 9, 9, 9];
const US = [10, 11, 12, 13];
const DAY_MS = 0x01020304;
const TIME = [1, 2, 3, 4];

/** A header with these options, padded. */
function header(options: readonly number[]): { dv: DataView; len: number } {
  const len = 20 + ((options.length + 3) & ~3);
  const bytes = new Uint8Array(len);
  bytes.set(options, 20);
  return { dv: new DataView(bytes.buffer), len };
}

function recorded(options: readonly number[]): number[] {
  const { dv, len } = header(options);
  assertEquals(recordingErrorAt(dv, 0, len), 0);
  recordPassage(dv, 0, len, OURS, DAY_MS, (addr) => addr === OURS);
  return [...new Uint8Array(dv.buffer).subarray(20, 20 + options.length)];
}

function errorAt(...options: number[]): number {
  const { dv, len } = header(options);
  return recordingErrorAt(dv, 0, len);
}

Deno.test("record route: at the pointer, as long as there is room", () => {
  assertEquals(recorded([1, 7, 11, 4, ...OTHER, ...OTHER]), [1, 7, 11, 8, ...US, ...OTHER]);
  assertEquals(recorded([7, 11, 8, ...OTHER, ...OTHER]), [7, 11, 12, ...OTHER, ...US]);
  assertEquals(recorded([7, 11, 12, ...OTHER, ...OTHER]), [7, 11, 12, ...OTHER, ...OTHER]);
  assertEquals(recorded([7, 3, 4]), [7, 3, 4]);
});

Deno.test("timestamps alone, with addresses, and for addresses that were given", () => {
  assertEquals(recorded([68, 8, 5, 0, 0, 0, 0, 0]), [68, 8, 9, 0, ...TIME]);
  const empty = [0, 0, 0, 0];
  assertEquals(recorded([68, 12, 5, 1, ...empty, ...empty]), [68, 12, 13, 1, ...US, ...TIME]);
  assertEquals(recorded([68, 12, 5, 3, ...US, ...empty]), [68, 12, 13, 3, ...US, ...TIME]);
  assertEquals(recorded([68, 12, 5, 3, ...OTHER, ...empty]), [68, 12, 5, 3, ...OTHER, ...empty]);
});

Deno.test("no room for a time: counted, fifteen times", () => {
  assertEquals(recorded([68, 8, 9, 0x10, ...OTHER]), [68, 8, 9, 0x20, ...OTHER]);
  assertEquals(recorded([68, 8, 9, 0xe1, ...OTHER]), [68, 8, 9, 0xf1, ...OTHER]);
  assertEquals(errorAt(68, 8, 9, 0xf0, ...OTHER), 23);
});

Deno.test("both at once, other options between them, nothing behind the end of the list", () => {
  const both = [68, 8, 5, 0, 0, 0, 0, 0, 0x94, 4, 0, 0, 7, 7, 4, 0, 0, 0, 0];
  assertEquals(recorded(both), [68, 8, 9, 0, ...TIME, 0x94, 4, 0, 0, 7, 7, 8, ...US]);
  assertEquals(recorded([0, 7, 7, 4, 0, 0, 0, 0]), [0, 7, 7, 4, 0, 0, 0, 0]);
});

Deno.test("what cannot be right, and where", () => {
  assertEquals(errorAt(7, 2, 4, 0), 21);
  assertEquals(errorAt(7, 7, 3, 0, 0, 0, 0), 22);
  assertEquals(errorAt(7, 6, 4, 0, 0, 0), 22); // three bytes for an address
  assertEquals(errorAt(68, 3, 5, 0), 21);
  assertEquals(errorAt(68, 8, 4, 0, 0, 0, 0, 0), 22);
  assertEquals(errorAt(68, 8, 5, 1, 0, 0, 0, 0), 22); // four for address and time
  assertEquals(errorAt(68, 8, 5, 2, 0, 0, 0, 0), 23);
  assertEquals(errorAt(1, 1, 7, 7, 4, 0, 0, 0, 0), 0);
});

Deno.test("what ping -T tsonly sends is right, and one more time is written into it", () => {
  const packet = OPTIONS_PACKET.slice();
  const dv = view(packet);
  assertEquals(recordingErrorAt(dv, 0, 60), 0);
  recordPassage(dv, 0, 60, OURS, DAY_MS, () => false);
  assertEquals([...packet.subarray(20, 32)], [68, 40, 13, 0, 3, 0x53, 0x34, 0x4e, ...TIME]);
});
