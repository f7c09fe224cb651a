/**
 * A multicast group that a socket has joined on an interface, and whom it hears there: a source
 * filter (RFC 3376 section 2, RFC 3678). Addresses are numbers: int32, or those that
 * address_numbers.ts gives to IPv6's.
 *
 * @module
 */

export interface SourceFilter {
  /** The listed sources are heard, and only those (INCLUDE); else all but those (EXCLUDE). */
  readonly isInclude: boolean;
  /** None twice. */
  readonly sources: readonly number[];
}

export interface GroupMembership extends SourceFilter {
  readonly group: number;
  readonly ifIndex: number;
  isInclude: boolean;
  sources: readonly number[];
}

/**
 * Whether a socket with these memberships hears what `source` sends to `group` by an interface;
 * `hearsAll`: also groups that others have joined (IP_MULTICAST_ALL).
 */
export function hearsGroup(
  memberships: readonly GroupMembership[],
  hearsAll: boolean,
  group: number,
  ifIndex: number,
  source: number,
): boolean {
  for (const m of memberships) {
    if (m.group === group && m.ifIndex === ifIndex) {
      return m.isInclude === m.sources.includes(source);
    }
  }
  return hearsAll;
}
