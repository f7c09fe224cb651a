/**
 * Stacks for the micro benches: two of them joined back to back, until what a bench needs
 * (neighbours, connections, a frame to start from) is there; then the one that is measured goes on
 * alone, its frames counted and thrown away, fed with that frame again and again, patched.
 *
 *     far ── frames ──► near.slot     (set-up: copied into the stack's memory, as a device does)
 *                       near.slot ──► near.stack.input ──► near.transmit: counted
 *
 * @module
 */
import {
  AF_INET,
  BuddyMemory,
  CSUM_PARTIAL,
  CSUM_VALID,
  type DatagramSocket,
  type DeviceCaps,
  GSO_NONE,
  IpAddress,
  type LinkDevice,
  type LogSink,
  RxFrames,
  SOCK_DGRAM,
  SOCK_STREAM,
  Stack,
  type StackConfigOverrides,
  type StreamSocket,
  type TxFrames,
} from "../../stack/mod.ts";
import { takeRow } from "../../tests/support/offload.ts";
import { Prng } from "../../tests/support/prng.ts";

export interface HostOptions {
  config?: StackConfigOverrides;
  memoryBytes?: number;
  /** The device segments and sums for us. */
  offload?: boolean;
  /** Default: nobody listens. */
  log?: LogSink;
}

/** What a device hands over at most, and the place for it. */
const SLOT_LEN = 128 * 1024;
const ALL_OFFLOADS: DeviceCaps = { csum: true, tso: true, uso: true, gsoMaxBytes: 65535 };
const NO_OFFLOADS: DeviceCaps = { csum: false, tso: false, uso: false, gsoMaxBytes: 0 };

/** When addresses are announced, and when that is over and a bench begins. */
const BOOT_US = 990_000_000;
export const START_US = 1_000_000_000;
const SECOND_US = 1_000_000;

export class Host implements LinkDevice {
  readonly caps: DeviceCaps;
  readonly mtu = 1500;
  readonly memory: BuddyMemory;
  readonly stack: Stack;
  readonly addr: IpAddress;
  readonly ifIndex: number;
  /** Where the last frame that came in lies, and the frame as the device describes it. */
  readonly slot: number;
  readonly rx = new RxFrames(1);
  /** Frames sent. */
  sent = 0;
  /** First byte of the last frame sent: good until the next row 0. */
  sentOff = 0;
  /** What the last frame carried: transport header included, or payload alone. */
  sentPayloadLen = 0;
  /** Who gets the frames; null: nobody. */
  far: Host | null = null;
  #nowUs = BOOT_US;

  constructor(lastByte: number, options: HostOptions = {}) {
    const prng = new Prng(lastByte);
    this.caps = options.offload === false ? NO_OFFLOADS : ALL_OFFLOADS;
    this.memory = new BuddyMemory(new ArrayBuffer(options.memoryBytes ?? 64 << 20));
    this.stack = new Stack({
      memory: this.memory,
      random: () => prng.next(),
      nowUs: BOOT_US,
      config: { ...options.config, neighbour: { baseReachableUs: Number.MAX_SAFE_INTEGER } },
      log: options.log,
    });
    this.slot = this.memory.alloc(SLOT_LEN);
    this.addr = IpAddress.v4((198 << 24) | (18 << 16) | lastByte);
    const mac = Uint8Array.of(2, 0, 198, 18, 0, lastByte);
    this.ifIndex = this.stack.addInterface({ name: "eth0", mac, link: this }).index;
    if (this.stack.addAddress(this.ifIndex, this.addr, 24, BOOT_US) !== 0) {
      throw new Error("bench: no address");
    }
  }

  transmit(tx: TxFrames): void {
    const last = tx.count - 1;
    this.sent += tx.count;
    this.sentOff = tx.hdrOff[last];
    this.sentPayloadLen = tx.payLen[last] + tx.pay2Len[last];
    if (this.far === null) return;
    for (let row = 0; row < tx.count; row++) this.far.receive(tx, row, this.#nowUs);
  }

  /** Row `row` of another host's queue comes in. */
  receive(tx: TxFrames, row: number, nowUs: number): void {
    const frame = takeRow(tx, row);
    this.memory.u8.set(frame.bytes, this.slot);
    this.rx.off[0] = this.slot;
    this.rx.len[0] = frame.bytes.length;
    this.rx.csum[0] = frame.csum === CSUM_PARTIAL ? CSUM_VALID : frame.csum;
    this.rx.gsoType[0] = frame.gsoType;
    this.rx.gsoSize[0] = frame.gsoType === GSO_NONE ? 0 : frame.gsoSize;
    this.input(nowUs);
  }

  /** The frame in the slot comes in (again). */
  input(nowUs: number): void {
    this.stack.input(this.ifIndex, this.rx, 0, nowUs);
  }

  /** Timers and output, and the events that nobody waits for. */
  turn(nowUs: number): void {
    this.#nowUs = nowUs;
    this.stack.poll(nowUs);
    this.stack.flush(nowUs);
    for (let s = this.stack.takeReady(); s !== null; s = this.stack.takeReady()) s.events = 0;
  }

  streamSocket(): StreamSocket {
    const socket = this.stack.socket(AF_INET, SOCK_STREAM, 0);
    if (typeof socket === "number") throw new Error(`bench: socket: ${socket}`);
    return socket as StreamSocket;
  }

  datagramSocket(): DatagramSocket {
    const socket = this.stack.socket(AF_INET, SOCK_DGRAM, 0);
    if (typeof socket === "number") throw new Error(`bench: socket: ${socket}`);
    return socket as DatagramSocket;
  }
}

/** Two hosts, joined. */
export function pair(options: HostOptions = {}): { near: Host; far: Host } {
  const near = new Host(1, options);
  const far = new Host(2, options);
  near.far = far;
  far.far = near;
  for (let nowUs = BOOT_US; nowUs < START_US; nowUs += SECOND_US) settle(near, far, nowUs);
  return { near, far };
}

/** Until neither has anything left to say. */
export function settle(near: Host, far: Host, nowUs = START_US): void {
  for (let before = -1; before !== near.sent + far.sent;) {
    before = near.sent + far.sent;
    near.turn(nowUs);
    far.turn(nowUs);
  }
}
