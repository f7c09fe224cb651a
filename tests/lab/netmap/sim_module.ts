/**
 * The netmap module of the simulator: descriptors, the ports that they are bound to, and what is at
 * the other end of each kind of port.
 *
 *     va           the interface va, by a packet socket
 *     vale0:x      a switch, with other ports and perhaps an interface
 *     va{1, va}1   each other
 *
 * @module
 */
import { NIOCCTRL, NIOCRXSYNC, NIOCTXSYNC, NMREQ_HEADER } from "../../../ffi/abi/netmap.ts";
import { POLLERR, POLLIN, POLLOUT } from "../../../ffi/abi/socket.ts";
import { VIRTIO_NET_HDR } from "../../../ffi/abi/virtio_net.ts";
import { EBUSY, EINVAL, ENOMEM, ENXIO, SysError } from "../../../ffi/errno.ts";
import type { FileServer } from "./fuse.ts";
import { PacketWire } from "./packet_wire.ts";
import { answerControl, answerLegacy, type Binding, bodyLen, type Module } from "./requests.ts";
import type { Region } from "./requests.ts";
import { SIM_DEFAULTS, type SimOptions, SimPort } from "./sim_port.ts";
import { portLen } from "./sim_port.ts";
import { SimMemory } from "./sim_memory.ts";
import { type Member, SimSwitch } from "./sim_switch.ts";

export interface ModuleOptions extends SimOptions {
  /** The API that the module speaks instead of 14 and 15. */
  api?: number;
  /** A module from before NIOCCTRL. */
  isOld?: boolean;
  /** Switches with an interface attached. */
  attach: Record<string, string>;
}

export interface ModuleHost {
  /** Has `onReadable` called whenever something arrives on the descriptor. */
  watch(fd: number, onReadable: () => void): void;
  unwatch(fd: number): void;
  /** Wakes who polls the descriptor with this handle. */
  wake(handle: number): void;
  /**
   * Generic mode has a qdisc of its own on the interface. What is returned takes it off, and leaves
   * a pfifo when the interface is still found (`isLost`: it is not).
   */
  takeQdisc(name: string): (isLost: boolean) => void;
  /** Whether thread `tid` closes at the end of the process that thread `owner` is of. */
  isEnding(tid: number, owner: number): boolean;
  /** Reads or writes another process's memory. */
  readMemory(pid: number, address: bigint, into: Uint8Array): void;
  writeMemory(pid: number, address: bigint, bytes: Uint8Array): void;
}

/** Ports that the memory has room for. */
const PORTS_MAX = 4;
const POLLRDNORM = 0x40;
const POLLWRNORM = 0x100;

interface NamedPort {
  readonly name: string;
  readonly part: number;
  readonly port: SimPort;
  /** Handles bound to it, and their rings (null: all). */
  readonly users: Map<number, number | null>;
  interfaces: number;
  /** `isLost`: by a process that has no namespaces any more. */
  disconnect(isLost: boolean): void;
}

export class SimModule implements FileServer, Module {
  readonly api?: number;
  readonly isOld?: boolean;
  readonly memory: SimMemory;
  /** What every sync answers, if not 0. */
  syncError = 0;
  readonly #options: ModuleOptions;
  readonly #ports = new Map<string, NamedPort>();
  readonly #bound = new Map<number, NamedPort>();
  readonly #switches = new Map<string, SimSwitch>();
  readonly #gone = new Set<NamedPort>();
  /** Who made the request that bound a handle, and handles that were closed by their end. */
  readonly #owners = new Map<number, number>();
  readonly #lost = new Set<number>();
  /** Whose request is being answered. */
  #caller = 0;

