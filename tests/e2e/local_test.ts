/**
 * Sockets that talk to each other within one stack do so as on the kernel's loopback: the same
 * programs run on both, and what they print is compared.
 *
 * @module
 */
import { assertSame, withProgram } from "./compiled.ts";
import { e2eWith, type Fixture } from "./fixture.ts";

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
  again: {
    ended_by_peer: "FIN both ways: 0 \ndisconnected: poll 0x14",
    reset_by_peer: "connect: -1 EISCONN\nreset told: 0",
    shut_down: "the peer has shut: 0",
    connected: "urgent data unread: 0",
    accepted: "accepted: 0",
    listeners: "disconnect: 0 \naccept: -1 EINVAL\nrecv: -1 ECONNRESET",
    names: "bound: address as before, port as before",
    settings: "3 s, keep-alive 1",
  },
};

/** Compiles the program, and runs each case on the kernel's stack and under nuse. */
async function compare(f: Fixture, program: string, ...flags: string[]): Promise<void> {
  await withProgram([`${program}.c`], async (path) => {
    for (const [name, words] of Object.entries(PROGRAMS[program])) {
      await assertSame(f, [path, name], flags.length === 0 ? [words] : []);
    }
  }, flags);
}

for (const program of Object.keys(PROGRAMS)) {
  e2e(`within one stack as on the loopback: ${program}`, (f) => compare(f, program), ["RAW"]);
}

e2e("a static program disconnects, and uses the socket again, as on the loopback", async (f) => {
  await compare(f, "again", "-static", "-DBEHIND_DOOR");
}, ["RAW"]);
