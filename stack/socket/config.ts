/**
 * Tunables of sockets (`net.core`), with Linux's defaults.
 *
 * @module
 */

export interface SocketConfig {
  /** rmem_default, rmem_max */
  readonly receiveBufferBytes: number;
  readonly receiveBufferMaxBytes: number;
  /** wmem_default, wmem_max */
  readonly sendBufferBytes: number;
  readonly sendBufferMaxBytes: number;
  /** igmp_max_memberships */
  readonly maxMemberships: number;
  /** igmp_max_msf: sources in the filter of one group */
  readonly maxSources: number;
  /** Entries of an error queue (IP_RECVERR); further errors are dropped. */
  readonly maxQueuedErrors: number;
}

export const DEFAULT_SOCKET_CONFIG: SocketConfig = {
  receiveBufferBytes: 212_992,
  receiveBufferMaxBytes: 4 << 20,
  sendBufferBytes: 212_992,
  sendBufferMaxBytes: 4 << 20,
  maxMemberships: 20,
  maxSources: 10,
  maxQueuedErrors: 256,
};
