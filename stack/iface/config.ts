/**
 * Tunables of the network layer, with Linux's defaults (`ip-sysctl`) where it has them: the names
 * there are given beside such a field.
 *
 * @module
 */

export interface IpConfig {
  /** conf/all/disable_ipv6: IPv6 is not spoken at all. */
  readonly disableIpv6: boolean;
  /** ip_forward: packets for others go on to where the routing table says. */
  readonly forward: boolean;
  /** net.ipv6.conf.all.forwarding: the same for IPv6, where redirects are always sent. */
  readonly forward6: boolean;
  /** conf/all/send_redirects: a router tells hosts of better ones ... */
  readonly sendRedirects: boolean;
  /** conf/all/accept_redirects: ... and a host follows; off here, on a host of Linux's on. */
  readonly acceptRedirects: boolean;
  /** net.ipv6.conf.all.accept_redirects: the same for IPv6. */
  readonly acceptRedirects6: boolean;
  /** conf/all/shared_media: also across the subnets of a link (RFC 1620); else ... */
  readonly sharedMedia: boolean;
  /** conf/all/secure_redirects: ... only to gateways that the table has for all destinations. */
  readonly secureRedirects: boolean;
  /** route/gc_timeout: how long a redirect is followed. */
  readonly redirectExpiryUs: number;
  /** ip_default_ttl */
  readonly defaultTtl: number;
  /** route/min_pmtu: an ICMP that claims less is taken as this much. */
  readonly minPmtu: number;
  /** route/mtu_expires */
  readonly pmtuExpiryUs: number;
  /** ipfrag_high_thresh: incomplete datagrams are evicted, oldest first, above this ... */
  readonly fragmentHighBytes: number;
  /** ipfrag_low_thresh: ... until they are below this. */
  readonly fragmentLowBytes: number;
  /** ipfrag_time */
  readonly fragmentTimeoutUs: number;
  /** conf/default/addr_gen_mode: how addresses are formed; 2 without a secret is as 0. */
  readonly addrGenMode: number;
  /** conf/default/stable_secret: 128 bits as an IPv6 address; "": the machine's, if any. */
  readonly stableSecret: string;
  /** conf/default/use_tempaddr: 0: no temporary addresses; 1: made; 2: and preferred. */
  readonly useTempaddr: number;
  /** conf/default/temp_valid_lft, temp_prefered_lft: their lifetimes at most. */
  readonly tempValidUs: number;
  readonly tempPreferredUs: number;
  /** Destinations remembered (a bound, not a tunable of Linux). */
  readonly routeCacheEntries: number;
  /** Rows of every interface's transmit queue. */
  readonly txRows: number;
  /** Frames that may wait between the loopback's two ends; more are dropped. */
  readonly loopbackFrames: number;
  /** Bytes of them. */
  readonly loopbackBytes: number;
}

export interface NeighbourConfig {
  /** retrans_time_ms */
  readonly retransUs: number;
  /** mcast_solicit: broadcast requests before giving up. */
  readonly broadcastProbes: number;
  /** ucast_solicit: unicast requests in PROBE. */
  readonly unicastProbes: number;
  /** base_reachable_time_ms; each neighbour gets 0.5 to 1.5 of it. */
  readonly baseReachableUs: number;
  /** delay_first_probe_time */
  readonly delayFirstProbeUs: number;
  /** gc_stale_time: unused entries older than this go first. */
  readonly gcStaleUs: number;
  /** gc_thresh3: never more entries than this. */
  readonly maxEntries: number;
  /** unres_qlen_bytes */
  readonly queueBytes: number;
  /** unres_qlen */
  readonly queuePackets: number;
}

export const DEFAULT_IP_CONFIG: IpConfig = {
  disableIpv6: false,
  forward: false,
  forward6: false,
  sendRedirects: true,
  acceptRedirects: false,
  acceptRedirects6: false,
  sharedMedia: true,
  secureRedirects: true,
  redirectExpiryUs: 300e6,
  defaultTtl: 64,
  minPmtu: 552,
  pmtuExpiryUs: 600e6,
  fragmentHighBytes: 4 << 20,
  fragmentLowBytes: 3 << 20,
  fragmentTimeoutUs: 30e6,
  addrGenMode: 2, // RFC 8064
  stableSecret: "",
  useTempaddr: 0,
  tempValidUs: 172_800e6, // RFC 8981 3.8; Linux's is a week
  tempPreferredUs: 86_400e6,
  routeCacheEntries: 4096,
  txRows: 256,
  loopbackFrames: 4096,
  loopbackBytes: 32 << 20,
};

export const DEFAULT_NEIGHBOUR_CONFIG: NeighbourConfig = {
  retransUs: 1e6,
  broadcastProbes: 3,
  unicastProbes: 3,
  baseReachableUs: 30e6,
  delayFirstProbeUs: 5e6,
  gcStaleUs: 60e6,
  maxEntries: 1024,
  queueBytes: 212_992,
  queuePackets: 101,
};
