/**
 * The MAC address of our end when it has one of its own: the same in every run for a given machine,
 * interface and address, so that the peers' neighbour tables stay right.
 *
 * @module
 */

const FNV_PRIME = 0x01000193;
const MACHINE_ID_FILES = ["/etc/machine-id", "/var/lib/dbus/machine-id"];

/** A locally administered unicast address (IEEE 802: bit 1 of the first byte set, bit 0 clear). */
export function ownMac(
  machineId: string,
  interfaceName: string,
  address: string,
): Uint8Array<ArrayBuffer> {
  const text = `${machineId}\0${interfaceName}\0${address}`;
  const mac = new Uint8Array(6);
  const dv = new DataView(mac.buffer);
  dv.setUint32(2, hash(text, 0));
  dv.setUint16(0, hash(text, 1) & 0xffff);
  mac[0] = (mac[0] & 0xfc) | 0x02;
  return mac;
}

/** What tells this machine from others with the same interface names; the host's name at worst. */
export function machineId(): string {
  for (const file of MACHINE_ID_FILES) {
    try {
      const id = Deno.readTextFileSync(file).trim();
      if (id !== "") return id;
    } catch {
      // Not on this system.
    }
  }
  return Deno.hostname();
}

/** An identifier of 128 bits as an IPv6 address has them; "": it is none. */
export function machineSecret(machineId: string): string {
  const isWhole = /^[0-9a-f]{32}$/.test(machineId);
  return isWhole ? machineId.match(/.{4}/g)!.join(":") : "";
}

/** FNV-1a with a final mix. */
function hash(text: string, seed: number): number {
  let h = 0x811c9dc5 ^ seed;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), FNV_PRIME);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
