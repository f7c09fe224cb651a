/**
 * A stack under test alone: a device that keeps what it is given, virtual time, and the test as
 * the peer. Frames come from frame_builders.ts; frame_checkers.ts looks at what went out.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import {
  BuddyMemory,
  CSUM_NONE,
  type DatagramSocket,
  type DeviceCaps,
  DGRAM_HAS_ADDR,
  DGRAM_HEADER_LEN,
  DGRAM_MAGIC,
  GSO_NONE,
  type Interface,
  IpAddress,
  type LinkDevice,
  RxFrames,
  Stack,
  type StackConfigOverrides,
  type TxFrames,
} from "../../stack/mod.ts";
import { arpFrame, OUR_ADDR, OUR_MAC, PEER_ADDR, PEER_MAC } from "./frame_builders.ts";
import type { SentFrame } from "./frame_checkers.ts";
import { RecordingLog } from "../support/recording_log.ts";

export * from "./frame_builders.ts";
export * from "./frame_checkers.ts";

export const NO_OFFLOAD: DeviceCaps = { csum: false, tso: false, uso: false, gsoMaxBytes: 0 };
export const ALL_OFFLOADS: DeviceCaps = { csum: true, tso: true, uso: true, gsoMaxBytes: 65535 };

export class FakeDevice implements LinkDevice {
  readonly frames: SentFrame[] = [];
  batches = 0;

  constructor(readonly caps: DeviceCaps, readonly mtu: number) {}

  transmit(tx: TxFrames): void {
    this.batches++;
    const u8 = tx.memory.u8;
    for (let row = 0; row < tx.count; row++) {
      const hdr = tx.hdrOff[row];
      const bytes = new Uint8Array(tx.frameLen(row));
      bytes.set(u8.subarray(hdr, hdr + tx.hdrLen[row]));
      bytes.set(u8.subarray(tx.payOff[row], tx.payOff[row] + tx.payLen[row]), tx.hdrLen[row]);
      bytes.set(
        u8.subarray(tx.pay2Off[row], tx.pay2Off[row] + tx.pay2Len[row]),
        tx.hdrLen[row] + tx.payLen[row],
      );
      this.frames.push({
        bytes,
        csum: tx.csum[row],
        csumStart: tx.l4Off[row] - hdr,
        csumOffset: tx.csumOffset[row],
        gsoType: tx.gsoType[row],
        gsoSize: tx.gsoSize[row],
      });
    }
  }
}

const SCRATCH_LEN = 1 << 20;

export interface HostOptions {
  readonly caps?: DeviceCaps;
  readonly mtu?: number;
  readonly config?: StackConfigOverrides;
  readonly memoryLen?: number;
  /** Resolve the peer's MAC at once, and drop the frames of starting up. Default true. */
  readonly isSettled?: boolean;
}

/** 198.18.0.2/24 on one device, virtual time. */
export class Host {
  readonly memory: BuddyMemory;
  readonly stack: Stack;
  readonly device: FakeDevice;
  readonly iface: Interface;
  /** All that the stack has told. */
  readonly log = new RecordingLog();
  nowUs = 1e6;
  readonly #rx = new RxFrames(1);
  readonly #rxOff: number;
  /** Datagrams sent stay here until the flush, as the stack asks. */
  readonly #scratch: number;
  #scratchUsed = 0;

  constructor(options: HostOptions = {}) {
    this.memory = new BuddyMemory(new ArrayBuffer(options.memoryLen ?? 16 << 20));
    let state = 12345;
    this.stack = new Stack({
      memory: this.memory,
      random: () => (state = (Math.imul(state, 1103515245) + 12345) | 0) ^ (state >>> 11),
      nowUs: this.nowUs,
      config: options.config,
      log: this.log,
    });
    this.device = new FakeDevice(options.caps ?? NO_OFFLOAD, options.mtu ?? 1500);
    this.iface = this.stack.addInterface({ name: "eth0", mac: OUR_MAC, link: this.device });
    this.stack.addAddress(this.iface.index, OUR_ADDR, 24, this.nowUs);
    this.#rxOff = this.memory.alloc(1 << 19);
    this.#scratch = this.memory.alloc(SCRATCH_LEN);
    if (options.isSettled ?? true) {
      this.advance(3e6);
      this.inject(arpFrame(1, PEER_MAC, PEER_ADDR, OUR_MAC, OUR_ADDR));
      this.flush();
      this.device.frames.length = 0;
      this.log.all.length = 0;
    }
  }

