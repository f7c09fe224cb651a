/**
 * The stack's way of telling what happens in it: events as numbers, to a sink that its owner gives
 * it. The stack formats nothing, knows no levels and reads no clock for it; the sink does that, or
 * is not there.
 *
 *     if (log.isOn[LogEvent.ARP_ASK] !== 0) log.address(LogEvent.ARP_ASK, ifIndex, addr, probes);
 *
 * The question comes first, so that an event that nobody listens to costs one load and one branch,
 * and no argument is worked out or boxed for it.
 *
 * @module
 */
import { IpAddress } from "./ip_address.ts";
import type { Packet } from "./packet.ts";

/** The two ends of a connection or of a datagram's way. */
export interface LogEnds {
  readonly local: IpAddress;
  readonly remote: IpAddress;
  readonly localPort: number;
  readonly remotePort: number;
}

/** The ends of a packet that came in: ours is where it went. */
export function endsOf(pkt: Packet, localPort: number, remotePort: number): LogEnds {
  return {
    local: IpAddress.fromWords(pkt.dst0, pkt.dst1, pkt.dst2, pkt.dst3),
    remote: IpAddress.fromWords(pkt.src0, pkt.src1, pkt.src2, pkt.src3),
    localPort,
    remotePort,
  };
}

/**
 * Who takes events. An interface index of 0 means that none is known. Addresses and ends may be
 * reused after the call. Called in the middle of things: it may take note, not act.
 */
export interface LogSink {
  /** By event code: not 0 when somebody listens. To be asked before any of the others. */
  readonly isOn: Uint8Array;
  /** Of a connection, or between two ends. */
  connection(
    event: number,
    ifIndex: number,
    ends: LogEnds,
    a?: number,
    b?: number,
    c?: number,
    d?: number,
    e?: number,
  ): void;
  /** About one address. */
  address(
    event: number,
    ifIndex: number,
    addr: IpAddress,
    a?: number,
    b?: number,
    c?: number,
  ): void;
  /** About neither. */
  plain(event: number, ifIndex: number, a?: number, b?: number, c?: number): void;
}

/** Codes that there can be: the stack's own and those of its owner (log_event.ts). */
export const LOG_EVENTS_MAX = 256;

/** Nobody listens to anything. */
export const SILENT_LOG: LogSink = {
  isOn: new Uint8Array(LOG_EVENTS_MAX),
  connection() {},
  address() {},
  plain() {},
};
