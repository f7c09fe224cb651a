/**
 * Batches of frames over a socket that keeps message borders, each behind a virtio-net header:
 * recvmmsg into receive slots, sendmmsg of headers and pieces. What RAW and PIPE have in common.
 *
 * @module
 */
import { MSG_DONTWAIT, MSG_TRUNC, POLLOUT } from "../../../ffi/abi/socket.ts";
import { VIRTIO_NET_HDR } from "../../../ffi/abi/virtio_net.ts";
import type { Arena } from "../../../ffi/arena.ts";
import { EAGAIN, EINTR, ENOBUFS, ENOMEM, SysError } from "../../../ffi/errno.ts";
import { type Libc, libc } from "../../../ffi/libc.ts";
import { MessageTable, messageTableLen } from "../../../ffi/message.ts";
import type { Memory, RxFrames, TxFrames } from "../../../stack/mod.ts";
import { type DeviceCounters, TX_PIECES } from "./device.ts";
import { RX_BATCH_BYTES, RX_READ_LEN, RX_SLOT_COUNT, RxSlots } from "./rx_slots.ts";
import { readVnetHeader, writeVnetHeader } from "./vnet_header.ts";

/** What may wait to be read or sent: 33 ms at 1 Gbit/s. Without privilege, up to wmem_max. */
export const TX_BUFFER_LEN = 4 << 20;
const TX_BATCH = 64;
/** At most so many waits of 1 ms for room in one `transmit`. */
const TX_WAITS = 4;
/** The shortest frame: an Ethernet header. */
const FRAME_MIN_BYTES = 14;

export class FrameMessages {
  readonly rx: RxFrames;
  /** The last `receive` saw an empty message: the other end has gone (SOCK_SEQPACKET). */
  hasEnded = false;
  readonly #counters: DeviceCounters;
  readonly #sys: Libc = libc();
  readonly #arena: Arena;
  readonly #memory: Memory;
  readonly #slots: RxSlots;
  readonly #rxTable: MessageTable;
  readonly #txTable: MessageTable;
  /** Frames to ask for: as many as RX_BATCH_BYTES hold when they are as long as the last ones. */
  #batch = RX_SLOT_COUNT;

  /**
   * `arena` and `memory` are the same bytes. `takesRights`: the other end is a process, which may
   * pass descriptors. Throws SysError.
   */
  constructor(arena: Arena, memory: Memory, counters: DeviceCounters, takesRights: boolean) {
    this.#arena = arena;
    this.#memory = memory;
    this.#counters = counters;
    this.#slots = new RxSlots(memory);
    this.rx = this.#slots.rx;
    this.#rxTable = newTable(arena, memory, RX_SLOT_COUNT, 1, takesRights);
    this.#txTable = newTable(arena, memory, TX_BATCH, TX_PIECES, false);
    for (let i = 0; i < RX_SLOT_COUNT; i++) {
      this.#rxTable.setIovec(i, 0, this.#slots.readOff(i), RX_READ_LEN);
    }
  }

  /** What is sent goes to the socket address of `lenBytes` at `off`: the socket is not bound. */
  sendTo(off: number, lenBytes: number): void {
    for (let i = 0; i < TX_BATCH; i++) this.#txTable.setName(i, off, lenBytes);
  }

