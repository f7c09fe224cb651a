/**
 * NETMAP: a port of netmap, its rings in shared memory.
 *
 *     card ── RX ring ── buffers in the arena ──RxFrames──► stack      (no copy)
 *     card ◄─ TX ring ── buffers in the arena ◄─TxFrames── stack       (one copy)
 *
 * The descriptor is epoll's like any other: epoll polls it, poll syncs the RX rings. We change no
 * setting of the host's interface: netmap takes its hooks off when the port closes (its descriptor
 * and its mapping), so also when nuse is killed, and promiscuous mode, where the card needs it for
 * our MAC, is a membership of a packet socket and goes the same way. What netmap itself leaves
 * behind, a qdisc, is undone by another (qdisc.ts).
 *
 * @module
 */
import { NETMAP_MAX_FRAGS } from "../../../ffi/abi/netmap.ts";
import { libc } from "../../../ffi/libc.ts";
import type { DeviceCaps, Memory, RxFrames, TxFrames } from "../../../stack/mod.ts";
import { type Device, DeviceCounters } from "../base/device.ts";
import { ETHERNET_LEN, VLAN_TAG_LEN } from "../base/frame.ts";
import { RxSlots } from "../base/rx_slots.ts";
import type { NetmapPort } from "./port.ts";
import { NetmapReceiver } from "./receive.ts";
import { NetmapTransmitter } from "./transmit.ts";

export interface NetmapOptions {
  name: string;
  mac: Uint8Array;
  mtu: number;
  /** A packet socket that keeps the interface promiscuous, or -1. */
  membershipFd: number;
}

const VNET_LEN_MAX = 12;

export class NetmapDevice implements Device {
  readonly name: string;
  readonly mac: Uint8Array;
  readonly mtu: number;
  readonly caps: DeviceCaps;
  readonly fd: number;
  readonly rx: RxFrames;
  readonly counters: DeviceCounters = new DeviceCounters();
  readonly #port: NetmapPort;
  readonly #slots: RxSlots;
  readonly #receiver: NetmapReceiver;
  readonly #transmitter: NetmapTransmitter;
  readonly #membershipFd: number;

  /** `arena` and `memory` are the same bytes, and those of the port. Throws SysError. */
  constructor(options: NetmapOptions, port: NetmapPort, memory: Memory) {
    this.name = options.name;
    this.mac = options.mac;
    this.mtu = options.mtu;
    this.fd = port.fd;
    this.caps = capsOf(port);
    this.#membershipFd = options.membershipFd;
    this.#port = port;
    this.#slots = new RxSlots(memory);
    this.rx = this.#slots.rx;
    this.#receiver = new NetmapReceiver(port, this.#slots, this.counters);
    this.#transmitter = new NetmapTransmitter(port, this.counters);
  }

  receive(): number {
    return this.#receiver.receive();
  }

  transmit(tx: TxFrames): void {
    this.#transmitter.transmit(tx);
  }

  /** A process that is ending has no network namespace: netmap would not find the interface. */
  leave(): void {
    this.#port.close();
  }

  close(): void {
    if (this.#membershipFd >= 0) libc().close(this.#membershipFd);
    this.#port.close();
    this.#slots.free();
  }
}

/**
 * Behind a virtio-net header the other end finishes what we leave open. VALE knows no UDP segments.
 */
function capsOf(port: NetmapPort): DeviceCaps {
  const isHeaded = port.registration.vnetLen > 0;
  const slots = Math.min(...port.txRings.map((r) => r.slotCount >> 1), NETMAP_MAX_FRAGS);
  const room = slots * port.txRings[0].bufSize - ETHERNET_LEN - VNET_LEN_MAX;
  return { csum: isHeaded, tso: isHeaded, uso: false, gsoMaxBytes: Math.min(room, 65535 - 14) };
}

/** The longest IP packet that fits one buffer: many drivers send no frame in pieces. */
export function oneBufferMtu(port: NetmapPort): number {
  return port.txRings[0].bufSize - ETHERNET_LEN - VLAN_TAG_LEN - port.registration.vnetLen;
}
