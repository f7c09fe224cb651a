/**
 * A device: where frames come from and go to. Four functions: receive a batch, transmit a batch,
 * say what it can do (its fields), close. The loop waits on `fd` and calls `receive` when it is
 * readable.
 *
 *     wire ── kernel ── fd ──receive──> slots in the arena ──RxFrames──> stack
 *     wire <── kernel ── fd <──transmit── headers + pieces of rings <──TxFrames── stack
 *
 * @module
 */
import type { IpAddress, LinkDevice, RxFrames } from "../../../stack/mod.ts";
import type { Features } from "./features.ts";

/** What a TAP is called on the host: this and its name inside nuse. */
export const TAP_PREFIX = "nuse-";

/** Of what has no interface to ask. */
export const DEFAULT_MTU = 1500;

/** Pieces of a frame to send: its headers, and up to two of a ring that wraps. */
export const TX_PIECES = 3;

/** What a device could not do, frame by frame. */
export class DeviceCounters {
  /** Longer than a receive slot. */
  rxTruncated = 0;
  /** The kernel failed to hand a frame over. */
  rxErrors = 0;
  /** Arrived while the receive queue was full (RAW). */
  rxOverflows = 0;
  /** Given up: the queue stayed full, or the kernel refused the frame. */
  txDropped = 0;
  /** Times that sending had to wait for room. */
  txWaits = 0;
  /** TCP frames of more than 64 KiB that were cut: the kernel would not take them whole. */
  txCut = 0;
  /** Times that the kernel did not believe our ring numbers and set them anew (NETMAP). */
  ringResets = 0;
}

export interface Device extends LinkDevice {
  /** Readable when there are frames. */
  readonly fd: number;
  readonly name: string;
  /** The address of our end, 6 bytes. */
  readonly mac: Uint8Array;
  readonly rx: RxFrames;
  readonly counters: DeviceCounters;
  /** It may have to meet another process at a path again (PIPE): the thread keeps that right. */
  readonly meets?: boolean;
  /**
   * Reads one batch into `rx` and returns `rx.count`: what there is, or as much as a turn allows.
   * -errno: the device is down (-ENETDOWN: it may come back) or gone (-ENODEV). What `rx` points at
   * stays until the next call.
   */
  receive(): number;
  /** Before the end of the process: gives back what the kernel does not take back by itself. */
  leave?(): void;
  close(): void;
}

export interface DeviceAddress {
  readonly addr: IpAddress;
  readonly prefixLen: number;
}

export type DeviceKind = "RAW" | "TAP" | "NETMAP" | "PIPE";

export interface DeviceConfig {
  readonly kind: DeviceKind;
  /**
   * As in NUSEDEV. RAW: an interface of the host. TAP: `nuse-NAME` is made on the host. NETMAP:
   * a port (netmap/port_name.ts). PIPE: any.
   */
  readonly name: string;
  /** "own": derived from name and address; "interface": shared with the host (not TAP). */
  readonly mac: "own" | "interface" | Uint8Array;
  /** What the stack will answer to. */
  readonly addresses: readonly DeviceAddress[];
  /** What an own MAC is made from beside machine and interface; default: the first address. */
  readonly macSeed?: string;
  /** TAP: name on the host; default `nuse-NAME`. */
  readonly hostName?: string;
  /** TAP: what the host's end gets. */
  readonly hostAddress?: DeviceAddress;
  /** The same in IPv6. */
  readonly hostAddress6?: DeviceAddress;
  /** false: IPv6 is not spoken. */
  readonly ipv6?: boolean;
  /** TAP: the host's bridge that it becomes a port of. */
  readonly bridge?: string;
  /** PIPE: where it meets its other end. */
  readonly pipePath?: string;
  /** Default: the interface's (RAW, NETMAP), 1500 (others). */
  readonly mtu?: number;
  /** What of newer kernels may be used; default: what this one has (features.ts). */
  readonly features?: Features;
}

/** An open device, and what the person should know about it. */
export interface OpenedDevice {
  readonly device: Device;
  /** Lines for stderr. */
  readonly notes: readonly string[];
  /** Lines for -v. */
  readonly facts?: readonly string[];
  /** The device gives a VLAN's frames without their tag, and takes them with it. */
  readonly vlanId?: number;
}
