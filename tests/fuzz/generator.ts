/**
 * Chooses the next step of a session: conversations go on (most of the time as they should), and
 * something is wrong with about every second frame.
 *
 * @module
 */
import { type Flow, FLOW_TCB, FLOW_TIME_WAIT } from "../../stack/tcp/base/flow.ts";
import { decodeFrame } from "../support/decode.ts";
import { ipWord, PROTO_TCP, wireFrame } from "../support/packet_types.ts";
import { Prng } from "../support/prng.ts";
import { Draft, IP_OFF } from "./draft.ts";
import { FlowView } from "./flow_view.ts";
import { cutIntoFragments } from "./fragments.ts";
import { FrameMutator } from "./frame_mutations.ts";
import { Grammar6 } from "./grammar6.ts";
import type { Novelty } from "./novelty.ts";
import { OtherGrammar } from "./other_grammar.ts";
import { LISTEN_PORTS, PEER_PORTS, Program } from "./program.ts";
import { FAR_ADDRS, FRAGMENTING_ADDR, LIVE_ADDRS, LOCAL_ADDRS } from "./setting.ts";
import type { Step } from "./steps.ts";
import { TcpGrammar } from "./tcp_grammar.ts";
import { TcpMutator } from "./tcp_mutations.ts";
import type { World } from "./world.ts";

const CALL_SHARE = 0.16;
const WAIT_SHARE = 0.06;
const HOLD_SHARE = 0.15;
const HELD_CALL_SHARE = 0.4;
const FLOWS_WANTED = 10;
/** Of the frames of a session of IPv6. */
const IPV6_SHARE = 0.12;

export class Generator {
  readonly #prng: Prng;
  readonly #draft = new Draft();
  readonly #view = new FlowView();
  readonly #tcp: TcpGrammar;
  readonly #tcpMutator: TcpMutator;
  readonly #frameMutator: FrameMutator;
  readonly #other: OtherGrammar;
  readonly #grammar6: Grammar6;
  readonly #program: Program;
  readonly #pending: Step[] = [];
  readonly #flows: Flow[] = [];
  #id = 0;
  /** Of the segment made last: kind and state of its connection, and where its windows began. */
  context = 0;
  rcvNxt = 0;
  sndUna = 0;

  constructor(readonly world: World, seed: number, readonly novelty: Novelty) {
    const prng = new Prng(seed);
    this.#prng = prng;
    this.#tcp = new TcpGrammar(prng, this.#draft, this.#view);
    this.#tcpMutator = new TcpMutator(prng, this.#draft, this.#view);
    this.#frameMutator = new FrameMutator(prng, this.#draft);
    this.#other = new OtherGrammar(prng, this.#draft);
    this.#grammar6 = new Grammar6(prng, this.#draft);
    this.#program = new Program(prng, world);
    for (const call of this.#program.opening()) this.#call(call);
  }

  next(): Step {
    while (this.#pending.length === 0) this.#choose();
    return this.#pending.shift()!;
  }

  #choose(): void {
    const share = this.#prng.float();
    if (share < CALL_SHARE) {
      for (const call of this.#program.next()) this.#call(call);
    } else if (share < CALL_SHARE + WAIT_SHARE) {
      this.#wait();
    } else {
      this.#frame();
    }
  }

  #call(call: { name: string; slot: number; args: number[] }): void {
    const isHeld = this.#prng.chance(HELD_CALL_SHARE);
    this.#pending.push({ op: "call", id: ++this.#id, ...call, isHeld });
  }

  #wait(): void {
    const prng = this.#prng;
    const kind = prng.below(400);
    let us = prng.magnitude(10, 20_000);
    if (kind >= 330) us = prng.magnitude(20_000, 1_500_000);
    if (kind >= 394) us = prng.magnitude(1.5e6, 200e6);
    if (kind === 399) us = prng.pick([24.9 * 86400e6, 2 ** 31, 2 ** 32]);
    this.#pending.push({ op: "wait", id: ++this.#id, us, isLate: prng.chance(0.3) });
  }

  // ---- frames

