/**
 * A system call of a program that waits at the second door, as the kernel has described it in the
 * arena, and the program's memory as seen from there. Reused; a call that waits longer is kept as
 * the bytes of its description.
 *
 * @module
 */
import { type DoorCalls, SECCOMP_NOTIF } from "../../../ffi/door.ts";
import type { Memory } from "../../../stack/mod.ts";

const ARGUMENT_LEN = 8;
const SOCKLEN_LEN = 4;

export class Trap {
  readonly #memory: Memory;
  readonly #base: Deno.PointerObject;
  readonly #calls: DoorCalls;
  /** For what is copied by `readInt` and `writeInt`. */
  readonly #wordOff: number;

  /** `off`: room for a SECCOMP_NOTIF and a word after it. */
  constructor(memory: Memory, base: Deno.PointerObject, calls: DoorCalls, readonly off: number) {
    this.#memory = memory;
    this.#base = base;
    this.#calls = calls;
    this.#wordOff = off + SECCOMP_NOTIF.LEN;
  }

  static readonly LEN = SECCOMP_NOTIF.LEN + SOCKLEN_LEN;

  get idLow(): number {
    return this.#memory.dv.getUint32(this.off + SECCOMP_NOTIF.ID, true);
  }

  get idHigh(): number {
    return this.#memory.dv.getUint32(this.off + SECCOMP_NOTIF.ID + 4, true);
  }

  /** The number of the thread that waits. */
  get thread(): number {
    return this.#memory.dv.getInt32(this.off + SECCOMP_NOTIF.PID, true);
  }

  /** Of the system call. */
  get number(): number {
    return this.#memory.dv.getInt32(this.off + SECCOMP_NOTIF.NR, true);
  }

  /** The low half of an argument. */
  argument(index: number): number {
    return this.#memory.dv.getInt32(this.pointerOff(index), true);
  }

  isNull(index: number): boolean {
    const { dv } = this.#memory;
    const off = this.pointerOff(index);
    return dv.getInt32(off, true) === 0 && dv.getInt32(off + 4, true) === 0;
  }

  /** Where the argument itself lies in the arena. */
  pointerOff(index: number): number {
    return this.off + SECCOMP_NOTIF.ARGS + ARGUMENT_LEN * index;
  }

  /** Copies what the pointer `index` leads to into the arena: 0 or -errno. */
  read(index: number, off: number, lenBytes: number): number {
    return this.readAt(this.pointerOff(index), 0, off, lenBytes);
  }

  write(index: number, off: number, lenBytes: number): number {
    return this.writeAt(this.pointerOff(index), 0, off, lenBytes);
  }

  /** As `read`, from `delta` bytes behind the address that lies in the arena at `addressOff`. */
  readAt(addressOff: number, delta: number, off: number, lenBytes: number): number {
    return this.#calls.read(this.thread, this.#base, off, lenBytes, addressOff, delta);
  }

  writeAt(addressOff: number, delta: number, off: number, lenBytes: number): number {
    return this.#calls.write(this.thread, this.#base, off, lenBytes, addressOff, delta);
  }

  /** The int that the pointer `index` leads to, or null. */
  readInt(index: number): number | null {
    const failed = this.read(index, this.#wordOff, SOCKLEN_LEN) < 0;
    return failed ? null : this.#memory.dv.getInt32(this.#wordOff, true);
  }

  writeInt(index: number, value: number): number {
    this.#memory.dv.setInt32(this.#wordOff, value, true);
    return this.write(index, this.#wordOff, SOCKLEN_LEN);
  }

  /** A description to come back to. */
  save(): Uint8Array {
    return this.#memory.u8.slice(this.off, this.off + SECCOMP_NOTIF.LEN);
  }

  restore(saved: Uint8Array): void {
    this.#memory.u8.set(saved, this.off);
  }

  /** Whether it is the call of `saved`, made again: the kernel does that after a signal. */
  repeats(saved: Uint8Array): boolean {
    const { u8 } = this.#memory;
    for (let i = SECCOMP_NOTIF.NR; i < SECCOMP_NOTIF.LEN; i++) {
      if (saved[i] !== u8[this.off + i]) return false;
    }
    return true;
  }
}
