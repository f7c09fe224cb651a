/**
 * The program's network namespace: the twin of host/network.c, where it is told. For the main
 * thread, before it is confined.
 *
 * @module
 */
import { findNative, openNative } from "./build_native.ts";
import { HOST_LIBRARY } from "./libc.ts";

const SYMBOLS = {
  /** (struct network, interfaces to capture on): 0 */
  makeNetwork: { name: "nuse_make_network", parameters: ["buffer", "i32"], result: "i32" },
  close: { name: "nuse_close", parameters: ["i32"], result: "i32" },
} as const satisfies Deno.ForeignLibraryInterface;

type Sys = Deno.DynamicLibrary<typeof SYMBOLS>["symbols"];

let opened: Sys | null = null;

function sys(): Sys {
  opened ??= openNative(findNative(HOST_LIBRARY.name, HOST_LIBRARY.sources), SYMBOLS).symbols;
  return opened;
}

/** Of struct network, int32: the cookie, the namespaces, what packet sockets take. */
const NET_FIELD = 2;
const USER_FIELD = 3;
const CONTROL_FIELD = 4;
const LIST_FIELD = 5;
const TAPS_FIELD = 6;
/** Interfaces that packet sockets can be had on. */
export const CAPTURES_MAX = 8;
const FIELDS = TAPS_FIELD + 2 * CAPTURES_MAX;

/** Descriptors in the network for packet sockets (io/capture). */
export interface CaptureFds {
  /** For ioctls about its interfaces. */
  readonly control: number;
  /** /proc/net/packet */
  readonly list: number;
  /** For each interface a TAP that is none yet, and a packet socket that is not bound. */
  readonly taps: readonly number[];
  readonly packets: readonly number[];
}

/** Descriptors. Closed by `closeNetwork`; the namespace lives as long as somebody is in it. */
export interface Network {
  readonly net: number;
  /** The user namespace that owns it; -1: that of nuse. */
  readonly user: number;
  /** SO_NETNS_COOKIE of the sockets that are made in it. */
  readonly cookie: bigint;
  /** null: there can be no packet sockets. Closed by whoever uses them. */
  readonly capture: CaptureFds | null;
}

/**
 * Makes an empty network, with what packet sockets on `captures` interfaces take. Returns -errno
 * when there may be none.
 */
export function makeNetwork(captures = 0): Network | number {
  const made = new Int32Array(FIELDS);
  const result = sys().makeNetwork(new Uint8Array(made.buffer), captures);
  if (result < 0) return result;
  const cookie = new BigUint64Array(made.buffer, 0, 1)[0];
  return { net: made[NET_FIELD], user: made[USER_FIELD], cookie, capture: captureOf(made) };
}

function captureOf(made: Int32Array): CaptureFds | null {
  const packetsField = TAPS_FIELD + CAPTURES_MAX;
  const taps = [...made.subarray(TAPS_FIELD, packetsField)].filter((fd) => fd >= 0);
  const packets = [...made.subarray(packetsField, FIELDS)].filter((fd) => fd >= 0);
  if (taps.length === 0) return null;
  return { control: made[CONTROL_FIELD], list: made[LIST_FIELD], taps, packets };
}

/** When the program is in it. */
export function closeNetwork({ net, user }: Network): void {
  sys().close(net);
  if (user >= 0) sys().close(user);
}
