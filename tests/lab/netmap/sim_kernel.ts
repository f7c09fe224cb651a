/**
 * The system calls of netmap over a simulated port, in the process of a test.
 *
 * @module
 */
import {
  NETMAP_REQ_PORT_HDR_GET,
  NETMAP_REQ_PORT_HDR_SET,
  NETMAP_REQ_PORT_INFO_GET,
  NETMAP_REQ_REGISTER,
  NIOCREGIF,
  NIOCTXSYNC,
  NMREQ,
  NMREQ_HEADER,
  NMREQ_PORT_HDR,
  NMREQ_REGISTER,
} from "../../../ffi/abi/netmap.ts";
import type { Arena } from "../../../ffi/arena.ts";
import { EBUSY, EINVAL, ENXIO } from "../../../ffi/errno.ts";
import { libc } from "../../../ffi/libc.ts";
import type { NetmapKernel } from "../../../ffi/netmap.ts";
import { SIM_IF_OFF, type SimPort } from "./sim_port.ts";

const EOPNOTSUPP = 95;

export interface SimFaults {
  /** What open answers. */
  open?: number;
  /** What a register answers. */
  register?: number;
  /** The API that the module speaks instead of 14. */
  api?: number;
  /** A module from before NIOCCTRL. */
  isOld?: boolean;
}

export class SimKernel implements NetmapKernel {
  isGone = false;
  isRegistered = false;
  /** Requests seen, for tests: NETMAP_REQ_* or the ioctl. */
  readonly seen: number[] = [];
  readonly #sys = libc();

  constructor(readonly port: SimPort, readonly faults: SimFaults = {}) {
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
    const { port, faults } = this;
    if (faults.isOld) return -EOPNOTSUPP;
    const dv = new DataView(body.buffer, body.byteOffset);
    const asked = new DataView(header.buffer, header.byteOffset);
    const type = asked.getUint16(NMREQ_HEADER.REQTYPE, true);
    this.seen.push(type);
    const version = asked.getUint16(NMREQ_HEADER.VERSION, true);
    if (version !== (faults.api ?? 14)) return -EINVAL;
    const name = new TextDecoder().decode(header.subarray(NMREQ_HEADER.NAME, NMREQ_HEADER.OPTIONS));
    switch (type) {
      case NETMAP_REQ_PORT_INFO_GET:
        return 0;
      case NETMAP_REQ_PORT_HDR_SET:
        if (!name.startsWith("vale") || /[{}]/.test(name)) return -ENXIO;
        port.vnetLen = dv.getUint32(NMREQ_PORT_HDR.HDR_LEN, true);
        return 0;
      case NETMAP_REQ_PORT_HDR_GET:
        dv.setUint32(NMREQ_PORT_HDR.HDR_LEN, port.vnetLen, true);
        return 0;
      case NETMAP_REQ_REGISTER: {
        const refused = this.#register();
        if (refused < 0) return refused;
        dv.setBigUint64(NMREQ_REGISTER.OFFSET, BigInt(SIM_IF_OFF), true);
        dv.setBigUint64(NMREQ_REGISTER.MEMSIZE, BigInt(port.memoryLen), true);
        return 0;
      }
      default:
        return -EINVAL;
    }
  }

  legacy(_fd: number, request: number, argument: Uint8Array): number {
    this.seen.push(request);
    if (request !== NIOCREGIF) return -EINVAL;
    const dv = new DataView(argument.buffer, argument.byteOffset);
    if (dv.getUint32(NMREQ.VERSION, true) < 11) return -EINVAL;
    const refused = this.#register();
    if (refused < 0) return refused;
    dv.setUint32(NMREQ.OFFSET, SIM_IF_OFF, true);
    dv.setUint32(NMREQ.MEMSIZE, this.port.memoryLen, true);
    return 0;
  }

  #register(): number {
    if (this.faults.register !== undefined) return this.faults.register;
    if (this.isRegistered) return -EBUSY;
    this.isRegistered = true;
    return 0;
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
