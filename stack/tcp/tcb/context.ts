/**
 * What the functions that work on a connection need of the layer around it: the services that it is
 * built on, the tables of all connections, the objects that are used again for each segment.
 * TcpLayer implements it; the other folders know only this.
 *
 * @module
 */
import type { Counters } from "../../base/counters.ts";
import type { LogSink } from "../../base/log.ts";
import type { Memory } from "../../base/memory.ts";
import type { Network } from "../../base/network.ts";
import type { Span } from "../../base/span.ts";
import type { TimerHeap } from "../../storage/timer_heap.ts";
import type { ChallengeAckLimit } from "../base/answer_limits.ts";
import type { TcpConfig } from "../base/config.ts";
import type { FastOpenPause } from "../base/fast_open_pause.ts";
import type { Flow } from "../base/flow.ts";
import type { CookieCache, CookieMaker } from "../secrets/fast_open_cookies.ts";
import type { IsnGenerator } from "../secrets/isn.ts";
import type { SynCookies } from "../secrets/syn_cookies.ts";
import type { AckSample } from "./ack_sample.ts";
import type { Bindings } from "./bindings.ts";
import type { Demux } from "./demux.ts";
import type { MemoryPressure } from "./memory_pressure.ts";
import type { SentPool } from "./sent_queue.ts";
import type { Tcb } from "./tcb.ts";

export interface TcpContext {
  readonly config: TcpConfig;
  readonly counters: Counters;
  readonly memory: Memory;
  readonly network: Network;
  /** Uniform int32. */
  random(): number;
  readonly log: LogSink;

  // ---- All connections
  readonly demux: Demux;
  readonly bindings: Bindings;
  readonly timers: TimerHeap<Flow>;
  readonly sentPool: SentPool;
  readonly pressure: MemoryPressure;
  readonly challengeAcks: ChallengeAckLimit;
  timeWaitCount: number;
  orphanCount: number;

  // ---- Secrets
  readonly isn: IsnGenerator;
  readonly synCookies: SynCookies;
  readonly cookieMaker: CookieMaker;
  readonly cookieCache: CookieCache;
  readonly fastOpenPause: FastOpenPause;

  // ---- Reused while one segment is being processed or sent
  readonly sample: AckSample;
  readonly span: Span;
  readonly sackLeft: Int32Array;
  readonly sackRight: Int32Array;

  /** The next flush looks after this connection. */
  markDirty(tcb: Tcb): void;
  /** Tells the program, if there is one. `bits`: EVENT_*. */
  raise(tcb: Tcb, bits: number): void;
  /** Frames stay untouched from their input to the next flush. */
  readonly areFramesStable: boolean;
  /** The connection's receive buffer points into such frames: the next flush ends that. */
  noteBorrower(tcb: Tcb): void;
}

/** The program's handle on a connection, as the connection sees it (TcpSocket implements it). */
export interface SocketHandle {
  /** The owner's record; TCP never looks at it. */
  owner: unknown;
  /** connect() was called and has not been seen to end. */
  isConnecting: boolean;
  /** There was a connection: no second one. */
  wasConnected: boolean;
  /** The connection's TIME-WAIT, while it lasts. */
  timeWait: Flow | null;
}
