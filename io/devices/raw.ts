/**
 * RAW: an interface of the host by AF_PACKET.
 *
 * PACKET_VNET_HDR gives and takes whole TSO segments and unfinished checksums, which is what frames
 * from a local peer on a veth are like, and what makes sending fast. The socket is made with
 * protocol 0 (it hears nothing), gets its filter, and only then is bound to the interface. It is an
 * ETH_P_ALL tap, which the kernel serves before tc ingress, where the guard sits. Memberships and
 * the guard go with the descriptor.
 *
 * @module
 */
import {
  ETH_P_ALL,
  PACKET_IGNORE_OUTGOING,
  PACKET_STATISTICS,
  PACKET_VNET_HDR,
  SOCKADDR_LL,
  SOL_PACKET,
  TPACKET_STATS,
} from "../../ffi/abi/packet.ts";
import {
  AF_PACKET,
  SO_RCVBUFFORCE,
  SO_SNDBUFFORCE,
  SOCK_CLOEXEC,
  SOCK_NONBLOCK,
  SOCK_RAW,
  SOL_SOCKET,
} from "../../ffi/abi/socket.ts";
import { SOCK_FILTER } from "../../ffi/abi/bpf.ts";
import type { Arena } from "../../ffi/arena.ts";
import { check, EAGAIN, EINTR, ENETDOWN, EPERM } from "../../ffi/errno.ts";
import { type Libc, libc } from "../../ffi/libc.ts";
import { setIntOption } from "../../ffi/socket.ts";
import type { DeviceCaps, Memory, RxFrames, TxFrames } from "../../stack/mod.ts";
import { type Device, DeviceCounters } from "./base/device.ts";
import { join } from "./base/host_link.ts";
import { FrameMessages, TX_BUFFER_LEN } from "./base/frame_messages.ts";

/** Room for a burst of 64 KiB frames while the program runs instead of us. */
const RX_BUFFER_LEN = 32 << 20;
/** Frames in a row that the kernel may fail to hand over before `receive` lets others work. */
const RX_RETRIES = 16;

export interface RawOptions {
  name: string;
  ifIndex: number;
  mac: Uint8Array;
  mtu: number;
  caps: DeviceCaps;
  /** struct sock_filter[] */
  filter: Uint8Array<ArrayBuffer>;
  /** PACKET_MR_PROMISC, PACKET_MR_ALLMULTI or 0: nothing. */
  membership: number;
  /** Whether the kernel may be asked to leave out what the host sends. */
  ignoresOutgoing: boolean;
  /** Descriptor of the guard, or -1. */
  guardFd: number;
  /** The filter names addresses. Default: it does not. */
  isAddressBound?: boolean;
}

export class RawDevice implements Device {
  readonly name: string;
  readonly mac: Uint8Array;
  readonly mtu: number;
  readonly caps: DeviceCaps;
  readonly fd: number;
  readonly isAddressBound: boolean;
  readonly rx: RxFrames;
  readonly #counters: DeviceCounters = new DeviceCounters();
  readonly #sys: Libc = libc();
  readonly #messages: FrameMessages;
  readonly #guardFd: number;

  /** `arena` and `memory` are the same bytes. Throws SysError. */
  constructor(options: RawOptions, arena: Arena, memory: Memory) {
    this.fd = openSocket(options);
    this.name = options.name;
    this.mac = options.mac;
    this.mtu = options.mtu;
    this.caps = options.caps;
    this.#guardFd = options.guardFd;
    this.isAddressBound = options.isAddressBound ?? false;
    this.#messages = new FrameMessages(arena, memory, this.#counters, false);
    this.rx = this.#messages.rx;
  }

  /** Brought up to date with what the kernel could not queue for us. */
  get counters(): DeviceCounters {
    const stats = new Uint8Array(TPACKET_STATS.LEN);
    // Reading clears the kernel's own counters.
    if (this.#sys.getsockopt(this.fd, SOL_PACKET, PACKET_STATISTICS, stats, stats.length) > 0) {
      const drops = new DataView(stats.buffer).getUint32(TPACKET_STATS.DROPS, true);
      this.#counters.rxOverflows += drops;
    }
    return this.#counters;
  }

  receive(): number {
    this.rx.count = 0;
    for (let i = 0; i < RX_RETRIES; i++) {
      const n = this.#messages.receive(this.fd);
      if (n > 0) return this.rx.count;
      if (n === -EAGAIN) return 0;
      if (n === -ENETDOWN) return n;
      // Anything else is about one frame, which is gone (EINVAL: a kind of GSO that has no virtio
      // type).
      if (n !== -EINTR) this.#counters.rxErrors++;
    }
    return 0;
  }

  transmit(tx: TxFrames): void {
    this.#messages.transmit(this.fd, tx);
  }

  close(): void {
    this.#sys.close(this.fd);
    if (this.#guardFd >= 0) this.#sys.close(this.#guardFd);
    this.#messages.free();
  }
}

function openSocket(options: RawOptions): number {
  const sys = libc();
  const fd = sys.socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  const advice = fd === -EPERM ? "run with sudo, or give CAP_NET_RAW" : undefined;
  const doing = `cannot open a packet socket on ${options.name}`;
  check(fd, "socket", doing, { path: options.name, advice });
  try {
    const must = (result: number, syscall: string) =>
      check(result, syscall, doing, { path: options.name });
    const count = options.filter.length / SOCK_FILTER.LEN;
    must(sys.attachFilter(fd, options.filter, count), "SO_ATTACH_FILTER");
    must(setIntOption(fd, SOL_PACKET, PACKET_VNET_HDR, 1), "PACKET_VNET_HDR");
    // Spares the filter the host's own frames. Linux 4.20; the filter rejects them anyway.
    if (options.ignoresOutgoing) setIntOption(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, 1);
    // Without CAP_NET_ADMIN these fail: the buffers then stay at the system's default.
    setIntOption(fd, SOL_SOCKET, SO_RCVBUFFORCE, RX_BUFFER_LEN);
    setIntOption(fd, SOL_SOCKET, SO_SNDBUFFORCE, TX_BUFFER_LEN);
    if (options.membership !== 0) {
      must(join(fd, options.ifIndex, options.membership), "PACKET_ADD_MEMBERSHIP");
    }
    must(bindTo(fd, options.ifIndex), "bind");
  } catch (error) {
    sys.close(fd);
    throw error;
  }
  return fd;
}

function bindTo(fd: number, ifIndex: number): number {
  const addr = new Uint8Array(SOCKADDR_LL.LEN);
  const dv = new DataView(addr.buffer);
  dv.setUint16(SOCKADDR_LL.FAMILY, AF_PACKET, true);
  dv.setUint16(SOCKADDR_LL.PROTOCOL, ETH_P_ALL);
  dv.setInt32(SOCKADDR_LL.IFINDEX, ifIndex, true);
  return libc().bind(fd, addr, SOCKADDR_LL.LEN);
}
