/**
 * ICMP errors about segments of ours: validated by the quoted sequence number (RFC 5927 section 4),
 * errors end a connection attempt only (RFC 5927 5.2, Linux), "fragmentation needed" lowers the
 * path MTU (RFC 1191).
 *
 * @module
 */
import { EndCause } from "../base/end_cause.ts";
import { LogEvent } from "../../base/log_event.ts";
import { tell } from "../tcb/tell.ts";
import { EMSGSIZE } from "../../base/errno.ts";
import {
  ICMP_PARAMETER_PROBLEM,
  ICMP_TIME_EXCEEDED,
  ICMP_UNREACHABLE,
  UNREACHABLE_HOST,
} from "../../wire/icmp.ts";
import type { IcmpError } from "../../base/network.ts";
import { TCP_DST_PORT_OFFSET, TCP_SEQ_OFFSET } from "../../wire/tcp.ts";
import { FLOW_SYN_REQUEST, FLOW_TCB } from "../base/flow.ts";
import { failConnection } from "../teardown/lifecycle.ts";
import { retransmitTooLarge } from "../loss/recovery.ts";
import { refreshRoute } from "../path/route.ts";
import { seqDiff, seqLeq } from "../base/seq.ts";
import { State } from "../base/state.ts";
import type { SynRequest } from "../passive_open/syn_request.ts";
import type { Tcb } from "../tcb/tcb.ts";
import type { TcpContext } from "../tcb/context.ts";

/** The quoted header must reach to the sequence number. */
const QUOTE_MIN_LEN = 8;

export function tcpIcmpError(layer: TcpContext, error: IcmpError, nowUs: number): void {
  if (error.quotedLen < QUOTE_MIN_LEN) return;
  const dv = layer.memory.dv;
  const localPort = dv.getUint16(error.quotedOff);
  const remotePort = dv.getUint16(error.quotedOff + TCP_DST_PORT_OFFSET);
  const seq = dv.getInt32(error.quotedOff + TCP_SEQ_OFFSET);
  const { local, remote, zone } = error;
  const flow = layer.demux.find(local, localPort, remote, remotePort, zone);
  if (flow === null) return;
  if (flow.kind === FLOW_SYN_REQUEST) {
    const request = flow as SynRequest;
    if (seq === request.iss && endsRequest(error)) request.drop();
  } else if (flow.kind === FLOW_TCB) {
    connectionError(flow as Tcb, error, seq, nowUs);
  }
}

/**
 * Errors that say that there is no way back to the peer (Linux tcp_v4_err and tcp_v6_err, for
 * their request sockets).
 */
function endsRequest(error: IcmpError): boolean {
  if (error.local.family === 6) return error.isHard;
  if (error.type === ICMP_UNREACHABLE) return error.code <= UNREACHABLE_HOST;
  return error.type === ICMP_TIME_EXCEEDED || error.type === ICMP_PARAMETER_PROBLEM;
}

function connectionError(tcb: Tcb, error: IcmpError, seq: number, nowUs: number): void {
  // RFC 5927 4.1: about something in flight, or an old error or a forged one
  const isInFlight = seqLeq(tcb.sndUna, seq) && seqLeq(seq, tcb.sndNxt);
  if (!isInFlight) {
    tcb.layer.counters.tcp.outOfWindowIcmps++;
    return;
  }
  if (error.gateway !== null) {
    return tcb.layer.network.redirect(error.remote, error.gateway, error.from, nowUs);
  }
  if (error.mtu > 0 || error.errno === EMSGSIZE) return fragmentationNeeded(tcb, error, seq, nowUs);
  if (tcb.state === State.SYN_SENT || tcb.state === State.SYN_RECEIVED) {
    // Linux ends an attempt for soft errors too (RFC 5461 4.1 describes it)
    failConnection(tcb, error.errno, EndCause.ICMP);
    return;
  }
  // A synchronized connection outlives any ICMP error (RFC 5927 5.2); the reason is kept for a
  // timeout
  tcb.softError = error.errno;
  tell(tcb, LogEvent.TCP_ICMP_ERROR, error.errno);
}

/** The path carries less: segments become smaller, and what was too large is sent again at once. */
function fragmentationNeeded(tcb: Tcb, error: IcmpError, seq: number, nowUs: number): void {
  const route = tcb.route;
  if (route === null || seqDiff(tcb.sndNxt, seq) <= 0) return;
  if (error.mtu < route.mtu) tcb.layer.network.updatePmtu(tcb.remote, error.mtu, nowUs);
  if (!refreshRoute(tcb)) return;
  if (tcb.state !== State.SYN_SENT) retransmitTooLarge(tcb);
  // The data that went with the SYN made it too large: now without (Linux tcp_simple_retransmit)
  else if (tcb.synDataLen > 0 && tcb.sent.head !== null) tcb.sent.markLost(tcb.sent.head);
  tcb.layer.markDirty(tcb);
}
