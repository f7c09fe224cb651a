/**
 * Sockets that talk to each other within one stack do so as on the kernel's loopback: the same
 * programs run on both, and what they print is compared.
 *
 * @module
 */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { e2eWith } from "./fixture.ts";

const e2e = e2eWith("cc");

/** By program and case: what must be printed, besides that both print the same. */
const PROGRAMS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  shut: {
    read_shut: "peek: 2 \nrecv: 5 \nafter\nrecv: 0 \nblocking recv: 0",
    read_shut_much: "end: 0 \nread",
    attempts: "connect: -1 ECONNRESET\nSO_ERROR: 0\nsend: -1 EPIPE",
    waiting_accept: "accept: -1 EINVAL\nconnect: -1 ECONNREFUSED\nlisten: 0",
    unread: "20480 bytes, then : -1 ECONNRESET",
    trunc: "discard: 5",
  },
  picture: {
    picture: "fresh                      poll  0x114, of IN 1 0x10, of none 1 0x10; epoll   0x14",
  },
  leave: {
    lingering: "until read\nclose: 0 \nuntil reset",
    lingering_shared: "one of two: 0 \nat once\nthe last: 0 \nwaited",
    interrupted: "cut short\nhandled",
    exits: "SO_LINGER 0\nrecv: 10 \nlast words\nrecv: -1 ECONNRESET",
    ports: "close 0, close_range 0, dup2 0, fclose 0, fork 0, listener 0",
    ports_in_time_wait: "connect: 0",
  },
};

for (const [program, cases] of Object.entries(PROGRAMS)) {
  e2e(`within one stack as on the loopback: ${program}`, async (f) => {
    const dir = await Deno.makeTempDir();
    try {
      const flags = ["-O1", "-Wall", "-Wextra", "-pthread"];
      const source = `${import.meta.dirname}/${program}.c`;
      const compiled = await f.ns.run(["cc", ...flags, "-o", `${dir}/${program}`, source]);
      assertEquals([compiled.code, compiled.stderr], [0, ""]);
      for (const [name, words] of Object.entries(cases)) {
        const native = await f.b.run([`${dir}/${program}`, name]);
        assertStringIncludes(native.stdout, words);
        const under = await f.nuse([`${dir}/${program}`, name]).done;
        assertEquals(under.stdout, native.stdout, `${name}: ${under.stderr}`);
      }
    } finally {
      await Deno.remove(dir, { recursive: true });
    }
  }, ["RAW"]);
}
