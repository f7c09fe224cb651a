/**
 * Why a connection did not end in order, for the log (io/log/stack_values.ts has the words).
 *
 * @module
 */

export enum EndCause {
  /** The peer has sent RST. */
  RESET_RECEIVED = 0,
  /** The peer has answered the SYN with RST: nobody listens there. */
  REFUSED = 1,
  /** What was sent was not acknowledged, however often it was sent again (R2). */
  NO_ACKNOWLEDGMENT = 2,
  /** Nobody answered the window probes, or TCP_USER_TIMEOUT did not wait for an answer. */
  NO_WINDOW = 3,
  /** Nobody answered the keepalive probes. */
  NO_KEEPALIVE = 4,
  /** An ICMP error has ended the attempt. */
  ICMP = 5,
  /** The program has closed without reading what had come (RFC 2525 2.17). */
  UNREAD_DATA = 6,
  /** Data has come after the program had closed. */
  DATA_FOR_NOBODY = 7,
  /** SO_LINGER with a time of 0. */
  LINGER_ZERO = 8,
  /** TCP_LINGER2 has passed, or does not let it wait at all. */
  LINGER2 = 9,
  /** More orphans than there may be. */
  TOO_MANY_ORPHANS = 10,
  /** The program has closed the listener before it accepted the connection. */
  LISTENER_CLOSED = 11,
  /** connect(AF_UNSPEC), or shutdown() of an attempt. */
  DISCONNECTED = 12,
  /** The service has given the socket up. */
  ABORTED = 13,
  /** An administrator has ended it (ss -K). */
  DESTROYED = 14,
}
