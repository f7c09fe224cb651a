import { assertEquals } from "@std/assert";
import { FullPipe } from "../../../../stack/tcp/congestion/full_pipe.ts";

Deno.test("full pipe: three rounds without a quarter more", () => {
  const pipe = new FullPipe();
  for (const bandwidth of [10, 20, 40, 49, 49]) pipe.onRound(bandwidth);
  assertEquals(pipe.isFull, false);
  pipe.onRound(50);
  pipe.onRound(51);
  pipe.onRound(52);
  assertEquals(pipe.isFull, false, "50 began anew");
  pipe.onRound(62);
  assertEquals(pipe.isFull, true);
  pipe.restart();
  pipe.onRound(500);
  assertEquals(pipe.isFull, true, "once full, full");
});

Deno.test("full pipe: a timeout makes it look again", () => {
  const pipe = new FullPipe();
  for (const bandwidth of [10, 10, 10]) pipe.onRound(bandwidth);
  pipe.restart();
  pipe.onRound(10);
  assertEquals(pipe.isFull, false);
  for (const bandwidth of [10, 10, 10]) pipe.onRound(bandwidth);
  assertEquals(pipe.isFull, true);
});