  constructor(options: Partial<ModuleOptions>, readonly host: ModuleHost) {
    this.#options = { ...SIM_DEFAULTS, attach: {}, ...options };
    this.api = options.api;
    this.isOld = options.isOld;
    this.memory = new SimMemory(PORTS_MAX * portLen(this.#options));
  }

  open(): number {
    return 0;
  }

  ioctl(handle: number, request: number, arg: Uint8Array, _address: bigint, pid: number): number {
    this.#caller = handle;
    this.#owners.set(handle, pid);
    if (request === NIOCTXSYNC || request === NIOCRXSYNC) {
      return this.#sync(handle, request === NIOCTXSYNC);
    }
    if (request !== NIOCCTRL) return answerLegacy(this, request, arg);
    const body = new Uint8Array(bodyLen(arg));
    const dv = new DataView(arg.buffer, arg.byteOffset);
    const address = dv.getBigUint64(NMREQ_HEADER.BODY, true);
    this.host.readMemory(pid, address, body);
    const r = answerControl(this, arg, body);
    if (r >= 0) this.host.writeMemory(pid, address, body);
    return r;
  }

  #sync(handle: number, isTx: boolean): number {
    const named = this.#bound.get(handle);
    if (named === undefined || this.#gone.has(named)) return -ENXIO;
    if (this.syncError !== 0) return -this.syncError;
    const only = named.users.get(handle);
    if (isTx) named.port.txsync(only);
    else named.port.rxsync(only);
    return 0;
  }

  poll(handle: number, events: number): number {
    const isRx = (events & (POLLIN | POLLRDNORM)) !== 0;
    const isTx = (events & (POLLOUT | POLLWRNORM)) !== 0;
    if ((isTx && this.#sync(handle, true) < 0) || this.#sync(handle, false) < 0) return POLLERR;
    const { port, users } = this.#bound.get(handle)!;
    const only = users.get(handle) ?? null;
    const has = (rings: SimPort["rx"]) =>
      rings.some((ring, i) => (only === null || i === only) && ring.hasNews);
    return (isRx && has(port.rx) ? events & (POLLIN | POLLRDNORM) : 0) |
      (isTx && has(port.tx) ? events & (POLLOUT | POLLWRNORM) : 0);
  }

  flush(handle: number, pid: number): void {
    const owner = this.#owners.get(handle);
    if (owner !== undefined && this.host.isEnding(pid, owner)) this.#lost.add(handle);
  }

  release(handle: number): void {
    const isLost = this.#lost.delete(handle);
    this.#owners.delete(handle);
    const named = this.#bound.get(handle);
    if (named === undefined) return;
    this.#bound.delete(handle);
    named.users.delete(handle);
    if (named.users.size > 0) return;
    named.disconnect(isLost);
    this.#ports.delete(named.name);
    this.#gone.delete(named);
  }

  register({ name, memId, ring }: Binding): Region | number {
    if (memId > 1 || this.#bound.has(this.#caller)) return memId > 1 ? -EINVAL : -EBUSY;
    if (ring !== null && ring >= this.#options.rings) return -EINVAL;
    const named = this.#ports.get(name) ?? this.#makePort(name);
    if (typeof named === "number") return named;
    const isTaken = [...named.users.values()].some((r) =>
      r === null || ring === null || r === ring
    );
    // Every user asks for its rings exclusively.
    if (isTaken) return -EBUSY;
    const ifOff = named.port.writeInterface(named.interfaces++, ring);
    if (ifOff < 0) return -ENOMEM;
    named.users.set(this.#caller, ring);
    this.#bound.set(this.#caller, named);
    return { ifOff, memoryLen: this.memory.lenBytes };
  }

  setHeaderLen(name: string, lenBytes: number): number {
    const named = this.#ports.get(name);
    if (named === undefined) return -ENXIO;
    if (lenBytes !== 0 && lenBytes !== VIRTIO_NET_HDR.LEN) return -EINVAL;
    named.port.vnetLen = lenBytes;
    return 0;
  }

  headerLen(name: string): number {
    if (this.#attached().includes(name)) return 0;
    return this.#ports.get(name)?.port.vnetLen ?? -ENXIO;
  }

  switchPorts(): string[] {
    const own = [...this.#ports.keys()].filter((name) => name.startsWith("vale"));
    return [...this.#attached(), ...own.filter((name) => !/[{}]/.test(name))];
  }

  #attached(): string[] {
    return Object.entries(this.#options.attach).map(([valve, name]) => `${valve}:${name}`);
  }

  /** The interfaces have been removed. */
  removeAll(): void {
    for (const named of this.#ports.values()) {
      this.#gone.add(named);
      for (const handle of named.users.keys()) this.host.wake(handle);
    }
  }

  #makePort(name: string): NamedPort | number {
    const used = new Set([...this.#ports.values()].map((named) => named.part));
    const part = [...Array(PORTS_MAX).keys()].find((i) => !used.has(i));
    if (part === undefined) return -ENOMEM;
    const port = new SimPort(this.#options, this.memory, part * portLen(this.#options));
    const users = new Map<number, number | null>();
    port.onReadable = () => {
      for (const handle of users.keys()) this.host.wake(handle);
    };
    const disconnect = this.#connect(name, port);
    if (typeof disconnect === "number") return disconnect;
    const named = { name, part, port, users, interfaces: 0, disconnect };
    this.#ports.set(name, named);
    return named;
  }

  /** Returns what undoes it, or -errno. */
  #connect(name: string, port: SimPort): ((isLost: boolean) => void) | number {
    if (/[{}]/.test(name)) return this.#connectPipe(name, port);
    if (name.startsWith("vale")) return this.#connectSwitch(name.split(":")[0], port);
    const wire = openWire(name, false);
    if (wire === null) return -ENXIO;
    port.onTransmit = (frame) => wire.send(frame);
    port.onReceive = () => wire.receive();
    this.host.watch(wire.fd, port.onReadable);
    const giveQdiscBack = this.host.takeQdisc(name);
    return (isLost) => {
      this.host.unwatch(wire.fd);
      wire.close();
      giveQdiscBack(isLost);
    };
  }

  #connectPipe(name: string, port: SimPort): () => void {
    const other = name.replace(/[{}]/, (brace) => brace === "{" ? "}" : "{");
    port.onTransmit = (frame) => {
      const peer = this.#ports.get(other)?.port;
      // What the other end has no room for stays in the ring.
      if (peer === undefined || peer.waiting >= this.#options.slots) return false;
      peer.deliver(frame);
      return true;
    };
    return () => {};
  }

  #connectSwitch(name: string, port: SimPort): () => void {
    const valve = this.#switches.get(name) ?? this.#makeSwitch(name);
    const member: Member = {
      get headerLen() {
        return port.vnetLen;
      },
      send: (header, frame, isBare) =>
        port.deliver(framed(header, port.vnetLen, frame), isBare ? port.vnetLen : 0),
    };
    port.onTransmit = (frame) => {
      const header = frame.slice(0, VIRTIO_NET_HDR.LEN);
      if (port.vnetLen === 0) header.fill(0);
      valve.forward(member, header, frame.subarray(port.vnetLen));
    };
    valve.members.add(member);
    return () => valve.members.delete(member);
  }

  #makeSwitch(name: string): SimSwitch {
    const made = new SimSwitch();
    this.#switches.set(name, made);
    const attached = this.#options.attach[name];
    const wire = attached === undefined ? null : openWire(attached, true);
    if (wire === null) return made;
    const member: Member = {
      headerLen: 0,
      send: (header, frame) => void wire.send(framed(header, VIRTIO_NET_HDR.LEN, frame)),
    };
    made.members.add(member);
    // The switch makes an empty header for what comes from an interface.
    const empty = new Uint8Array(VIRTIO_NET_HDR.LEN);
    this.host.watch(wire.fd, () => {
      for (let frame = wire.receive(); frame !== null; frame = wire.receive()) {
        made.forward(member, empty, frame.slice(VIRTIO_NET_HDR.LEN));
      }
    });
    return made;
  }
}

/** null: there is no such interface. */
function openWire(name: string, hasVnet: boolean): PacketWire | null {
  try {
    return new PacketWire(name, hasVnet);
  } catch (error) {
    if (error instanceof SysError) return null;
    throw error;
  }
}

function framed(header: Uint8Array, headerLen: number, frame: Uint8Array): Uint8Array {
  const all = new Uint8Array(headerLen + frame.length);
  all.set(header.subarray(0, headerLen));
  all.set(frame, headerLen);
  return all;
}
