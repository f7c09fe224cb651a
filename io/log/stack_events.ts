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

const TCP_EVENTS = {
  [LogEvent.TCP_DROP]: drop("tcp"),
};

export const STACK_EVENTS: Readonly<Record<LogEvent, EventInfo>> = {
  ...LINK_EVENTS,
  ...NETWORK_EVENTS,
  ...UDP_EVENTS,
  ...TCP_EVENTS,
};
