/**
 * Tunables of ICMP, with Linux's defaults (`ip-sysctl`).
 *
 * @module
 */

export interface IcmpConfig {
  /** ip_default_ttl */
  readonly ttl: number;
  /** icmp_echo_ignore_all */
  readonly echoIgnoreAll: boolean;
  /** icmp_echo_ignore_broadcasts (RFC 1122 3.2.2.6 permits it; RFC 2644 says why) */
  readonly echoIgnoreBroadcasts: boolean;
  /** icmp_msgs_per_sec: errors to all destinations together. */
  readonly errorsPerSecond: number;
  /** icmp_msgs_burst */
  readonly errorBurst: number;
  /** 1000 / icmp_ratelimit: errors to one destination. */
  readonly hostErrorsPerSecond: number;
  /** Errors to one destination at once (Linux's XRLIM_BURST_FACTOR). */
  readonly hostErrorBurst: number;
}

export const DEFAULT_ICMP_CONFIG: IcmpConfig = {
  ttl: 64,
  echoIgnoreAll: false,
  echoIgnoreBroadcasts: true,
  errorsPerSecond: 1000,
  errorBurst: 50,
  hostErrorsPerSecond: 1,
  hostErrorBurst: 6,
};
