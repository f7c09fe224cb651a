/**
 * What a running script has at hand: the stack on its rig, flows (a local and a remote port with
 * their initial sequence numbers), sockets by name, variables, and the trace of what has happened.
 *
 * @module
 */
import type { DatagramSocket, IpAddress, Socket, StreamSocket } from "../../stack/mod.ts";
import { addressFor } from "../support/families.ts";
import { frameText, segmentText } from "../support/format.ts";
import { type DecodedFrame, SYN } from "../support/packet_types.ts";
import { frameText6 } from "./ip6/read.ts";
import { packetOf } from "./ip6/write.ts";
import { Rig, type RigOptions, type SentFrame } from "../support/rig.ts";
import type { NumberSpec } from "./ast.ts";

export const LOCAL_KEY = 0x10ca1;
export const PEER_KEY = 0x9ee3;
const DEFAULT_PEER_ISS = 0x7fff_f000;
const FIRST_PEER_PORT = 40_000;
const TRACE_LINES = 24;
const RECEIVED_MAX = 8;

/** One conversation. Names: "a" is the default one. */
export class Flow {
  /** null: not known before the stack's first segment. */
  localPort: number | null = null;
  peerPort: number;
  /** Initial sequence numbers: ours (null: no SYN seen yet) and the peer's. */
  iss: number | null = null;
  peerIss = DEFAULT_PEER_ISS;
  /** Latest TS value that the stack has sent. */
  lastTsVal = 0;
  /** Window field of the last injected segment. */
  peerWin = 65535;

  constructor(readonly name: string, index: number) {
    this.peerPort = FIRST_PEER_PORT + index;
  }
}

/** A socket and how far its stream was written and read. */
export class NamedSocket {
  written = 0;
  read = 0;
  constructor(readonly name: string, readonly socket: Socket, public flow: Flow) {}

  get stream(): StreamSocket {
    if (this.socket.kind !== "stream") throw new Error(`${this.name} is not a stream`);
    return this.socket as StreamSocket;
  }

  get datagram(): DatagramSocket {
    if (this.socket.kind !== "datagram") throw new Error(`${this.name} is not a datagram socket`);
    return this.socket as DatagramSocket;
  }
}

export class World {
  readonly rig: Rig;
  readonly flows = new Map<string, Flow>();
  readonly sockets = new Map<string, NamedSocket>();
  readonly variables = new Map<string, number>();
  readonly startUs: number;
  /** Time of the line before: what "+0.1" counts from. */
  lineUs: number;
  toleranceUs = 1_000;
  current: NamedSocket | null = null;
  /** Of a script of IPv6: what came in lately, and what the stack sent last; from their headers. */
  readonly received6: Uint8Array[] = [];
  lastSent6: Uint8Array | null = null;
  readonly #trace: string[] = [];

  constructor(options: Partial<RigOptions>) {
    this.rig = new Rig(options);
    this.startUs = this.rig.nowUs;
    this.lineUs = this.startUs;
    this.rig.onSent = (sent) => this.#onSent(sent);
  }

