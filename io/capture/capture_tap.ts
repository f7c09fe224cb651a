/**
 * One interface of the stack as programs' packet sockets see it: a TAP of the same name, number and
 * MAC address in the programs' network. See captures.ts.
 *
 * @module
 */
import { CBPF_JEQ, CBPF_LD_W, SKF_MARK, SOCK_FILTER } from "../../ffi/abi/bpf.ts";
import { EPOLLIN } from "../../ffi/abi/epoll.ts";
import { IFF_UP, IFREQ, SIOCSIFFLAGS, SIOCSIFHWADDR, SIOCSIFMTU } from "../../ffi/abi/interface.ts";
import { ARPHRD_ETHER, SOCKADDR_LL } from "../../ffi/abi/packet.ts";
import { AF_PACKET } from "../../ffi/abi/socket.ts";
import { TUNATTACHFILTER } from "../../ffi/abi/tun.ts";
import type { Arena } from "../../ffi/arena.ts";
import { check } from "../../ffi/errno.ts";
import { type Libc, libc } from "../../ffi/libc.ts";
import { interfaceRequest } from "../../ffi/link.ts";
import {
  CSUM_PARTIAL,
  GSO_NONE,
  type Interface,
  type Memory,
  type RxFrames,
  TxFrames,
} from "../../stack/mod.ts";
import { DeviceCounters } from "../devices/base/device.ts";
import { checksumPlace, ETHERNET_LEN } from "../devices/base/frame.ts";
import { FrameMessages } from "../devices/base/frame_messages.ts";
import { ACCEPT, assemble, REJECT } from "../devices/filter.ts";
import { TapDevice } from "../devices/tap.ts";
import type { FrameTap, Handler, LoopWatch } from "../loop/loop.ts";

/** SO_MARK of our packet sockets (host/network.c). */
const CAPTURE_MARK = 0x6e757365;
const GSO_MAX_BYTES = 65_535;
const ROWS = 64;
/** struct sock_fprog */
const PROGRAM = { LEN: 16, COUNT: 0, INSTRUCTIONS: 8 } as const;

/** Descriptors, in the programs' network. */
export interface TapFds {
  readonly control: number;
  readonly tap: number;
  readonly packet: number;
}

export class CaptureTap implements FrameTap, Handler {
  readonly counters: DeviceCounters = new DeviceCounters();
  readonly #tap: TapDevice;
  readonly #packet: number;
  /** Sends what the interface sends, so that the kernel shows it as sent. */
  readonly #sender: FrameMessages;
  readonly #rows: TxFrames;
  readonly #memory: Memory;
  #slot = -1;

