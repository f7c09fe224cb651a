/**
 * TAP: an interface of our own on the host, `nuse-NAME`, which lives as long as the descriptor.
 *
 * Frames carry a virtio-net header both ways: what we write may be a whole TSO or USO segment with
 * an unfinished checksum, and TUNSETOFFLOAD tells the kernel that it may send us such.
 *
 * A TCP frame may be longer than 64 KiB where the kernel takes that ("big_tcp", base/features.ts)
 * and it is for the host itself: it passes the host's stack as one. What the host sends on, to a
 * bridge or a network, it would have to cut into segments itself. What it does not take, or has no
 * memory for at the moment, is cut into shorter ones here, and longer ones are tried again later.
 *
 * @module
 */
import { IOVEC } from "../../ffi/message.ts";
import { O_CLOEXEC, O_NONBLOCK, O_RDWR } from "../../ffi/abi/file.ts";
import { IFREQ } from "../../ffi/abi/interface.ts";
import {
  IFF_NO_PI,
  IFF_TAP,
  IFF_TUN_EXCL,
  IFF_VNET_HDR,
  TUN_F_CSUM,
  TUN_F_TSO4,
  TUN_F_TSO6,
  TUN_F_TSO_ECN,
  TUN_F_USO4,
  TUN_F_USO6,
  TUNSETIFF,
  TUNSETIFINDEX,
  TUNSETOFFLOAD,
  TUNSETVNETHDRSZ,
} from "../../ffi/abi/tun.ts";
import { VIRTIO_NET_HDR } from "../../ffi/abi/virtio_net.ts";
import type { Arena } from "../../ffi/arena.ts";
import {
  check,
  EACCES,
  EAGAIN,
  EBADFD,
  EBUSY,
  EINTR,
  EINVAL,
  EMSGSIZE,
  ENOBUFS,
  ENODEV,
  ENOENT,
  ENOMEM,
  EPERM,
  SysError,
} from "../../ffi/errno.ts";
import { cString, type Libc, libc } from "../../ffi/libc.ts";
import { interfaceRequest } from "../../ffi/link.ts";
import {
  type DeviceCaps,
  LongFrameCutter,
  type LongPackets,
  type Memory,
  type RxFrames,
  type TxFrames,
} from "../../stack/mod.ts";
import { type Device, DeviceCounters, TX_PIECES } from "./base/device.ts";
import { RX_BATCH_BYTES, RX_READ_LEN, RX_SLOT_COUNT, RxSlots } from "./base/rx_slots.ts";
import { ETHERNET_LEN } from "./base/frame.ts";
import { readVnetHeader, writeVnetHeader } from "./base/vnet_header.ts";

const CLONE_DEVICE = "/dev/net/tun";
const OFFLOADS = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN;
const USO = TUN_F_USO4 | TUN_F_USO6;
/** Any kernel takes frames of so many bytes: fewer than its GSO_LEGACY_MAX_SIZE, 65,536. */
const SHORT_FRAME_BYTES = 65_535;
/** After so many frames of the longest that are taken, longer ones are tried. */
const TRIES_AFTER = 1024;

export interface TapOptions {
  /** Name on the host. */
  name: string;
  mac: Uint8Array;
  mtu: number;
  gsoMaxBytes: number;
  /** What of more than that the host takes; default: nothing. */
  long?: LongPackets;
  /** Whether the kernel may be asked for UDP segments. */
  hasUso: boolean;
  /** CLONE_DEVICE, opened already, in whatever network. Default: opens it. */
  fd?: number;
  /** The interface's number. Default: the kernel's choice. */
  ifIndex?: number;
}

export class TapDevice implements Device {
  readonly name: string;
  readonly mac: Uint8Array;
  readonly mtu: number;
  readonly caps: DeviceCaps;
  readonly fd: number;
  readonly rx: RxFrames;
  readonly counters: DeviceCounters = new DeviceCounters();
  readonly #sys: Libc = libc();
  readonly #arena: Arena;
  readonly #memory: Memory;
  readonly #slots: RxSlots;
  readonly #iovecOff: number;
  readonly #cutter: LongFrameCutter;
  /** The longest frames that the kernel takes at the moment, and that it may take. */
  #longestBytes: number;
  #ceilingBytes: number;
  /** Frames above half of the longest that it has taken since it last refused one. */
  #longTaken = 0;

