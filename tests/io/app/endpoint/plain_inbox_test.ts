/** @module */
import { assertEquals } from "@std/assert";
import { PlainInbox } from "../../../../io/app/endpoint/plain_inbox.ts";
import { BuddyMemory, DGRAM_PAYLOAD_LEN_OFF, DGRAM_PORT_OFF } from "../../../../stack/mod.ts";

const OFF = 128;

function inboxOf(...lengths: number[]): PlainInbox {
  const memory = new BuddyMemory(new ArrayBuffer(1 << 12));
  const inbox = new PlainInbox(memory);
  lengths.forEach((len, port) => {
    memory.dv.setInt32(OFF + DGRAM_PAYLOAD_LEN_OFF, len, true);
    memory.dv.setUint16(OFF + DGRAM_PORT_OFF, port, true);
    inbox.push(OFF);
  });
  return inbox;
}

/** The port of the header, which numbers the datagrams. */
function portOf(header: Uint8Array | null): number | null {
  return header === null ? null : new DataView(header.buffer).getUint16(DGRAM_PORT_OFF, true);
}

Deno.test("plain inbox: the first one is told by what is unread", () => {
  const inbox = inboxOf(5, 7, 9);
  assertEquals(portOf(inbox.first(21, 5)), 0);
  assertEquals(portOf(inbox.first(21, 5)), 0); // a peek
  inbox.shift();
  assertEquals(portOf(inbox.first(9, 9)), 2); // one has been read without a word
  inbox.shift();
  assertEquals(portOf(inbox.first(0, 3)), null);
});

Deno.test("plain inbox: empty ones", () => {
  assertEquals(portOf(inboxOf(5, 0, 7).first(7, 0)), 1);
  assertEquals(portOf(inboxOf(5, 0, 7).first(7, 7)), 2);
  assertEquals(portOf(inboxOf(0).first(0, 0)), 0);
});

Deno.test("plain inbox: those that nobody asks for do not pile up", () => {
  const inbox = inboxOf(...Array.from({ length: 20_000 }, () => 1));
  assertEquals(portOf(inbox.first(1, 1)), 19_999);
});
