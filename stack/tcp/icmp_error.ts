/**
 * ICMP errors about segments of ours: validated by the quoted sequence number (RFC 5927 section 4), hard
 * errors end a connection attempt only (RFC 1122 4.2.3.9, Linux), "fragmentation needed" lowers the path
 * MTU (RFC 1191).
 *
 * @module
 */
import { EMSGSIZE } from "../wire/errno.ts";
import type { IcmpError } from "../wire/network.ts";
import { TCP_DST_PORT_OFFSET, TCP_SEQ_OFFSET } from "../wire/tcp.ts";
import { FLOW_SYN_REQUEST, FLOW_TCB } from "./flow.ts";
import type { TcpLayer } from "./layer.ts";
import { failConnection } from "./lifecycle.ts";
import { refreshRoute } from "./output.ts";
import { seqDiff, seqGeq, seqLeq } from "./seq.ts";
import { State } from "./state.ts";
import type { SynRequest } from "./syn_request.ts";
import type { Tcb } from "./tcb.ts";

/** The quoted header must reach to the sequence number. */
const QUOTE_MIN_LEN = 8;

export function tcpIcmpError(layer: TcpLayer, error: IcmpError, nowUs: number): void {
  if (error.quotedLen < QUOTE_MIN_LEN) return;
  const dv = layer.memory.dv;
  const localPort = dv.getUint16(error.quotedOff);
  const remotePort = dv.getUint16(error.quotedOff + TCP_DST_PORT_OFFSET);
  const seq = dv.getInt32(error.quotedOff + TCP_SEQ_OFFSET);
  const flow = layer.demux.find(error.local, localPort, error.remote, remotePort);
  if (flow === null) return;
  if (flow.kind === FLOW_SYN_REQUEST) {
    const request = flow as SynRequest;
    // Linux gives up a half-open connection on any error that quotes its SYN-ACK
    if (seq === request.iss && error.isHard) request.drop();
  } else if (flow.kind === FLOW_TCB) {
    connectionError(flow as Tcb, error, seq, nowUs);
  }
}

function connectionError(tcb: Tcb, error: IcmpError, seq: number, nowUs: number): void {
  // RFC 5927 4.1: about something in flight, or an old error or a forged one
  const isInFlight = seqLeq(tcb.sndUna, seq) && seqLeq(seq, tcb.sndNxt);
  if (!isInFlight) {
    tcb.layer.counters.tcp.outOfWindowIcmps++;
    return;
  }
  if (error.mtu > 0 || error.errno === EMSGSIZE) return fragmentationNeeded(tcb, error, seq, nowUs);
  if (tcb.state === State.SYN_SENT || tcb.state === State.SYN_RECEIVED) {
    if (error.isHard) failConnection(tcb, error.errno, nowUs);
    else tcb.softError = error.errno;
    return;
  }
  // A synchronized connection outlives any ICMP error (RFC 5927 5.2); the reason is kept for a timeout
  tcb.softError = error.errno;
}

/** The path carries less: segments become smaller, and what was too large is sent again at once. */
function fragmentationNeeded(tcb: Tcb, error: IcmpError, seq: number, nowUs: number): void {
  const route = tcb.route;
  // RFC 5927 7.2: only for less than what we send, and not for a segment of text that got through
  if (route === null || error.mtu >= route.mtu) return;
  if (tcb.state !== State.SYN_SENT && seqDiff(tcb.sndNxt, seq) <= 0) return;
  tcb.layer.network.updatePmtu(tcb.remote, error.mtu, nowUs);
  const before = tcb.smss;
  if (!refreshRoute(tcb) || tcb.smss >= before) return;
  for (let s = tcb.sent.head; s !== null; s = s.next) {
    if (seqDiff(s.end, s.seq) > tcb.smss && seqGeq(seq, s.seq)) tcb.sent.markLost(s);
  }
  tcb.layer.markDirty(tcb);
}
