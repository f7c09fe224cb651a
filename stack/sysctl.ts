/**
 * What of a stack can be tuned, by the names that Linux has for it (sysctl, `ip-sysctl`). A field
 * of the configuration without a row has no sysctl on Linux either.
 *
 * @module
 */
import type { StackConfigOverrides } from "./config.ts";
import {
  BYTE,
  BYTES,
  COUNT,
  flag,
  icmpRateLimit,
  merge,
  MILLISECONDS,
  number,
  numberPair,
  orphanRetries,
  PORT,
  SECONDS,
  type Sysctl,
  tcpBuffer,
  word,
} from "./sysctl_row.ts";
import { IPV6_SYSCTLS } from "./sysctl6.ts";

export type { Sysctl } from "./sysctl_row.ts";

const CORE: readonly Sysctl[] = [
  number(
    "net.core.rmem_default",
    BYTES,
    "receive buffer of a socket that is not TCP's",
    "socket.receiveBufferBytes",
  ),
  number(
    "net.core.rmem_max",
    BYTES,
    "the most that SO_RCVBUF gives",
    "socket.receiveBufferMaxBytes",
  ),
  number(
    "net.core.wmem_default",
    BYTES,
    "send buffer of a socket that is not TCP's",
    "socket.sendBufferBytes",
  ),
  number("net.core.wmem_max", BYTES, "the most that SO_SNDBUF gives", "socket.sendBufferMaxBytes"),
  number(
    "net.core.somaxconn",
    { min: 0, max: 65535 },
    "the most that listen() queues",
    "tcp.somaxconn",
  ),
];

const IP: readonly Sysctl[] = [
  flag("net.ipv4.ip_forward", "packets for others go on, as in a router", "ip.forward"),
  flag(
    "net.ipv4.conf.all.send_redirects",
    "a router tells hosts of a better one on their link",
    "ip.sendRedirects",
  ),
  flag(
    "net.ipv4.conf.all.accept_redirects",
    "a host follows what routers tell of better ones; a router never does",
    "ip.acceptRedirects",
  ),
  flag(
    "net.ipv4.conf.all.shared_media",
    "redirects go between the subnets of a link, too (RFC 1620)",
    "ip.sharedMedia",
  ),
  flag(
    "net.ipv4.conf.all.secure_redirects",
    "where they do not, only to gateways of a default route",
    "ip.secureRedirects",
  ),
  number(
    "net.ipv4.route.gc_timeout",
    SECONDS,
    "how long a redirect is followed",
    "ip.redirectExpiryUs",
  ),
  number(
    "net.ipv4.ip_default_ttl",
    { min: 1, max: 255 },
    "TTL of what is sent",
    "ip.defaultTtl",
    "tcp.ttl",
    "icmp.ttl",
  ),
  numberPair("net.ipv4.ip_local_port_range", PORT, "ports that are given out, first and last", [
    ["tcp.portMin", "udp.portMin"],
    ["tcp.portMax", "udp.portMax"],
  ]),
  number(
    "net.ipv4.route.min_pmtu",
    { min: 68, max: 65535, unit: "bytes" },
    "least path MTU",
    "ip.minPmtu",
  ),
  number(
    "net.ipv4.route.mtu_expires",
    SECONDS,
    "how long a path MTU is remembered",
    "ip.pmtuExpiryUs",
  ),
  number(
    "net.ipv4.ipfrag_high_thresh",
    BYTES,
    "of fragments at most; then the oldest go",
    "ip.fragmentHighBytes",
  ),
  number("net.ipv4.ipfrag_low_thresh", BYTES, "of fragments that then stay", "ip.fragmentLowBytes"),
  number(
    "net.ipv4.ipfrag_time",
    SECONDS,
    "how long fragments wait for the rest",
    "ip.fragmentTimeoutUs",
  ),
  number(
    "net.ipv4.igmp_max_memberships",
    COUNT,
    "multicast groups of a socket",
    "socket.maxMemberships",
  ),
  number("net.ipv4.igmp_max_msf", COUNT, "sources in the filter of a group", "socket.maxSources"),
  number(
    "net.ipv4.igmp_qrv",
    { min: 1, max: 255 },
    "reports of a change of groups, until a querier says how many",
    "igmp.robustness",
  ),
  number(
    "net.ipv4.conf.all.force_igmp_version",
    { min: 0, max: 3 },
    "1, 2: that version of IGMP; 0, 3: the querier's",
    "igmp.forceVersion",
  ),
  flag(
    "net.ipv4.igmp_link_local_mcast_reports",
    "groups of 224.0.0.0/24 are reported, too",
    "igmp.linkLocalReports",
  ),
  flag("net.ipv4.icmp_echo_ignore_all", "no ping is answered", "icmp.echoIgnoreAll"),
  flag(
    "net.ipv4.icmp_echo_ignore_broadcasts",
    "no ping to a broadcast address is answered",
    "icmp.echoIgnoreBroadcasts",
  ),
  icmpRateLimit(),
  number(
    "net.ipv4.icmp_msgs_per_sec",
    COUNT,
    "ICMP errors to all destinations together",
    "icmp.errorsPerSecond",
  ),
  number("net.ipv4.icmp_msgs_burst", COUNT, "of them at once", "icmp.errorBurst"),
];