  inject(
    frame: Uint8Array,
    csum = CSUM_NONE,
    gsoType = GSO_NONE,
    gsoSize = 0,
    ifIndex = this.iface.index,
  ): void {
    this.memory.u8.set(frame, this.#rxOff);
    this.#rx.off[0] = this.#rxOff;
    this.#rx.len[0] = frame.length;
    this.#rx.csum[0] = csum;
    this.#rx.gsoType[0] = gsoType;
    this.#rx.gsoSize[0] = gsoSize;
    this.stack.input(ifIndex, this.#rx, 0, this.nowUs);
    this.memory.u8.fill(0xdd, this.#rxOff, this.#rxOff + frame.length);
  }

  flush(): void {
    this.stack.flush(this.nowUs);
    this.#scratchUsed = 0;
  }

  /** Lets time pass, doing what falls due on the way. */
  advance(us: number): void {
    const endUs = this.nowUs + us;
    for (let steps = 0; steps < 10_000; steps++) {
      const dueUs = this.stack.pollAtUs();
      if (dueUs > endUs) break;
      this.nowUs = Math.max(this.nowUs, dueUs);
      this.stack.poll(this.nowUs);
      this.stack.flush(this.nowUs);
    }
    this.nowUs = endUs;
    this.stack.poll(endUs);
    this.stack.flush(endUs);
  }

  /** The frames sent since the last call, after a flush. */
  sent(): SentFrame[] {
    this.flush();
    return this.device.frames.splice(0);
  }

  /** Exactly one frame was sent. */
  sentOne(): SentFrame {
    const frames = this.sent();
    assertEquals(frames.length, 1);
    return frames[0];
  }

  datagram(type: number, protocol: number, domain = 2): DatagramSocket {
    const socket = this.stack.socket(domain, type, protocol);
    assert(typeof socket !== "number" && socket.kind === "datagram", `${socket}`);
    return socket as DatagramSocket;
  }

  /** sendto, or send when `to` is null. */
  send(
    socket: DatagramSocket,
    payload: Uint8Array,
    to: IpAddress | null,
    port = 0,
    flags = 0,
    fill?: (dv: DataView, off: number) => void,
  ): number {
    const off = this.#scratch + this.#scratchUsed;
    this.#scratchUsed += DGRAM_HEADER_LEN + payload.length;
    assert(this.#scratchUsed <= SCRATCH_LEN);
    const { dv, u8 } = this.memory;
    u8.fill(0, off, off + DGRAM_HEADER_LEN);
    dv.setUint16(off, DGRAM_MAGIC, true);
    dv.setUint16(off + 2, flags | (to === null ? 0 : DGRAM_HAS_ADDR), true);
    dv.setUint32(off + 4, payload.length, true);
    if (to !== null) {
      dv.setUint16(off + 8, to.family === 4 ? 2 : 10, true);
      dv.setUint16(off + 10, port, true);
      to.writeTo(u8, off + 16);
    }
    fill?.(dv, off);
    u8.set(payload, off + DGRAM_HEADER_LEN);
    return socket.send(off, payload.length, this.nowUs);
  }

  /** Takes the first record of a socket's queue. */
  recv(socket: DatagramSocket): Received | null {
    if (socket.recvCount() === 0) return null;
    const off = socket.recvPeek(0);
    const { dv, u8 } = this.memory;
    assertEquals(dv.getUint16(off, true), DGRAM_MAGIC);
    const len = dv.getUint32(off + 4, true);
    const record = {
      flags: dv.getUint16(off + 2, true),
      family: dv.getUint16(off + 8, true),
      port: dv.getUint16(off + 10, true),
      errno: dv.getInt32(off + 12, true),
      addr: IpAddress.read(dv, off + 16, 4).toString(),
      ttl: u8[off + 32],
      tos: u8[off + 33],
      ifIndex: dv.getUint32(off + 36, true),
      dst: IpAddress.read(dv, off + 40, 4).toString(),
      timeUs: Number(dv.getBigUint64(off + 56, true)),
      payload: u8.slice(off + DGRAM_HEADER_LEN, off + DGRAM_HEADER_LEN + len),
    };
    socket.recvConsume(1, this.nowUs);
    return record;
  }
}

export interface Received {
  readonly flags: number;
  readonly family: number;
  readonly port: number;
  readonly errno: number;
  readonly addr: string;
  readonly ttl: number;
  readonly tos: number;
  readonly ifIndex: number;
  readonly dst: string;
  readonly timeUs: number;
  readonly payload: Uint8Array;
}
