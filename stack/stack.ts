/**
 * A TCP/IP stack: frames in, frames out, sockets on top, time as an argument. One object, no clock,
 * no I/O, nothing global: any number of them can live in a process (and in a test do).
 *
 *                      sockets (socket/)                     takeReady ▲
 *            ┌──────────────┼──────────────┐
 *           tcp/           udp/      raw/ · ping (icmp/) · igmp/
 *            └──────┬───────┴──────┬───────┘
 *   input ▶ link_input → ip_input   ip_output → TxFrames ▶ flush → LinkDevice
 *                           iface/ (arp, neighbours, routes, reassembly …)
 *
 * Per wake-up the owner calls `input` for every received frame, `poll` for due timers, uses
 * sockets, and `flush`. What is sent points at memory until then.
 *
 * @module
 */
import type { StackConfig, StackConfigOverrides } from "./config.ts";
import { stackConfig } from "./config.ts";
import {
  type AddressProbe,
  Forwarder,
  type Interface,
  type InterfaceOptions,
  IpInput,
  type Ipv6Input,
  LinkInput,
  LOOPBACK_INDEX,
  NetworkLayer,
  type ProbePlan,
  type RouteEntry,
  type RouterDiscovery,
  type RouterListening,
  type RouteSpec,
} from "./iface/mod.ts";
import { DhcpClients } from "./dhcp/mod.ts";
import { IcmpLayer } from "./icmp/mod.ts";
import { IgmpLayer } from "./igmp/mod.ts";
import { RawLayer } from "./raw/mod.ts";
import type { RxFrames } from "./base/frames.ts";
import { Counters } from "./base/counters.ts";
import { type LogSink, SILENT_LOG } from "./base/log.ts";
import type { Memory } from "./base/memory.ts";
import { Ipv6Part } from "./ipv6_part.ts";
import { NetworkTimers } from "./network_timers.ts";
import { socketInterfaces } from "./socket_interfaces.ts";
import { createSocket } from "./socket_factory.ts";
import {
  ReadyList,
  type RealtimeClock,
  type Socket,
  type SocketEnv,
  type TcpStreamSocket,
} from "./socket/mod.ts";
import { type SocketHandle, TcpLayer } from "./tcp/mod.ts";
import { StackAdmin } from "./stack_admin.ts";
import { StackView } from "./stack_view.ts";
import { UdpLayer } from "./udp/mod.ts";
import { EAFNOSUPPORT, EEXIST, ENODEV } from "./base/errno.ts";
import { UNREACHABLE_HOST } from "./wire/icmp.ts";
import { UNREACHABLE6_ADDRESS } from "./wire/icmpv6.ts";
import { IpAddress } from "./base/ip_address.ts";
import { PROTOCOL_ICMP, PROTOCOL_IGMP, PROTOCOL_TCP, PROTOCOL_UDP } from "./wire/ipv4.ts";
import type { IcmpError, Transport } from "./base/network.ts";

/** Frames taken from the loopback in one flush; the rest waits for the next. */
const LOOPBACK_FRAMES_PER_FLUSH = 1024;

export interface StackOptions {
  readonly memory: Memory;
  /** Uniform random int32. */
  readonly random: () => number;
  readonly nowUs: number;
  /** CLOCK_REALTIME minus the clock that `nowUs` is read from: for time stamps on datagrams. */
  readonly realtimeOffsetUs?: number;
  readonly config?: StackConfigOverrides;
  /**
   * 128 bits that only this machine has, as an IPv6 address: what its opaque addresses are made of
   * (RFC 7217) when the configuration has nothing. Default: none.
   */
  readonly machineSecret?: string;
  /**
   * The frames of one interface stay untouched from `input` to the next `flush`: received text need
   * not be copied then when the program takes it in between. Default: false.
   */
  readonly areFramesStable?: boolean;
  /** Told of what happens (base/log.ts). Default: nobody is. */
  readonly log?: LogSink;
}

