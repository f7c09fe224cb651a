/**
 * One stack on a fake link under a virtual clock: what the packet scripts, the fuzzer and
 * packet-level tests stand on. Frames that the stack sends are collected with their time; ARP is
 * answered for every neighbour unless the test wants to do that itself.
 *
 * @module
 */
import {
  BuddyMemory,
  type DeviceCaps,
  type LinkDevice,
  linkLocalOf,
  type LogSink,
  RxFrames,
  type Socket,
  Stack,
  type StackOptions,
  type TxFrames,
} from "../../stack/mod.ts";
import { arpFrame } from "./build.ts";
import { decodeFrame } from "./decode.ts";
import { addressFor, type Family, frameToV4, frameToV6, isIpv6, WIDER } from "./families.ts";
import { HOP_BY_HOP, neighbourAnswer, takeNeighbourTalk } from "./neighbours6.ts";
import { checkStack } from "./invariants.ts";
import { takeRow } from "./offload.ts";
import { GSO_NONE } from "../../stack/base/frames.ts";
import {
  type DecodedFrame,
  ETHERTYPE_ARP,
  ipWord,
  type WireFrame,
  wireFrame,
} from "./packet_types.ts";
import { Prng } from "./prng.ts";
import { ForbiddenLog } from "./recording_log.ts";

export const LOCAL_ADDR = ipWord("198.18.0.2");
export const PEER_ADDR = ipWord("198.18.0.1");
export const LOCAL_MAC = Uint8Array.of(2, 0, 198, 18, 0, 2);
export const PEER_MAC = Uint8Array.of(2, 0, 198, 18, 0, 1);
const ETHERNET_LEN = 14;
const RX_LEN = 70_000;
const MAX_TURNS_AT_ONE_TIME = 1_000;

export interface RigOptions {
  seed: number;
  startUs: number;
  mtu: number;
  offload: boolean;
  answersArp: boolean;
  /** 6: the same conversation in IPv6 (families.ts). */
  family: Family;
  /**
   * The frames are IPv6 in the test as well, neighbour discovery and all (tests/scripts/ip6). With
   * `answersArp` questions for addresses are answered; what else hosts tell their link without
   * being asked is not shown, reports of groups unless `showsReports`.
   */
  isNative: boolean;
  showsReports: boolean;
  /** Default route by way of the peer. */
  gateway: boolean;
  memoryBytes: number;
  config: StackOptions["config"];
  /** By default nothing is listened to, and nothing may be told. */
  log: LogSink;
}

/** A frame that the stack sent. */
export interface SentFrame {
  readonly atUs: number;
  readonly wire: WireFrame;
  readonly frame: DecodedFrame;
}

export class Rig implements LinkDevice {
  readonly caps: DeviceCaps;
  readonly mtu: number;
  readonly memory: BuddyMemory;
  readonly stack: Stack;
  readonly ifIndex: number;
  readonly options: RigOptions;
  nowUs: number;
  /** Sent and not yet looked at, oldest first. */
  readonly sent: SentFrame[] = [];
  /** Called with every frame, ARP included. */
  onSent: ((sent: SentFrame) => void) | null = null;
  /** Events raised for a socket since they were last asked for. */
  readonly #events = new WeakMap<Socket, number>();
  readonly #rx = new RxFrames(1);
  readonly #rxOff: number;
  readonly #arpReplies: Uint8Array[] = [];

  constructor(options: Partial<RigOptions> = {}) {
    this.options = {
      seed: 1,
      startUs: 1_000_000_000,
      mtu: 1500,
      offload: false,
      answersArp: true,
      family: 4,
      isNative: false,
      showsReports: false,
      gateway: true,
      memoryBytes: 32 * 1024 * 1024,
      config: undefined,
      log: new ForbiddenLog(),
      ...options,
    };
    const o = this.options;
    this.nowUs = o.startUs;
    this.mtu = o.family === 4 || o.isNative ? o.mtu : o.mtu + WIDER;
    this.caps = {
      csum: o.offload,
      tso: o.offload,
      uso: o.offload,
      gsoMaxBytes: o.offload ? 65535 : 0,
    };
    const prng = new Prng(o.seed);
    this.memory = new BuddyMemory(new ArrayBuffer(o.memoryBytes));
    this.stack = new Stack({
      memory: this.memory,
      random: () => prng.next(),
      nowUs: this.nowUs,
      config: o.config,
      log: o.log,
    });
    this.#rxOff = this.memory.alloc(RX_LEN);
    this.ifIndex = this.stack.addInterface({ name: "eth0", mac: LOCAL_MAC, link: this }).index;
    const prefixLen = o.family === 4 ? 24 : o.isNative ? 64 : 120;
    if (o.isNative) {
      this.#mustBeZero(this.stack.addAddress(this.ifIndex, linkLocalOf(LOCAL_MAC), 64, o.startUs));
    }
    const local = addressFor(o.family, LOCAL_ADDR);
    this.#mustBeZero(this.stack.addAddress(this.ifIndex, local, prefixLen, o.startUs));
    if (o.gateway) {
      const gateway = addressFor(o.family, PEER_ADDR);
      const dst = addressFor(o.family, 0);
      this.#mustBeZero(this.stack.addRoute({ dst, prefixLen: 0, gateway }));
    }
    this.turn();
    this.sent.length = 0;
  }

