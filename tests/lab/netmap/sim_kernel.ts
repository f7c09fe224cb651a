/**
 * The system calls of netmap over a simulated port, in the process of a test.
 *
 * @module
 */
import { NIOCTXSYNC, NMREQ_HEADER } from "../../../ffi/abi/netmap.ts";
import type { Arena } from "../../../ffi/arena.ts";
import { EBUSY, ENXIO } from "../../../ffi/errno.ts";
import { libc } from "../../../ffi/libc.ts";
import type { NetmapKernel } from "../../../ffi/netmap.ts";
import { answerControl, answerLegacy, type Module, type Region } from "./requests.ts";
import { SIM_IF_OFF, type SimPort } from "./sim_port.ts";

export interface SimFaults {
  /** What open answers. */
  open?: number;
  /** What a register answers. */
  register?: number;
  /** The API that the module speaks instead of 14. */
  api?: number;
  /** A module from before NIOCCTRL. */
  isOld?: boolean;
  /** Ports of switches beside vale0:x, without virtio-net headers. */
  others?: string[];
}

export class SimKernel implements NetmapKernel, Module {
  isGone = false;
  isRegistered = false;
  /** Requests seen, for tests: NETMAP_REQ_* or the ioctl. */
  readonly seen: number[] = [];
  readonly api?: number;
  readonly isOld?: boolean;
  readonly #sys = libc();

  constructor(readonly port: SimPort, readonly faults: SimFaults = {}) {
    this.api = faults.api;
    this.isOld = faults.isOld;
    port.onReadable = () => this.#ring();
  }

  /** The descriptor to poll of the one user. */
  fd = -1;

  open(): number {
    if (this.faults.open !== undefined) return this.faults.open;
    this.fd = this.#sys.eventfd();
    return this.fd;
  }

  control(_fd: number, header: Uint8Array, body: Uint8Array): number {
    const type = new DataView(header.buffer).getUint16(NMREQ_HEADER.REQTYPE, true);
    if (!this.isOld) this.seen.push(type);
    return answerControl(this, header, body);
  }

  legacy(_fd: number, request: number, argument: Uint8Array): number {
    this.seen.push(request);
    return answerLegacy(this, request, argument);
  }

  register(): Region | number {
    if (this.faults.register !== undefined) return this.faults.register;
    if (this.isRegistered) return -EBUSY;
    this.isRegistered = true;
    return { ifOff: SIM_IF_OFF, memoryLen: this.port.memoryLen };
  }

  setHeaderLen(_name: string, lenBytes: number): number {
    this.port.vnetLen = lenBytes;
    return 0;
  }

  /** A name that others are on the switch by has no headers. */
  headerLen(name: string): number {
    return this.faults.others?.includes(name) ? 0 : this.port.vnetLen;
  }

  switchPorts(): string[] {
    return [...this.faults.others ?? [], "vale0:x"];
  }

  sync(_fd: number, request: number): number {
    if (this.isGone) return -ENXIO;
    if (request === NIOCTXSYNC) this.port.txsync();
    else this.port.rxsync();
    return 0;
  }

  map(_fd: number, arena: Arena, off: number, lenBytes: number): number {
    return this.#sys.mapShared(this.port.memoryFd, arena.base, off, lenBytes);
  }

  unmap(arena: Arena, off: number, lenBytes: number): number {
    return this.#sys.mapPrivate(arena.base, off, lenBytes);
  }

  close(fd: number): void {
    this.isRegistered = false;
    this.#sys.close(fd);
    this.fd = -1;
  }

  /** poll(2) syncs, and then says that there is something. */
  #ring(): void {
    if (this.fd >= 0) this.#sys.write(this.fd, ONE, 8);
  }
}

const ONE = new Uint8Array([1, 0, 0, 0, 0, 0, 0, 0]);
