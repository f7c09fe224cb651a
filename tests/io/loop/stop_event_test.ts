import { assertEquals } from "@std/assert";
import { POLLIN } from "../../../ffi/abi/socket.ts";
import { Arena } from "../../../ffi/arena.ts";
import { libc } from "../../../ffi/libc.ts";
import { signalEvent, StopEvent } from "../../../io/loop/stop_event.ts";

Deno.test("a signal makes it readable, taking note of it silences it", () => {
  const stop = new StopEvent(Arena.map(1 << 20), 64);
  const isReadable = () => libc().poll(stop.fd, POLLIN, 0) === POLLIN;
  assertEquals([isReadable(), stop.isSignalled], [false, false]);
  signalEvent(stop.fd);
  stop.signal();
  assertEquals([isReadable(), stop.isSignalled], [true, false]);
  stop.onEvents();
  assertEquals([isReadable(), stop.isSignalled], [false, true]);
  stop.close();
});
