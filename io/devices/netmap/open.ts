/**
 * From a configuration to an open netmap port: its name, the interface under it if there is one,
 * and what the person should know.
 *
 * @module
 */
import { AF_PACKET, SOCK_CLOEXEC, SOCK_RAW } from "../../../ffi/abi/socket.ts";
import type { Arena } from "../../../ffi/arena.ts";
import { check, EINVAL, SysError } from "../../../ffi/errno.ts";
import { libc } from "../../../ffi/libc.ts";
import { LinkControl } from "../../../ffi/link.ts";
import { HostNetmap, type NetmapKernel } from "../../../ffi/netmap.ts";
import type { Memory } from "../../../stack/mod.ts";
import { DEFAULT_MTU, type DeviceConfig, type OpenedDevice } from "../base/device.ts";
import { chooseMac, inspect, join, type Link, membershipOf, sameBytes } from "../base/host_link.ts";
import { NetmapDevice, oneBufferMtu } from "./device.ts";
import { NetmapPort } from "./port.ts";
import { parsePortName, type PortName } from "./port_name.ts";
import { keepQdisc, qdiscBefore } from "./qdisc.ts";
import { openNetmapDevice } from "./registration.ts";

/** A native driver resets its link when it is registered. */
const CARRIER_WAIT_MS = 5000;
const CARRIER_STEP_MS = 20;
const MODULE = "/sys/module/netmap";

/** Opens the port. `arena` and `memory` are the same bytes. Throws SysError. */
export function openNetmap(
  config: DeviceConfig,
  arena: Arena,
  memory: Memory,
  kernel: NetmapKernel = new HostNetmap(),
): OpenedDevice {
  const name = parsePortName(config.hostName ?? config.name);
  if (typeof name === "string") throw new SysError("NIOCCTRL", EINVAL, `NETMAP: ${name}`);
  const fd = openNetmapDevice(kernel);
  let membershipFd = -1;
  let port: NetmapPort | null = null;
  try {
    const link = name.kind === "interface" ? inspect(name.name, "NETMAP") : null;
    const mac = chooseMac(config, link);
    if (link !== null) membershipFd = joinInterface(link, mac);
    const generic = link !== null && !isNative(link.driver) ? link.name : null;
    const qdisc = generic === null ? null : qdiscBefore(generic);
    port = new NetmapPort(kernel, fd, name, arena, memory);
    const note = generic === null ? null : keepQdisc(generic, qdisc);
    const mtu = chooseMtu(config, link, port);
    const device = new NetmapDevice({ name: name.name, mac, mtu, membershipFd }, port, memory);
    const { notes, facts } = remarks(name, link, port, mtu);
    return { device, notes: note === null ? notes : [...notes, note], facts };
  } catch (error) {
    if (membershipFd >= 0) libc().close(membershipFd);
    if (port === null) kernel.close(fd);
    else port.close();
    throw error;
  }
}

/** Has the card give us the frames to our MAC; returns a descriptor to keep, or -1. */
function joinInterface(link: Link, mac: Uint8Array): number {
  const membership = membershipOf(link.driver, !sameBytes(mac, link.mac));
  if (membership === 0) return -1;
  // Protocol 0: a socket that hears nothing.
  const fd = libc().socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
  const doing = `cannot have ${link.name} listen for us`;
  check(fd, "socket", doing, { path: link.name, advice: "run with sudo, or give CAP_NET_RAW" });
  const joined = join(fd, link.ifIndex, membership);
  if (joined < 0) libc().close(fd);
  check(joined, "PACKET_ADD_MEMBERSHIP", doing, { path: link.name });
  return fd;
}

/** An interface gets no frame in pieces: netmap's generic mode and many drivers take none. */
function chooseMtu(config: DeviceConfig, link: Link | null, port: NetmapPort): number {
  if (link === null) return config.mtu ?? DEFAULT_MTU;
  return Math.min(config.mtu ?? link.mtu, link.mtu, oneBufferMtu(port));
}

function remarks(
  { name }: PortName,
  link: Link | null,
  port: NetmapPort,
  mtu: number,
): { notes: string[]; facts: string[] } {
  const notes: string[] = [];
  const { txRings, rxRings, registration } = port;
  const facts = [
    `${name}: ${txRings.length} TX and ${rxRings.length} RX rings of ${txRings[0].slotCount} and ` +
    `${rxRings[0].slotCount} slots, virtio-net headers of ${registration.vnetLen} bytes` +
    (registration.isLegacy ? ", by NIOCREGIF" : ""),
  ];
  if (link === null) return { notes, facts };
  if (link.hasCarrier && !waitForCarrier(name)) {
    notes.push(`interface ${name} has lost its carrier in netmap's hands (see dmesg)`);
  }
  if (hasHostAddress(name)) {
    notes.push(`as long as nuse has ${name} by NETMAP the host itself cannot use it`);
  }
  if (mtu < link.mtu) facts.push(`${name}: MTU ${mtu}: a frame must fit one netmap buffer`);
  if (!isNative(link.driver)) {
    facts.push(`${name}: netmap's generic mode: ${link.driver} has no native support`);
  }
  return { notes, facts };
}

function waitForCarrier(name: string): boolean {
  const control = new LinkControl();
  try {
    for (let ms = 0; ms < CARRIER_WAIT_MS; ms += CARRIER_STEP_MS) {
      if (control.hasCarrier(name)) return true;
      libc().poll(-1, 0, CARRIER_STEP_MS);
    }
    return false;
  } finally {
    control.close();
  }
}

function hasHostAddress(name: string): boolean {
  return Deno.networkInterfaces().some((entry) => entry.name === name && entry.family === "IPv4");
}

/** A driver with native support is linked against netmap's module; admode 2 forbids its use. */
function isNative(driver: string): boolean {
  try {
    if (Deno.readTextFileSync(`${MODULE}/parameters/admode`).trim() === "2") return false;
    return [...Deno.readDirSync(`${MODULE}/holders`)].some((entry) => entry.name === driver);
  } catch {
    return false;
  }
}