  /** Reads one batch into `rx`, without waiting. Returns how many messages came, or -errno. */
  receive(fd: number): number {
    const rx = this.rx;
    rx.count = 0;
    const table = this.#rxTable;
    const n = this.#sys.recvmmsg(fd, this.#arena.base, table.off, this.#batch, MSG_DONTWAIT);
    this.hasEnded = false;
    if (n <= 0) return n;
    let row = 0;
    let bytes = 0;
    for (let i = 0; i < n; i++) {
      const lenBytes = table.bytes(i);
      bytes += lenBytes;
      if ((table.flags(i) & MSG_TRUNC) !== 0) {
        this.#counters.rxTruncated++;
      } else if (lenBytes < VIRTIO_NET_HDR.LEN + FRAME_MIN_BYTES) {
        if (lenBytes === 0) this.hasEnded = true;
        else this.#counters.rxErrors++;
      } else {
        rx.off[row] = this.#slots.frameOff(i);
        rx.len[row] = lenBytes - VIRTIO_NET_HDR.LEN;
        readVnetHeader(this.#arena.dv, this.#slots.readOff(i), rx, row);
        row++;
      }
    }
    rx.count = row;
    const fitting = Math.floor((RX_BATCH_BYTES * n) / Math.max(1, bytes));
    this.#batch = Math.min(RX_SLOT_COUNT, Math.max(1, fitting));
    return n;
  }

  /** Sends on what was received: `count` of the rows of `rx`, each with its header as it came. */
  forward(fd: number, rows: Int32Array, count: number): void {
    const table = this.#txTable;
    for (let i = 0; i < count; i++) {
      const row = rows[i];
      const start = this.rx.off[row] - VIRTIO_NET_HDR.LEN;
      table.setIovec(i, 0, start, this.rx.len[row] + VIRTIO_NET_HDR.LEN);
      table.setIovecCount(i, 1);
    }
    this.#sendTable(fd, count, TX_WAITS);
  }

  /** Sends all of `tx`, waiting some milliseconds at most; what finds no room then is counted. */
  transmit(fd: number, tx: TxFrames): void {
    let waits = TX_WAITS;
    for (let first = 0; first < tx.count; first += TX_BATCH) {
      const n = Math.min(TX_BATCH, tx.count - first);
      for (let i = 0; i < n; i++) this.#prepare(tx, first + i, i);
      waits = this.#sendTable(fd, n, waits);
    }
  }

  #prepare(tx: TxFrames, row: number, i: number): void {
    const table = this.#txTable;
    const start = writeVnetHeader(this.#arena.dv, tx, row);
    table.setIovec(i, 0, start, tx.hdrLen[row] + VIRTIO_NET_HDR.LEN);
    let pieces = 1;
    if (tx.payLen[row] > 0) table.setIovec(i, pieces++, tx.payOff[row], tx.payLen[row]);
    if (tx.pay2Len[row] > 0) table.setIovec(i, pieces++, tx.pay2Off[row], tx.pay2Len[row]);
    table.setIovecCount(i, pieces);
  }

  /** Sends the first `n` messages; returns how many waits are left. */
  #sendTable(fd: number, n: number, waits: number): number {
    const table = this.#txTable;
    let sent = 0;
    while (sent < n) {
      const off = table.messageOff(sent);
      const r = this.#sys.sendmmsg(fd, this.#arena.base, off, n - sent, 0);
      if (r > 0) {
        sent += r;
      } else if ((r === -EAGAIN || r === -ENOBUFS) && waits > 0) {
        waits--;
        this.#counters.txWaits++;
        // EAGAIN: our own buffer is full, until frames leave. ENOBUFS: the interface's queue; let
        // time pass.
        this.#sys.poll(r === -EAGAIN ? fd : -1, POLLOUT, 1);
      } else if (r === -EAGAIN) {
        this.#counters.txDropped += n - sent;
        return 0;
      } else if (r !== -EINTR) {
        this.#counters.txDropped++;
        sent++;
      }
    }
    return waits;
  }

  free(): void {
    this.#slots.free();
    freeTable(this.#memory, this.#rxTable);
    freeTable(this.#memory, this.#txTable);
  }
}

function newTable(
  arena: Arena,
  memory: Memory,
  count: number,
  pieces: number,
  takesRights: boolean,
): MessageTable {
  const off = memory.alloc(messageTableLen(count, pieces, takesRights));
  if (off < 0) throw new SysError("alloc", ENOMEM, "cannot get memory for a device's tables");
  return new MessageTable(arena, off, count, pieces, takesRights);
}

function freeTable(memory: Memory, table: MessageTable): void {
  memory.free(table.off, table.lenBytes);
}
