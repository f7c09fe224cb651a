/**
 * Tunables of UDP, with Linux's defaults.
 *
 * @module
 */

export interface UdpConfig {
  /** ip_local_port_range */
  readonly portMin: number;
  readonly portMax: number;
  /** Datagrams in one frame for the device to cut (Linux's UDP_MAX_SEGMENTS). */
  readonly maxSegments: number;
}

export const DEFAULT_UDP_CONFIG: UdpConfig = {
  portMin: 32768,
  portMax: 60999,
  maxSegments: 64,
};
