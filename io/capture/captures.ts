/**
 * Packet sockets (AF_PACKET) of the programs: tcpdump, arping, a DHCP client. Theory of operation.
 *
 * A packet socket is more than calls: libpcap takes frames from a ring that it maps into its
 * memory, and from nothing else. So a program gets a packet socket of the kernel's, in the
 * programs' own network namespace, with everything that the kernel knows to do with one: rings,
 * filters, statistics, membership, fanout. The stack shows its frames there, on an interface of the
 * same name, number and MAC address:
 *
 *     wire ── device ── stack            the programs' network namespace:
 *                │ │                       TAP "eth0" ──── tcpdump's packet socket
 *                │ └─ what came: written ──►  │ (received)
 *                └─── what goes: sent by ──►  │ (PACKET_OUTGOING)
 *                     a packet socket of ours │
 *     wire ◄── device ◄── read ◄──────────────┘ what a program sends
 *
 * What our own packet socket sends carries a mark by which the TAP throws it away, after the kernel
 * has shown it to all; what a program sends does not, and comes to us. Frames of many segments and
 * unfinished checksums are shown as they are, as Linux shows them. The kernel throws away what it
 * "receives": the interface has no address.
 *
 * The kernel asks for CAP_NET_RAW, as it does natively. Nothing is made before somebody asks for a
 * packet socket (`open`), and frames are only copied while there is one: /proc/net/packet tells,
 * looked at once a second.
 *
 * Not shown: the loopback, VLANs' interfaces (on the interface below, their received frames are,
 * with their tags). Where nuse has no right to make an interface later (a user namespace) there are
 * no packet sockets.
 *
 * @module
 */
import type { Arena } from "../../ffi/arena.ts";
import { SysError } from "../../ffi/errno.ts";
import { libc } from "../../ffi/libc.ts";
import type { CaptureFds } from "../../ffi/network.ts";
import { EAFNOSUPPORT, type Interface, type Memory } from "../../stack/mod.ts";
import type { LoopWatch } from "../loop/loop.ts";
import { CaptureTap } from "./capture_tap.ts";

const CHECK_US = 1_000_000;
/** A program that has asked makes its socket within that time. */
const GRACE_US = 3_000_000;
const LIST_LEN = 16_384;
const NEWLINE = 0x0a;

export class Captures {
  readonly #fds: CaptureFds;
  readonly #interfaces: () => readonly Interface[];
  readonly #arena: Arena;
  readonly #memory: Memory;
  readonly #loop: LoopWatch;
  readonly #listOff: number;
  /** null: nobody has asked yet. */
  #taps: readonly CaptureTap[] | null = null;
  #isOn = false;
  #askedUs = 0;
  #checkedUs = 0;

  /** `interfaces`: those with a device, when asked. */
  constructor(
    fds: CaptureFds,
    interfaces: () => readonly Interface[],
    arena: Arena,
    memory: Memory,
    loop: LoopWatch,
  ) {
    this.#fds = fds;
    this.#interfaces = interfaces;
    this.#arena = arena;
    this.#memory = memory;
    this.#loop = loop;
    this.#listOff = memory.alloc(LIST_LEN);
  }

  /** A program is about to have a packet socket. Returns 0 or -errno. */
  open(nowUs: number): number {
    this.#askedUs = nowUs;
    this.#taps ??= this.#make();
    if (this.#taps.length === 0) return -EAFNOSUPPORT;
    if (!this.#isOn) { for (const tap of this.#taps) tap.start(); }
    this.#isOn = true;
    return 0;
  }

  #make(): CaptureTap[] {
    const { control, taps, packets } = this.#fds;
    return this.#interfaces().slice(0, taps.length).flatMap((iface, i) => {
      const fds = { control, tap: taps[i], packet: packets[i] };
      try {
        return [new CaptureTap(iface, fds, this.#arena, this.#memory, this.#loop)];
      } catch (error) {
        if (error instanceof SysError) return []; // a name that Linux does not take
        throw error;
      }
    });
  }

  /** At every turn of the loop. */
  check(nowUs: number): void {
    if (!this.#isOn || nowUs - this.#checkedUs < CHECK_US) return;
    this.#checkedUs = nowUs;
    if (nowUs - this.#askedUs < GRACE_US || this.#socketCount() > this.#fds.packets.length) return;
    for (const tap of this.#taps ?? []) tap.stop();
    this.#isOn = false;
  }

  /** Packet sockets in the programs' network, ours included. */
  #socketCount(): number {
    const len = libc().reread(this.#fds.list, this.#arena.base, this.#listOff, LIST_LEN);
    if (len < 0) return Infinity;
    let lines = 0;
    for (let i = 0; i < len; i++) if (this.#memory.u8[this.#listOff + i] === NEWLINE) lines++;
    return lines - 1; // below a head
  }
}
