/**
 * What the demultiplexing table points at: a pair of sockets in the RFC's sense (local and remote
 * address and port) that some state is kept for. There are three kinds, by how much state that is:
 * a SYN-RECEIVED entry of a listener's SYN queue, a whole connection, a connection in TIME-WAIT.
 *
 * A flow is also a timer: one node in the layer's heap, armed for the earliest of its deadlines.
 *
 * @module
 */
import { TimerNode } from "../../storage/timer_heap.ts";
import { ANY_V4, type IpAddress } from "../../base/ip_address.ts";

export const FLOW_TCB = 0;
export const FLOW_SYN_REQUEST = 1;
export const FLOW_TIME_WAIT = 2;
/** Kept nowhere: the ends of a segment that is answered by a reset. */
export const FLOW_STRAY = 3;

export abstract class Flow extends TimerNode {
  /** FLOW_* */
  abstract readonly kind: number;
  /** Its number in the demultiplexer, -1 while not entered. */
  flowIndex = -1;
  local: IpAddress = ANY_V4;
  remote: IpAddress = ANY_V4;
  localPort = 0;
  remotePort = 0;
  /** The link of a remote address that is one link's only; else 0. */
  zone = 0;
  /** When a suspicious segment for it was last answered (answer_limits.ts). */
  suspectAnsweredUs = -Infinity;
}
