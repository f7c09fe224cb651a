/**
 * From a typed configuration to an open device. Whatever is wrong is thrown as SysError, in words
 * that say what to do, and leaves nothing behind.
 *
 * @module
 */
import { IFNAMSIZ } from "../../ffi/abi/interface.ts";
import { PACKET_MR_PROMISC } from "../../ffi/abi/packet.ts";
import type { Arena } from "../../ffi/arena.ts";
import { EINVAL, ENAMETOOLONG, errnoName, SysError } from "../../ffi/errno.ts";
import { libc } from "../../ffi/libc.ts";
import { LinkControl } from "../../ffi/link.ts";
import {
  type DeviceCaps,
  type IpAddress,
  LINK_LOCAL6_PREFIX_LEN,
  type Memory,
  sharedLinkLocalOf,
} from "../../stack/mod.ts";
import { DEFAULT_MTU, type DeviceConfig, type OpenedDevice, TAP_PREFIX } from "./base/device.ts";
import { type Features, usableFeatures } from "./base/features.ts";
import { parseVlanName } from "./base/vlan.ts";
import { frameFilter } from "./filter.ts";
import { attachGuard } from "./guard.ts";
import { chooseMac, inspect, type Link, membershipOf, sameBytes } from "./base/host_link.ts";
import { macNote } from "./mac_note.ts";
import type { openNetmap } from "./netmap/open.ts";
import { HELLO_WAIT_MS, PipeDevice } from "./pipe/pipe.ts";
import { RawDevice } from "./raw.ts";
import { TapDevice } from "./tap.ts";

/**
 * With its 14 bytes of Ethernet a frame must stay below the kernel's GSO_LEGACY_MAX_SIZE, 65,536.
 */
const GSO_MAX_BYTES = 65535 - 14;
/** Of TCP where the kernel takes longer packets: half a megabyte was slower again. */
const BIG_TCP_MAX_BYTES = 260_000;
/** Frames that may wait for us, instead of 500: what finds no room is dropped. */
const TAP_QUEUE_LEN = 4096;

/** NETMAP's code, which is loaded only for who asks for such a device. */
export type NetmapOpener = typeof openNetmap;

/**
 * Opens what `config` names. `arena` and `memory` are the same bytes. `netmap` may be null where
 * nothing is to be opened with it.
 */
export function openDevice(
  config: DeviceConfig,
  arena: Arena,
  memory: Memory,
  netmap: NetmapOpener | null = null,
): OpenedDevice {
  switch (config.kind) {
    case "RAW":
      return openRaw(config, arena, memory);
    case "TAP":
      return openTap(config, arena, memory);
    case "PIPE":
      return openPipe(config, arena, memory);
    case "NETMAP":
      if (netmap === null) throw new TypeError("NETMAP's code has not been loaded");
      return netmap(config, arena, memory);
  }
}

function openRaw(config: DeviceConfig, arena: Arena, memory: Memory): OpenedDevice {
  const vlan = exists(config.name) ? null : parseVlanName(config.name);
  const link = inspect(vlan?.below ?? config.name, "RAW");
  const mac = chooseMac(config, link);
  const isOwn = !sameBytes(mac, link.mac);
  const notes = addressNotes(config);
  const note = macNote(link, isOwn);
  if (note !== null) notes.push(note);
  if (!link.hasCarrier) notes.push(`interface ${link.name} has no carrier`);
  if (config.mtu !== undefined && config.mtu > link.mtu) {
    notes.push(
      `${link.name} takes an mtu of ${link.mtu}, not ${config.mtu}: ${link.mtu} is used ` +
        `(ip link set ${link.name} mtu ${config.mtu})`,
    );
  }
  const hasIpv6 = config.ipv6 ?? true;
  const linkLocal = { addr: sharedLinkLocalOf(mac), prefixLen: LINK_LOCAL6_PREFIX_LEN };
  const addresses = hasIpv6 ? [...config.addresses, linkLocal] : config.addresses;
  const features = config.features ?? usableFeatures();
  // What is tagged comes to no address of the host's, unless it has the VLAN itself.
  const guardFd = isOwn || vlan !== null
    ? -1
    : guard({ ...config, addresses }, link, features, notes);
  const membership = membershipOf(link.driver, isOwn);
  try {
    const device = new RawDevice(
      {
        name: config.name,
        ifIndex: link.ifIndex,
        mac,
        mtu: Math.min(config.mtu ?? link.mtu, link.mtu),
        caps: rawCaps(features),
        filter: frameFilter(mac, isOwn ? null : addresses, hasIpv6, vlan?.id),
        membership,
        ignoresOutgoing: features.has("ignore_outgoing"),
        guardFd,
        isAddressBound: !isOwn,
      },
      arena,
      memory,
    );
    return { device, notes, facts: membershipFacts(link.name, membership), vlanId: vlan?.id };
  } catch (error) {
    if (guardFd >= 0) libc().close(guardFd);
    throw error;
  }
}

function exists(name: string): boolean {
  const control = new LinkControl();
  try {
    return control.exists(name);
  } finally {
    control.close();
  }
}

