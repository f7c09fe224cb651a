/**
 * An open netmap port: the descriptor, its memory mapped into the arena, its rings.
 *
 * The memory lies inside the arena, so that the stack reads received frames where the card put
 * them, and the way out is one copy from the stack's rings into the port's buffers.
 *
 * @module
 */
import { NETMAP_IF } from "../../../ffi/abi/netmap.ts";
import { type Arena, PAGE_LEN } from "../../../ffi/arena.ts";
import { check, ENOMEM, EPROTO, SysError } from "../../../ffi/errno.ts";
import { NETMAP_DEVICE, type NetmapKernel } from "../../../ffi/netmap.ts";
import type { Memory } from "../../../stack/mod.ts";
import type { PortName } from "./port_name.ts";
import { register, type Registration } from "./registration.ts";
import { NetmapRing } from "./ring.ts";

const MIB = 1 << 20;

export class NetmapPort {
  readonly registration: Registration;
  readonly txRings: readonly NetmapRing[];
  readonly rxRings: readonly NetmapRing[];
  readonly #memory: Memory;
  #off = -1;
  #isClosed = false;
  #len = 0;

  /**
   * `fd`: the open device, closed by `close`; it stays open when this fails. `arena` and `memory`
   * are the same bytes. Throws SysError.
   */
  constructor(
    readonly kernel: NetmapKernel,
    readonly fd: number,
    readonly port: PortName,
    readonly arena: Arena,
    memory: Memory,
  ) {
    this.#memory = memory;
    try {
      this.registration = register(kernel, this.fd, port);
      this.#map();
      const { tx, rx } = this.#findRings();
      this.txRings = tx;
      this.rxRings = rx;
    } catch (error) {
      this.#unmap();
      throw error;
    }
  }

  #map(): void {
    const { name } = this.port;
    this.#len = Math.ceil(this.registration.memoryLen / PAGE_LEN) * PAGE_LEN;
    this.#off = this.#len < 2 ** 30 ? this.#memory.alloc(this.#len) : -1;
    if (this.#off < 0) {
      const doing = `no room for the ${Math.ceil(this.#len / MIB)} MiB of netmap's memory`;
      throw new SysError("mmap", ENOMEM, doing, {
        path: name,
        advice: "with no port open, lower buf_num in /sys/module/netmap/parameters",
      });
    }
    const mapped = this.kernel.map(this.fd, this.arena, this.#off, this.#len);
    check(mapped, "mmap", `cannot map the memory of ${name}`, { path: name });
  }

  /** A ring that is not bound to this descriptor has offset 0. */
  #findRings(): { tx: NetmapRing[]; rx: NetmapRing[] } {
    const { dv } = this.arena;
    const limit = this.#off + this.#len;
    const at = this.#off + this.registration.ifOff;
    const count = (off: number) => dv.getUint32(at + off, true);
    // Before API 14 there was one host ring each way, and no field to say so.
    const hostTx = this.registration.isLegacy ? 1 : count(NETMAP_IF.HOST_TX_RINGS);
    const firstRx = count(NETMAP_IF.TX_RINGS) + hostTx;
    const rings = (first: number, n: number) => {
      const found: NetmapRing[] = [];
      for (let i = first; i < first + n && i < 0x10000; i++) {
        const off = Number(dv.getBigInt64(at + NETMAP_IF.RING_OFS + 8 * i, true));
        if (off !== 0) found.push(new NetmapRing(dv, at + off, limit));
      }
      return found;
    };
    const tx = rings(0, count(NETMAP_IF.TX_RINGS));
    const rx = rings(firstRx, count(NETMAP_IF.RX_RINGS));
    if (tx.length === 0 || rx.length === 0 || ![...tx, ...rx].every((ring) => ring.isSound)) {
      throw new SysError("mmap", EPROTO, `the rings of ${this.port.name} make no sense`, {
        path: NETMAP_DEVICE,
        advice: "is the netmap module of this machine's own kernel?",
      });
    }
    return { tx, rx };
  }

  #unmap(): void {
    if (this.#off < 0) return;
    this.kernel.unmap(this.arena, this.#off, this.#len);
    this.#memory.free(this.#off, this.#len);
    this.#off = -1;
  }

  /** The port is free again once the memory is unmapped. Once only. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#unmap();
    this.kernel.close(this.fd);
  }
}
