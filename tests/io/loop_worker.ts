/**
 * Runs an event loop in a Worker for loop_test.ts: tells its stop descriptor, then that it has
 * ended.
 *
 * @module
 */
import { Arena } from "../../ffi/arena.ts";
import { EventLoop } from "../../io/loop/loop.ts";
import { BuddyMemory } from "../../stack/mod.ts";

const arena = Arena.map(1 << 20);
const loop = new EventLoop(arena, new BuddyMemory(arena.buffer), {
  input() {},
  poll() {},
  flush() {},
  pollAtUs: () => Infinity,
});
self.postMessage(loop.stopFd);
loop.run();
loop.close();
self.postMessage("ended");
