/**
 * The socket API of the stack: BSD semantics, `n | -errno`, never blocking. The service (io/app)
 * and the tests are its callers; there is no notion of a process, a descriptor or a preload here.
 *
 * Times are monotonic microseconds. Option values are the bytes that a C program would pass.
 *
 * @module
 */
import type { IpAddress } from "../base/ip_address.ts";
import type { OptionHost } from "./option_host.ts";

/** Readiness, as bits of `Socket.events`. Set by the stack; the service clears what it has seen. */
export {
  EVENT_ACCEPTABLE,
  EVENT_CLOSED,
  EVENT_CONNECTED,
  EVENT_ERROR,
  EVENT_ERRQUEUE,
  EVENT_READABLE,
  EVENT_WRITABLE,
} from "../base/events.ts";

export interface Endpoint {
  readonly addr: IpAddress;
  /** 0..65535; for raw sockets the protocol or 0. */
  readonly port: number;
}

/** Up to two pieces of memory (a ring that wraps). Reused by its owner: read it at once. */
export interface Span {
  off0: number;
  len0: number;
  off1: number;
  len1: number;
}

/**
 * What all kinds of socket can do. `domain`, `type`, `protocol` as in socket(2), without flag bits.
 */
export interface Socket extends OptionHost {
  readonly kind: "stream" | "datagram";
  /** EVENT_* bits not yet seen by the owner. */
  events: number;
  /** True while the socket is in the stack's ready list. */
  isQueued: boolean;
  /** Pending error (positive errno) as SO_ERROR gives it; read with takeError. */
  readonly soError: number;
  /** The owner's record; the stack never looks at it. */
  owner: unknown;

  bind(addr: IpAddress, port: number, nowUs: number): number;
  /**
   * Stream: -EINPROGRESS when the SYN is queued, 0 when it waits for the first data
   * (TCP_FASTOPEN_CONNECT, the server's cookie is known). Datagram: 0.
   */
  connect(addr: IpAddress, port: number, nowUs: number): number;
  /** Datagram: AF_UNSPEC connect. Stream: -EINVAL... as Linux does. */
  disconnect(nowUs: number): number;
  shutdown(how: number, nowUs: number): number;
  /**
   * The program is gone. Stream: sends what is queued and FIN, then lives on as an orphan until
   * CLOSED (SO_LINGER 0: RST).
   */
  close(nowUs: number): void;
  local(): Endpoint;
  /** null: not connected. */
  remote(): Endpoint | null;
  /** Returns soError and clears it. A DGRAM_ERROR record that tells the same stays in its queue. */
  takeError(): number;
}

/** A send ring whose block others may be let write into (stack/storage/ring.ts). */
export interface PinnableRing {
  readonly capacity: number;
  readonly usedBytes: number;
  /** Index in the block of the first used byte; the ring wraps. */
  readonly headIndex: number;
  /** The connection is over, the block belongs to whoever has pinned it. */
  readonly isDropped: boolean;
  /** Offset of the block, which stays until `unpin`; -1: there is no memory. */
  pin(capacity: number): number;
  unpin(): void;
}

/**
 * SOCK_STREAM. Data goes through rings in the stack's Memory, reached by spans: no copy of ours.
 */
export interface StreamSocket extends Socket {
  readonly kind: "stream";
  /**
   * RFC 9293 3.3.2 state name: "CLOSED", "LISTEN", "SYN-SENT", "SYN-RECEIVED", "ESTABLISHED", ...
   */
  readonly stateName: string;
  /**
   * connect() as part of send(MSG_FASTOPEN). 0: the data are to be written now, they go with the
   * SYN; -EINPROGRESS: they have to wait for the handshake; -EOPNOTSUPP: Fast Open is off.
   */
  connectFast(addr: IpAddress, port: number, nowUs: number, hasData?: boolean): number;
  /** connect() with AF_UNSPEC: 0. `soError`: what the owner has taken and nobody has been told. */
  disconnect(nowUs: number, soError?: number): number;
  listen(backlog: number, nowUs: number): number;
  /** The remote end of the last connection, be it over. */
  peer(): Endpoint;
  /** Takes the next established connection off the queue; null when there is none. */
  accept(): StreamSocket | null;

  /** Free bytes of the send ring. 0 after shutdown(WR) or when the buffer is full. */
  sendSpace(): number;
  /**
   * Where up to `maxBytes` of the program's next bytes go. The span is valid until the next call.
   */
  sendSpan(maxBytes: number): Span;
  /**
   * `n` bytes have been put into the span: queue them for transmission (sent on flush or at once).
   * 0: there was nothing to write after all; memory held for it is given back.
   */
  sendCommit(n: number, nowUs: number, more?: boolean, isRecordEnd?: boolean): void;
  /** The last byte that was committed, before anything else happened, is urgent (MSG_OOB). */
  sendUrgent(): void;
  /** Where bytes wait until they are acknowledged. */
  readonly sendRing: PinnableRing;
  /** Bytes that are committed will be sent: the connection lives, without a FIN of ours. */
  readonly takesData: boolean;
  /** A program that sleeps for want of room is to go on (what EVENT_WRITABLE tells). */
  readonly isRoomToWakeFor: boolean;
  /** What SO_SNDBUF was set to, doubled; 0: it was not. */
  readonly fixedSendBuffer: number;
  /** Bytes not yet acknowledged by the peer, FIN included (SIOCOUTQ). */
  readonly unackedBytes: number;
  /** Of these, bytes not sent even once (SIOCOUTQNSD). */
  readonly unsentBytes: number;