  /** Makes the interface, down and without address. `arena` and `memory` are the same bytes. */
  constructor(options: TapOptions, arena: Arena, memory: Memory) {
    this.fd = openTap(options);
    const uso = setOffloads(this.fd, options);
    const { gsoMaxBytes, long } = options;
    this.caps = { csum: true, tso: true, uso, gsoMaxBytes, long };
    this.name = options.name;
    this.mac = options.mac;
    this.mtu = options.mtu;
    this.#arena = arena;
    this.#memory = memory;
    this.#cutter = new LongFrameCutter(memory);
    this.#ceilingBytes = (long?.maxBytes ?? gsoMaxBytes) + ETHERNET_LEN;
    this.#longestBytes = this.#ceilingBytes;
    this.#slots = new RxSlots(memory);
    this.rx = this.#slots.rx;
    this.#iovecOff = memory.alloc(TX_PIECES * IOVEC.LEN);
    if (this.#iovecOff < 0) throw new SysError("alloc", ENOMEM, "cannot get memory for a device");
  }

  receive(): number {
    const rx = this.rx;
    rx.count = 0;
    let bytes = 0;
    for (let reads = 0; reads < RX_SLOT_COUNT && bytes < RX_BATCH_BYTES; reads++) {
      const row = rx.count;
      const at = this.#slots.readOff(row);
      const n = this.#sys.read(this.fd, this.#arena.base, at, RX_READ_LEN);
      if (n === -EAGAIN) break;
      // The interface has been deleted.
      if (n === -EBADFD) return rx.count > 0 ? rx.count : -ENODEV;
      if (n === -EINTR) continue;
      if (n === RX_READ_LEN) {
        this.counters.rxTruncated++;
      } else if (n <= VIRTIO_NET_HDR.LEN) {
        this.counters.rxErrors++;
      } else {
        rx.off[row] = this.#slots.frameOff(row);
        rx.len[row] = n - VIRTIO_NET_HDR.LEN;
        readVnetHeader(this.#arena.dv, at, rx, row);
        rx.count = row + 1;
        bytes += n;
      }
    }
    return rx.count;
  }

  transmit(tx: TxFrames): void {
    for (let row = 0; row < tx.count; row++) {
      const lenBytes = tx.frameLen(row);
      if (lenBytes > SHORT_FRAME_BYTES) {
        this.#transmitLong(tx, row, lenBytes);
      } else if (this.#write(tx, row) < 0) {
        // The interface is down, gone, or would not have the frame: there is nothing to wait for.
        this.counters.txDropped++;
      }
    }
  }

  /** Of one row of many segments; in parts if the kernel does not take it whole. */
  #transmitLong(tx: TxFrames, row: number, lenBytes: number): void {
    if (lenBytes <= this.#longestBytes) {
      const r = this.#write(tx, row);
      if (r >= 0) return this.#noteTaken(lenBytes);
      if (!this.#stepDown(r, lenBytes)) {
        this.counters.txDropped++;
        return;
      }
    }
    this.counters.txCut++;
    this.#cutter.take(tx, row, this.#longestBytes);
    while (this.#cutter.next(tx, row)) {
      const r = this.#write(tx, row);
      if (r >= 0) continue;
      if (this.#stepDown(r, tx.frameLen(row))) this.#cutter.repeat(tx, row, this.#longestBytes);
      else this.counters.txDropped++;
    }
  }

  #noteTaken(lenBytes: number): void {
    if (this.#longestBytes === this.#ceilingBytes || lenBytes * 2 < this.#longestBytes) return;
    if (++this.#longTaken < TRIES_AFTER) return;
    this.#longTaken = 0;
    this.#longestBytes = Math.min(this.#longestBytes * 2, this.#ceilingBytes);
  }

  /** A frame was refused. False: not for its length. */
  #stepDown(error: number, lenBytes: number): boolean {
    if (lenBytes <= SHORT_FRAME_BYTES) return false;
    // This kernel never takes the like (EMSGSIZE: before Linux 6.6)
    if (error === -EMSGSIZE || error === -EINVAL) this.#ceilingBytes = SHORT_FRAME_BYTES;
    else if (error !== -ENOMEM && error !== -ENOBUFS) return false;
    const half = Math.max(lenBytes >> 1, SHORT_FRAME_BYTES);
    this.#longestBytes = Math.min(half, this.#ceilingBytes);
    this.#longTaken = 0;
    return true;
  }

  /** Returns the bytes written, or -errno. */
  #write(tx: TxFrames, row: number): number {
    const pieces = this.#prepare(tx, row);
    for (;;) {
      const r = this.#sys.writev(this.fd, this.#arena.base, this.#iovecOff, pieces);
      if (r !== -EINTR) return r;
    }
  }

  #prepare(tx: TxFrames, row: number): number {
    const start = writeVnetHeader(this.#arena.dv, tx, row);
    this.#setIovec(0, start, tx.hdrLen[row] + VIRTIO_NET_HDR.LEN);
    let pieces = 1;
    if (tx.payLen[row] > 0) this.#setIovec(pieces++, tx.payOff[row], tx.payLen[row]);
    if (tx.pay2Len[row] > 0) this.#setIovec(pieces++, tx.pay2Off[row], tx.pay2Len[row]);
    return pieces;
  }

  #setIovec(k: number, off: number, lenBytes: number): void {
    const at = this.#iovecOff + k * IOVEC.LEN;
    this.#arena.setAddress(at, off);
    this.#arena.dv.setInt32(at + IOVEC.BYTES, lenBytes, true);
    this.#arena.dv.setInt32(at + IOVEC.BYTES + 4, 0, true);
  }