  #onSent(sent: SentFrame): void {
    if (!this.rig.options.isNative) return this.log(`> ${this.describe(sent.frame)}`);
    this.lastSent6 = packetOf(sent.wire);
    this.log(`> ${frameText6(sent.wire, this.received6)}`);
  }

  /** Errors may quote the latest. */
  rememberReceived6(packet: Uint8Array): void {
    this.received6.push(packet);
    if (this.received6.length > RECEIVED_MAX) this.received6.shift();
  }

  /** What a socket of the family that is spoken is made with. */
  get domain(): number {
    return this.rig.options.family === 4 ? 2 : 10;
  }

  /** The address that an IPv4 one (its word) stands for. */
  address(word: number): IpAddress {
    return addressFor(this.rig.options.family, word);
  }

  flow(name: string): Flow {
    let flow = this.flows.get(name);
    if (!flow) {
      flow = new Flow(name, this.flows.size);
      // Further flows talk to the port that the first one talks to.
      flow.localPort = this.flows.get("a")?.localPort ?? null;
      this.flows.set(name, flow);
    }
    return flow;
  }

  socket(name: string | null): NamedSocket {
    const socket = name === null ? this.current : this.sockets.get(name);
    if (!socket) throw new Error(name === null ? "no socket yet" : `no socket "${name}"`);
    return socket;
  }

  addSocket(name: string, socket: Socket, flow: Flow): NamedSocket {
    const named = new NamedSocket(name, socket, flow);
    this.sockets.set(name, named);
    this.current = named;
    return named;
  }

  /** The flow of a frame that the stack sent, by its ports. */
  flowOf(frame: DecodedFrame): Flow | null {
    const l4 = frame.tcp ?? frame.udp;
    if (!l4) return null;
    for (const flow of this.flows.values()) {
      const isLocal = flow.localPort === null || flow.localPort === l4.srcPort;
      if (isLocal && flow.peerPort === l4.dstPort) return flow;
    }
    return null;
  }

  /** Learns what a sent segment tells about its flow. */
  learn(flow: Flow, sent: SentFrame): void {
    const segment = sent.frame.tcp;
    if (!segment) return;
    flow.localPort ??= segment.srcPort;
    if (segment.flags & SYN) flow.iss ??= segment.seq;
    for (const o of segment.options) if (o.kind === "ts") flow.lastTsVal = o.val;
  }

  /** The value of a specification that has one. */
  evaluate(spec: NumberSpec, flow: Flow): number {
    if (spec.kind !== "sum") throw new Error("a value is needed here, not a pattern");
    return spec.terms.reduce((sum, term) => {
      if (typeof term.value === "number") return sum + term.sign * term.value;
      const value = term.value === "last" ? flow.lastTsVal : this.variables.get(term.value);
      if (value === undefined) throw new Error(`${term.value} has no value yet`);
      return sum + term.sign * value;
    }, 0);
  }

  /**
   * "" when `actual` is as wanted (modulo 2^32), else what was wanted. Binds a lone new variable.
   */
  mismatch(spec: NumberSpec, actual: number, flow: Flow): string {
    if (spec.kind === "any") return "";
    if (spec.kind === "range") {
      return actual >= spec.lo && actual <= spec.hi ? "" : `${spec.lo}..${spec.hi}`;
    }
    const name = spec.terms.length === 1 ? spec.terms[0].value : "";
    if (typeof name === "string" && name.startsWith("$") && !this.variables.has(name)) {
      this.variables.set(name, actual);
      return "";
    }
    const wanted = this.evaluate(spec, flow);
    return ((wanted - actual) | 0) === 0 ? "" : `${wanted}`;
  }

  /** A frame in one line, relative to its flow where it has one. */
  describe(frame: DecodedFrame, isFromPeer = false): string {
    const flow = isFromPeer ? this.#peerFlow(frame) : this.flowOf(frame);
    if (!frame.tcp || !flow) return frameText(frame);
    if (!isFromPeer && frame.tcp.flags & SYN) flow.iss ??= frame.tcp.seq;
    const local = flow.iss ?? 0;
    const base = isFromPeer
      ? { sender: flow.peerIss, receiver: local }
      : { sender: local, receiver: flow.peerIss };
    const name = flow.name === "a" ? "" : `${flow.name}: `;
    const trouble = frame.errors.length > 0 ? ` !! ${frame.errors.join(", ")}` : "";
    return name + segmentText(frame.tcp, base) + trouble;
  }

  #peerFlow(frame: DecodedFrame): Flow | null {
    for (const flow of this.flows.values()) {
      if (frame.tcp && flow.peerPort === frame.tcp.srcPort) return flow;
    }
    return null;
  }

  log(text: string): void {
    this.#trace.push(`${((this.rig.nowUs - this.startUs) / 1e6).toFixed(6)}  ${text}`);
    if (this.#trace.length > TRACE_LINES) this.#trace.shift();
  }

  traceText(): string {
    return this.#trace.map((line) => `      ${line}`).join("\n");
  }
}
