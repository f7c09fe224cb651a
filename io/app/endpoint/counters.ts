/**
 * What the service counts. Plain numbers; nothing that a program does wrong leaves any other trace.
 *
 * @module
 */
export class AppCounters {
  /** Control connections, by path and by ATTACH. */
  clientsAccepted = 0;
  clientsAttached = 0;
  /** Peer of another user, or too many. */
  clientsRefused = 0;
  /** Calls that stopped at the second door. */
  doorCalls = 0;
  requests = 0;
  /** Not a message of the protocol, or not its turn: the connection is closed. */
  requestsMalformed = 0;
  /** Faults of nuse's own that ended one client or socket. */
  faults = 0;
  /** A reply that could not be sent. */
  repliesLost = 0;
  socketsOpened = 0;
  socketsClosed = 0;
  /** Refused for want of descriptors or beyond the limit. */
  socketsRefused = 0;
  /** Requests about sockets that the connection has shown no descriptor of. */
  socketsNotShown = 0;
  connectionsAccepted = 0;
  /** Established connections that could not be handed to the listener's program: reset. */
  connectionsLost = 0;
  /** Programs that closed a stream with unread bytes: reset. */
  streamsReset = 0;
  bytesToNetwork = 0;
  bytesToProgram = 0;
  /** Of the bytes to the network, those that came by a ring (send_ring.ts). */
  bytesByRing = 0;
  ringsMade = 0;
  /** Of the bytes to programs, those that went by a ring (receive_ring.ts). */
  bytesToRing = 0;
  receiveRingsMade = 0;
  /** In which a program has written what it must not: the connection is reset. */
  ringsBroken = 0;
  datagramsToNetwork = 0;
  datagramsToProgram = 0;
  /** Messages on a datagram pair without a header: plain payload. */
  datagramsPlain = 0;
  /** Datagrams that the stack did not take. */
  datagramsRefused = 0;
}
