/**
 * The table of what the stack tells. Its events are numbers (stack/base/log_event.ts) and so are
 * the values that come with them: what a value is, its name says (stack_values.ts).
 *
 * @module
 */
import { LogEvent } from "../../stack/mod.ts";
import { event, type EventInfo } from "./event.ts";
import type { Category, Level } from "./levels.ts";

function drop(category: Category, level: Level = "debug"): EventInfo {
  return event(`${category}.drop`, level, "a packet is thrown away: {reason}", "reason");
}

const LINK_EVENTS = {
  [LogEvent.DEVICE_DROP]: drop("device", "trace"),
  [LogEvent.ARP_ASK]: event(
    "arp.ask",
    "debug",
    "who has {address}? question {attempt}; packets waiting: {waiting}",
    "attempt",
    "waiting",
  ),
  [LogEvent.ARP_ASKED]: event(
    "arp.asked",
    "debug",
    "{address}, at {mac}, asks for our address",
    "mac",
  ),
  [LogEvent.ARP_LEARNED]: event("arp.learned", "debug", "{address} is at {mac}", "mac"),
  [LogEvent.ARP_MOVED]: event("arp.moved", "info", "{address} is at {mac} now", "mac"),
  [LogEvent.ARP_FAILED]: event(
    "arp.failed",
    "warning",
    "nobody answers for {address}: no such host on this link; packets given up: {lost}",
    "lost",
  ),
  [LogEvent.ARP_CONFLICT]: event(
    "arp.conflict",
    "error",
    "address {address} on {interface} is also used by {mac}",
    "mac",
  ),
  [LogEvent.ARP_DEFENDED]: event(
    "arp.defended",
    "info",
    "{address} on {interface} is announced again, as ours",
  ),
  [LogEvent.ARP_PROBE]: event(
    "arp.probe",
    "debug",
    "does anybody have {address}? question {attempt} of {probes}",
    "attempt",
    "probes",
  ),
  [LogEvent.ARP_FREE]: event("arp.free", "debug", "nobody has {address}: it is free"),
  [LogEvent.ARP_TAKEN]: event(
    "arp.taken",
    "warning",
    "{address} cannot be ours: {mac} has it, or wants it",
    "mac",
  ),
  [LogEvent.ARP_ANNOUNCED]: event("arp.announced", "debug", "{address} is ours: all are told"),
  [LogEvent.ARP_DROP]: drop("arp"),
};

const NETWORK_EVENTS = {
  [LogEvent.IP_NO_ROUTE]: event(
    "ip.no-route",
    "info",
    "there is no way to {address}: {errno}",
    "errno",
  ),
  [LogEvent.IP_PATH_MTU]: event(
    "ip.path-mtu",
    "info",
    "the path to {address} carries no more than {mtuBytes} a packet",
    "mtuBytes",
  ),
  [LogEvent.IP_REDIRECTED]: event(
    "ip.redirected",
    "info",
    "{address} is reached by {gateway} from now on, a router says",
    "gateway",
  ),
  [LogEvent.IP_REASSEMBLY_TIMEOUT]: event(
    "ip.reassembly-timeout",
    "info",
    "fragments of a packet from {address} did not come; the first {haveBytes} did",
    "haveBytes",
  ),
  [LogEvent.IP_DROP]: drop("ip"),
  [LogEvent.ICMP_ECHO]: event(
    "icmp.echo",
    "debug",
    "pinged by {address}: id {id}, number {number}, {lenBytes}",
    "id",
    "number",
    "lenBytes",
  ),
  [LogEvent.ICMP_ERROR_RECEIVED]: event(
    "icmp.error-received",
    "info",
    "{address} says of {protocol} from us: {icmp}",
    "icmp",
    "protocol",
    "mtuBytes",
  ),
  [LogEvent.ICMP_ERROR_SENT]: event(
    "icmp.error-sent",
    "debug",
    "{address} is told: {icmp}",
    "icmp",
  ),
  [LogEvent.ICMP_RATE_LIMITED]: event(
    "icmp.rate-limited",
    "debug",
    "{address} is not told: {icmp}; too many errors in too short a time",
    "icmp",
  ),
  [LogEvent.ICMP_DROP]: drop("icmp"),
};

