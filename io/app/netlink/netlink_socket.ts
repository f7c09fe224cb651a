/**
 * A netlink socket of a program: our end of an AF_UNIX pair, in which the answers lie that the
 * program has not read. The other end is the program's descriptor.
 *
 *     program ─ send ─► requests ─► answerDatagram ─► queue ─► pair ─ recv ─► program
 *
 * A request with an address stops at the second door, whatever the program is, and is answered
 * before the call returns; one that is just written comes here by the loop. A pair takes some ten
 * datagrams: the rest of a long list waits in the queue until the program has read.
 *
 * Names, options and the sender's address of what is received are the door's business
 * (door/netlink_calls.ts).
 *
 * @module
 */
import { NETLINK_ROUTE } from "../../../ffi/abi/netlink.ts";
import { EPOLLET, EPOLLHUP, EPOLLIN, EPOLLOUT } from "../../../ffi/abi/epoll.ts";
import { MSG_DONTWAIT } from "../../../ffi/abi/socket.ts";
import { EAGAIN, ENOBUFS } from "../../../stack/mod.ts";
import type { Handler } from "../../loop/loop.ts";
import { type AppContext, SCRATCH_LEN } from "../endpoint/app_context.ts";
import { answerDatagram, type NetlinkClient, REFUSAL_EXTRA_MAX } from "./answerer.ts";
import type { NetlinkSockets } from "./netlink_sockets.ts";
import { sourceOf } from "./source.ts";

/** Datagrams that wait for a program which sends requests and reads no answers. */
const QUEUE_MAX = 65_536;
/** Bytes of requests in one datagram, so that whatever is answered finds room, too. */
export const REQUEST_MAX = SCRATCH_LEN - REFUSAL_EXTRA_MAX;
/** Requests read in one turn of the loop. */
const TURN_MAX = 16;

export class NetlinkSocket implements Handler, NetlinkClient {
  /** 0: not bound. */
  portId = 0;
  /** Whom requests without an address go to: 0 is the kernel; null: not connected. */
  peerPortId: number | null = null;
  isStrict = false;
  hasExtAck = false;
  isCapped = false;
  #groups = 0;
  /** Options that are told back as they were set. */
  readonly options = new Map<string, number>();
  #queue: Uint8Array[] = [];
  #queuedFrom = 0;
  #slot = -1;

  /** `fd`: our end, closed with this; `cookie`: of the program's end. */
  constructor(
    readonly app: AppContext,
    readonly all: NetlinkSockets<NetlinkSocket>,
    readonly family: number,
    readonly type: number,
    readonly fd: number,
    readonly cookie: number,
    /** Whether who has made it had CAP_NET_ADMIN. */
    readonly isAdmins: boolean,
  ) {}

  /** Multicast groups 1 to 32, as bits. */
  get groups(): number {
    return this.#groups;
  }

  set groups(bits: number) {
    this.#groups = bits;
    if (this.family === NETLINK_ROUTE) this.app.netlinkEvents?.watch(this);
  }

  /** Something has happened that one of its groups is told of; lost when it does not read. */
  notify(message: Uint8Array): void {
    if (this.#queue.length - this.#queuedFrom > QUEUE_MAX) return;
    this.#queue.push(message);
    this.pump();
  }

  /** 0 or -errno; then `fd` is closed. */
  attach(): number {
    const slot = this.app.loop.add(this.fd, EPOLLET + EPOLLIN + EPOLLOUT, this);
    if (slot < 0) {
      this.app.sys.close(this.fd);
      return slot;
    }
    this.#slot = slot;
    this.all.add(this);
    return 0;
  }

  onEvents(events: number): void {
    if ((events & EPOLLIN) !== 0) this.catchUp();
    if ((events & EPOLLHUP) !== 0) return this.close();
    this.pump();
  }

  onFault(): void {
    this.close();
  }

  close(): void {
    if (this.#slot < 0) return;
    this.app.loop.forget(this.#slot);
    this.#slot = -1;
    this.all.remove(this);
    this.app.netlinkEvents?.unwatch(this);
    this.app.sys.closeEnd(this.fd, 0);
  }

  /** Answers what the program has just written, without an address: it may change nothing so. */
  catchUp(): void {
    const { sys, base, memory, scratchOff } = this.app;
    for (let i = 0; i < TURN_MAX; i++) {
      const n = sys.recv(this.fd, base, scratchOff, REQUEST_MAX, 0, 0, MSG_DONTWAIT);
      if (n <= 0) return;
      this.take(memory.u8.slice(scratchOff, scratchOff + n), () => false);
    }
  }

  /** A datagram of requests. 0, or -errno when the answers would be too many. */
  take(datagram: Uint8Array, mayAdmin: () => boolean): number {
    if (this.#queue.length - this.#queuedFrom > QUEUE_MAX) return -ENOBUFS;
    if (this.portId === 0) this.portId = this.all.freePortId(this.family, 0);
    const answers = answerDatagram(sourceOf(this.app), this, datagram, mayAdmin);
    for (const answer of answers) this.#queue.push(answer);
    this.pump();
    return 0;
  }

  /** Puts answers into the pair, as many as it takes. */
  pump(): void {
    const { sys, base, memory, scratchOff } = this.app;
    while (this.#queuedFrom < this.#queue.length) {
      const datagram = this.#queue[this.#queuedFrom];
      memory.u8.set(datagram, scratchOff);
      const n = sys.send(this.fd, base, scratchOff, datagram.length, 0, 0, 0);
      if (n === -EAGAIN) break;
      this.#queuedFrom++;
    }
    if (this.#queuedFrom === this.#queue.length) {
      this.#queue = [];
      this.#queuedFrom = 0;
    }
    this.app.parked.wake(this.cookie);
  }
}
