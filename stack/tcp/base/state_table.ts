/**
 * The state diagram of RFC 9293 3.3.2 as the table that the code asks. What is not in it:
 *
 *   - Any state but TIME-WAIT goes to CLOSED by a RST that fits, ABORT, or a timeout that gives the
 *     connection up (deleteTcb of teardown/lifecycle.ts); TIME-WAIT after 2 MSL or by an exact RST.
 *   - SYN-RECEIVED of a passive open goes back to LISTEN by a RST: it is a record of the listener.
 *   - CLOSE in SYN-SENT deletes the TCB (closeSocket of user/close.ts); so does a half-close, as on
 *     Linux. With Fast Open data they wait for ESTABLISHED; so does any CLOSE in SYN-RECEIVED,
 *     which the RFC sends to FIN-WAIT-1 at once: the FIN has to follow the SYN's acknowledgment.
 *
 * TIME-WAIT is a small record of its own, so that a Tcb that enters it is CLOSED from then on.
 *
 * @module
 */
import { State } from "./state.ts";

/** What changes a state, and which function takes it. The numbers are the table's columns. */
export enum StateEvent {
  /** listen(): listenSocket of user/open.ts */
  PASSIVE_OPEN = 0,
  /** connect(): startConnect of user/open.ts */
  ACTIVE_OPEN = 1,
  /** Without ACK: synReceived of passive_open/listen.ts, simultaneousOpen of input/syn_sent.ts */
  SYN = 2,
  /** Our SYN is acknowledged: establish of teardown/lifecycle.ts */
  SYN_ACKED = 3,
  /** The sending side is closed: queueFin of user/close.ts */
  CLOSE = 4,
  /** Our FIN is acknowledged: ackOfFin of input/ack.ts */
  FIN_ACKED = 5,
  /** All up to the peer's FIN has arrived: processFin of input/payload.ts */
  FIN = 6,
}

const EVENT_COUNT = StateEvent.FIN + 1;

/** The event changes nothing. */
const _ = 0;
const {
  CLOSED,
  LISTEN,
  SYN_SENT,
  SYN_RECEIVED,
  ESTABLISHED,
  FIN_WAIT_1,
  FIN_WAIT_2,
  CLOSE_WAIT,
  CLOSING,
  LAST_ACK,
  TIME_WAIT,
} = State;

/* deno-fmt-ignore */
const TABLE: readonly (readonly [State, ...(State | 0)[]])[] = [
  // state         passive active    SYN           ACK of       CLOSE       ACK of      FIN
  //               OPEN    OPEN                    our SYN                  our FIN
  [CLOSED,       LISTEN, SYN_SENT, _,            _,           _,          _,          _],
  [LISTEN,       _,      _,        SYN_RECEIVED, _,           _,          _,          _],
  [SYN_SENT,     _,      _,        SYN_RECEIVED, ESTABLISHED, _,          _,          _],
  [SYN_RECEIVED, _,      _,        _,            ESTABLISHED, _,          _,          _],
  [ESTABLISHED,  _,      _,        _,            _,           FIN_WAIT_1, _,          CLOSE_WAIT],
  [FIN_WAIT_1,   _,      _,        _,            _,           _,          FIN_WAIT_2, CLOSING],
  [FIN_WAIT_2,   _,      _,        _,            _,           _,          _,          TIME_WAIT],
  [CLOSE_WAIT,   _,      _,        _,            _,           LAST_ACK,   _,          _],
  [CLOSING,      _,      _,        _,            _,           _,          TIME_WAIT,  _],
  [LAST_ACK,     _,      _,        _,            _,           _,          CLOSED,     _],
  [TIME_WAIT,    _,      _,        _,            _,           _,          _,          _],
];

const NEXT = new Uint8Array(16 * EVENT_COUNT);
for (const [state, ...row] of TABLE) NEXT.set(row.map((to) => to || state), state * EVENT_COUNT);

/** The state that `event` leads to; `state` itself when it changes nothing. */
export function nextState(state: State, event: StateEvent): State {
  return NEXT[state * EVENT_COUNT + event];
}
