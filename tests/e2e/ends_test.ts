/**
 * How a stream ends is what it is without nuse: ends.c runs as client of the kernel's stack,
 * natively and under nuse, and with both its ends under nuse. What client and server print is
 * compared.
 *
 * @module
 */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { withProgram } from "./compiled.ts";
import { e2eWith, type Fixture, PEER } from "./fixture.ts";

const e2e = e2eWith("cc");

const LOOPBACK = "127.0.0.1";
const PORT = "4980";
/** Both ends in one shell; the server's words go to stderr. */
const BOTH = `"$0" serve ${LOOPBACK} ${PORT} >&2 & "$0" "$1" ${LOOPBACK} ${PORT}; wait`;

/** What the client prints and what the server prints. */
type Ends = readonly [client: string, server: string];

/** The server in the kernel's stack. */
async function acrossWire(f: Fixture, ends: string, name: string): Promise<Ends> {
  const server = f.peer([ends, "serve", "0.0.0.0", PORT]);
  const client = await f.nuse([ends, name, PEER, PORT]).done;
  return [client.stdout, (await server.done).stdout];
}

/** Natively, under nuse against the kernel, within nuse: the same, with `words` in it. */
async function same(f: Fixture, ends: string, name: string, words: string): Promise<void> {
  const r = await f.b.run(["sh", "-c", BOTH, ends, name]);
  const native: Ends = [r.stdout, r.stderr];
  assertStringIncludes(native.join(""), words);
  assertEquals(await acrossWire(f, ends, name), native, name);
  const within = await f.nuse(["sh", "-c", BOTH, ends, name]).done;
  const said = within.stderr.replace(/^nuse: netmap.*\n/gm, ""); // of the device, not of the ends
  assertEquals([within.stdout, said], native, `${name} within nuse`);
}

function cases(title: string, names: Readonly<Record<string, string>>): void {
  e2e(title, async (f) => {
    await withProgram(["ends.c"], async (ends) => {
      for (const [name, words] of Object.entries(names)) await same(f, ends, name, words);
    });
  });
}

cases("close with input unread: what was sent arrives, then the reset", {
  unread: "server got 6 bytes, then : -1 ECONNRESET",
  unread_linger: "server got 6 bytes, then : -1 ECONNRESET",
});

cases("FIN, then RST: recv() gives 0, send() and SO_ERROR tell of the RST", {
  fin_rst: "f 2\npoll: 0x201d\nSO_ERROR: 32 \nrecv: 0 \nsend: -1 EPIPE",
  fin_read_rst: "fr 0\npoll: 0x201d\nrecv: 0 ",
});

cases("a reset is told once, behind the data, and shown by poll() until then", {
  reset_epoll: "epoll: 1 0x201d",
  rst: "r 0\npoll: 0x201d\nrecv: -1 ECONNRESET",
  data_rst: "d 2\npoll: 0x201d\nSO_ERROR: 104 \nrecv: 4 \ndata\nsend: -1 EPIPE",
});

cases("poll() of a stream that is not connected: POLLHUP at once", {
  fresh: "poll: 1 0x10\npoll: 0x14",
});

cases("who closed first may connect again from its own port at once", {
  again: "server got 0 bytes, then : 0 \n".repeat(3),
});

cases("what close() promises is true when it returns: the port is free, nobody listens", {
  closed: "not free: 0, not refused: 0",
});

cases("SO_LINGER: close() waits, no longer than that, and the rest is delivered", {
  linger: "waited\nall has come\n",
});

cases("between two sockets of one stack what was sent is there when send() returns", {
  local: "missed: 0\n",
});