const NEIGHBOUR: readonly Sysctl[] = [
  number(
    "net.ipv4.neigh.default.retrans_time_ms",
    MILLISECONDS,
    "between two ARP requests",
    "neighbour.retransUs",
  ),
  number(
    "net.ipv4.neigh.default.mcast_solicit",
    { min: 1, max: 255 },
    "broadcast requests before giving up",
    "neighbour.broadcastProbes",
  ),
  number(
    "net.ipv4.neigh.default.ucast_solicit",
    { min: 1, max: 255 },
    "requests to a known neighbour",
    "neighbour.unicastProbes",
  ),
  number(
    "net.ipv4.neigh.default.base_reachable_time_ms",
    MILLISECONDS,
    "a neighbour that answered is believed, 0.5 to 1.5 times this long",
    "neighbour.baseReachableUs",
  ),
  number(
    "net.ipv4.neigh.default.delay_first_probe_time",
    SECONDS,
    "before it is asked again",
    "neighbour.delayFirstProbeUs",
  ),
  number(
    "net.ipv4.neigh.default.gc_stale_time",
    SECONDS,
    "an unused entry may go after this",
    "neighbour.gcStaleUs",
  ),
  number(
    "net.ipv4.neigh.default.gc_thresh3",
    { min: 1, max: 2 ** 20 },
    "entries at most",
    "neighbour.maxEntries",
  ),
  number(
    "net.ipv4.neigh.default.unres_qlen_bytes",
    BYTES,
    "that wait for a neighbour",
    "neighbour.queueBytes",
  ),
  number(
    "net.ipv4.neigh.default.unres_qlen",
    { min: 1, max: 2 ** 20 },
    "packets of them",
    "neighbour.queuePackets",
  ),
];

/** The same as those of the stack; a test holds it. */
export const CONGESTION_CONTROLS = ["cubic", "reno", "bbr"];

const TCP: readonly Sysctl[] = [
  word(
    "net.ipv4.tcp_congestion_control",
    CONGESTION_CONTROLS,
    "of new connections",
    "tcp.congestion",
  ),
  tcpBuffer("net.ipv4.tcp_rmem", "receive buffer", "tcp.rcvBufInitBytes", "tcp.rcvBufMaxBytes"),
  tcpBuffer("net.ipv4.tcp_wmem", "send buffer", "tcp.sndBufInitBytes", "tcp.sndBufMaxBytes"),
  number(
    "net.ipv4.tcp_notsent_lowat",
    { min: 0, max: 0xffffffff, unit: "bytes" },
    "unsent at which a program is to wait",
    "tcp.notsentLowatBytes",
  ),
  flag("net.ipv4.tcp_timestamps", "timestamps option (RFC 7323)", "tcp.timestamps"),
  flag("net.ipv4.tcp_sack", "selective acknowledgments (RFC 2018)", "tcp.sack"),
  flag("net.ipv4.tcp_window_scaling", "window scale option (RFC 7323)", "tcp.windowScaling"),
  number(
    "net.ipv4.tcp_ecn",
    { min: 0, max: 2 },
    "0: never; 1: asked for; 2: if the peer asks",
    "tcp.ecn",
  ),
  flag("net.ipv4.tcp_ecn_fallback", "a SYN that is lost goes again without ECN", "tcp.ecnFallback"),
  number(
    "net.ipv4.tcp_fastopen",
    { min: 0, max: 2 ** 31 - 1 },
    "1 client, 2 server; no cookies: 4, 0x200; every listener: 0x400",
    "tcp.fastOpen",
  ),
  number(
    "net.ipv4.tcp_fastopen_blackhole_timeout_sec",
    { ...SECONDS, min: 0 },
    "a client's pause after signs of trouble; 0: none",
    "tcp.fastOpenBlackholeUs",
  ),
  flag(
    "net.ipv4.tcp_mtu_probing",
    "finds black holes of path MTU discovery (RFC 4821)",
    "tcp.mtuProbing",
  ),
  number(
    "net.ipv4.tcp_probe_interval",
    SECONDS,
    "before a greater MTU is tried again",
    "tcp.mtuProbeIntervalUs",
  ),
  number(
    "net.ipv4.tcp_min_snd_mss",
    { min: 48, max: 65535, unit: "bytes" },
    "least segment sent",
    "tcp.minSmss",
  ),
];

