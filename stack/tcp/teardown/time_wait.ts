/**
 * TIME-WAIT: the state that outlives a connection for 2 MSL, so that old duplicates die out and a
 * lost last ACK is repeated (RFC 9293 3.6.1, 3.10.7.4). A small record instead of a TCB; their
 * number is bounded.
 *
 * @module
 */
import { LogEvent } from "../../base/log_event.ts";
import { tellOfFlow } from "../tcb/tell.ts";
import { State } from "../base/state.ts";
import { DROP_TCP_FLAGS, DROP_TCP_SEQUENCE } from "../../base/drop_reason.ts";
import { TCP_ACK } from "../../wire/tcp.ts";
import type { Route } from "../../base/network.ts";
import type { Binding } from "../tcb/bindings.ts";
import { emitControl } from "../output/emit.ts";
import { Flow, FLOW_TIME_WAIT } from "../base/flow.ts";
import { seqGeq, seqGt, seqLt } from "../base/seq.ts";
import { type Segment, WINDOW_FIELD_MAX } from "../base/segment.ts";
import type { Tcb } from "../tcb/tcb.ts";
import type { TcpContext } from "../tcb/context.ts";
import { mayAnswerSuspect } from "../base/answer_limits.ts";

/** A SYN that reuses the connection starts at least this far beyond it (as Linux). */
const NEW_ISS_DISTANCE = 65535 + 2;

export class TimeWait extends Flow {
  readonly kind = FLOW_TIME_WAIT;
  binding: Binding | null = null;
  sndNxt = 0;
  rcvNxt = 0;
  rcvWnd = 0;
  rcvWindShift = 0;
  hasTimestamps = false;
  tsRecent = 0;
  tsRecentAtUs = 0;
  tsOffset = 0;
  #route: Route;

  private constructor(readonly layer: TcpContext, route: Route) {
    super();
    this.#route = route;
  }

  /**
   * Takes over from a TCB; null when there are too many already (the connection is then just over).
   */
  static take(tcb: Tcb, nowUs: number): TimeWait | null {
    const { layer } = tcb;
    if (layer.timeWaitCount >= layer.config.timeWaitMax) {
      layer.counters.tcp.timeWaitOverflow++;
      return null;
    }
    const tw = new TimeWait(layer, tcb.route!);
    tw.local = tcb.local;
    tw.remote = tcb.remote;
    tw.localPort = tcb.localPort;
    tw.remotePort = tcb.remotePort;
    tw.zone = tcb.zone;
    tw.sndNxt = tcb.sndNxt;
    tw.rcvNxt = tcb.rcvNxt;
    tw.rcvWnd = tcb.rcvWnd;
    tw.rcvWindShift = tcb.rcvWindShift;
    tw.hasTimestamps = tcb.hasTimestamps;
    tw.tsRecent = tcb.tsRecent;
    tw.tsRecentAtUs = tcb.tsRecentAtUs;
    tw.tsOffset = tcb.tsOffset;
    layer.timeWaitCount++;
    layer.counters.tcp.tw++;
    layer.timers.set(tw, nowUs + layer.config.timeWaitUs);
    return tw;
  }

  /** The smallest ISS of a connection that takes its place. */
  get nextIss(): number {
    return (this.sndNxt + NEW_ISS_DISTANCE) | 0;
  }

  /** The 2 MSL are over, or the connection is opened anew. */
  end(): void {
    const { layer } = this;
    tellOfFlow(layer, this, LogEvent.TCP_STATE, State.TIME_WAIT, State.CLOSED);
    layer.timeWaitCount--;
    layer.timers.cancel(this);
    layer.demux.remove(this);
    if (this.binding !== null) layer.bindings.release(this.binding);
    this.binding = null;
  }

  /**
   * A segment for it. Returns the smallest ISS with which a SYN may open the connection anew (RFC
   * 9293 3.6.1, RFC 6191), or null when the segment is done with.
   */
  input(seg: Segment): number | null {
    const isOld = this.hasTimestamps && seg.options.hasTimestamps && !seg.isRst &&
      ((seg.options.tsVal - this.tsRecent) | 0) < 0;
    // First, the sequence number
    const isInWindow = seqGeq(seg.end, this.rcvNxt) &&
      !seqGt(seg.seq, (this.rcvNxt + this.rcvWnd) | 0);
    // Second, RST: RFC 1337 asks to ignore it; Linux ends TIME-WAIT only for an exact one
    if (seg.isRst) {
      if (!isOld && seg.seq === this.rcvNxt) this.end();
      else this.layer.counters.drop(DROP_TCP_SEQUENCE);
      return null;
    }
    // Fourth, SYN
    if (seg.isSyn && !seg.isAck && !isOld && this.#mayReopen(seg)) {
      const iss = this.nextIss;
      this.end();
      return iss;
    }
    if (isOld) this.layer.counters.tcp.pawsTimewait++;
    // Fifth, ACK
    if (!isOld && isInWindow && !seg.isAck && !seg.isSyn) {
      this.layer.counters.drop(DROP_TCP_FLAGS);
      return null;
    }
    // Sixth to eighth: nothing is expected but the FIN again, which restarts the 2 MSL
    if (!isOld && isInWindow && seg.isFin && !seg.isSyn) {
      this.layer.timers.set(this, seg.nowUs + this.layer.config.timeWaitUs);
    }
    if (seg.len > 0 || isOld || !isInWindow) this.#acknowledge(seg);
    return null;
  }

  /** The SYN cannot be an old duplicate: later by sequence number or by timestamp. */
  #mayReopen(seg: Segment): boolean {
    return seqGt(seg.seq, this.rcvNxt) ||
      (this.hasTimestamps && seg.options.hasTimestamps &&
        seqLt(this.tsRecent, seg.options.tsVal));
  }

  #acknowledge(seg: Segment): void {
    const { layer } = this;
    const { counters, config } = layer;
    const isAllowed = mayAnswerSuspect(this, config.invalidAckIntervalUs, seg.nowUs);
    // Segments with data or a FIN cannot loop
    if (!isAllowed && seg.len === 0) {
      counters.tcp.ackSkippedTimeWait++;
      return;
    }
    if (!this.#route.valid) {
      const found = layer.network.route(this.remote, this.local, 0);
      if (typeof found === "number") return;
      this.#route = found;
    }
    emitControl(
      layer,
      this.#route,
      this,
      this.sndNxt,
      this.rcvNxt,
      TCP_ACK,
      Math.min(this.rcvWnd >>> this.rcvWindShift, WINDOW_FIELD_MAX),
      this,
      seg.nowUs,
    );
  }
}