/** What -v says about it. */
function membershipFacts(name: string, membership: number): string[] {
  if (membership !== PACKET_MR_PROMISC) return [];
  return [
    `${name} is in promiscuous mode, for a MAC address of nuse's own (not with mac=interface)`,
  ];
}

/** AF_PACKET finishes checksums and segments in software where the card cannot. */
function rawCaps(features: Features): DeviceCaps {
  return { csum: true, tso: true, uso: features.has("uso"), gsoMaxBytes: GSO_MAX_BYTES };
}

/** Addresses that the host has too: both ends would answer. */
function addressNotes(config: DeviceConfig): string[] {
  return config.addresses.filter(({ addr }) => isHostAddress(addr)).map(({ addr }) =>
    `${addr} is also an address of this host, whose kernel will answer too: choose another`
  );
}

function isHostAddress(addr: IpAddress): boolean {
  const text = addr.toString();
  return Deno.networkInterfaces().some((entry) => entry.address === text);
}

/**
 * Guards the addresses that are not the host's own: those it must keep. Returns the guard's
 * descriptor or -1, with a note when that matters.
 */
function guard(
  config: DeviceConfig,
  link: Link,
  features: Features,
  notes: string[],
): number {
  const guarded = config.addresses.map(({ addr }) => addr).filter((addr) => !isHostAddress(addr));
  if (guarded.length === 0) return -1;
  const fd = features.has("tcx") ? attachGuard(link.ifIndex, guarded) : -EINVAL;
  if (fd >= 0) return fd;
  if (isForwarding(link.name)) {
    notes.push(
      `this host forwards packets, also those to ${guarded.join(", ")}, and the kernel cannot be ` +
        `kept from it: ${errnoName(fd)} (needs Linux 6.6; use a MAC of nuse's own, or ` +
        `sysctl -w net.ipv4.conf.${link.name}.forwarding=0)`,
    );
  }
  return -1;
}

function isForwarding(name: string): boolean {
  try {
    return Deno.readTextFileSync(`/proc/sys/net/ipv4/conf/${name}/forwarding`).trim() === "1";
  } catch {
    return false;
  }
}

function openTap(config: DeviceConfig, arena: Arena, memory: Memory): OpenedDevice {
  const name = config.hostName ?? TAP_PREFIX + config.name;
  if (new TextEncoder().encode(name).length >= IFNAMSIZ) {
    const room = IFNAMSIZ - 1 - TAP_PREFIX.length;
    throw new SysError("TUNSETIFF", ENAMETOOLONG, `cannot make the interface ${name}`, {
      path: name,
      advice: `with NUSEVIF=TAP the name in NUSEDEV has at most ${room} bytes`,
    });
  }
  const mac = chooseMac(config, null);
  const mtu = config.mtu ?? DEFAULT_MTU;
  const features = config.features ?? usableFeatures();
  const to = config.hostAddress?.addr;
  const takesLong = features.has("big_tcp") && to !== undefined && to.family === 4;
  const long = takesLong ? { to, maxBytes: BIG_TCP_MAX_BYTES } : undefined;
  const hasUso = features.has("uso");
  const options = { name, mac, mtu, gsoMaxBytes: GSO_MAX_BYTES, long, hasUso };
  const device = new TapDevice(options, arena, memory);
  try {
    setUpHostEnd(config, name, mtu);
  } catch (error) {
    device.close();
    throw error;
  }
  return { device, notes: addressNotes(config) };
}

function openPipe(config: DeviceConfig, arena: Arena, memory: Memory): OpenedDevice {
  const options = {
    name: config.name,
    path: config.pipePath!,
    mac: chooseMac(config, null),
    mtu: config.mtu ?? DEFAULT_MTU,
    gsoMaxBytes: GSO_MAX_BYTES,
    helloWaitMs: HELLO_WAIT_MS,
  };
  return { device: new PipeDevice(options, arena, memory), notes: [] };
}

function setUpHostEnd(config: DeviceConfig, name: string, mtu: number): void {
  const control = new LinkControl();
  try {
    control.setMtu(name, mtu);
    control.setQueueLen(name, TAP_QUEUE_LEN);
    const host = config.hostAddress;
    if (host !== undefined) {
      const bytes = new Uint8Array(4);
      host.addr.writeTo(bytes, 0);
      control.setAddress(name, bytes, host.prefixLen);
    }
    const host6 = config.hostAddress6;
    if (host6 !== undefined) {
      takeAddressesAtOnce(name);
      const bytes = new Uint8Array(16);
      host6.addr.writeTo(bytes, 0);
      control.setAddress6(name, bytes, host6.prefixLen);
    }
    if (config.bridge !== undefined) control.addToBridge(config.bridge, name);
    control.setUp(name);
  } finally {
    control.close();
  }
}

/**
 * The kernel would ask first whether anybody has its IPv6 address, and not answer for it meanwhile:
 * at the other end there is nobody but us.
 */
function takeAddressesAtOnce(name: string): void {
  try {
    Deno.writeTextFileSync(`/proc/sys/net/ipv6/conf/${name}/accept_dad`, "0");
  } catch {
    // It asks, then, for a second or two.
  }
}
