/**
 * netmap served by another process over a unix socket (NUSE_NETMAP): the tests' simulator, which
 * behaves as the documented kernel does, on machines without the module.
 *
 * A connection is an open of /dev/netmap. The first message from the server carries the descriptor
 * to poll, an eventfd; then each request, one SEQPACKET message, gets one reply:
 *
 *     request   int32 op   uint32 ioctl   88 bytes header   64 bytes body
 *     reply     int32 n | -errno, 4 spare, header, body, and for MAP the memory's descriptor
 *
 * @module
 */
import { NIOCCTRL, NIOCRXSYNC, NMREQ_HEADER, NMREQ_VALE_ATTACH_LEN } from "../../ffi/abi/netmap.ts";
import {
  AF_UNIX,
  POLLIN,
  SOCK_CLOEXEC,
  SOCK_SEQPACKET,
  SOCKADDR_UN,
} from "../../ffi/abi/socket.ts";
import type { Arena } from "../../ffi/arena.ts";
import { EIO, ENOMEM, ENXIO, SysError } from "../../ffi/errno.ts";
import { type Libc, libc } from "../../ffi/libc.ts";
import type { NetmapKernel } from "../../ffi/netmap.ts";
import type { Memory } from "../../stack/mod.ts";

export const REMOTE_IOCTL = 1;
export const REMOTE_MAP = 2;
/** Offsets in a message, and its length. */
export const REMOTE = {
  OP: 0,
  REQUEST: 4,
  HEADER: 8,
  BODY: 8 + NMREQ_HEADER.LEN,
  LEN: 8 + NMREQ_HEADER.LEN + NMREQ_VALE_ATTACH_LEN,
} as const;
const REPLY_LIMIT_MS = 10_000;
const NOTHING = new Uint8Array(0);

export class RemoteNetmap implements NetmapKernel {
  readonly #sys: Libc = libc();
  readonly #arena: Arena;
  readonly #memory: Memory;
  readonly #off: number;
  /** Pollable descriptor → its connection. */
  readonly #sockets = new Map<number, number>();

  constructor(readonly path: string, arena: Arena, memory: Memory) {
    this.#arena = arena;
    this.#memory = memory;
    this.#off = memory.alloc(SCRATCH_LEN);
    if (this.#off < 0) throw new SysError("alloc", ENOMEM, "cannot get memory for netmap");
  }

  open(): number {
    const socket = this.#sys.socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (socket < 0) return socket;
    const address = new Uint8Array(SOCKADDR_UN.LEN);
    new DataView(address.buffer).setUint16(SOCKADDR_UN.FAMILY, AF_UNIX, true);
    address.set(new TextEncoder().encode(this.path), SOCKADDR_UN.PATH);
    const connected = this.#sys.connect(socket, address, address.length);
    const fd = connected < 0 ? connected : this.#receive(socket);
    if (fd < 0) this.#sys.close(socket);
    else this.#sockets.set(fd, socket);
    return fd;
  }

  control(fd: number, header: Uint8Array, body: Uint8Array): number {
    return this.#request(fd, REMOTE_IOCTL, NIOCCTRL, header, body);
  }

  legacy(fd: number, request: number, argument: Uint8Array): number {
    return this.#request(fd, REMOTE_IOCTL, request, argument, NOTHING);
  }

  sync(fd: number, request: number): number {
    // What arrives from now on is told anew.
    if (request === NIOCRXSYNC && (this.#sys.poll(fd, POLLIN, 0) & POLLIN) !== 0) {
      this.#sys.read(fd, this.#arena.base, this.#off, 8);
    }
    return this.#request(fd, REMOTE_IOCTL, request, NOTHING, NOTHING);
  }

  map(fd: number, arena: Arena, off: number, lenBytes: number): number {
    const shared = this.#request(fd, REMOTE_MAP, 0, NOTHING, NOTHING);
    if (shared < 0) return shared;
    const mapped = this.#sys.mapShared(shared, arena.base, off, lenBytes);
    this.#sys.close(shared);
    return mapped;
  }

  unmap(arena: Arena, off: number, lenBytes: number): number {
    return this.#sys.mapPrivate(arena.base, off, lenBytes);
  }

  close(fd: number): void {
    const socket = this.#sockets.get(fd);
    if (socket !== undefined) this.#sys.close(socket);
    this.#sockets.delete(fd);
    this.#sys.close(fd);
    if (this.#sockets.size === 0) this.#memory.free(this.#off, SCRATCH_LEN);
  }

  #request(fd: number, op: number, request: number, header: Uint8Array, body: Uint8Array): number {
    const socket = this.#sockets.get(fd);
    if (socket === undefined) return -ENXIO;
    const { u8, dv, base } = this.#arena;
    const at = this.#off;
    dv.setInt32(at + REMOTE.OP, op, true);
    dv.setUint32(at + REMOTE.REQUEST, request, true);
    u8.set(header, at + REMOTE.HEADER);
    u8.set(body, at + REMOTE.BODY);
    if (this.#sys.send(socket, base, at, REMOTE.LEN, 0, 0, 0) < 0) return -ENXIO;
    const result = this.#receive(socket);
    header.set(u8.subarray(at + REMOTE.HEADER, at + REMOTE.HEADER + header.length));
    body.set(u8.subarray(at + REMOTE.BODY, at + REMOTE.BODY + body.length));
    return result;
  }

  /** A reply's result, or the descriptor that came with it. -ENXIO: the server has gone. */
  #receive(socket: number): number {
    if (this.#sys.poll(socket, POLLIN, REPLY_LIMIT_MS) <= 0) return -EIO;
    const { dv, base } = this.#arena;
    const fdOff = this.#off + REMOTE.LEN;
    const n = this.#sys.recvFd(socket, base, this.#off, REMOTE.LEN, fdOff, 0);
    if (n <= 0) return -ENXIO;
    const fd = dv.getInt32(fdOff, true);
    return fd >= 0 ? fd : dv.getInt32(this.#off, true);
  }
}

const SCRATCH_LEN = REMOTE.LEN + 8;
