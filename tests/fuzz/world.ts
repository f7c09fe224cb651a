/**
 * One stack, the wire it is on and the programs that use it: executes steps and says (by throwing a
 * Failure) when something is not as it must be. The same steps give the same run.
 *
 * @module
 */
import {
  BuddyMemory,
  type DeviceCaps,
  GSO_NONE,
  type LinkDevice,
  RxFrames,
  Stack,
  type TxFrames,
} from "../../stack/mod.ts";
import { FLOW_TCB } from "../../stack/tcp/base/flow.ts";
import type { Tcb } from "../../stack/tcp/tcb/tcb.ts";
import { arpFrame } from "../support/build.ts";
import { decodeFrame } from "../support/decode.ts";
import { type Family, frameToV6, isIpv6, WIDER } from "../support/families.ts";
import { checkStack } from "../support/invariants.ts";
import { takeRow } from "../support/offload.ts";
import {
  type DecodedFrame,
  ETHERTYPE_IPV4,
  PROTO_TCP,
  type WireFrame,
  wireFrame,
} from "../support/packet_types.ts";
import { Prng } from "../support/prng.ts";
import { LOCAL_MAC, PEER_MAC } from "../support/rig.ts";
import { checkTcb } from "../support/tcb_invariants.ts";
import { Answers } from "./answers.ts";
import { answerNeighbour, isPassedOn, seenAsV4 } from "./as_v4.ts";
import { Calls } from "./calls.ts";
import { checkConnection } from "./connection_invariants.ts";
import { FRAME_MAX, LINK_LEN } from "./draft.ts";
import { Failure } from "./failure.ts";
import { FlowFinder } from "./flow_finder.ts";
import { FuzzedHost } from "./fuzzed_host.ts";
import { InputCheck } from "./input_check.ts";
import { LayerInvariants } from "./layer_invariants.ts";
import { ProgramsCheck } from "./programs_check.ts";
import { reanchor } from "./reanchor.ts";
import { LIVE_ADDRS, type Setting } from "./setting.ts";
import type { FrameStep, Step, WaitStep } from "./steps.ts";
import { Stopwatch } from "./stopwatch.ts";
import { WireWatch } from "./wire_watch.ts";

const TURNS_MAX = 1000;
/** Frames between two flushes, where they have to stay in place. */
const BATCH_MAX = 6;
const TIMERS_A_WAIT = 500;
const TIMERS_AT_THE_END = 20_000;
const RECENT = 64;
/** Every connection is looked at after so many steps; the one that a frame is for, each time. */
const FULL_CHECK_STEPS = 16;
/**
 * What is not in rings: queues of datagrams and of unresolved neighbours, fragments, accept queues.
 */
const OTHER_MEMORY_BYTES = 4 << 20;

export interface WorldOptions {
  /** Check every connection after every step. */
  readonly isStrict: boolean;
}

export class World implements LinkDevice {
  readonly caps: DeviceCaps;
  readonly mtu: number;
  readonly memory: BuddyMemory;
  readonly stack: Stack;
  readonly calls: Calls;
  readonly family: Family;
  readonly watch: WireWatch;
  readonly ifIndex: number;
  nowUs: number;
  steps = 0;
  framesIn = 0;
  framesOut = 0;
  readonly stopwatch = new Stopwatch();
  /** Steps that took longer than allowed, as it seems. */
  readonly slowSteps: number[] = [];
  /** The latest frames in both directions, for replays and quotes. */
  readonly recentOut: Uint8Array[] = [];
  readonly recentIn: Uint8Array[] = [];
  /** IPv6: what was sent, as it was. */
  readonly recentOut6: Uint8Array[] = [];
  readonly #rx = new RxFrames(1);
  /** Where received frames are put: one after the other, anew after each flush. */
  readonly #slots: { readonly off: number; readonly dv: DataView; len: number }[] = [];
  #slotsUsed = 0;
  readonly #input: InputCheck;
  readonly #layer: LayerInvariants;
  readonly #programs: ProgramsCheck;
  readonly #arpReplies: Uint8Array[] = [];
  readonly #baseBytes: number;
  readonly #prng: Prng;
  #random = new Prng(0);
  readonly #host: FuzzedHost;
  readonly #flows: FlowFinder;
  #isHolding = false;
  #sent6 = 0;
  readonly #isRouter: boolean;
  readonly #answers: Answers;