export class Stack {
  readonly memory: Memory;
  readonly config: StackConfig;
  readonly counters: Counters;
  /** When the stack came up. */
  readonly startedUs: number;
  readonly tcp: TcpLayer;
  readonly udp: UdpLayer;
  readonly raw: RawLayer;
  readonly icmp: IcmpLayer;
  readonly igmp: IgmpLayer;
  readonly ipv6: Ipv6Part;
  readonly view: StackView;
  readonly admin: StackAdmin;
  readonly #layer: NetworkLayer;
  readonly #ip: IpInput;
  readonly #ip6: Ipv6Input;
  readonly #link: LinkInput;
  /** Addresses that servers grant. */
  readonly dhcp: DhcpClients;
  /** All that waits for time, but for TCP. */
  readonly timers: NetworkTimers;
  readonly #ready = new ReadyList();
  readonly #env: SocketEnv;

  constructor(options: StackOptions) {
    const { memory, random, log = SILENT_LOG } = options;
    const config = stackConfig(options.config);
    const counters = this.counters = new Counters(log);
    this.memory = memory;
    this.config = config;
    this.startedUs = options.nowUs;
    this.#layer = new NetworkLayer({
      memory,
      counters,
      random,
      ip: config.ip,
      neighbour: config.neighbour,
      log,
      machineSecret: options.machineSecret ?? "",
      onUnreachable: (off, len, nowUs, isV6) => {
        if (isV6) this.#ip6.rejectUnsent(off, len, UNREACHABLE6_ADDRESS, nowUs);
        else this.#ip.rejectUnsent(off, len, UNREACHABLE_HOST, nowUs);
      },
      onGroup6: (iface, group, isJoined) => this.ipv6.onGroup(iface, group, isJoined),
      onAdvice: (iface, isManaged, hasOther, nowUs) =>
        this.dhcp.advise(iface, isManaged, hasOther, nowUs),
    });
    const transports: (Transport | null)[] = new Array(256).fill(null);
    const { alarm, output: network } = this.#layer;
    const common = { memory, counters, random, alarm, network, log };
    this.raw = new RawLayer(common);
    this.udp = new UdpLayer({ ...common, config: config.udp });
    this.tcp = new TcpLayer({
      ...common,
      config: config.tcp,
      onEvent: this.#onTcpEvent,
      areFramesStable: options.areFramesStable,
    });
    this.icmp = new IcmpLayer({
      ...common,
      config: config.icmp,
      transports,
      onRawError: (error: IcmpError, nowUs: number) => this.raw.icmpError(error, nowUs),
    });
    const { tcp, udp, raw, icmp: { ping } } = this;
    this.ipv6 = new Ipv6Part({ common, config, layer: this.#layer, tcp, udp, raw, ping });
    this.igmp = transports[PROTOCOL_IGMP] = new IgmpLayer({ ...common, config: config.igmp });
    transports[PROTOCOL_ICMP] = this.icmp;
    transports[PROTOCOL_TCP] = this.tcp;
    transports[PROTOCOL_UDP] = this.udp;
    const clock = { offsetUs: options.realtimeOffsetUs ?? 0 };
    this.#ip = this.#createInput(options, transports, clock);
    this.#ip6 = this.ipv6.input(this.#ip.reassembly, options.areFramesStable ?? false);
    this.dhcp = new DhcpClients({ memory, random, layer: this.#layer, udp: this.udp });
    const { ipv6: { mld }, igmp, dhcp } = this;
    this.timers = new NetworkTimers(alarm, [mld, this.#layer, this.#ip.reassembly, igmp, dhcp]);
    const { arp, neighbours } = this.#layer;
    const ip6 = config.ip.disableIpv6 ? null : this.#ip6;
    this.#link = new LinkInput(memory, counters, arp, this.#ip, neighbours, ip6);
    this.view = new StackView(this.#layer, this);
    this.admin = new StackAdmin(this.#layer, this.tcp);
    this.#env = {
      memory,
      network,
      counters,
      config: config.socket,
      defaultTtl: config.ip.defaultTtl,
      interfaces: socketInterfaces(this.#layer, this.igmp, this.ipv6.mld),
      numbers: this.ipv6.mld.numbers,
      ready: this.#ready,
      clock,
    };
  }

  /** IPv4's way up. */
  #createInput(
    { random, log = SILENT_LOG, areFramesStable = false }: StackOptions,
    transports: readonly (Transport | null)[],
    clock: RealtimeClock,
  ): IpInput {
    const { memory, counters, raw, config: { ip: config }, icmp: { errors } } = this;
    const { interfaces, output } = this.#layer;
    const forwarder = config.forward
      ? new Forwarder({ memory, counters, output, errors, config, clock, areFramesStable })
      : null;
    return new IpInput({
      memory,
      counters,
      random,
      config,
      interfaces,
      errors,
      transports,
      raw,
      forwarder,
      log,
      alarm: this.#layer.alarm,
      onTimeout6: (datagram, nowUs) => this.#ip6.onReassemblyTimeout(datagram, nowUs),
    });
  }

  // ---- interfaces, addresses, routes

  /** All interfaces; the one with index i is at i - 1. */
  get interfaces(): readonly Interface[] {
    return this.#layer.interfaces.all;
  }

  interfaceByIndex(index: number): Interface | null {
    return this.#layer.interfaces.byIndex(index);
  }

  interfaceByName(name: string): Interface | null {
    return this.#layer.interfaces.byName(name);
  }

  /** `mtu` and `caps` default to the link's. */
  addInterface(options: InterfaceOptions): Interface {
    return this.#layer.addInterface(options);
  }

  /**
   * A VLAN on the link of interface `below`, from which its frames come with their tag. (For a
   * device that takes tags off itself: an interface of its own, with a VlanLink.) The interface,
   * -ENODEV, or -EEXIST.
   */
  addVlan(below: number, vlanId: number, name: string, mac: Uint8Array): Interface | number {
    const iface = this.#layer.interfaces.byIndex(below);
    if (iface === null) return -ENODEV;
    if (iface.vlans?.has(vlanId)) return -EEXIST;
    return this.#layer.addVlan(iface, vlanId, name, mac);
  }

  /** Makes packets at most so long; a device that can do less stays at its own. 0 or -ENODEV. */
  setMtu(ifIndex: number, mtu: number): number {
    return this.#layer.setMtu(ifIndex, mtu);
  }

  /** Adds the on-link route too, and announces the address (with the next flush). 0 or -errno. */
  addAddress(ifIndex: number, addr: IpAddress, prefixLen: number, nowUs: number): number {
    return this.#layer.addAddress(ifIndex, addr, prefixLen, nowUs);
  }

  /**
   * Begins to ask the link whether `addr`, not ours yet, is free; goes on with `poll`. Look
   * at the probe returned. -ENODEV.
   */
  probeAddress(
    ifIndex: number,
    addr: IpAddress,
    plan: ProbePlan,
    nowUs: number,
  ): AddressProbe | number {
    return this.#layer.probeAddress(ifIndex, addr, plan, nowUs);
  }

  /** Whether it is an address of this stack (loopback included). */
  isLocal(addr: IpAddress): boolean {
    return this.#layer.output.isLocal(addr);
  }

  /**
   * Begins to ask the routers of an interface, and to do what they say: routes, addresses, name
   * servers (`routers`). 0, -ENODEV, or -EAFNOSUPPORT without IPv6.
   */
  startRouterDiscovery(ifIndex: number, nowUs: number, how: RouterListening = {}): number {
    const iface = this.#layer.interfaces.byIndex(ifIndex);
    if (iface === null) return -ENODEV;
    if (this.config.ip.disableIpv6) return -EAFNOSUPPORT;
    this.#layer.routers.start(iface, nowUs, how);
    return 0;
  }

  /** No IPv6 on the interface any more: its link-local address is somebody else's. 0, -ENODEV. */
  disableIpv6(ifIndex: number, nowUs: number): number {
    return this.#layer.disableIpv6(ifIndex, nowUs);
  }

  /** What routers have told. */
  get routers(): RouterDiscovery {
    return this.#layer.routers;
  }

  removeAddress(ifIndex: number, addr: IpAddress, nowUs: number): number {
    return this.#layer.removeAddress(ifIndex, addr, nowUs);
  }

  /** 0, -EEXIST, -ENODEV, or -ENETUNREACH when the gateway is not on a link of ours. */
  addRoute(spec: RouteSpec): number {
    return this.#layer.addRoute(spec);
  }

  removeRoute(spec: RouteSpec): number {
    return this.#layer.removeRoute(spec);
  }

  get routes(): readonly RouteEntry[] {
    return this.#layer.router.table.entries;
  }

  /** CLOCK_REALTIME minus the clock that `nowUs` is read from; may be corrected at any time. */
  set realtimeOffsetUs(offsetUs: number) {
    this.#env.clock.offsetUs = offsetUs;
  }

  // ---- frames and time

  /**
   * Frame `i` of `rx` has come in by interface `ifIndex`. With `areFramesStable` received data may
   * point at it until the next `flush`, else nothing does afterwards.
   */
  input(ifIndex: number, rx: RxFrames, i: number, nowUs: number): void {
    const iface = this.#layer.interfaces.byIndex(ifIndex);
    if (iface !== null && iface.isUp) this.#link.input(iface, rx, i, false, nowUs);
  }

  /** Does what is due. */
  poll(nowUs: number): void {
    this.timers.poll(nowUs);
    this.tcp.poll(nowUs);
  }

  /**
   * Sends all that is to be sent: the transports' pending output, what ourselves have for ourselves
   * (a bounded amount), one `transmit` per device. Memory that was only kept for queued frames is
   * freed.
   */
  flush(nowUs: number): void {
    const { loopback, interfaces } = this.#layer;
    const lo = interfaces.all[LOOPBACK_INDEX - 1];
    this.tcp.flush(nowUs);
    lo.transmit();
    let budget = LOOPBACK_FRAMES_PER_FLUSH;
    while (loopback.count > 0 && budget > 0) {
      for (let n = Math.min(loopback.count, budget); n > 0; n--, budget--) this.#receiveOwn(nowUs);
      this.tcp.flush(nowUs);
      lo.transmit();
    }
    this.#layer.transmitAll();
    this.memory.releaseDeferred();
  }

  /** When `poll` (and a flush) is due next; Infinity: never, 0: at once. */
  pollAtUs(): number {
    if (this.#layer.loopback.count > 0) return 0;
    return Math.min(this.timers.pollAtUs(), this.tcp.pollAtUs());
  }

  /**
   * Nothing that programs have left behind is still to be delivered: no connection has bytes or a
   * FIN left, no packet waits for its neighbour, no group that was left is untold, no address that
   * was given back is unheard of.
   */
  isQuiet(): boolean {
    const { loopback, neighbours, neighbours6 } = this.#layer;
    const resolving = neighbours.resolvingCount + neighbours6.resolvingCount;
    if (loopback.count > 0 || resolving > 0) return false;
    if (!this.dhcp.isQuiet()) return false;
    return this.igmp.isQuiet() && this.ipv6.mld.isQuiet() && this.tcp.isQuiet();
  }

  // ---- sockets

  /** socket(2), `type` without flag bits. A socket or -errno. */
  socket(domain: number, type: number, protocol: number): Socket | number {
    const { tcp, udp, raw, icmp: { ping } } = this;
    return createSocket({ env: this.#env, tcp, udp, raw, ping }, domain, type, protocol);
  }

  /** The next socket with news, oldest first; null: none. The owner clears its `events`. */
  takeReady(): Socket | null {
    return this.#ready.take();
  }

  #receiveOwn(nowUs: number): void {
    const { loopback, interfaces } = this.#layer;
    const iface = interfaces.byIndex(loopback.take());
    if (iface !== null) this.#link.input(iface, loopback.rx, 0, true, nowUs);
    loopback.release();
  }

  readonly #onTcpEvent = (socket: SocketHandle, bits: number): void => {
    this.#ready.raise(socket as TcpStreamSocket, bits);
  };
}
