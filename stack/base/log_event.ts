/**
 * What the stack tells a log of, as numbers: what they mean, and what the numbers are that go with
 * each, is in the table of io/log/stack_events.ts, which alone turns them into words. A new event
 * goes to the end of its layer here and into the table.
 *
 * @module
 */
import { DROP_NAMES } from "./drop_reason.ts";

export enum LogEvent {
  // ---- device
  DEVICE_DROP,
  // ---- arp
  ARP_ASK,
  ARP_ASKED,
  ARP_LEARNED,
  ARP_MOVED,
  ARP_FAILED,
  ARP_CONFLICT,
  ARP_DEFENDED,
  ARP_PROBE,
  ARP_FREE,
  ARP_TAKEN,
  ARP_ANNOUNCED,
  ARP_DROP,
  // ---- ip
  IP_NO_ROUTE,
  IP_PATH_MTU,
  IP_REDIRECTED,
  IP_REASSEMBLY_TIMEOUT,
  IP_DROP,
  // ---- icmp
  ICMP_ECHO,
  ICMP_ERROR_RECEIVED,
  ICMP_ERROR_SENT,
  ICMP_RATE_LIMITED,
  ICMP_DROP,
  // ---- udp
  UDP_NO_PORT,
  UDP_ERROR,
  UDP_DATAGRAM_RECEIVED,
  UDP_DATAGRAM_SENT,
  UDP_DROP,
  // ---- tcp
  TCP_LISTEN,
  TCP_CONNECT,
  TCP_SYN_RECEIVED,
  TCP_SYN_DROPPED,
  TCP_SYN_COOKIE,
  TCP_ESTABLISHED,
  TCP_STATE,
  TCP_SEGMENT_RECEIVED,
  TCP_SEGMENT_SENT,
  TCP_RETRANSMIT,
  TCP_TIMEOUT,
  TCP_LOSS_PROBE,
  TCP_RECOVERY,
  TCP_RECOVERED,
  TCP_RECOVERY_UNDONE,
  TCP_PERSIST,
  TCP_WINDOW_PROBE,
  TCP_PEER_WINDOW_OPEN,
  TCP_OWN_WINDOW_CLOSED,
  TCP_OWN_WINDOW_OPEN,
  TCP_KEEPALIVE,
  TCP_MSS,
  TCP_CHALLENGE,
  TCP_ICMP_ERROR,
  TCP_RESET_SENT,
  TCP_ABORTED,
  TCP_FAILED,
  TCP_CLOSED,
  TCP_DROP,
}

/** Codes below this one are the stack's, those from it on its owner's. */
export const LOG_EVENT_END = 128;

/** Whose drop it is, by how the reason's name begins; all others are IP's. */
const DROP_PREFIXES: readonly (readonly [prefix: string, event: LogEvent])[] = [
  ["frame", LogEvent.DEVICE_DROP],
  ["device", LogEvent.DEVICE_DROP],
  ["arp", LogEvent.ARP_DROP],
  ["neighbour", LogEvent.ARP_DROP],
  ["ndp", LogEvent.ARP_DROP],
  ["icmp", LogEvent.ICMP_DROP],
  ["udp", LogEvent.UDP_DROP],
  ["tcp", LogEvent.TCP_DROP],
];

/** The event of a dropped packet, by -reason. */
export const DROP_EVENTS: Uint8Array = Uint8Array.from(
  DROP_NAMES,
  (name) => DROP_PREFIXES.find(([prefix]) => name.startsWith(prefix))?.[1] ?? LogEvent.IP_DROP,
);
