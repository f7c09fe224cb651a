/** @module */
import { assert, assertEquals } from "@std/assert";
import { EPOLLHUP, EPOLLIN, EPOLLOUT } from "../../../../ffi/abi/epoll.ts";
import { NETLINK_ROUTE, NLM_F_DUMP, NLM_F_REQUEST } from "../../../../ffi/abi/netlink.ts";
import type { AppContext } from "../../../../io/app/endpoint/app_context.ts";
import { NetlinkWriter } from "../../../../io/app/netlink/message.ts";
import { NetlinkSocket } from "../../../../io/app/netlink/netlink_socket.ts";
import { NetlinkSockets } from "../../../../io/app/netlink/netlink_sockets.ts";
import { EAGAIN, EMFILE } from "../../../../stack/mod.ts";
import { Host } from "../../../stack/net_fixture.ts";

const FD = 21;
const SLOT = 4;
const COOKIE = 77;
const RTM_GETLINK = 18;

/** A socket whose pair is the test: what it takes, what lies in it. */
class Pair {
  readonly events: string[] = [];
  readonly all = new NetlinkSockets<NetlinkSocket>();
  readonly sent: Uint8Array[] = [];
  /** Datagrams that the pair still takes. */
  room = 100;
  /** Written by the program, without an address. */
  readonly written: Uint8Array[] = [];
  readonly socket: NetlinkSocket;

  constructor(slot = SLOT) {
    const host = new Host();
    const u8 = new Uint8Array(1 << 17);
    const app = {
      stack: host.stack,
      base: null,
      memory: { u8 },
      scratchOff: 0,
      loop: {
        nowUs: host.nowUs,
        add: () => slot,
        forget: (which: number) => this.events.push(`forget ${which}`),
      },
      sys: {
        recv: () => {
          const datagram = this.written.shift();
          if (datagram === undefined) return -EAGAIN;
          u8.set(datagram);
          return datagram.length;
        },
        send: (_fd: number, _base: null, off: number, len: number) => {
          if (this.room === 0) return -EAGAIN;
          this.room--;
          this.sent.push(u8.slice(off, off + len));
          return len;
        },
        close: (fd: number) => this.events.push(`close ${fd}`),
        closeEnd: (fd: number) => this.events.push(`end ${fd}`),
      },
      parked: { wake: (cookie: number) => this.events.push(`wake ${cookie}`) },
    };
    const context = app as unknown as AppContext;
    this.socket = new NetlinkSocket(context, this.all, NETLINK_ROUTE, 3, FD, COOKIE, true);
  }
}

/** RTM_GETLINK of all interfaces. */
function askForLinks(seq: number): Uint8Array {
  const to = { seq, portId: 0 };
  const w = new NetlinkWriter(RTM_GETLINK, NLM_F_REQUEST | NLM_F_DUMP, to);
  w.bytes(new Uint8Array(16));
  return w.finish();
}

const sequenceOf = (datagram: Uint8Array) => new DataView(datagram.buffer).getUint32(8, true);

Deno.test("netlink socket: known by its cookie from attach to close", () => {
  const { all, events, socket } = new Pair();
  assertEquals([socket.attach(), all.get(COOKIE)], [0, socket]);
  socket.close();
  socket.close();
  assertEquals([all.get(COOKIE), events], [null, [`forget ${SLOT}`, `end ${FD}`]]);
  const full = new Pair(-EMFILE);
  assertEquals([full.socket.attach(), full.all.get(COOKIE)], [-EMFILE, null]);
  assertEquals(full.events, [`close ${FD}`]);
});

Deno.test("netlink socket: a request is answered at once, under a number of its own", () => {
  const { events, sent, socket } = new Pair();
  socket.attach();
  assertEquals([socket.take(askForLinks(5), () => false), socket.portId > 0], [0, true]);
  assert(sent.length >= 1 && sent.every((datagram) => sequenceOf(datagram) === 5));
  assertEquals(events, [`wake ${COOKIE}`]);
});

Deno.test("netlink socket: what the pair does not take waits, in its order", () => {
  const pair = new Pair();
  const { sent, socket } = pair;
  socket.attach();
  pair.room = 0;
  for (const seq of [1, 2, 3]) assertEquals(socket.take(askForLinks(seq), () => false), 0);
  assertEquals(sent.length, 0);
  const order = () => [...new Set(sent.map(sequenceOf))];
  pair.room = 1;
  socket.onEvents(EPOLLOUT);
  assertEquals([sent.length, order()], [1, [1]]);
  pair.room = 100;
  socket.onEvents(EPOLLOUT);
  assertEquals(order(), [1, 2, 3]);
  const count = sent.length;
  socket.pump();
  assertEquals(sent.length, count, "each once");
});

Deno.test("netlink socket: what was just written is answered, some at a time", () => {
  const pair = new Pair();
  const { sent, socket, written } = pair;
  socket.attach();
  for (let seq = 1; seq <= 20; seq++) written.push(askForLinks(seq));
  socket.onEvents(EPOLLIN);
  const order = () => [...new Set(sent.map(sequenceOf))];
  assertEquals(order(), Array.from({ length: 16 }, (_, i) => i + 1));
  socket.onEvents(EPOLLIN | EPOLLHUP);
  assertEquals([order().length, pair.all.get(COOKIE)], [20, null]);
  const faulty = new Pair();
  faulty.socket.attach();
  faulty.socket.onFault();
  assertEquals(faulty.events.at(-1), `end ${FD}`);
});
