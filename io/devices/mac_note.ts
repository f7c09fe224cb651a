/**
 * Interfaces that a MAC address of nuse's own does not work on: what carries their frames accepts
 * only the address that it knows.
 *
 *     macvlan    delivers by MAC address; only in mode passthru it gets everything
 *     ipvlan     delivers by the IP addresses configured on it: nothing of nuse's, with any MAC
 *     Wi-Fi      an access point drops frames of stations that have not joined (IEEE 802.11 9.3)
 *
 * @module
 */

/** What is asked about an interface. */
export interface LinkIdentity {
  readonly name: string;
  readonly ifIndex: number;
  /** ethtool's name of the driver. */
  readonly driver: string;
}

/** A line for a person; null: nothing is known against it. `isOwn`: nuse has a MAC of its own. */
export function macNote(link: LinkIdentity, isOwn: boolean, sysfs = "/sys"): string | null {
  const { name, driver } = link;
  if (driver === "ipvlan") {
    return `${name} is an ipvlan, which hands on only packets for its own addresses: nuse will ` +
      "hear no answers (use NUSEVIF=TAP, or another interface)";
  }
  if (!isOwn) return null;
  if (driver === "macvlan") {
    return `${name} is a macvlan, which but in mode passthru hears only its own MAC address: ` +
      "nuse will hear no answers to one of its own (use mac=interface)";
  }
  if (isWireless(link, sysfs)) {
    return `${name} is Wi-Fi, where the access point takes frames only from its stations' MAC ` +
      "addresses: nuse will not get through with one of its own (use mac=interface)";
  }
  return null;
}

/** /sys may show another namespace's interfaces: only one with our number is ours. */
function isWireless({ name, ifIndex }: LinkIdentity, sysfs: string): boolean {
  const folder = `${sysfs}/class/net/${name}`;
  try {
    if (Number(Deno.readTextFileSync(`${folder}/ifindex`)) !== ifIndex) return false;
  } catch {
    return false;
  }
  return ["phy80211", "wireless"].some((entry) => exists(`${folder}/${entry}`));
}

function exists(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch {
    return false;
  }
}
