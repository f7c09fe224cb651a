/**
 * The composition root of the stack's thread: arena → memory → stack → devices → loop → service.
 *
 *     program ─ AF_UNIX pair ─► service ─► stack ─► device ─► wire
 *                                   └── one epoll loop ──┘
 *
 * @module
 */
import { CLOCK_MONOTONIC } from "../ffi/abi/file.ts";
import { Arena } from "../ffi/arena.ts";
import { check, errnoName, SysError } from "../ffi/errno.ts";
import { libc } from "../ffi/libc.ts";
import type { CaptureFds } from "../ffi/network.ts";
import {
  BuddyMemory,
  formatMac,
  type Interface,
  IpAddress,
  IPV6_MIN_MTU,
  linkLocalOf,
  sharedLinkLocalOf,
  Stack,
  VlanLink,
} from "../stack/mod.ts";
import { type Report, ringSetting, Service } from "./app/mod.ts";
import { Captures } from "./capture/captures.ts";
import { AddressClaims, addressOf } from "./addresses.ts";
import type { Config, InterfaceConfig } from "./config.ts";
import { planDevices, type PlannedDevice } from "./device_plan.ts";
import { DynamicAddresses } from "./dynamic_addresses.ts";
import type { Device, DeviceConfig } from "./devices/base/device.ts";
import { machineId, machineSecret } from "./devices/base/mac.ts";
import { type NetmapOpener, openDevice } from "./devices/open.ts";
import { OwnEvent } from "./log/own_events.ts";
import type { StackLog } from "./log/stack_log.ts";
import { EventLoop } from "./loop/loop.ts";
import { realtimeFollower } from "./realtime.ts";
import type { WorkerStart } from "./worker_protocol.ts";

const RANDOM_BATCH = 1024;

/** Uniform int32 from the kernel's generator, a batch at a time. */
function randomSource(): () => number {
  const words = new Int32Array(RANDOM_BATCH);
  let next = RANDOM_BATCH;
  return () => {
    if (next === RANDOM_BATCH) {
      crypto.getRandomValues(words);
      next = 0;
    }
    return words[next++];
  };
}

function macOf(text: string): DeviceConfig["mac"] {
  if (text === "own" || text === "interface") return text;
  return Uint8Array.from(text.split(":"), (byte) => parseInt(byte, 16));
}

function deviceConfig(config: InterfaceConfig): DeviceConfig {
  return {
    kind: config.kind,
    name: config.name,
    mac: macOf(config.mac),
    addresses: config.addresses.map(addressOf),
    hostName: config.hostName,
    pipePath: config.pipePath ?? undefined,
    hostAddress: config.hostAddress === null ? undefined : addressOf(config.hostAddress),
    hostAddress6: config.hostAddress6 && addressOf(config.hostAddress6),
    bridge: config.bridge ?? undefined,
    mtu: config.mtu ?? undefined,
  };
}

function addressesText({ dynamic, addresses }: InterfaceConfig): string {
  return dynamic ?? addresses.map((a) => `${a.address}/${a.prefixLen}`).join(" ");
}

export interface RuntimeOptions extends Omit<WorkerStart, "log"> {
  /** Told of all that happens on this thread. */
  readonly log: StackLog;
  /** Told of programs that are not served. */
  readonly onReport: (report: Report) => void;
  /** Told how many joined programs run, when that changes. */
  readonly onJoined: (count: number) => void;
  /** null: no interface is to be opened with it. */
  readonly netmap: NetmapOpener | null;
  /** Called at the end of every wake-up of the loop. */
  readonly onTurnEnd: (() => void) | null;
}

export class Runtime {
  /** Lines for a person: what is odd, and what was set up. */
  readonly notes: string[] = [];
  readonly facts: string[] = [];
  readonly #stack: Stack;
  readonly #loop: EventLoop;
  readonly #service: Service;
  readonly #devices: readonly Device[];
  readonly #dynamic: DynamicAddresses;
  readonly #log: StackLog;
  readonly #hasDoor: boolean;
  /** null: there are no packet sockets. */
  readonly #captures: Captures | null;

