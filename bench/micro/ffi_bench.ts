/**
 * The way into C and back, alone and with a system call behind it.
 *
 * `deno bench` gives no permissions, and deno.json cannot (it would ask for `-P` instead): without
 * them only the clock is here, and a line says so. `deno task bench` has them all.
 *
 * @module
 */
import { CLOCK_MONOTONIC } from "../../ffi/abi/file.ts";
import { Arena } from "../../ffi/arena.ts";
import { libc } from "../../ffi/libc.ts";
import { keep, mustBe } from "./measure.ts";

/** As in <sys/socket.h>. */
const AF_UNIX = 1;
const SOCK_STREAM = 1;
const GROUP = "into C and back";

Deno.bench({
  name: "performance.now(), which Deno has built in",
  group: GROUP,
  baseline: true,
  fn: () => keep(performance.now()),
});

/** Calls of the C library itself: nothing between them and us. */
function benchPlain(): void {
  const { symbols } = Deno.dlopen("libc.so.6", {
    abs: { parameters: ["i32"], result: "i32" },
    getpid: { parameters: [], result: "i32" },
  });
  let n = 0;
  Deno.bench({
    name: "a C function that does nothing (abs)",
    group: GROUP,
    fn: () => keep(symbols.abs(--n | 0)),
  });
  Deno.bench({
    name: "the cheapest system call (getpid)",
    group: GROUP,
    fn: () => keep(symbols.getpid()),
  });
}

/** Calls of our own C, as the data path makes them. */
function benchOurs(): void {
  const sys = libc();
  const arena = Arena.map(1 << 20);
  const fds = new Int32Array(2);
  mustBe(sys.socketpair(AF_UNIX, SOCK_STREAM, 0, new Uint8Array(fds.buffer)), 0, "socketpair");
  const [one, other] = fds;
  Deno.bench({
    name: "the clock (vDSO, no system call)",
    group: GROUP,
    fn: () => keep(sys.clockUs(CLOCK_MONOTONIC)),
  });
  for (const [lenBytes, what] of [[1, "1 B"], [1024, "1 KiB"], [65160, "65,160 B"]] as const) {
    Deno.bench({
      name: `${what} through an AF_UNIX pair: send and recv`,
      group: GROUP,
      fn: () => {
        mustBe(sys.send(one, arena.base, 0, lenBytes, 0, 0, 0), lenBytes, "sent");
        mustBe(sys.recv(other, arena.base, 1 << 17, lenBytes, 0, 0, 0), lenBytes, "received");
      },
    });
  }
}

const NEEDED = ["ffi", "read", "write", "env", "run"] as const;
const missing = NEEDED.filter((name) => Deno.permissions.querySync({ name }).state !== "granted");
if (missing.length > 0) {
  console.error("ffi_bench.ts: calls into C left out, they need permissions: deno task bench");
} else {
  benchPlain();
  benchOurs();
}