const UDP_EVENTS = {
  [LogEvent.UDP_NO_PORT]: event(
    "udp.no-port",
    "debug",
    "nobody has this port; a datagram of {lenBytes} is refused",
    "lenBytes",
  ),
  [LogEvent.UDP_ERROR]: event("udp.error", "info", "a datagram did not arrive: {errno}", "errno"),
  [LogEvent.UDP_DATAGRAM_RECEIVED]: event(
    "udp.received",
    "trace",
    "{lenBytes} received",
    "lenBytes",
  ),
  [LogEvent.UDP_DATAGRAM_SENT]: event("udp.sent", "trace", "{lenBytes} sent", "lenBytes"),
  [LogEvent.UDP_DROP]: drop("udp"),
};

/** How a connection comes about, and how it ends. */
const TCP_LIFE_EVENTS = {
  [LogEvent.TCP_LISTEN]: event("tcp.listen", "info", "listens; backlog {backlog}", "backlog"),
  [LogEvent.TCP_CONNECT]: event("tcp.connect", "info", "connecting: a SYN is sent"),
  [LogEvent.TCP_SYN_RECEIVED]: event("tcp.syn-received", "debug", "a SYN has come: SYN-RECEIVED"),
  [LogEvent.TCP_SYN_DROPPED]: event(
    "tcp.syn-dropped",
    "warning",
    "a SYN is dropped, because {waiting} connections wait: the program does not accept them",
    "waiting",
  ),
  [LogEvent.TCP_SYN_COOKIE]: event(
    "tcp.syn-cookie",
    "info",
    "the queue of half-open connections is full: a SYN is answered with a cookie",
  ),
  [LogEvent.TCP_ESTABLISHED]: event(
    "tcp.established",
    "info",
    "established: round trip {rttUs}, segments of {mssBytes}, the peer's window {windowBytes}",
    "rttUs",
    "mssBytes",
    "windowBytes",
  ),
  [LogEvent.TCP_STATE]: event(
    "tcp.state",
    "debug",
    "{fromState} becomes {toState}",
    "fromState",
    "toState",
  ),
  [LogEvent.TCP_RESET_SENT]: event(
    "tcp.reset-sent",
    "info",
    "a segment ({flags}) fits no connection and no listener here: answered by a reset",
    "flags",
  ),
  [LogEvent.TCP_ABORTED]: event(
    "tcp.aborted",
    "info",
    "the connection is cut off: {cause}",
    "cause",
    "errno",
  ),
  [LogEvent.TCP_FAILED]: event(
    "tcp.failed",
    "warning",
    "the connection has failed: {cause}; the program gets {errno}",
    "cause",
    "errno",
  ),
  [LogEvent.TCP_CLOSED]: event(
    "tcp.closed",
    "info",
    "over: {ackedBytes} delivered, {receivedBytes} received, segments sent again: {again}",
    "ackedBytes",
    "receivedBytes",
    "again",
  ),
};

