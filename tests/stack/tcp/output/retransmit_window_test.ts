import { assertEquals } from "@std/assert";
import { fitWindow } from "../../../../stack/tcp/output/retransmit_window.ts";
import { SENT_SYN, SentPool, SentQueue } from "../../../../stack/tcp/tcb/sent_queue.ts";
import type { Tcb } from "../../../../stack/tcp/tcb/tcb.ts";

const SMSS = 100;

/** What fits of the record that begins `skip` bytes after SND.UNA, and where records end then. */
function fit(sndWnd: number, lenBytes: number, skip = 0, flags = 0): [number, number[]] {
  const sent = new SentQueue(new SentPool());
  if (skip > 0) sent.push(0, skip, 0, 1);
  sent.push(skip, lenBytes, flags, 1);
  const tcb = { sent, sndUna: 0, sndWnd, smss: SMSS } as unknown as Tcb;
  const fitBytes = fitWindow(tcb, sent.tail!);
  const ends: number[] = [];
  for (let s = sent.head; s !== null; s = s.next) ends.push(s.end);
  return [fitBytes, ends];
}

Deno.test("a record goes again as far as the window takes it, in full segments if it can", () => {
  assertEquals(fit(300, 300), [300, [300]]);
  assertEquals(fit(299, 300), [200, [200, 300]]);
  assertEquals(fit(40, 300), [40, [40, 300]]);
  assertEquals(fit(140, 300, 100), [40, [100, 140, 400]]);
});

Deno.test("into a closed window goes one segment, the oldest; beyond it nothing but a SYN", () => {
  assertEquals(fit(0, 300), [100, [100, 300]]);
  assertEquals(fit(0, 60), [60, [60]]);
  assertEquals(fit(0, 60, 100), [0, [100, 160]]);
  assertEquals(fit(0, 1, 0, SENT_SYN), [1, [1]]);
});
