/**
 * Frames into the TX rings: headers and pieces of payload are copied into the slots' buffers, a
 * frame that is longer than a buffer goes on in the next slot (NS_MOREFRAG), and one NIOCTXSYNC
 * sends the batch. Slots that the card has finished with come back in the same call, and are only
 * asked for on top of that when there is no room.
 *
 * A flow stays on one ring, so that its frames keep their order.
 *
 * @module
 */
import { NIOCTXSYNC, NS_MOREFRAG } from "../../../ffi/abi/netmap.ts";
import { VIRTIO_NET_HDR } from "../../../ffi/abi/virtio_net.ts";
import { type Libc, libc } from "../../../ffi/libc.ts";
import type { TxFrames } from "../../../stack/mod.ts";
import type { DeviceCounters } from "../base/device.ts";
import { writeVnetHeader } from "../base/vnet_header.ts";
import type { NetmapPort } from "./port.ts";
import type { NetmapRing } from "./ring.ts";

/** At most so many waits of 1 ms for room in one `transmit`. */
const WAITS_MAX = 4;

export class NetmapTransmitter {
  readonly #sys: Libc = libc();
  readonly #port: NetmapPort;
  readonly #u8: Uint8Array;
  readonly #dv: DataView;
  readonly #counters: DeviceCounters;
  readonly #vnetLen: number;
  #waits = 0;
  /** The slot being filled: its ring, where its buffer begins, and bytes in it so far. */
  #ring: NetmapRing;
  #bufferOff = 0;
  #filled = 0;

  constructor(port: NetmapPort, counters: DeviceCounters) {
    this.#port = port;
    this.#u8 = port.arena.u8;
    this.#dv = port.arena.dv;
    this.#counters = counters;
    this.#vnetLen = port.registration.vnetLen;
    this.#ring = port.txRings[0];
  }

  /** Sends what `tx` holds; counts what did not fit in time. */
  transmit(tx: TxFrames): void {
    this.#waits = WAITS_MAX;
    for (let row = 0; row < tx.count; row++) {
      const lenBytes = tx.frameLen(row) + this.#vnetLen;
      const ring = this.#ringOf(tx, row);
      const slots = Math.ceil(lenBytes / ring.bufSize);
      if (ring.available < slots && !this.#makeRoom(ring, slots)) this.#counters.txDropped++;
      else if (!this.#put(tx, row, ring, slots)) this.#counters.txDropped++;
    }
    this.#sync();
  }

  #ringOf(tx: TxFrames, row: number): NetmapRing {
    const rings = this.#port.txRings;
    if (rings.length === 1) return rings[0];
    // The ports of TCP and UDP; for others, two bytes that do not change either.
    const l4 = tx.l4Off[row];
    const ports = this.#dv.getUint16(l4) ^ this.#dv.getUint16(l4 + 2);
    return rings[ports % rings.length];
  }

  /** Pushes out what there is and waits a little. False: no room in time. */
  #makeRoom(ring: NetmapRing, slots: number): boolean {
    if (slots >= ring.slotCount) return false;
    this.#sync();
    while (ring.available < slots) {
      if (this.#waits === 0) return false;
      this.#waits--;
      this.#counters.txWaits++;
      // Time passes: poll(2) for writing would return at once while any ring has any room.
      this.#sys.poll(-1, 0, 1);
      this.#sync();
    }
    return true;
  }

  /** False: a buffer of the ring lies outside its memory, and nothing was sent. */
  #put(tx: TxFrames, row: number, ring: NetmapRing, slots: number): boolean {
    for (let i = 0, slot = ring.head; i < slots; i++, slot = ring.next(slot)) {
      if (ring.bufferOff(slot) < 0) return false;
    }
    this.#ring = ring;
    this.#bufferOff = ring.bufferOff(ring.head);
    this.#filled = 0;
    if (this.#vnetLen > 0) this.#putVnetHeader(tx, row);
    this.#append(tx.hdrOff[row], tx.hdrLen[row]);
    this.#append(tx.payOff[row], tx.payLen[row]);
    if (tx.pay2Len[row] > 0) this.#append(tx.pay2Off[row], tx.pay2Len[row]);
    this.#close(0);
    return true;
  }

  /** The longer header of 12 bytes ends with a count of buffers, 0 here. */
  #putVnetHeader(tx: TxFrames, row: number): void {
    this.#append(writeVnetHeader(this.#dv, tx, row), VIRTIO_NET_HDR.LEN);
    const rest = this.#vnetLen - VIRTIO_NET_HDR.LEN;
    this.#u8.fill(0, this.#bufferOff + this.#filled, this.#bufferOff + this.#filled + rest);
    this.#filled += rest;
  }

  #append(off: number, lenBytes: number): void {
    const { bufSize } = this.#ring;
    let from = off;
    let left = lenBytes;
    while (left > 0) {
      if (this.#filled === bufSize) this.#close(NS_MOREFRAG);
      const n = Math.min(left, bufSize - this.#filled);
      this.#u8.copyWithin(this.#bufferOff + this.#filled, from, from + n);
      this.#filled += n;
      from += n;
      left -= n;
    }
  }

  /** Ends the slot and goes to the next. */
  #close(flags: number): void {
    const ring = this.#ring;
    ring.fill(ring.head, this.#filled, flags);
    ring.head = ring.next(ring.head);
    ring.cur = ring.head;
    if (flags !== 0) this.#bufferOff = ring.bufferOff(ring.head);
    this.#filled = 0;
  }

  #sync(): void {
    const { txRings, kernel, fd } = this.#port;
    for (let i = 0; i < txRings.length; i++) txRings[i].publish();
    kernel.sync(fd, NIOCTXSYNC);
    for (let i = 0; i < txRings.length; i++) if (txRings[i].wasReset()) this.#counters.ringResets++;
  }
}