const TCP_LIMITS: readonly Sysctl[] = [
  number(
    "net.ipv4.tcp_rto_min_us",
    { min: 1, max: 120e6, unit: "µs" },
    "least retransmission timeout",
    "tcp.rtoMinUs",
  ),
  number(
    "net.ipv4.tcp_rto_max_ms",
    { ...MILLISECONDS, min: 1000, max: 120_000 },
    "greatest retransmission timeout",
    "tcp.rtoMaxUs",
  ),
  number("net.ipv4.tcp_syn_retries", { min: 1, max: 127 }, "of a SYN", "tcp.synRetries"),
  number("net.ipv4.tcp_synack_retries", BYTE, "of a SYN-ACK", "tcp.synAckRetries"),
  number(
    "net.ipv4.tcp_retries2",
    BYTE,
    "of data, before the connection is given up",
    "tcp.retries2",
  ),
  orphanRetries(),
  number(
    "net.ipv4.tcp_fin_timeout",
    SECONDS,
    "a closed connection waits in FIN-WAIT-2",
    "tcp.finWait2Us",
  ),
  number(
    "net.ipv4.tcp_max_tw_buckets",
    COUNT,
    "connections in TIME-WAIT at most",
    "tcp.timeWaitMax",
  ),
  number(
    "net.ipv4.tcp_max_orphans",
    COUNT,
    "closed connections with data left, at most",
    "tcp.orphanMax",
  ),
  number(
    "net.ipv4.tcp_keepalive_time",
    SECONDS,
    "of silence before the first keepalive probe",
    "tcp.keepIdleUs",
  ),
  number("net.ipv4.tcp_keepalive_intvl", SECONDS, "between two of them", "tcp.keepIntervalUs"),
  number(
    "net.ipv4.tcp_keepalive_probes",
    { min: 1, max: 255 },
    "without an answer: the end",
    "tcp.keepCount",
  ),
  number(
    "net.ipv4.tcp_max_syn_backlog",
    { min: 1, max: 2 ** 20 },
    "half-open connections",
    "tcp.synBacklogMax",
  ),
  number(
    "net.ipv4.tcp_syncookies",
    { min: 0, max: 2 },
    "0: never; 1: when the queue of SYNs is full; 2: always",
    "tcp.synCookies",
  ),
  number(
    "net.ipv4.tcp_challenge_ack_limit",
    { min: 1, max: 2 ** 31 - 1 },
    "challenge ACKs a second",
    "tcp.challengeAckPerSecond",
  ),
  number(
    "net.ipv4.tcp_invalid_ratelimit",
    { ...MILLISECONDS, min: 0 },
    "between two answers to segments of one connection that do not fit",
    "tcp.invalidAckIntervalUs",
  ),
];

/** By layer. */
export const SYSCTLS: readonly Sysctl[] = [
  ...CORE,
  ...IPV6_SYSCTLS,
  ...IP,
  ...NEIGHBOUR,
  ...TCP,
  ...TCP_LIMITS,
];

export function sysctlNamed(name: string): Sysctl | null {
  return SYSCTLS.find((row) => row.name === name) ?? null;
}

/** All of `settings`, name → value, as one. What is not a value of its row changes nothing. */
export function overridesOf(settings: Readonly<Record<string, string>>): StackConfigOverrides {
  const all = Object.entries(settings).map(([name, text]) => sysctlNamed(name)?.parse(text) ?? {});
  return merge(all);
}
