/**
 * Receive slots in the arena, one frame each, shared by the devices that read a virtio-net header.
 *
 *     slot (64-aligned)   +8              +18: frame                          +LEN
 *     |  8 spare          | vnet hdr 10   | Ethernet 14 | IP (4-aligned) ...  |
 *
 * The longest frame is an IP packet of 65,535 bytes, received whole from a local TSO sender or GRO.
 * Pages of slots that only ever saw small frames stay untouched.
 *
 * @module
 */
import { VIRTIO_NET_HDR } from "../../../ffi/abi/virtio_net.ts";
import { ENOMEM, SysError } from "../../../ffi/errno.ts";
import { type Memory, RxFrames } from "../../../stack/mod.ts";

export const RX_SLOT_COUNT = 32;
/**
 * A batch ends at about so many bytes: they are copied twice more on their way to the program, and
 * shall still be in the second-level cache then.
 */
export const RX_BATCH_BYTES = 1 << 18;
const SLOT_LEN = 65536 + 64;
const START_OFF = 8;

/** Bytes that fit behind START_OFF. */
export const RX_READ_LEN = SLOT_LEN - START_OFF;

export class RxSlots {
  readonly rx: RxFrames = new RxFrames(RX_SLOT_COUNT);
  readonly #memory: Memory;
  readonly #off: number;

  /** Throws SysError(ENOMEM). */
  constructor(memory: Memory) {
    this.#memory = memory;
    this.#off = memory.alloc(RX_SLOT_COUNT * SLOT_LEN);
    if (this.#off < 0) throw new SysError("alloc", ENOMEM, "cannot get memory to receive into");
  }

  /** Where slot `i` is read into: the vnet header, then the frame. */
  readOff(i: number): number {
    return this.#off + i * SLOT_LEN + START_OFF;
  }

  frameOff(i: number): number {
    return this.#off + i * SLOT_LEN + START_OFF + VIRTIO_NET_HDR.LEN;
  }

  free(): void {
    this.#memory.free(this.#off, RX_SLOT_COUNT * SLOT_LEN);
  }
}