  #frame(): void {
    const prng = this.#prng;
    this.#view.kind = -2; // not of a connection
    if (this.world.family === 6 && prng.chance(IPV6_SHARE)) return this.#ipv6();
    const kind = prng.below(1000);
    this.context = 0;
    if (kind < 765) this.#segment();
    else if (kind < 779) return this.#batch();
    else if (kind < 780) return this.#flood();
    else if (kind < 830) this.#other.udp();
    else if (kind < 860) this.#other.echo();
    else if (kind < 900) this.#other.icmpError(this.#pick(this.world.recentOut));
    else if (kind < 920) this.#other.arp();
    else if (kind < 930) this.#other.raw();
    else if (kind < 945) this.#other.igmp();
    else if (kind < 970) return this.#replay();
    else return this.#fragments();
    if (prng.chance(0.45)) this.#mutate();
    this.#push(this.#draft.bytes(), prng.chance(HOLD_SHARE));
  }

  /** What IPv4 has nothing like. */
  #ipv6(): void {
    const prng = this.#prng;
    const { recentOut6 } = this.world;
    this.context = 0;
    if (prng.chance(0.12)) {
      const isHeld = prng.chance(0.5);
      for (const bytes of this.#grammar6.fragments()) {
        this.#draft.reset();
        this.#push(bytes, isHeld);
      }
      return;
    }
    this.#grammar6.frame(recentOut6);
    this.#push(this.#draft.bytes(), prng.chance(HOLD_SHARE));
  }

  #segment(): void {
    this.#chooseFlow();
    const view = this.#view;
    this.context = (view.kind + 2) * 16 + view.state;
    this.rcvNxt = view.rcvNxt;
    this.sndUna = view.sndUna;
    if (this.#prng.chance(0.06) && this.novelty.recall(this.#draft, this.#view, this.#prng)) return;
    this.#tcp.write(this.world.nowUs);
    this.#draft.fixAll();
    if (this.#draft.len > 2000) this.#coalesced();
  }

  /** Several long segments of one connection between two flushes; now and then one is odd. */
  #batch(): void {
    const prng = this.#prng;
    this.#chooseFlow();
    if (this.#view.kind !== FLOW_TCB) return;
    const reader = this.world.calls.slotOf(this.#view.localPort, this.#view.remotePort);
    if (reader >= 0) this.#call({ name: "read", slot: reader, args: [1 << 20] });
    let before = 0;
    for (let n = prng.between(2, 6); n > 0; n--) {
      before += this.#tcp.writeNext(before, this.world.nowUs);
      this.#draft.fixAll();
      this.#coalesced();
      if (prng.chance(0.1)) this.#mutate();
      this.#push(this.#draft.bytes(), n > 1);
      if (prng.chance(0.2)) { for (const call of this.#program.next()) this.#call(call); }
    }
  }

  /** SYNs from everywhere. */
  #flood(): void {
    const prng = this.#prng;
    for (let n = prng.magnitude(5, 100); n > 0; n--) {
      this.#stranger();
      this.#view.remotePort = prng.below(65536);
      this.#tcp.write(this.world.nowUs);
      this.#draft.fixAll();
      this.#push(this.#draft.bytes(), prng.chance(0.8));
    }
  }

  /** Long segments come from devices that put them together. */
  #coalesced(): void {
    const draft = this.#draft;
    draft.gsoType = 1;
    draft.gsoSize = this.#prng.pick([536, 1448, 1460]);
    draft.csum = this.#prng.pick([0, 1, 2]);
  }

  /** A connection whose SYN has left, or a stranger. */
  #chooseFlow(): void {
    const prng = this.#prng;
    this.#collectFlows();
    const count = this.#flows.length;
    if (count === 0 || prng.chance(count < FLOWS_WANTED ? 0.12 : 0.02)) return this.#stranger();
    this.#look(this.#flows[prng.below(count)]);
  }

  /** What has not left yet nobody can answer: a stranger then. */
  #look(flow: Flow): void {
    const ports = flow.localPort * 65536 + flow.remotePort;
    const seen = this.world.watch.find(flow.local.w3 >>> 0, flow.remote.w3 >>> 0, ports);
    this.#view.load(flow);
    // TIME-WAIT does not know its ISS
    const isKnown = seen !== null && seen.isOpen &&
      (seen.iss === this.#view.iss || flow.kind === FLOW_TIME_WAIT);
    if (!isKnown) this.#stranger();
  }

  #collectFlows(): void {
    const flows = this.#flows;
    flows.length = 0;
    this.world.stack.tcp.demux.forEach((flow) => {
      if (flow.remote.w3 >>> 24 === 127 || LOCAL_ADDRS.includes(flow.remote.w3 >>> 0)) return;
      flows.push(flow);
    });
  }

  #stranger(): void {
    const prng = this.#prng;
    const local = prng.pick(LOCAL_ADDRS);
    const kind = prng.below(20);
    let remote = prng.pick(LIVE_ADDRS);
    if (kind < 4) remote = prng.pick(FAR_ADDRS);
    else if (kind === 4) remote = (ipWord("10.0.0.0") | prng.below(65536)) >>> 0; // a flood
    const port = prng.chance(0.9) ? prng.pick(LISTEN_PORTS) : prng.below(65536);
    const remotePort = prng.chance(0.5) ? prng.pick(PEER_PORTS) : 2000 + prng.below(50);
    if (prng.chance(0.3) && this.#answerSynAck()) return;
    this.#view.loadStranger(local, port, remote, remotePort);
    this.#view.cookie = this.world.watch.cookieOf(remote);
  }

  /** The third segment of a handshake of which the stack may remember nothing. */
  #answerSynAck(): boolean {
    const { recentOut, nowUs } = this.world;
    for (let tries = 0; tries < 8; tries++) {
      const frame = this.#pick(recentOut);
      const isSynAck = frame !== null && frame.length >= IP_OFF + 40 && frame[23] === PROTO_TCP &&
        (frame[IP_OFF + 33] & 0x12) === 0x12;
      if (!isSynAck) continue;
      const { tcp } = decodeFrame(wireFrame(frame));
      let tsVal = 0;
      for (const o of tcp?.options ?? []) if (o.kind === "ts") tsVal = o.val;
      this.#view.loadHandshake(frame, tsVal, nowUs);
      return true;
    }
    return false;
  }

  #mutate(): void {
    const prng = this.#prng;
    const draft = this.#draft;
    const isSegment = this.#view.kind >= -1 && draft.isTcp;
    for (let n = prng.chance(0.7) ? 1 : prng.between(2, 4); n > 0; n--) {
      if (isSegment && draft.isTcp && prng.chance(0.75)) {
        this.#tcpMutator.mutate();
        draft.fixIpLen();
      } else {
        this.#frameMutator.mutate(this.#pick(this.world.recentIn));
        if (prng.chance(0.2)) draft.fixIpLen();
      }
    }
    draft.fixStream();
    if (prng.chance(0.95)) draft.fixIpChecksum();
    if (prng.chance(0.95)) draft.fixL4Checksum();
  }

  /** Something that was here before, perhaps several times, perhaps changed; or our own echo. */
  #replay(): void {
    const prng = this.#prng;
    const { recentIn, recentOut } = this.world;
    const isEcho = prng.chance(0.1);
    const bytes = this.#pick(isEcho ? recentOut : recentIn);
    if (bytes === null) return;
    this.#draft.load(bytes);
    if (prng.chance(0.3)) this.#mutate();
    const made = this.#draft.bytes();
    for (let n = prng.chance(0.7) ? 1 : prng.between(2, 4); n > 0; n--) {
      this.#push(made, prng.chance(0.5) && n > 1);
    }
  }

  #fragments(): void {
    const prng = this.#prng;
    const kind = prng.below(10);
    if (kind < 4) this.#other.udp();
    else if (kind < 7) this.#other.echo();
    else {
      this.#view.loadStranger(LOCAL_ADDRS[0], LISTEN_PORTS[0], FRAGMENTING_ADDR, PEER_PORTS[0]);
      this.#collectFlows();
      for (const flow of this.#flows) {
        if (flow.remote.w3 >>> 0 === FRAGMENTING_ADDR) this.#look(flow);
      }
      if (this.#view.remote !== FRAGMENTING_ADDR) return;
      this.#tcp.write(this.world.nowUs);
      this.#draft.fixAll();
    }
    if (prng.chance(0.1)) this.#mutate();
    if (!this.#draft.isIpv4) return;
    const isHeld = prng.chance(0.5);
    for (const bytes of cutIntoFragments(prng, this.#draft)) {
      this.#draft.reset();
      this.#push(bytes, isHeld);
    }
  }

  #pick(frames: readonly Uint8Array[]): Uint8Array | null {
    return frames.length === 0 ? null : this.#prng.pick(frames);
  }

  #push(bytes: Uint8Array, isHeld: boolean): void {
    const { csum, gsoType, gsoSize } = this.#draft;
    let iss = 0;
    let tsBase = 0;
    if (bytes.length >= IP_OFF + 40 && bytes[23] === 6 && bytes[14] === 0x45) {
      const dv = new DataView(bytes.buffer, bytes.byteOffset);
      const ports = dv.getUint16(36) * 65536 + dv.getUint16(34);
      const known = this.world.watch.find(dv.getUint32(30), dv.getUint32(26), ports);
      if (known !== null && known.isOpen) {
        iss = known.iss;
        tsBase = known.hasTs ? known.tsBase : 0;
      }
    }
    const id = ++this.#id;
    this.#pending.push({ op: "frame", id, bytes, csum, gsoType, gsoSize, isHeld, iss, tsBase });
  }
}
