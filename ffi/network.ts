/**
 * The program's network namespace: the twin of host/network.c, where it is told. For the main
 * thread, before it is confined.
 *
 * @module
 */
import { findNative, openNative } from "./build_native.ts";
import { HOST_LIBRARY } from "./libc.ts";

const SYMBOLS = {
  /** (struct network): 0 */
  makeNetwork: { name: "nuse_make_network", parameters: ["buffer"], result: "i32" },
  close: { name: "nuse_close", parameters: ["i32"], result: "i32" },
} as const satisfies Deno.ForeignLibraryInterface;

type Sys = Deno.DynamicLibrary<typeof SYMBOLS>["symbols"];

let opened: Sys | null = null;

function sys(): Sys {
  opened ??= openNative(findNative(HOST_LIBRARY.name, HOST_LIBRARY.sources), SYMBOLS).symbols;
  return opened;
}

/** Of struct network, int32: the cookie, the namespaces. */
const NET_FIELD = 2;
const USER_FIELD = 3;
const FIELDS = 4;

/** Descriptors. Closed by `closeNetwork`; the namespace lives as long as somebody is in it. */
export interface Network {
  readonly net: number;
  /** The user namespace that owns it; -1: that of nuse. */
  readonly user: number;
  /** SO_NETNS_COOKIE of the sockets that are made in it. */
  readonly cookie: bigint;
}

/** Makes an empty network. Returns -errno when there may be none. */
export function makeNetwork(): Network | number {
  const made = new Int32Array(FIELDS);
  const result = sys().makeNetwork(new Uint8Array(made.buffer));
  if (result < 0) return result;
  const cookie = new BigUint64Array(made.buffer, 0, 1)[0];
  return { net: made[NET_FIELD], user: made[USER_FIELD], cookie };
}

/** When the program is in it. */
export function closeNetwork({ net, user }: Network): void {
  sys().close(net);
  if (user >= 0) sys().close(user);
}