  #mustBeZero(result: number): void {
    if (result !== 0) throw new Error(`rig: set-up failed with ${result}`);
  }

  transmit(tx: TxFrames): void {
    for (let row = 0; row < tx.count; row++) {
      let wire = takeRow(tx, row);
      if (this.options.isNative) {
        this.#sentNative(wire);
        continue;
      }
      if (isIpv6(wire)) {
        const asked = takeNeighbourTalk(wire);
        if (asked !== null) {
          if (asked.length > 0) this.#arpReplies.push(neighbourAnswer(wire, PEER_MAC));
          continue;
        }
        wire = frameToV4(wire);
      }
      const sent = { atUs: this.nowUs, wire, frame: decodeFrame(wire) };
      if (wire.gsoType === GSO_NONE && wire.bytes.length > this.options.mtu + ETHERNET_LEN) {
        sent.frame.errors.push("longer than the MTU");
      }
      this.onSent?.(sent);
      if (this.options.answersArp && sent.frame.etherType === ETHERTYPE_ARP) this.#arp(sent.frame);
      else this.sent.push(sent);
    }
  }

  #sentNative(wire: WireFrame): void {
    const { answersArp, showsReports } = this.options;
    const asked = takeNeighbourTalk(wire);
    const isReport = asked !== null && wire.bytes[ETHERNET_LEN + 6] === HOP_BY_HOP;
    if (asked !== null && !isReport && answersArp) {
      if (asked.length > 0) this.#arpReplies.push(neighbourAnswer(wire, PEER_MAC));
      return;
    }
    if (isReport && !showsReports) return;
    const sent = { atUs: this.nowUs, wire, frame: decodeFrame(wire) };
    this.onSent?.(sent);
    this.sent.push(sent);
  }

  #arp(frame: DecodedFrame): void {
    const arp = frame.arp;
    if (!arp || arp.op !== 1 || arp.targetIp === arp.senderIp || arp.senderIp === 0) return;
    this.#arpReplies.push(arpFrame(LOCAL_MAC, {
      op: 2,
      senderMac: PEER_MAC,
      senderIp: arp.targetIp,
      targetMac: arp.senderMac.slice(),
      targetIp: arp.senderIp,
    }));
  }

  /** Gives the stack a frame without turning the loop. */
  deliver(frame: WireFrame): void {
    const isAsItIs = this.options.family === 4 || this.options.isNative;
    const translated = isAsItIs || isIpv6(frame) ? frame : frameToV6(frame);
    if (translated === null) throw new Error("a frame without a twin in IPv6");
    this.#receive(translated);
  }

  #receive(frame: WireFrame): void {
    const rx = this.#rx;
    const { bytes } = frame;
    this.memory.u8.set(bytes, this.#rxOff);
    rx.off[0] = this.#rxOff;
    rx.len[0] = bytes.length;
    rx.csum[0] = frame.csum;
    rx.gsoType[0] = frame.gsoType;
    rx.gsoSize[0] = frame.gsoSize;
    rx.count = 1;
    this.stack.input(this.ifIndex, rx, 0, this.nowUs);
    this.memory.u8.fill(0xa5, this.#rxOff, this.#rxOff + Math.min(bytes.length, 2048));
  }

  /** A frame arrives, and the loop turns once. */
  inject(bytes: Uint8Array): void {
    this.deliver(wireFrame(bytes));
    this.turn();
  }

  /** Timers, flush, ready sockets, answered ARP requests, until nothing is left to do now. */
  turn(): void {
    for (let n = 0; n < MAX_TURNS_AT_ONE_TIME; n++) {
      this.stack.poll(this.nowUs);
      this.stack.flush(this.nowUs);
      this.#collectEvents();
      checkStack(this.stack);
      const replies = this.#arpReplies.splice(0);
      for (const bytes of replies) this.deliver(wireFrame(bytes));
      if (replies.length === 0 && this.stack.pollAtUs() > this.nowUs) return;
    }
    throw new Error(`the stack spins: pollAtUs ${this.stack.pollAtUs()} at ${this.nowUs}`);
  }

  #collectEvents(): void {
    for (let socket = this.stack.takeReady(); socket; socket = this.stack.takeReady()) {
      this.#events.set(socket, (this.#events.get(socket) ?? 0) | socket.events);
      socket.events = 0;
    }
  }

  /** EVENT_* raised for the socket since the last call. */
  takeEvents(socket: Socket): number {
    const bits = (this.#events.get(socket) ?? 0) | socket.events;
    this.#events.delete(socket);
    socket.events = 0;
    return bits;
  }

  /** Lets time pass up to `atUs`; with `untilSent`, stops as soon as a frame waits in `sent`. */
  advanceTo(atUs: number, untilSent = false): void {
    while (!(untilSent && this.sent.length > 0)) {
      const pollAtUs = this.stack.pollAtUs();
      if (Number.isNaN(pollAtUs)) throw new Error("pollAtUs is NaN");
      if (pollAtUs > atUs) break;
      this.nowUs = Math.max(this.nowUs, Math.ceil(pollAtUs));
      this.turn();
    }
    if (!(untilSent && this.sent.length > 0)) this.nowUs = Math.max(this.nowUs, atUs);
  }
}
