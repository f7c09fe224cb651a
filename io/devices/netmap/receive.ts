/**
 * Frames out of the RX rings, a batch at a time, read where they lie.
 *
 * poll(2), which epoll calls, syncs the rings: what has come stands between cur and tail. A frame
 * in one slot is handed on in place; one in several (NS_MOREFRAG) is put together in a slot of the
 * arena. `cur` goes past the batch at once, so that only news wakes us; `head` follows when the
 * stack is done with it, at the next call. Until then the kernel may have more than there is room
 * for, and poll does not tell of that: who holds most of a ring leaves its last frame unread.
 *
 * @module
 */
import { NETMAP_MAX_FRAGS, NIOCRXSYNC, NS_MOREFRAG } from "../../../ffi/abi/netmap.ts";
import { ENODEV, ENXIO } from "../../../ffi/errno.ts";
import { CSUM_NONE, CSUM_PARTIAL, GSO_NONE, type RxFrames } from "../../../stack/mod.ts";
import type { DeviceCounters } from "../base/device.ts";
import { RX_BATCH_BYTES, RX_READ_LEN, RX_SLOT_COUNT, type RxSlots } from "../base/rx_slots.ts";
import { readVnetHeader } from "../base/vnet_header.ts";
import { isUnfinished } from "./checksum.ts";
import type { NetmapPort } from "./port.ts";
import type { NetmapRing } from "./ring.ts";

export class NetmapReceiver {
  readonly #port: NetmapPort;
  readonly #slots: RxSlots;
  readonly #counters: DeviceCounters;
  readonly #vnetLen: number;
  /** The ring to begin with: each has its turn. */
  #first = 0;

  constructor(port: NetmapPort, slots: RxSlots, counters: DeviceCounters) {
    this.#port = port;
    this.#slots = slots;
    this.#counters = counters;
    this.#vnetLen = port.registration.vnetLen;
  }

  /** As `Device.receive`. */
  receive(): number {
    const rx = this.#slots.rx;
    rx.count = 0;
    this.#release();
    this.#takeAll(rx);
    // Nothing, though we were woken: what came is not synced yet, or the port has gone.
    if (rx.count === 0) {
      const r = this.#port.kernel.sync(this.#port.fd, NIOCRXSYNC);
      if (r === -ENXIO) return -ENODEV;
      if (r < 0) this.#counters.rxErrors++;
      for (const ring of this.#port.rxRings) if (ring.wasReset()) this.#counters.ringResets++;
      this.#takeAll(rx);
    }
    return rx.count;
  }

  /** What the last batch pointed at is the kernel's again. */
  #release(): void {
    const rings = this.#port.rxRings;
    for (let i = 0; i < rings.length; i++) {
      const ring = rings[i];
      if (ring.wasReset()) this.#counters.ringResets++;
      ring.head = ring.cur;
      ring.publish();
    }
  }

  #takeAll(rx: RxFrames): void {
    const rings = this.#port.rxRings;
    let bytes = 0;
    for (let i = 0; i < rings.length && rx.count < RX_SLOT_COUNT; i++) {
      const ring = rings[(this.#first + i) % rings.length];
      let left = ring.available;
      const before = ring.cur;
      let isHolding = false;
      while (left > 0 && rx.count < RX_SLOT_COUNT && bytes < RX_BATCH_BYTES) {
        const slots = this.#frameSlots(ring, left);
        if (slots === 0) break;
        const wouldHold: boolean = isHolding || slots === 1;
        if (wouldHold && slots === left && ring.cur !== before && isFull(ring, slots)) break;
        bytes += this.#take(rx, ring, slots);
        left -= slots;
        isHolding = wouldHold;
      }
      if (ring.cur === before) continue;
      if (!isHolding) ring.head = ring.cur;
      ring.publish();
    }
    this.#first = (this.#first + 1) % rings.length;
  }

  /** Slots of the frame at `cur`; 0: its end has not come yet. */
  #frameSlots(ring: NetmapRing, available: number): number {
    let n = 1;
    for (let slot = ring.cur; (ring.flags(slot) & NS_MOREFRAG) !== 0; slot = ring.next(slot)) {
      if (++n > available) return 0;
    }
    return n;
  }

  /** Takes a frame of `slots` slots into the next row, if it is good; returns its bytes. */
  #take(rx: RxFrames, ring: NetmapRing, slots: number): number {
    const first = ring.cur;
    let start = ring.bufferOff(first);
    let lenBytes = ring.lenBytes(first);
    let isGood = start >= 0 && lenBytes <= ring.bufSize;
    if (slots > 1) {
      start = this.#slots.readOff(rx.count);
      lenBytes = this.#gather(ring, slots, start);
      isGood = lenBytes > 0;
    }
    for (let i = 0; i < slots; i++) ring.cur = ring.next(ring.cur);
    if (!isGood || lenBytes <= this.#vnetLen) {
      this.#counters.rxErrors++;
      return 0;
    }
    const row = rx.count++;
    rx.off[row] = start + this.#vnetLen;
    rx.len[row] = lenBytes - this.#vnetLen;
    this.#describe(rx, row, start);
    return lenBytes;
  }

  /** Copies the pieces of a frame together; 0: it is too long or a piece is bad. */
  #gather(ring: NetmapRing, slots: number, to: number): number {
    const { u8 } = this.#port.arena;
    let filled = 0;
    for (let i = 0, slot = ring.cur; i < slots; i++, slot = ring.next(slot)) {
      const from = ring.bufferOff(slot);
      const n = ring.lenBytes(slot);
      if (from < 0 || n > ring.bufSize || filled + n > RX_READ_LEN) return 0;
      u8.copyWithin(to + filled, from, from + n);
      filled += n;
    }
    return filled;
  }

  #describe(rx: RxFrames, row: number, start: number): void {
    const { dv } = this.#port.arena;
    if (this.#vnetLen > 0) {
      readVnetHeader(dv, start, rx, row);
    } else {
      rx.gsoType[row] = GSO_NONE;
      rx.gsoSize[row] = 0;
      rx.csum[row] = CSUM_NONE;
    }
    // A VALE switch makes an empty header for a frame from an interface that is attached to it.
    if (rx.csum[row] === CSUM_NONE && isUnfinished(dv, rx.off[row], rx.len[row])) {
      rx.csum[row] = CSUM_PARTIAL;
    }
  }
}

/** Whether the longest frame may find no room while what was taken, and `slots` more, is held. */
function isFull(ring: NetmapRing, slots: number): boolean {
  const taken = ring.cur - ring.head;
  const held = (taken < 0 ? taken + ring.slotCount : taken) + slots;
  return ring.slotCount - 1 - held < NETMAP_MAX_FRAGS;
}
