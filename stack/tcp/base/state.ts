/**
 * The connection states of RFC 9293 3.3.2, numbered as Linux reports them in TCP_INFO.
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

/** We may still send text or our FIN is not queued yet: ESTABLISHED, CLOSE-WAIT. */
export function canSendText(state: State): boolean {
  return state === State.ESTABLISHED || state === State.CLOSE_WAIT;
}

/** Text of the peer is still to come: ESTABLISHED, FIN-WAIT-1, FIN-WAIT-2. */
export function canReceiveText(state: State): boolean {
  return state === State.ESTABLISHED || state === State.FIN_WAIT_1 || state === State.FIN_WAIT_2;
}
