/**
 * What a connection is doing: the states of RFC 9293 3.3.2, numbered as Linux reports them in
 * TCP_INFO, and those of loss recovery and of the retransmission timer.
 *
 * @module
 */

export enum State {
  ESTABLISHED = 1,
  SYN_SENT = 2,
  SYN_RECEIVED = 3,
  FIN_WAIT_1 = 4,
  FIN_WAIT_2 = 5,
  TIME_WAIT = 6,
  CLOSED = 7,
  CLOSE_WAIT = 8,
  LAST_ACK = 9,
  LISTEN = 10,
  CLOSING = 11,
}

/** The state as the RFC prints it: "SYN-SENT". */
export function stateName(state: State): string {
  return State[state].replaceAll("_", "-");
}

/** We may still send data or our FIN is not queued yet: ESTABLISHED, CLOSE-WAIT. */
export function canSendData(state: State): boolean {
  return state === State.ESTABLISHED || state === State.CLOSE_WAIT;
}

/** Data of the peer is still to come: ESTABLISHED, FIN-WAIT-1, FIN-WAIT-2. */
export function canReceiveData(state: State): boolean {
  return state === State.ESTABLISHED || state === State.FIN_WAIT_1 || state === State.FIN_WAIT_2;
}

/** Something of ours may not have been acknowledged yet, be it the FIN. */
export function isDelivering(state: State): boolean {
  return canSendData(state) || state === State.FIN_WAIT_1 || state === State.CLOSING ||
    state === State.LAST_ACK;
}

/** What loss recovery is doing. */
export enum Recovery {
  /** Nothing is deemed lost. */
  OPEN = 0,
  /** Fast recovery (RFC 6675, RFC 6582) until `recover` is acknowledged. */
  FAST = 3,
  /** After a retransmission timeout, until `recover` is acknowledged. */
  LOSS = 4,
  /**
   * What did not fit the path is sent again in smaller segments, until `recover` is acknowledged.
   * It was not lost by congestion: cwnd stays (RFC 4821 7.6.2). Linux says TCP_CA_Loss.
   */
  RESIZE = 5,
}

/** What the retransmission timer is for. */
export enum RetransmitTimer {
  OFF = 0,
  RTO = 1,
  /** Zero-window probe (RFC 9293 3.8.6.1). */
  PERSIST = 3,
}
