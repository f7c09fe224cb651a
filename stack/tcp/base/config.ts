/**
 * What can be configured of TCP. The defaults are Linux's, the sysctl that each stands for is
 * named; but send buffers start at 128 KiB, Fast Open is on for servers and MTU probing is on, and
 * challenge ACKs are limited (Linux since 6.1: not). Times are microseconds, sizes bytes.
 *
 * @module
 */

export interface TcpConfig {
  /** tcp_congestion_control: name of the default algorithm. */
  congestion: string;
  /** tcp_rmem[1], tcp_rmem[2]: receive buffer at start and at most (auto-tuning). */
  rcvBufInitBytes: number;
  rcvBufMaxBytes: number;
  /** tcp_wmem[1], tcp_wmem[2]: send buffer at start and at most (auto-tuning). */
  sndBufInitBytes: number;
  sndBufMaxBytes: number;
  /** tcp_notsent_lowat: unsent bytes at which the program is to wait; NO_LOWAT: none. */
  notsentLowatBytes: number;
  /** RFC 6928: initial window, segments. */
  initialCwndSegments: number;
  /** Effective MSS never goes below (an attacker's MSS or PMTU): Linux tcp_min_snd_mss. */
  minSmss: number;
  /** MSS assumed when the peer sent none (RFC 9293 3.7.1). */
  defaultSmss: number;
  /** tcp_timestamps, tcp_sack, tcp_window_scaling. */
  timestamps: boolean;
  sack: boolean;
  windowScaling: boolean;
  /** RFC 6298 (2.1), (2.4), (2.5); Linux's minimum is 200 ms. */
  rtoInitUs: number;
  rtoMinUs: number;
  rtoMaxUs: number;
  /** Delayed ACK: Linux's minimum 40 ms. */
  delayedAckUs: number;
  /** Segments that are acknowledged at once at the start of a connection (quick ACK). */
  quickAckSegments: number;
  /** tcp_syn_retries, tcp_synack_retries, tcp_retries2, tcp_orphan_retries (0 means 8). */
  synRetries: number;
  synAckRetries: number;
  retries2: number;
  orphanRetries: number;
  /** tcp_fin_timeout and the 2 MSL of TIME-WAIT. */
  finWait2Us: number;
  timeWaitUs: number;
  /** tcp_max_tw_buckets, tcp_max_orphans. */
  timeWaitMax: number;
  orphanMax: number;
  /** tcp_keepalive_time, tcp_keepalive_intvl, tcp_keepalive_probes. */
  keepIdleUs: number;
  keepIntervalUs: number;
  keepCount: number;
  /** net.core.somaxconn, tcp_max_syn_backlog. */
  somaxconn: number;
  synBacklogMax: number;
  /** tcp_syncookies: 0 never, 1 when the SYN queue is full, 2 always. */
  synCookies: number;
  /** tcp_ecn: 0 never, 1 ask for it and accept it, 2 accept it. tcp_ecn_fallback. */
  ecn: number;
  ecnFallback: boolean;
  /**
   * tcp_fastopen, bits: 1 as client, 2 as server, both by a socket option; 4 as client without
   * cookies; 0x200 as server without cookies; 0x400 for every listener.
   */
  fastOpen: number;
  /** tcp_fastopen_blackhole_timeout_sec: a client's first pause after signs of trouble; 0: none. */
  fastOpenBlackholeUs: number;
  /** tcp_mtu_probing: black holes are detected (1). tcp_probe_interval. */
  mtuProbing: boolean;
  mtuProbeIntervalUs: number;
  /** tcp_challenge_ack_limit (a second), tcp_invalid_ratelimit. */
  challengeAckPerSecond: number;
  invalidAckIntervalUs: number;
  /** Out-of-order intervals kept for one connection. */
  assemblerIntervalMax: number;
  /** ip_local_port_range. */
  portMin: number;
  portMax: number;
  /** net.ipv4.ip_default_ttl. */
  ttl: number;
}

/** Linux's UINT_MAX: any number of bytes may be unsent. */
export const NO_LOWAT = 0xffffffff;

/** Linux's TCP_DELACK_MAX. */
export const DELACK_MAX_US = 200_000;

/** Microseconds in a second. */
export const SECOND_US = 1_000_000;

export const DEFAULT_TCP_CONFIG: Readonly<TcpConfig> = {
  congestion: "cubic",
  rcvBufInitBytes: 128 * 1024,
  rcvBufMaxBytes: 6 * 1024 * 1024,
  sndBufInitBytes: 128 * 1024,
  sndBufMaxBytes: 4 * 1024 * 1024,
  notsentLowatBytes: NO_LOWAT,
  initialCwndSegments: 10,
  minSmss: 48,
  defaultSmss: 536,
  timestamps: true,
  sack: true,
  windowScaling: true,
  rtoInitUs: 1 * SECOND_US,
  rtoMinUs: 200_000,
  rtoMaxUs: 120 * SECOND_US,
  delayedAckUs: 40_000,
  quickAckSegments: 16,
  synRetries: 6,
  synAckRetries: 5,
  retries2: 15,
  orphanRetries: 8,
  finWait2Us: 60 * SECOND_US,
  timeWaitUs: 60 * SECOND_US,
  timeWaitMax: 16384,
  orphanMax: 4096,
  keepIdleUs: 7200 * SECOND_US,
  keepIntervalUs: 75 * SECOND_US,
  keepCount: 9,
  somaxconn: 4096,
  synBacklogMax: 1024,
  synCookies: 1,
  ecn: 2,
  ecnFallback: true,
  fastOpen: 3,
  fastOpenBlackholeUs: 0,
  mtuProbing: true,
  mtuProbeIntervalUs: 600 * SECOND_US,
  challengeAckPerSecond: 1000,
  invalidAckIntervalUs: 500_000,
  assemblerIntervalMax: 1024,
  portMin: 32768,
  portMax: 60999,
  ttl: 64,
};
