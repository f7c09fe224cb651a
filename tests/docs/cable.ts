/**
 * A program under nuse and a peer at the other end of a cable: a service with its loop and a device
 * whose frames go to, and come from, a second stack in this process.
 *
 * @module
 */
import { libc } from "../../ffi/libc.ts";
import { type Device, DeviceCounters } from "../../io/devices/base/device.ts";
import { signalEvent } from "../../io/loop/stop_event.ts";
import {
  BuddyMemory,
  CSUM_NONE,
  IpAddress,
  type LinkDevice,
  RxFrames,
  Stack,
  type StreamSocket,
  type TxFrames,
} from "../../stack/mod.ts";
import type { World } from "../io/app/world.ts";

const SLOTS = 64;
const SLOT_LEN = 2048;
const CAPS = { csum: false, tso: false, uso: false, gsoMaxBytes: 0 };
const MTU = 1500;
const OURS = IpAddress.v4(0xc6120002);
export const PEER_ADDRESS = "198.18.0.1";

/** The frames of `tx`, each in one piece. */
function framesOf(tx: TxFrames): Uint8Array[] {
  const { u8 } = tx.memory;
  return Array.from({ length: tx.count }, (_, row) => {
    const pieces = [[tx.hdrOff, tx.hdrLen], [tx.payOff, tx.payLen], [tx.pay2Off, tx.pay2Len]];
    return Uint8Array.from(pieces.flatMap(([off, len]) => {
      return [...u8.subarray(off[row], off[row] + len[row])];
    }));
  });
}

/** Puts `frames` into slots of memory, and says so in `rx`. */
function place(frames: readonly Uint8Array[], u8: Uint8Array, slotsOff: number, rx: RxFrames) {
  rx.count = frames.length;
  frames.forEach((frame, i) => {
    rx.off[i] = slotsOff + i * SLOT_LEN;
    rx.len[i] = frame.length;
    rx.csum[i] = CSUM_NONE;
    u8.set(frame, rx.off[i]);
  });
}

/** Our end. */
class CableDevice implements Device {
  readonly name = "cable";
  readonly mac: Uint8Array = Uint8Array.of(2, 0, 0, 0, 0, 2);
  readonly mtu = MTU;
  readonly caps = CAPS;
  readonly rx = new RxFrames(SLOTS);
  readonly counters = new DeviceCounters();
  readonly fd = libc().eventfd();
  /** Frames that the peer has sent. */
  arrived: Uint8Array[] = [];
  readonly #slotsOff: number;
  readonly #countOff: number;

  constructor(readonly world: World, readonly deliver: (frames: Uint8Array[]) => void) {
    this.#slotsOff = world.memory.alloc(SLOTS * SLOT_LEN);
    this.#countOff = world.memory.alloc(8);
  }

  transmit(tx: TxFrames): void {
    this.deliver(framesOf(tx));
  }

  receive(): number {
    libc().read(this.fd, this.world.arena.base, this.#countOff, 8);
    place(this.arrived.splice(0, SLOTS), this.world.memory.u8, this.#slotsOff, this.rx);
    return this.rx.count;
  }

  close(): void {
    libc().close(this.fd);
  }
}

/** The peer: a stack that lives when frames come, in the loop's time. */
export class Cable {
  readonly device: CableDevice;
  readonly #peer: Stack;
  readonly #rx = new RxFrames(SLOTS);
  readonly #slotsOff: number;
  readonly #listener: StreamSocket;

  constructor(readonly world: World, port: number) {
    this.device = new CableDevice(world, (frames) => this.#toPeer(frames));
    const { stack, loop } = world;
    const added = stack.addInterface({ name: "c0", mac: this.device.mac, link: this.device });
    stack.addAddress(added.index, OURS, 24, loop.nowUs);
    loop.addDevice(this.device, added.index);
    const memory = new BuddyMemory(new ArrayBuffer(16 << 20));
    this.#slotsOff = memory.alloc(SLOTS * SLOT_LEN);
    this.#peer = new Stack({ memory, random: () => 0x1234567, nowUs: loop.nowUs });
    const link: LinkDevice = { caps: CAPS, mtu: MTU, transmit: (tx) => this.#toUs(framesOf(tx)) };
    const mac = Uint8Array.of(2, 0, 0, 0, 0, 1);
    const iface = this.#peer.addInterface({ name: "c1", mac, link });
    const address = IpAddress.parse(PEER_ADDRESS) as IpAddress;
    this.#peer.addAddress(iface.index, address, 24, loop.nowUs);
    this.#listener = this.#peer.socket(2, 1, 0) as StreamSocket;
    this.#listener.bind(address, port, loop.nowUs);
    this.#listener.listen(4, loop.nowUs);
  }

  #toUs(frames: Uint8Array[]): void {
    this.device.arrived.push(...frames);
    signalEvent(this.device.fd);
  }

  #toPeer(frames: Uint8Array[]): void {
    const { nowUs } = this.world.loop;
    place(frames, this.#peer.memory.u8, this.#slotsOff, this.#rx);
    for (let i = 0; i < frames.length; i++) this.#peer.input(2, this.#rx, i, nowUs);
    this.#peer.poll(nowUs);
    this.#peer.flush(nowUs);
  }

  /** The peer's end of a connection that a program has made; null: not yet. */
  accept(): StreamSocket | null {
    return this.#listener.accept();
  }

  /** The peer sends `bytes` on `socket`. */
  send(socket: StreamSocket, bytes: Uint8Array): void {
    const { nowUs } = this.world.loop;
    const { off0 } = socket.sendSpan(bytes.length);
    this.#peer.memory.u8.set(bytes, off0);
    socket.sendCommit(bytes.length, nowUs);
    this.#peer.flush(nowUs);
  }
}
