/**
 * What must be true of TCP as a whole: tables, timers and gauges agree with each other.
 *
 * @module
 */
import type { Stack } from "../../stack/mod.ts";
import {
  type Flow,
  FLOW_SYN_REQUEST,
  FLOW_TCB,
  FLOW_TIME_WAIT,
} from "../../stack/tcp/base/flow.ts";
import type { Listener } from "../../stack/tcp/tcb/listener.ts";
import { State, stateName } from "../../stack/tcp/base/state.ts";
import type { SynRequest } from "../../stack/tcp/passive_open/syn_request.ts";
import type { Tcb } from "../../stack/tcp/tcb/tcb.ts";
import { checkConnection } from "./connection_invariants.ts";
import { Failure } from "./failure.ts";

function fail(what: string): never {
  throw new Failure(`invariant of the layer: ${what}`);
}

/** Smallest power of two that is not less. */
function powerOfTwo(n: number): number {
  let p = 64;
  while (p < n) p *= 2;
  return p;
}

export class LayerInvariants {
  #flows = 0;
  #timeWaits = 0;
  #orphans = 0;
  #established = 0;
  #armed = 0;
  #nextAtUs = Infinity;
  readonly #requests = new Map<Listener, number>();
  /** Connections in accept queues: when they end their text stays there to be read. */
  readonly #waiting = new Set<Tcb>();
  /** Bytes of memory that connections are charged for. */
  ringBytes = 0;

  constructor(readonly stack: Stack) {}

  check(): void {
    const { tcp, counters } = this.stack;
    this.#flows = 0;
    this.#timeWaits = 0;
    this.#orphans = 0;
    this.#established = 0;
    this.#armed = 0;
    this.#nextAtUs = Infinity;
    this.#requests.clear();
    this.ringBytes = 0;
    tcp.demux.forEach(this.#visit);
    for (const tcb of this.#waiting) {
      if (tcb.listener === null) this.#waiting.delete(tcb);
      else if (tcb.state === State.CLOSED) this.ringBytes += tcb.rcvRing.chargedBytes;
    }
    const same = (what: string, says: number, is: number) => {
      if (says !== is) fail(`${what}: ${says} by the books, ${is} in fact`);
    };
    same("flows", tcp.demux.count, this.#flows);
    same("TIME-WAITs", tcp.timeWaitCount, this.#timeWaits);
    same("orphans", tcp.orphanCount, this.#orphans);
    same("connections established", counters.tcp.currEstab, this.#established);
    same("timers", tcp.timers.count, this.#armed);
    for (const [listener, count] of this.#requests) {
      same("SYN queue", listener.synQueue.size, count);
      // What reuses a TIME-WAIT gets no cookie (Linux: isn in tcp_conn_request)
      const { synBacklogMax, timeWaitMax } = tcp.config;
      if (count > synBacklogMax + timeWaitMax) fail(`${count} in a SYN queue`);
      // Linux lets one more in than was asked for
      const waiting = listener.acceptQueueLength;
      if (waiting > tcp.config.somaxconn + 1) fail(`${waiting} in an accept queue`);
    }
    if (tcp.timers.nextAtUs() !== this.#nextAtUs) {
      fail(`the first timer is at ${tcp.timers.nextAtUs()}, one is at ${this.#nextAtUs}`);
    }
    if (this.#timeWaits > tcp.config.timeWaitMax) fail(`${this.#timeWaits} TIME-WAITs`);
  }

  readonly #visit = (flow: Flow): void => {
    this.#flows++;
    if (flow.heapIndex >= 0) this.#armed++;
    this.#nextAtUs = Math.min(this.#nextAtUs, flow.atUs);
    const { demux } = this.stack.tcp;
    const found = demux.find(flow.local, flow.localPort, flow.remote, flow.remotePort, flow.zone);
    if (found !== flow) fail("a flow is not found by its own ends");
    if (flow.kind === FLOW_TCB) return this.#visitTcb(flow as Tcb);
    if (flow.heapIndex < 0) fail(`a flow of kind ${flow.kind} without a timer`);
    if (flow.kind === FLOW_TIME_WAIT) this.#timeWaits++;
    else if (flow.kind === FLOW_SYN_REQUEST) {
      const request = flow as SynRequest;
      if (!request.listener.synQueue.has(request)) fail("a request that its listener forgot");
      this.#requests.set(request.listener, (this.#requests.get(request.listener) ?? 0) + 1);
      if (request.listener.tcb.state !== State.LISTEN) fail("a request without a listener");
    }
  };

  #visitTcb(tcb: Tcb): void {
    const { config } = this.stack.tcp;
    if (tcb.state === State.CLOSED || tcb.state === State.LISTEN) {
      fail(`a connection in ${stateName(tcb.state)} in the demultiplexer`);
    }
    if (tcb.isOrphan) this.#orphans++;
    if (tcb.state === State.ESTABLISHED || tcb.state === State.CLOSE_WAIT) this.#established++;
    const { rcvRing, sndRing } = tcb;
    if (tcb.binding === null) fail("a connection without a claim on its port");
    // A window once offered is kept to when the program asks for less (SO_RCVBUF)
    const { receiveBufferMaxBytes } = this.stack.config.socket;
    const rcvMax = powerOfTwo(4 * Math.max(receiveBufferMaxBytes, config.rcvBufMaxBytes));
    const sndMax = powerOfTwo(2 * Math.max(tcb.sndBufBytes, config.sndBufMaxBytes));
    if (rcvRing.chargedBytes > rcvMax) fail(`a receive ring of ${rcvRing.chargedBytes} bytes`);
    if (sndRing.capacity > sndMax) fail(`a send ring of ${sndRing.capacity} bytes`);
    checkConnection(tcb);
    if (tcb.listener !== null) this.#waiting.add(tcb);
    this.ringBytes += rcvRing.chargedBytes;
    if (sndRing.isAllocated) this.ringBytes += sndRing.capacity;
  }

  /** After everything is over: nothing is left. */
  checkEmpty(): void {
    this.check();
    const { tcp } = this.stack;
    if (this.#flows > 0) fail("connections outlive their sockets and timers");
    if (tcp.bindings.count > 0) fail(`${tcp.bindings.count} ports are still taken`);
    if (!this.stack.isQuiet()) fail("not quiet");
  }
}
