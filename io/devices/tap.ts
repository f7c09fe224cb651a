/**
 * TAP: an interface of our own on the host, `nuse-NAME`, which lives as long as the descriptor.
 *
 * Frames carry a virtio-net header both ways: what we write may be a whole TSO or USO segment with
 * an unfinished checksum, and TUNSETOFFLOAD tells the kernel that it may send us such.
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
  ENODEV,
  ENOENT,
  ENOMEM,
  EPERM,
  SysError,
} from "../../ffi/errno.ts";
import { cString, type Libc, libc } from "../../ffi/libc.ts";
import { interfaceRequest } from "../../ffi/link.ts";
import type { DeviceCaps, Memory, RxFrames, TxFrames } from "../../stack/mod.ts";
import { type Device, DeviceCounters, TX_PIECES } from "./base/device.ts";
import { RX_BATCH_BYTES, RX_READ_LEN, RX_SLOT_COUNT, RxSlots } from "./base/rx_slots.ts";
import { readVnetHeader, writeVnetHeader } from "./base/vnet_header.ts";

const CLONE_DEVICE = "/dev/net/tun";
const OFFLOADS = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN;
const USO = TUN_F_USO4 | TUN_F_USO6;

export interface TapOptions {
  /** Name on the host. */
  name: string;
  mac: Uint8Array;
  mtu: number;
  gsoMaxBytes: number;
  /** Whether the kernel may be asked for UDP segments. */
  hasUso: boolean;
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

  /** Makes the interface, down and without address. `arena` and `memory` are the same bytes. */
  constructor(options: TapOptions, arena: Arena, memory: Memory) {
    this.fd = openTap(options.name);
    const uso = setOffloads(this.fd, options);
    this.caps = { csum: true, tso: true, uso, gsoMaxBytes: options.gsoMaxBytes };
    this.name = options.name;
    this.mac = options.mac;
    this.mtu = options.mtu;
    this.#arena = arena;
    this.#memory = memory;
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
      const pieces = this.#prepare(tx, row);
      let r = -EINTR;
      while (r === -EINTR) {
        r = this.#sys.writev(this.fd, this.#arena.base, this.#iovecOff, pieces);
      }
      // The interface is down, gone, or would not have the frame: there is nothing to wait for.
      if (r < 0) this.counters.txDropped++;
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

function openTap(name: string): number {
  const sys = libc();
  const request = interfaceRequest(name);
  const fd = sys.open(cString(CLONE_DEVICE), O_RDWR | O_NONBLOCK | O_CLOEXEC, 0);
  check(fd, "open", `cannot open ${CLONE_DEVICE}`, { path: CLONE_DEVICE, advice: openAdvice(fd) });
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