  constructor(readonly setting: Setting, buffer: ArrayBuffer, readonly options: WorldOptions) {
    this.nowUs = setting.startUs;
    const { family = 4 } = setting;
    this.family = family;
    this.watch = new WireWatch(family);
    this.#answers = new Answers(family);
    this.#isRouter = setting.config?.ip?.forward6 ?? false;
    this.mtu = family === 4 ? setting.mtu : Math.min(65535, Math.max(1280, setting.mtu + WIDER));
    const { csumOffload, segmentOffload } = setting;
    this.caps = {
      csum: csumOffload,
      tso: segmentOffload,
      uso: segmentOffload,
      gsoMaxBytes: segmentOffload ? 65535 : 0,
    };
    this.memory = new BuddyMemory(buffer);
    this.#prng = new Prng(setting.seed);
    this.#random = this.#prng.fork();
    this.stack = new Stack({
      memory: this.memory,
      random: () => this.#random.next(),
      nowUs: this.nowUs,
      config: setting.config,
      areFramesStable: setting.areFramesStable,
    });
    for (let i = 0; i < (setting.areFramesStable ? BATCH_MAX : 1); i++) {
      const off = this.memory.alloc(FRAME_MAX + 64);
      this.#slots.push({ off, dv: new DataView(buffer, off, FRAME_MAX + 64), len: 0 });
    }
    this.ifIndex = this.stack.addInterface({ name: "eth0", mac: LOCAL_MAC, link: this }).index;
    this.#host = new FuzzedHost(this.stack, this.ifIndex, setting);
    this.#host.setUp(this.nowUs);
    this.#flows = new FlowFinder(this.stack, this.watch, family);
    this.calls = new Calls(this.stack, (remote) => this.watch.isBlurred(remote), family);
    this.#input = new InputCheck(this.stack, family);
    this.#layer = new LayerInvariants(this.stack);
    this.#programs = new ProgramsCheck(this.calls);
    this.#turn();
    this.#baseBytes = this.memory.usedBytes;
  }

  // ---- steps

  run(step: Step): void {
    this.steps++;
    // So that leaving out a step leaves the others as they were
    this.#random = new Prng(this.setting.seed ^ Math.imul(step.id, 0x9e3779b1));
    let tcb: Tcb | null = null;
    if (step.op === "frame") tcb = this.#frame(step);
    else if (step.op === "wait") this.#wait(step);
    else {
      if (step.name === "address") this.#host.changeAddress(step.args[0] !== 0, this.nowUs);
      else if (step.name === "route") this.#host.changeRoute(step.args[0], step.args[1] !== 0);
      else this.calls.run(step.name, step.slot, step.args, this.nowUs);
      if (step.isHeld) this.#isHolding = true;
      else this.#turn();
    }
    this.#checkAfter(tcb, this.options.isStrict || this.steps % FULL_CHECK_STEPS === 0);
  }