  /** Unsent bytes at which the program is to wait (TCP_NOTSENT_LOWAT); NO_LOWAT: none. */
  readonly notsentLowat: number;
  /** The owner takes no more from the program until EVENT_WRITABLE: too much is unsent. */
  holdWriter(): void;
  /** Segments as large as can be are as large as that. */
  readonly smss: number;
  /** TCP_INQ: recvmsg() tells how much is left to read. */
  readonly wantsInq: boolean;

  /** Bytes, or the FIN, may not have been acknowledged yet: SO_LINGER waits for that. */
  readonly isDelivering: boolean;

  /** In-order bytes that wait for the program. */
  recvAvailable(): number;
  /**
   * How many of these come before the urgent one; recvAvailable() or more: that has been announced
   * and has not arrived. -1: there is none.
   */
  readonly urgentOffset: number;
  /**
   * The first bytes of these, which were urgent until others were: to be thrown away, if the
   * program has read all before them.
   */
  readonly recvSkip: number;
  recvSpan(maxBytes: number): Span;
  /** `n` bytes have been handed over: opens the window, but for `recvUnread`. */
  recvConsume(n: number, nowUs: number): void;
  /** How many bytes may be under way to the program in all, unread ones included. */
  readonly receiveSpace: number;
  /** Of the bytes handed over so far, `bytes` have not been read by the program. */
  recvUnread(bytes: number, nowUs: number): void;
  /** The peer's FIN has been received and all bytes before it are consumed. */
  readonly recvEof: boolean;
  /** The peer is a socket of this stack: the way is the loopback. */
  readonly isLocal: boolean;
  /** The peer's FIN has been received: no error hides that from a reader (Linux SOCK_DONE). */
  readonly isPeerDone: boolean;
  /** Drops received data that can no longer be delivered (program shut down its reading side). */
  recvDiscard(nowUs: number): void;
  /** Sends RST and ends at once. */
  abort(nowUs: number): void;
}

/** SOCK_DGRAM, SOCK_RAW and ping sockets. */
export interface DatagramSocket extends Socket {
  readonly kind: "datagram";
  /**
   * Sends the datagram whose header is at `off` (DGRAM_HEADER_LEN bytes) and whose payload of
   * `payloadLen` bytes follows it. The payload must stay untouched until the next flush.
   * Returns payloadLen or -errno (which the caller may report by a DGRAM_ERROR record).
   */
  send(off: number, payloadLen: number, nowUs: number): number;
  /**
   * What `send` to `addr`:`port` would return at once (0 or -errno), as sendto(2) has to tell;
   * binds the socket if need be. `addr` null: the connected peer; `scopeId`: the link of an address
   * of one link.
   */
  check(addr: IpAddress | null, port: number, payloadLen: number, scopeId?: number): number;
  /**
   * The same of the datagram whose header, with control messages that follow it, is at `off`.
   * `mayRaw`: who asks may send packets of its own making (CAP_NET_RAW).
   */
  checkHeader(off: number, payloadLen: number, mayRaw: boolean): number;
  /** The program may send packets of its own making (CAP_NET_RAW). */
  grantRaw(): void;
  /** Records waiting in the receive queue. */
  recvCount(): number;
  /**
   * Offset of the i-th waiting record (header, payload contiguous), i < recvCount(). Its length is
   * DGRAM_HEADER_LEN + the payload length of the header.
   */
  recvPeek(i: number): number;
  /** Removes the first `n` records. */
  recvConsume(n: number, nowUs: number): void;
  /**
   * The control messages (cmsg(3)) whose number is in a record's header (DGRAM_EXTRAS_OFF).
   * `stays`: they can be had again. null: they have been, or there were too many.
   */
  takeExtras(id: number, stays: boolean): Uint8Array | null;
  /** Takes the oldest entry of the error queue; null when there is none. */
  takeErrorQueue(stays?: boolean): ErrorQueueEntry | null;
}

/** One entry of the error queue (IP_RECVERR, MSG_ERRQUEUE). */
export interface ErrorQueueEntry {
  readonly errno: number;
  /** SO_EE_ORIGIN_LOCAL 1, _ICMP 2, _ICMP6 3 */
  readonly origin: number;
  readonly type: number;
  readonly code: number;
  /** Next-hop MTU for EMSGSIZE, else 0. */
  readonly info: number;
  readonly offender: Endpoint | null;
  /** The original destination (msg_name). */
  readonly destination: Endpoint;
  readonly payload: Uint8Array;
}
