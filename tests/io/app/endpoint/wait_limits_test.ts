import { assertEquals } from "@std/assert";
import { AF_UNIX, SO_RCVTIMEO_OLD, SOCK_STREAM, SOL_SOCKET } from "../../../../ffi/abi/socket.ts";
import { libc } from "../../../../ffi/libc.ts";
import { WaitLimits } from "../../../../io/app/endpoint/wait_limits.ts";

function withLimits(): [WaitLimits, { serviceAtUs: number }] {
  const loop = { serviceAtUs: Infinity };
  return [new WaitLimits(libc(), loop), loop];
}

Deno.test("the loop wakes for the first whose time is up; others wait on", () => {
  const [limits, loop] = withLimits();
  const [first, second] = [{}, {}];
  const over: string[] = [];
  limits.set(second, 2000, () => over.push("second"));
  limits.set(first, 1000, () => over.push("first"));
  assertEquals([loop.serviceAtUs, limits.untilUs(first)], [1000, 1000]);
  limits.expire(999);
  assertEquals(over, []);
  limits.expire(1000);
  assertEquals([over, loop.serviceAtUs, limits.untilUs(first)], [["first"], 2000, 0]);
  limits.clear(second);
  limits.expire(5000);
  assertEquals([over, loop.serviceAtUs], [["first"], Infinity]);
});

Deno.test("SO_RCVTIMEO of a socket, in microseconds", () => {
  const [limits] = withLimits();
  const sys = libc();
  const fds = new Int32Array(2);
  sys.socketpair(AF_UNIX, SOCK_STREAM, 0, new Uint8Array(fds.buffer));
  assertEquals(limits.ofSocket(fds[0]), 0);
  const time = new Uint8Array(new BigInt64Array([3n, 500_000n]).buffer);
  sys.setsockopt(fds[0], SOL_SOCKET, SO_RCVTIMEO_OLD, time, time.length);
  assertEquals(limits.ofSocket(fds[0]), 3_500_000);
  for (const fd of fds) sys.close(fd);
});
