/**
 * Tunables of IGMP, with Linux's defaults (`ip-sysctl`).
 *
 * @module
 */

export interface IgmpConfig {
  /** igmp_qrv: how often a change is reported, until a querier says otherwise. */
  readonly robustness: number;
  /** conf/all/force_igmp_version: 1 or 2; with 0 and 3 the querier decides. */
  readonly forceVersion: number;
  /** igmp_link_local_mcast_reports: groups of 224.0.0.0/24 are reported, too. */
  readonly linkLocalReports: boolean;
}

export const DEFAULT_IGMP_CONFIG: IgmpConfig = {
  robustness: 2,
  forceVersion: 0,
  linkLocalReports: true,
};
