/**
 * The system calls of netmap behind one interface, so that something else than the kernel can stand
 * at the other end of the rings (the simulator of the tests). Every call answers `n | -errno`.
 *
 * @module
 */
import { NIOCCTRL, NMREQ_HEADER } from "./abi/netmap.ts";
import { O_CLOEXEC, O_RDWR } from "./abi/file.ts";
import type { Arena } from "./arena.ts";
import { cString, type Libc, libc } from "./libc.ts";

export const NETMAP_DEVICE = "/dev/netmap";

export interface NetmapKernel {
  /** A descriptor of the device, bound to no port yet. epoll reports it when frames are there. */
  open(): number;
  /** NIOCCTRL: struct nmreq_header with its body. Both are read and written. */
  control(fd: number, header: Uint8Array<ArrayBuffer>, body: Uint8Array<ArrayBuffer>): number;
  /** NIOCREGIF with its struct nmreq, read and written. */
  legacy(fd: number, request: number, argument: Uint8Array<ArrayBuffer>): number;
  /** NIOCTXSYNC, NIOCRXSYNC. */
  sync(fd: number, request: number): number;
  /**
   * Puts the port's memory into the arena. The mapping keeps the port registered, also when the
   * descriptor has been closed.
   */
  map(fd: number, arena: Arena, off: number, lenBytes: number): number;
  unmap(arena: Arena, off: number, lenBytes: number): number;
  close(fd: number): void;
}

/** The kernel's module. */
export class HostNetmap implements NetmapKernel {
  readonly #sys: Libc = libc();

  open(): number {
    return this.#sys.open(cString(NETMAP_DEVICE), O_RDWR | O_CLOEXEC, 0);
  }

  control(fd: number, header: Uint8Array<ArrayBuffer>, body: Uint8Array<ArrayBuffer>): number {
    return this.#sys.ioctlPointing(fd, NIOCCTRL, header, NMREQ_HEADER.BODY, body);
  }

  legacy(fd: number, request: number, argument: Uint8Array<ArrayBuffer>): number {
    return this.#sys.ioctl(fd, request, argument);
  }

  sync(fd: number, request: number): number {
    return this.#sys.ioctlValue(fd, request, 0);
  }

  map(fd: number, arena: Arena, off: number, lenBytes: number): number {
    return this.#sys.mapShared(fd, arena.base, off, lenBytes);
  }

  unmap(arena: Arena, off: number, lenBytes: number): number {
    return this.#sys.mapPrivate(arena.base, off, lenBytes);
  }

  close(fd: number): void {
    this.#sys.close(fd);
  }
}
