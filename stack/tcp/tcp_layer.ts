/**
 * TCP as the stack sees it: one object with the connections' common state. Segments go in by
 * `input`, time passes in `poll`, and what there is to send leaves in `flush`; answers that cannot
 * wait (resets, challenge ACKs, ACKs beyond a gap, keepalive probes) leave at once.
 *
 * @module
 */
import type { Counters } from "../base/counters.ts";
import { type LogSink, SILENT_LOG } from "../base/log.ts";
import type { Memory } from "../base/memory.ts";
import { Span } from "../base/span.ts";
import { TimerHeap } from "../storage/timer_heap.ts";
import type { IcmpError, Network, Transport } from "../base/network.ts";
import type { Packet } from "../base/packet.ts";
import { TCP_MAX_SACK_BLOCKS } from "../wire/tcp_options.ts";
import { AckSample } from "./tcb/ack_sample.ts";
import { Bindings } from "./tcb/bindings.ts";
import { ChallengeAckLimit } from "./base/answer_limits.ts";
import type { TcpConfig } from "./base/config.ts";
import { createCongestionControl } from "./congestion/mod.ts";
import { Demux } from "./tcb/demux.ts";
import { CookieCache, CookieMaker } from "./secrets/fast_open_cookies.ts";
import { FastOpenPause } from "./base/fast_open_pause.ts";
import { type Flow, FLOW_SYN_REQUEST, FLOW_TCB } from "./base/flow.ts";
import { tcpIcmpError } from "./input/icmp_error.ts";
import { tcpInput } from "./input/segment_arrives.ts";
import { IsnGenerator } from "./secrets/isn.ts";
import { MemoryPressure } from "./tcb/memory_pressure.ts";
import { hasUnsent, tcpOutput } from "./output/output.ts";
import { Segment } from "./base/segment.ts";
import { SentPool } from "./tcb/sent_queue.ts";
import { TcpSocket } from "./user/socket.ts";
import { State } from "./base/state.ts";
import { SynCookies } from "./secrets/syn_cookies.ts";
import type { SynRequest } from "./passive_open/syn_request.ts";
import { Tcb } from "./tcb/tcb.ts";
import type { TimeWait } from "./teardown/time_wait.ts";
import { onTcbTimer } from "./timers/expire.ts";
import type { SocketHandle, TcpContext } from "./tcb/context.ts";

export interface TcpLayerDeps {
  memory: Memory;
  network: Network;
  /** Uniform int32. */
  random: () => number;
  counters: Counters;
  config: TcpConfig;
  /** Called in the middle of things: it may take note, not act. `bits`: EVENT_*. */
  onEvent: (socket: SocketHandle, bits: number) => void;
  /** See StackOptions. */
  areFramesStable?: boolean;
  /** Default: nobody listens. */
  log?: LogSink;
}

export class TcpLayer implements Transport, TcpContext {
  readonly memory: Memory;
  readonly network: Network;
  readonly counters: Counters;
  readonly config: TcpConfig;
  readonly random: () => number;
  readonly log: LogSink;
  readonly timers = new TimerHeap<Flow>();
  readonly demux: Demux;
  readonly bindings: Bindings;
  readonly isn: IsnGenerator;
  readonly synCookies: SynCookies;
  readonly cookieMaker: CookieMaker;
  readonly cookieCache = new CookieCache();
  readonly fastOpenPause: FastOpenPause;
  readonly sentPool = new SentPool();
  readonly challengeAcks: ChallengeAckLimit;
  readonly pressure: MemoryPressure = new MemoryPressure(this);
  timeWaitCount = 0;
  orphanCount = 0;

  // ---- Reused while one segment is being processed or sent
  readonly #segment = new Segment();
  readonly sample = new AckSample();
  readonly span = new Span();
  readonly sackLeft = new Int32Array(TCP_MAX_SACK_BLOCKS);
  readonly sackRight = new Int32Array(TCP_MAX_SACK_BLOCKS);

  readonly #onEvent: (socket: SocketHandle, bits: number) => void;
  /** Connections with something to send, in the order they got it. */
  readonly #dirty: (Tcb | null)[] = [];
  /** Frames stay untouched from their input to the next flush. */
  readonly areFramesStable: boolean;
  /** Connections whose receive buffers point into the device's memory. */
  readonly #borrowers: (Tcb | null)[] = [];
  #borrowerCount = 0;
  #dirtyCount = 0;