  #frame(step: FrameStep): Tcb | null {
    const bytes = reanchor(step, this.watch);
    this.framesIn++;
    remember(this.recentIn, bytes, this.framesIn);
    const isFirst = !this.#isHolding;
    this.#answers.begin();
    this.stopwatch.start();
    this.#deliver(bytes, step.csum, step.gsoType, step.gsoSize);
    if (!step.isHeld) this.#flush();
    if (this.stopwatch.stop()) this.slowSteps.push(this.steps - 1);
    this.#isHolding = step.isHeld;
    if (!step.isHeld) {
      if (isFirst) this.#answers.check(bytes);
      this.#turn();
    }
    return this.#tcbOf(bytes);
  }

  /** A frame of IPv4 comes in as it is, or as what it means in IPv6; one of IPv6 as it is. */
  #deliver(bytes: Uint8Array, csum: number, gsoType: number, gsoSize: number): void {
    const frame = { ...wireFrame(bytes), csum, gsoType, gsoSize };
    if (isIpv6(frame)) return this.#receive(frame, null);
    const isIpv4 = bytes.length > LINK_LEN && (bytes[12] << 8 | bytes[13]) === ETHERTYPE_IPV4;
    const meant = this.family === 6 && isIpv4 ? frameToV6(frame) ?? frame : frame;
    this.#receive(meant, bytes);
  }

  /** `bytes4`: the frame as IPv4, as the observer on the wire sees it; null: it has none. */
  #receive(frame: WireFrame, bytes4: Uint8Array | null): void {
    const { bytes, csum, gsoType, gsoSize } = frame;
    if (this.#slotsUsed === this.#slots.length) this.#turn();
    const slot = this.#slots[this.#slotsUsed++];
    const rx = this.#rx;
    this.memory.u8.set(bytes, slot.off);
    slot.len = bytes.length;
    rx.off[0] = slot.off;
    rx.len[0] = bytes.length;
    rx.csum[0] = csum;
    rx.gsoType[0] = gsoType;
    rx.gsoSize[0] = gsoSize;
    rx.count = 1;
    const dv4 = bytes4 === null || this.family === 4
      ? slot.dv
      : new DataView(bytes4.buffer, bytes4.byteOffset, bytes4.length);
    if (bytes4 !== null) this.watch.onInput(dv4, bytes4.length);
    const { ip, ip6, tcp } = this.stack.counters;
    const wholeBefore = ip.reasmOks + ip6.reasmOks;
    const cookiesBefore = tcp.syncookiesRecv;
    const unitLen = gsoType === GSO_NONE ? 0 : gsoSize;
    const flow = bytes4 === null ? null : this.#flows.of(bytes4);
    this.#input.begin(slot.dv, bytes.length, csum, unitLen, flow);
    this.stack.input(this.ifIndex, rx, 0, this.nowUs);
    this.#input.end();
    const isWhole = ip.reasmOks + ip6.reasmOks > wholeBefore;
    if (bytes4 !== null) {
      if (isWhole && bytes4[23] === PROTO_TCP) this.watch.blur(dv4.getUint32(26));
      if (tcp.syncookiesRecv > cookiesBefore) this.#onCookie(dv4, bytes4);
    }
    if (!this.setting.areFramesStable) this.#releaseSlots();
  }

  #onCookie(dv: DataView, bytes: Uint8Array): void {
    const tcb = this.#tcbOf(bytes);
    if (tcb === null) return;
    const ours = tcb.hasWindowScale ? tcb.rcvWindShift : -1;
    const peers = tcb.hasWindowScale ? tcb.sndWindShift : -1;
    this.watch.onCookie(dv, bytes.length, tcb.iss, tcb.irs, ours, peers);
  }

  /** Nothing may point into received frames any more: what does, finds rubbish. */
  #releaseSlots(): void {
    const { u8 } = this.memory;
    for (let i = 0; i < this.#slotsUsed; i++) {
      const { off, len } = this.#slots[i];
      u8.fill(0xa5, off, off + len);
    }
    this.#slotsUsed = 0;
  }

  #wait(step: WaitStep): void {
    const untilUs = this.nowUs + step.us;
    if (step.isLate) {
      // The next step finds everything overdue
      this.nowUs = untilUs;
      return;
    }
    for (let n = 0; n < TIMERS_A_WAIT; n++) {
      const pollAtUs = this.stack.pollAtUs();
      if (Number.isNaN(pollAtUs)) throw new Failure("pollAtUs is NaN");
      if (pollAtUs > untilUs) break;
      this.nowUs = Math.max(this.nowUs, Math.ceil(pollAtUs));
      this.#turn();
    }
    this.nowUs = untilUs;
    this.#turn();
  }

  #flush(): void {
    this.stack.flush(this.nowUs);
    this.#releaseSlots();
  }

  /** Timers, flush, ready sockets, answered ARP requests, until nothing is left to do now. */
  #turn(): void {
    this.#isHolding = false;
    for (let n = 0; n < TURNS_MAX; n++) {
      this.stack.poll(this.nowUs);
      this.#flush();
      for (let s = this.stack.takeReady(); s !== null; s = this.stack.takeReady()) {
        this.#programs.onEvents(s, s.events);
        s.events = 0;
      }
      const replies = this.#arpReplies.splice(0);
      for (const bytes of replies) this.#deliver(bytes, 0, 0, 0);
      if (replies.length === 0 && this.stack.pollAtUs() > this.nowUs) return;
    }
    throw new Failure(`spins: ${TURNS_MAX} turns, and pollAtUs is not in the future`);
  }

  // ---- what leaves

  transmit(tx: TxFrames): void {
    this.stopwatch.pause();
    this.#observe(tx);
    this.stopwatch.resume();
  }

  #observe(tx: TxFrames): void {
    for (let row = 0; row < tx.count; row++) {
      const sent = takeRow(tx, row);
      const wire = isIpv6(sent) ? this.#observe6(sent) : sent;
      if (wire === null) continue;
      const frame = decodeFrame(wire);
      if (sent.gsoType === 0 && sent.bytes.length > this.mtu + LINK_LEN) {
        frame.errors.push("longer than the MTU");
      }
      this.framesOut++;
      this.#answers.onSent(frame);
      remember(this.recentOut, wire.bytes, this.framesOut);
      this.watch.onOutput(frame, wire.gsoSize, this.nowUs, this.#flows.isOvertaken(frame));
      if (frame.arp !== null) this.#answerArp(frame);
    }
  }

  /** What is sent in IPv6, as IPv4 would have it; null: nothing like it is there. */
  #observe6(sent: WireFrame): WireFrame | null {
    remember(this.recentOut6, sent.bytes, ++this.#sent6);
    const answer = answerNeighbour(sent);
    if (answer !== null) this.#arpReplies.push(answer);
    if (isPassedOn(sent, this.#isRouter && this.#host.isAway)) return null;
    const wire = seenAsV4(sent, this.mtu);
    if (wire === null) {
      this.framesOut++;
      this.#answers.onSent6(sent.bytes);
    }
    return wire;
  }

  #answerArp(frame: DecodedFrame): void {
    const arp = frame.arp!;
    if (arp.op !== 1 || !LIVE_ADDRS.includes(arp.targetIp)) return;
    this.#arpReplies.push(arpFrame(LOCAL_MAC, {
      op: 2,
      senderMac: PEER_MAC,
      senderIp: arp.targetIp,
      targetMac: LOCAL_MAC,
      targetIp: arp.senderIp,
    }));
  }

  // ---- checks

  #tcbOf(bytes: Uint8Array): Tcb | null {
    if (bytes[23] !== PROTO_TCP || isIpv6(wireFrame(bytes))) return null;
    const flow = this.#flows.of(bytes);
    return flow !== null && flow.kind === FLOW_TCB ? flow as Tcb : null;
  }

  #checkAfter(tcb: Tcb | null, isFull: boolean): void {
    if (this.memory.badFrees > 0) throw new Failure("blocks freed that were not allocated");
    if (!isFull) {
      if (tcb !== null) {
        checkTcb(tcb);
        checkConnection(tcb);
      }
      return;
    }
    checkStack(this.stack);
    this.#layer.check();
    if (!this.#isHolding) this.#programs.check();
    const ringBytes = this.#layer.ringBytes + this.calls.closedRingBytes;
    const other = this.memory.usedBytes - this.#baseBytes - ringBytes;
    if (other > OTHER_MEMORY_BYTES) throw new Failure(`memory: ${other} bytes outside of rings`);
  }

  /** All programs end, timers run out: nothing must be left. */
  finish(): void {
    this.calls.closeAll(this.nowUs);
    this.#turn();
    this.#checkAfter(null, true);
    for (let n = 0; this.stack.pollAtUs() !== Infinity; n++) {
      if (n > TIMERS_AT_THE_END) throw new Failure("timers never run out");
      this.nowUs = Math.max(this.nowUs, Math.ceil(this.stack.pollAtUs()));
      this.#turn();
    }
    this.#layer.checkEmpty();
    this.calls.checkPortsAreFree(this.nowUs);
    const left = this.memory.usedBytes - this.#baseBytes;
    if (left !== 0) throw new Failure(`memory: ${left} bytes are left when all is over`);
    this.#answers.checkEchoes();
  }
}

/** A ring of the latest frames. */
function remember(frames: Uint8Array[], bytes: Uint8Array, n: number): void {
  if (frames.length < RECENT) frames.push(bytes);
  else frames[n % RECENT] = bytes;
}
