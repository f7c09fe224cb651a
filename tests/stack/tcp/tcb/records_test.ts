import { assertEquals } from "@std/assert";
import { Undo } from "../../../../stack/tcp/tcb/records.ts";

Deno.test("undo: a recovery that follows another at once counts what is still in flight", () => {
  const undo = new Undo();
  undo.arm(1000, 0);
  assertEquals([undo.retransSegs, undo.firstRetransUs], [-1, -1]);
  undo.onRetransmit(2, 50);
  undo.onRetransmit(1, 60);
  assertEquals([undo.retransSegs, undo.firstRetransUs], [3, 50]);
  // Else the ACK of these would look like that of text which was never sent again
  undo.arm(5000, 2);
  assertEquals([undo.marker, undo.retransSegs, undo.firstRetransUs], [5000, 2, 50]);
  undo.arm(9000, 0);
  assertEquals([undo.retransSegs, undo.firstRetransUs], [-1, -1]);
});