/** What holds a connection up. */
const TCP_PATH_EVENTS = {
  [LogEvent.TCP_RETRANSMIT]: event(
    "tcp.retransmit",
    "debug",
    "sent again: {lenBytes} at {at}; segments sent again so far: {again}",
    "at",
    "lenBytes",
    "again",
  ),
  [LogEvent.TCP_TIMEOUT]: event(
    "tcp.timeout",
    "info",
    "no answer for {sinceUs}: timeout {attempt}; sent in vain: {unackedBytes}; next in {rtoUs}",
    "attempt",
    "sinceUs",
    "unackedBytes",
    "rtoUs",
  ),
  [LogEvent.TCP_LOSS_PROBE]: event(
    "tcp.loss-probe",
    "debug",
    "silence, and {unackedBytes} unacknowledged: a tail loss probe is sent",
    "unackedBytes",
  ),
  [LogEvent.TCP_RECOVERY]: event(
    "tcp.recovery",
    "debug",
    "fast recovery: {lostBytes} of {flightBytes} are lost; the window falls to {windowBytes}",
    "lostBytes",
    "flightBytes",
    "windowBytes",
  ),
  [LogEvent.TCP_RECOVERED]: event(
    "tcp.recovered",
    "debug",
    "recovery is over: window {windowBytes}",
    "windowBytes",
  ),
  [LogEvent.TCP_RECOVERY_UNDONE]: event(
    "tcp.recovery-undone",
    "debug",
    "nothing was lost, it was only late: window {windowBytes} again",
    "windowBytes",
  ),
  [LogEvent.TCP_PERSIST]: event(
    "tcp.persist",
    "info",
    "the peer takes no more: its window is {windowBytes}; still to send: {unsentBytes}; probing",
    "windowBytes",
    "unsentBytes",
  ),
  [LogEvent.TCP_WINDOW_PROBE]: event(
    "tcp.window-probe",
    "info",
    "window probe {attempt}; the next in {intervalUs}",
    "attempt",
    "intervalUs",
  ),
  [LogEvent.TCP_PEER_WINDOW_OPEN]: event(
    "tcp.peer-window-open",
    "info",
    "the peer's window is open again: {windowBytes}",
    "windowBytes",
  ),
  [LogEvent.TCP_OWN_WINDOW_CLOSED]: event(
    "tcp.own-window-closed",
    "info",
    "our window is closed: the program here has not read {unreadBytes}",
    "unreadBytes",
  ),
  [LogEvent.TCP_OWN_WINDOW_OPEN]: event(
    "tcp.own-window-open",
    "info",
    "our window is open again: {windowBytes}",
    "windowBytes",
  ),
  [LogEvent.TCP_KEEPALIVE]: event(
    "tcp.keepalive",
    "info",
    "nothing from the peer for {idleUs}: keepalive probe {attempt} of {probes}",
    "attempt",
    "probes",
    "idleUs",
  ),
  [LogEvent.TCP_MSS]: event("tcp.mss", "debug", "segments are of {mssBytes} now", "mssBytes"),
  [LogEvent.TCP_CHALLENGE]: event(
    "tcp.challenge",
    "debug",
    "a suspicious segment is answered by a challenge ACK",
  ),
  [LogEvent.TCP_ICMP_ERROR]: event(
    "tcp.icmp-error",
    "info",
    "ICMP: {errno}; the connection goes on, and fails with that if nothing is acknowledged",
    "errno",
  ),
};

/** Numbers count from each side's initial sequence number. */
const SEGMENT_FIELDS = ["flags", "at", "lenBytes", "ack", "windowBytes"];

const TCP_EVENTS = {
  ...TCP_LIFE_EVENTS,
  ...TCP_PATH_EVENTS,
  [LogEvent.TCP_SEGMENT_RECEIVED]: event(
    "tcp.received",
    "trace",
    "received: {flags} at {at}, {lenBytes}, ack {ack}, window {windowBytes}",
    ...SEGMENT_FIELDS,
  ),
  [LogEvent.TCP_SEGMENT_SENT]: event(
    "tcp.sent",
    "trace",
    "sent: {flags} at {at}, {lenBytes}, ack {ack}, window {windowBytes}",
    ...SEGMENT_FIELDS,
  ),
  [LogEvent.TCP_DROP]: drop("tcp"),
};

export const STACK_EVENTS: Readonly<Record<LogEvent, EventInfo>> = {
  ...LINK_EVENTS,
  ...NETWORK_EVENTS,
  ...UDP_EVENTS,
  ...TCP_EVENTS,
};