  /** Sets everything up. Throws SysError, having left nothing behind but what the process owns. */
  constructor(runtimeOptions: RuntimeOptions) {
    const { config, overrides, runDir, guestUid, networkCookie } = runtimeOptions;
    const { doorFd, userNamespace } = runtimeOptions;
    const { log, netmap, onReport, onTurnEnd } = runtimeOptions;
    this.#log = log;
    const arena = Arena.map();
    const memory = new BuddyMemory(arena.buffer);
    this.#stack = new Stack({
      memory,
      random: randomSource(),
      nowUs: libc().clockUs(CLOCK_MONOTONIC),
      areFramesStable: true,
      config: overrides,
      machineSecret: machineSecret(machineId()),
      log,
    });
    log.nameOf = (ifIndex) => this.#stack.interfaceByIndex(ifIndex)?.name ?? null;
    this.#loop = new EventLoop(arena, memory, this.#stack);
    const { hostname } = config.names;
    const plan = planDevices(config.interfaces);
    this.#dynamic = new DynamicAddresses(this.#stack, this.#loop, log, hostname ?? "");
    const devices = plan.map((planned) => {
      const macSeed = this.#macSeed(planned);
      const ipv6 = !this.#stack.config.ip.disableIpv6;
      return openDevice({ ...deviceConfig(planned.config), macSeed, ipv6 }, arena, memory, netmap);
    });
    this.#devices = devices.map(({ device }) => device);
    this.#loop.onWake = realtimeFollower(
      libc().clockUs,
      (offsetUs) => this.#stack.realtimeOffsetUs = offsetUs,
    );
    this.#loop.onTurnEnd = onTurnEnd;
    this.#loop.onDeviceFailure = ({ name }, errno) =>
      log.tell(OwnEvent.DEVICE_FAILED, { errno: errnoName(errno) }, { interface: name });
    const claims = new AddressClaims(this.#stack, this.#loop);
    devices.forEach(({ device, notes, facts = [], vlanId }, i) => {
      this.notes.push(...notes);
      const ifIndex = this.#attach(device, vlanId, plan[i]);
      this.facts.push(...facts);
      this.#begin(claims, ifIndex, plan[i].config);
      for (const vlan of plan[i].vlans) {
        this.#begin(claims, this.#attachVlan(ifIndex, device, vlan), vlan);
      }
    });
    this.#hasDoor = doorFd >= 0;
    const ringOptions = ringSetting(Deno.env.get("NUSE_RINGS"));
    const { capture, onJoined, run: facts, namespaces } = runtimeOptions;
    this.#captures = capture === null ? null : this.#makeCaptures(capture, plan, arena, memory);
    const openCapture = this.#captures?.open.bind(this.#captures) ?? null;
    const learned = {
      nameservers: () => this.nameservers,
      searchDomains: () => this.searchDomains,
    };
    const run = { facts, ...namespaces, ...learned, onJoined };
    const common = { guestUid, networkCookie, doorFd, userNamespace, ...ringOptions, log };
    const options = { ...common, onReport, run, openCapture };
    this.#service = new Service(this.#stack, this.#loop, arena, runDir, options);
    this.#settle(config, claims);
    this.#loop.service = this.#service;
  }

  get socketPath(): string {
    return this.#service.socketPath;
  }

  /** Those of DHCP and of routers. */
  get nameservers(): readonly string[] {
    return this.#dynamic.nameservers;
  }

  get searchDomains(): readonly string[] {
    return this.#dynamic.searchDomains;
  }

  get stopFd(): number {
    return this.#loop.stopFd;
  }

  #makeCaptures(
    fds: CaptureFds,
    plan: readonly PlannedDevice[],
    arena: Arena,
    memory: BuddyMemory,
  ): Captures {
    const named = () =>
      plan.flatMap(({ config }) => this.#stack.interfaceByName(config.name) ?? []);
    const captures = new Captures(fds, named, arena, memory, this.#loop);
    const { onWake } = this.#loop;
    this.#loop.onWake = (nowUs) => {
      onWake?.(nowUs);
      captures.check(nowUs);
    };
    return captures;
  }

  /** What tells the MAC of a device that is only there for its VLANs is the first of these. */
  #macSeed({ config, isImplied, vlans }: PlannedDevice): string | undefined {
    const seed = this.#dynamic.macSeed(isImplied ? vlans[0] : config);
    return seed ?? (isImplied ? vlans[0].addresses.at(0)?.address : undefined);
  }

  /** Begins to get the addresses of an interface whose frames the loop reads. */
  #begin(claims: AddressClaims, ifIndex: number, config: InterfaceConfig): void {
    claims.begin(
      ifIndex,
      config,
      this.#linkLocal(ifIndex, config),
      libc().clockUs(CLOCK_MONOTONIC),
    );
    this.#dynamic.begin(ifIndex, config, libc().clockUs(CLOCK_MONOTONIC));
  }

  /** The IPv6 address that an interface has on its link without being told; null: none. */
  #linkLocal(ifIndex: number, { mac, vlan }: InterfaceConfig): IpAddress | null {
    const iface = this.#stack.interfaceByIndex(ifIndex);
    const { disableIpv6 } = this.#stack.config.ip;
    if (iface === null || disableIpv6 || iface.mtu < IPV6_MIN_MTU) return null;
    // Of a shared MAC address the other has made its own: the host, or the VLANs beside this one.
    if (vlan !== null) return sharedLinkLocalOf(Uint8Array.of(...iface.mac, vlan.id >> 8, vlan.id));
    return mac === "interface" ? sharedLinkLocalOf(iface.mac) : linkLocalOf(iface.mac);
  }

  /** A VLAN on an attached device: by its MAC address unless it is to have its own. The index. */
  #attachVlan(below: number, device: Device, config: InterfaceConfig): number {
    const { name, mtu, vlan } = config;
    const mac = macOf(config.mac);
    const own = mac instanceof Uint8Array ? mac : device.mac;
    const added = this.#stack.addVlan(below, vlan!.id, name, own);
    if (typeof added === "number") check(added, "addVlan", `cannot add ${name}`);
    const { index } = added as Interface;
    if (mtu !== null) this.#stack.setMtu(index, mtu);
    const facts = `VLAN ${vlan!.id} on ${vlan!.below}, ${addressesText(config)}, ` +
      `${formatMac(own)}, mtu ${(added as Interface).mtu}`;
    this.facts.push(`${name}: ${facts}`);
    this.#log.tell(OwnEvent.DEVICE_OPENED, { facts }, { interface: name });
    return index;
  }

  /** Returns the interface's index in the stack. */
  #attach(
    device: Device,
    vlanId: number | undefined,
    { config, isImplied }: PlannedDevice,
  ): number {
    const below = vlanId === undefined ? device : new VlanLink(device, vlanId);
    const link = { name: config.name, mac: device.mac, link: below };
    const added = this.#stack.addInterface(link);
    check(this.#loop.addDevice(device, added.index), "epoll_ctl", `cannot watch ${config.name}`);
    const addresses = isImplied ? "no address" : addressesText(config);
    const { caps, mtu } = device;
    const place = config.pipePath ?? config.hostName;
    const facts = `${config.kind} on ${place}, ${addresses}, ${formatMac(device.mac)}, ` +
      `mtu ${mtu}, offloads${caps.csum ? " csum" : ""}${caps.tso ? " tso" : ""}` +
      `${caps.uso ? " uso" : ""}`;
    this.facts.push(`${config.name}: ${facts}`);
    this.#log.tell(OwnEvent.DEVICE_OPENED, { facts }, { interface: config.name });
    return added.index;
  }

  /** Waits for the addresses; what leads on from them is added then. */
  #settle(config: Config, claims: AddressClaims): void {
    try {
      claims.settle();
      this.#dynamic.settle();
      this.notes.push(...claims.notes, ...this.#dynamic.notes);
      this.#addRoutes(config);
    } catch (error) {
      this.#dynamic.giveBack();
      throw error;
    }
  }

  #addRoutes(config: Config): void {
    for (const { destination, gateway, metric, device } of config.routes) {
      const { addr: dst, prefixLen } = addressOf(destination);
      const doing = `cannot add the route to ${dst}/${prefixLen} by ${gateway}`;
      const ifIndex = device === undefined ? 0 : this.#stack.interfaceByName(device)?.index ?? 0;
      const route = { dst, prefixLen, gateway: IpAddress.parse(gateway), metric, ifIndex };
      check(this.#stack.addRoute(route), "addRoute", doing, { advice: "name each network once" });
      const rank = metric === 0 ? "" : `, metric ${metric}`;
      this.facts.push(`route to ${dst}/${prefixLen} by ${gateway}${rank}`);
    }
  }

  /**
   * Everything is open: this thread gives up the rights that opening took. Where the kernel cannot,
   * -v says so.
   */
  confine(): void {
    const meets = Number(this.#devices.some(({ meets }) => meets));
    const confined = libc().confineStack(
      meets,
      Number(this.#hasDoor),
      Number(this.#captures !== null),
    );
    if (confined < 0) {
      this.facts.push(`the stack's thread keeps its rights: ${errnoName(confined)}`);
    }
  }

  /** Serves until `stopFd` is rung. */
  serve(): void {
    this.#loop.run();
  }

  /**
   * The program is gone: serves until what it left behind is delivered and no process holds a
   * socket.
   */
  drain(): void {
    const loop = this.#loop;
    this.#service.beginDrain(loop.nowUs);
    while (!this.#service.isIdle(loop.nowUs)) loop.step(loop.nowUs + DRAIN_STEP_US);
    this.#dynamic.giveBack();
    this.#service.close(loop.nowUs);
    this.#stack.flush(loop.nowUs);
    for (const device of this.#devices) device.leave?.();
  }

  /** Counters that are not zero, a line each group. */
  counterLines(): string[] {
    const all = { ...this.#stack.counters.snapshot() };
    for (const [name, value] of Object.entries(this.#service.counters)) {
      all[`service.${name}`] = value;
    }
    for (const { name: device, counters } of this.#devices) {
      for (const [name, value] of Object.entries(counters)) all[`${device}.${name}`] = value;
    }
    const groups = new Map<string, string[]>();
    for (const [name, value] of Object.entries(all)) {
      if (value === 0) continue;
      const dot = name.lastIndexOf("."); // a VLAN's interface is called eth0.7
      const [group, counter] = [name.slice(0, dot), name.slice(dot + 1)];
      groups.set(group, [...groups.get(group) ?? [], `${counter} ${value}`]);
    }
    const lines = [...groups].map(([group, counters]) => `${group}: ${counters.join(", ")}`);
    const { firstFault } = this.#service;
    return firstFault === null ? lines : [...lines, `a fault of nuse's own: ${firstFault}`];
  }
}

/** How often a drain looks whether it is over, when nothing happens. */
const DRAIN_STEP_US = 20_000;

/** One line for a person when `error` is nobody's fault of programming; else null. */
export function setupMessage(error: unknown): string | null {
  return error instanceof SysError ? error.message : null;
}