  close(): void {
    this.#sys.close(this.fd);
    this.#slots.free();
    this.#memory.free(this.#iovecOff, TX_PIECES * IOVEC.LEN);
  }
}

function openTap(options: TapOptions): number {
  const { name, ifIndex } = options;
  const sys = libc();
  const request = interfaceRequest(name);
  const fd = options.fd ?? sys.open(cString(CLONE_DEVICE), O_RDWR | O_NONBLOCK | O_CLOEXEC, 0);
  check(fd, "open", `cannot open ${CLONE_DEVICE}`, { path: CLONE_DEVICE, advice: openAdvice(fd) });
  if (ifIndex !== undefined) {
    sys.ioctl(fd, TUNSETIFINDEX, new Uint8Array(new Int32Array([ifIndex]).buffer));
  }
  const flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR | IFF_TUN_EXCL;
  new DataView(request.buffer).setUint16(IFREQ.FLAGS, flags, true);
  const made = sys.ioctl(fd, TUNSETIFF, request);
  if (made < 0) {
    sys.close(fd);
    throw new SysError("TUNSETIFF", made, `cannot make the interface ${name}`, {
      path: name,
      advice: makeAdvice(made, name),
    });
  }
  return fd;
}

function openAdvice(error: number): string | undefined {
  if (error === -EACCES) return "run with sudo, or be given the file and CAP_NET_ADMIN";
  if (error === -EPERM) return "run with sudo, or give CAP_NET_ADMIN";
  if (error === -ENOENT || error === -ENODEV) return "load it with modprobe tun";
  return undefined;
}

function makeAdvice(error: number, name: string): string | undefined {
  if (error === -EPERM) return "run with sudo, or give CAP_NET_ADMIN";
  if (error === -EBUSY) return `it exists: choose another NUSEDEV, or ip link del ${name}`;
  if (error === -EINVAL) return "the kernel does not take this name";
  return undefined;
}

/** Returns whether the kernel may send, and takes, UDP segments (USO, Linux 6.2). */
function setOffloads(fd: number, { name, hasUso }: TapOptions): boolean {
  const sys = libc();
  const headerLen = new Uint8Array(new Int32Array([VIRTIO_NET_HDR.LEN]).buffer);
  const doing = `cannot set the offloads of ${name}`;
  try {
    check(sys.ioctl(fd, TUNSETVNETHDRSZ, headerLen), "TUNSETVNETHDRSZ", doing, { path: name });
    if (hasUso && sys.ioctlValue(fd, TUNSETOFFLOAD, OFFLOADS | USO) >= 0) return true;
    check(sys.ioctlValue(fd, TUNSETOFFLOAD, OFFLOADS), "TUNSETOFFLOAD", doing, { path: name });
    return false;
  } catch (error) {
    sys.close(fd);
    throw error;
  }
}