  /** Makes the interface. `arena` and `memory` are the same bytes. Throws SysError. */
  constructor(
    readonly iface: Interface,
    fds: TapFds,
    arena: Arena,
    memory: Memory,
    readonly loop: LoopWatch,
  ) {
    const { name, mac, mtu, index } = iface;
    const gso = { gsoMaxBytes: GSO_MAX_BYTES, hasUso: true };
    this.#tap = new TapDevice(
      { name, mac, mtu, ...gso, fd: fds.tap, ifIndex: index },
      arena,
      memory,
    );
    this.#memory = memory;
    this.#packet = fds.packet;
    this.#sender = new FrameMessages(arena, memory, this.counters, false);
    this.#rows = new TxFrames(memory, ROWS);
    leaveOutOwn(fds.tap, name);
    bringUp(fds.control, iface);
    this.#sender.sendTo(writeAddress(memory, index), SOCKADDR_LL.LEN);
    this.#slot = check(loop.add(fds.tap, EPOLLIN, this), "epoll_ctl", `cannot watch ${name}`);
  }

  /** The interface's frames are shown from now on. */
  start(): void {
    this.iface.tap = this.#sent;
    this.loop.tapDevice(this.iface.index, this);
  }

  /** Nobody looks any more: it costs nothing again. */
  stop(): void {
    this.iface.tap = null;
    this.loop.tapDevice(this.iface.index, null);
  }

  readonly #sent = { sent: (tx: TxFrames): void => this.#sender.transmit(this.#packet, tx) };

  received(rx: RxFrames, count: number): void {
    for (let i = 0; i < count; i++) this.#put(rx, i, this.#tap);
    this.#flush(this.#tap);
  }

  /** What a program has sent on the interface: it goes where the stack's own goes. */
  onEvents(): void {
    const { rx } = this.#tap;
    const { link } = this.iface;
    const n = this.#tap.receive();
    if (n < 0) {
      this.loop.remove(this.#slot);
      return;
    }
    for (let i = 0; i < n; i++) {
      // Only a program that asks for it sends what is not finished: to such the kernel is a card.
      if (rx.csum[i] !== CSUM_PARTIAL && rx.gsoType[i] === GSO_NONE) this.#put(rx, i, link);
      else this.counters.txDropped++;
    }
    this.#flush(link);
  }

  /** That frame is lost. */
  onFault(): void {}

  #put(rx: RxFrames, i: number, to: Interface["link"]): void {
    const rows = this.#rows;
    if (rx.len[i] < ETHERNET_LEN) return;
    if (rows.count === rows.capacity) this.#flush(to);
    const row = rows.begin();
    const at = rows.prepend(ETHERNET_LEN);
    this.#memory.u8.copyWithin(at, rx.off[i], rx.off[i] + ETHERNET_LEN);
    rows.payOff[row] = rx.off[i] + ETHERNET_LEN;
    rows.payLen[row] = rx.len[i] - ETHERNET_LEN;
    if (rx.csum[i] === CSUM_PARTIAL) this.#noteUnfinished(rx, i, row, at);
    rows.commit();
  }

  /** A reader must know that the checksum is not wrong, but unfinished (PACKET_AUXDATA). */
  #noteUnfinished(rx: RxFrames, i: number, row: number, at: number): void {
    const place = checksumPlace(this.#memory.dv, rx.off[i], rx.len[i]);
    if (place === null) return;
    const rows = this.#rows;
    rows.csum[row] = CSUM_PARTIAL;
    rows.l4Off[row] = at + place.l4Off - rx.off[i];
    rows.csumOffset[row] = place.csumOffset;
  }

  #flush(to: Interface["link"]): void {
    if (this.#rows.count === 0) return;
    to.transmit(this.#rows);
    this.#rows.count = 0;
  }
}

/** Frames with our mark do not come back to us. Throws SysError. */
function leaveOutOwn(fd: number, name: string): void {
  const bytes = assemble([
    [CBPF_LD_W, 0, 0, SKF_MARK],
    [CBPF_JEQ, 0, 1, CAPTURE_MARK],
    REJECT,
    ACCEPT,
  ]);
  const fprog = new Uint8Array(PROGRAM.LEN);
  new DataView(fprog.buffer).setUint16(PROGRAM.COUNT, bytes.length / SOCK_FILTER.LEN, true);
  const set = libc().ioctlPointing(fd, TUNATTACHFILTER, fprog, PROGRAM.INSTRUCTIONS, bytes);
  check(set, "TUNATTACHFILTER", `cannot set the filter of ${name}`);
}

/** Throws SysError. */
function bringUp(control: number, { name, mac, mtu }: Interface): void {
  const sys: Libc = libc();
  const set = (request: number, what: string, fill: (dv: DataView, bytes: Uint8Array) => void) => {
    const bytes = interfaceRequest(name);
    fill(new DataView(bytes.buffer), bytes);
    check(sys.ioctl(control, request, bytes), what, `cannot set up ${name} for packet sockets`);
  };
  set(SIOCSIFHWADDR, "SIOCSIFHWADDR", (dv, bytes) => {
    dv.setUint16(IFREQ.HWADDR_FAMILY, ARPHRD_ETHER, true);
    bytes.set(mac, IFREQ.HWADDR);
  });
  set(SIOCSIFMTU, "SIOCSIFMTU", (dv) => dv.setInt32(IFREQ.MTU, mtu, true));
  set(SIOCSIFFLAGS, "SIOCSIFFLAGS", (dv) => dv.setUint16(IFREQ.FLAGS, IFF_UP, true));
}

/** struct sockaddr_ll of the interface, for ever. Returns its offset. Throws SysError. */
function writeAddress(memory: Memory, ifIndex: number): number {
  const { dv, u8 } = memory;
  const off = check(memory.alloc(SOCKADDR_LL.LEN), "alloc", "cannot get memory for packet sockets");
  u8.fill(0, off, off + SOCKADDR_LL.LEN);
  dv.setUint16(off + SOCKADDR_LL.FAMILY, AF_PACKET, true);
  dv.setInt32(off + SOCKADDR_LL.IFINDEX, ifIndex, true);
  return off;
}