  constructor(deps: TcpLayerDeps) {
    const { config, random } = deps;
    this.memory = deps.memory;
    this.network = deps.network;
    this.counters = deps.counters;
    this.config = config;
    this.random = random;
    this.log = deps.log ?? SILENT_LOG;
    this.areFramesStable = deps.areFramesStable ?? false;
    this.#onEvent = deps.onEvent;
    this.demux = new Demux(random());
    this.bindings = new Bindings(random, config.portMin, config.portMax);
    this.isn = new IsnGenerator(random);
    this.synCookies = new SynCookies(random);
    this.cookieMaker = CookieMaker.withRandomKey(random);
    this.fastOpenPause = new FastOpenPause(config.fastOpenBlackholeUs);
    this.challengeAcks = new ChallengeAckLimit(config.challengeAckPerSecond, random);
  }

  /** A socket in CLOSED. `domain`: AF_INET or AF_INET6. */
  createSocket(domain: number): TcpSocket {
    return new TcpSocket(this.createTcb(), domain);
  }

  /** For a socket in CLOSED. */
  createTcb(): Tcb {
    const congestion = createCongestionControl(this.config.congestion, this.random);
    if (congestion === null) {
      throw new RangeError(`no congestion control ${this.config.congestion}`);
    }
    return new Tcb(this, congestion);
  }

  /** Always true: TCP says itself that a port is closed. */
  input(pkt: Packet): boolean {
    tcpInput(this, pkt, this.#segment);
    return true;
  }

  icmpError(error: IcmpError, nowUs: number): void {
    tcpIcmpError(this, error, nowUs);
  }

  /**
   * When `poll` has to be called next; Infinity: nothing is armed. It may turn out to be too early.
   */
  pollAtUs(): number {
    return Math.min(this.timers.nextAtUs(), this.pressure.pollAtUs());
  }

  /** Lets the timers that are due fire. */
  poll(nowUs: number): void {
    this.pressure.poll(nowUs);
    for (;;) {
      const flow = this.timers.popDue(nowUs);
      if (flow === null) return;
      if (flow.kind === FLOW_TCB) onTcbTimer(flow as Tcb, nowUs);
      else if (flow.kind === FLOW_SYN_REQUEST) (flow as SynRequest).onTimer(nowUs);
      else (flow as TimeWait).end();
    }
  }

  /** The next flush ends the loan. */
  noteBorrower(tcb: Tcb): void {
    this.#borrowers[this.#borrowerCount++] = tcb;
  }

  /** Sends what there is to send. The devices' memory may be used again after it. */
  flush(nowUs: number): void {
    for (let i = 0; i < this.#borrowerCount; i++) {
      (this.#borrowers[i] as Tcb).rcvRing.copyBorrowed();
      this.#borrowers[i] = null;
    }
    this.#borrowerCount = 0;
    for (let i = 0; i < this.#dirtyCount; i++) {
      const tcb = this.#dirty[i] as Tcb;
      this.#dirty[i] = null;
      tcb.isDirty = false;
      tcpOutput(tcb, nowUs);
    }
    this.#dirtyCount = 0;
  }

  /** The next flush looks after this connection. */
  markDirty(tcb: Tcb): void {
    if (tcb.isDirty) return;
    tcb.isDirty = true;
    this.#dirty[this.#dirtyCount++] = tcb;
  }

  /** Tells the program, if there is one. */
  raise(tcb: Tcb, bits: number): void {
    if (tcb.socket !== null) this.#onEvent(tcb.socket, bits);
  }

  /** No connection without a program has bytes or a FIN left to deliver. */
  isQuiet(): boolean {
    let isQuiet = true;
    this.demux.forEach((flow) => {
      if (flow.kind !== FLOW_TCB) return;
      const tcb = flow as Tcb;
      const isDelivered = tcb.state === State.FIN_WAIT_2 ||
        (tcb.sent.count === 0 && !hasUnsent(tcb));
      if (tcb.isOrphan && !isDelivered) isQuiet = false;
    });
    return isQuiet;
  }

  /** Connections, half-open ones and TIME-WAITs. */
  get flowCount(): number {
    return this.demux.count;
  }
}
