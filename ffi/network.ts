/**
 * The program's network namespace, and the thread that carries its names: the twin of
 * host/network.c and host/names.c, where both are told. For the main thread, before it is confined.
 *
 * @module
 */
import { AF_INET, AF_INET6, SOCKADDR_IN, SOCKADDR_IN6 } from "./abi/socket.ts";
import { findNative, openNative } from "./build_native.ts";
import { HOST_LIBRARY } from "./libc.ts";

const SYMBOLS = {
  /** (servers, count, struct network): 0 */
  makeNetwork: {
    name: "nuse_make_network",
    parameters: ["buffer", "i32", "buffer"],
    result: "i32",
  },
  /** (servers, count, their sockets): 0 */
  serveNames: {
    name: "nuse_serve_names",
    parameters: ["buffer", "i32", "buffer"],
    result: "i32",
  },
  close: { name: "nuse_close", parameters: ["i32"], result: "i32" },
} as const satisfies Deno.ForeignLibraryInterface;

type Sys = Deno.DynamicLibrary<typeof SYMBOLS>["symbols"];

let opened: Sys | null = null;

function sys(): Sys {
  opened ??= openNative(findNative(HOST_LIBRARY.name, HOST_LIBRARY.sources), SYMBOLS).symbols;
  return opened;
}

/** As in glibc: MAXNS. */
export const SERVERS_MAX = 3;
const DNS_PORT = 53;
/** Of struct network, int32: the cookie, the namespaces, a UDP and a TCP socket for each server. */
const NET_FIELD = 2;
const USER_FIELD = 3;
const NAMES_FIELD = 4;
const FIELDS = NAMES_FIELD + 2 * SERVERS_MAX;

/** Descriptors. Closed by `closeNetwork`; the namespace lives as long as somebody is in it. */
export interface Network {
  readonly net: number;
  /** The user namespace that owns it; -1: that of nuse. */
  readonly user: number;
  /** SO_NETNS_COOKIE of the sockets that are made in it. */
  readonly cookie: bigint;
}

/** The address of a name server: 4 or 16 bytes. */
export type NameServer = Uint8Array;

/**
 * Makes an empty network in which the questions to port 53 of `servers` are answered by them.
 * Returns -errno when there may be none.
 */
export function makeNetwork(servers: readonly NameServer[]): Network | number {
  const addresses = sockaddrs(servers);
  const made = new Int32Array(FIELDS);
  const result = sys().makeNetwork(addresses, servers.length, new Uint8Array(made.buffer));
  if (result < 0) return result;
  const served = servers.length === 0 ? 0 : serveNames(addresses, made);
  const cookie = new BigUint64Array(made.buffer, 0, 1)[0];
  const network = { net: made[NET_FIELD], user: made[USER_FIELD], cookie };
  if (served < 0) closeNetwork(network);
  return served < 0 ? served : network;
}

function serveNames(addresses: Uint8Array<ArrayBuffer>, made: Int32Array): number {
  const sockets = made.slice(NAMES_FIELD);
  const count = addresses.length / SOCKADDR_IN6.LEN;
  return sys().serveNames(addresses, count, new Uint8Array(sockets.buffer));
}

/** When the program is in it. */
export function closeNetwork({ net, user }: Network): void {
  sys().close(net);
  if (user >= 0) sys().close(user);
}

/** One sockaddr each, all in the room of a sockaddr_in6. */
function sockaddrs(servers: readonly NameServer[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(servers.length * SOCKADDR_IN6.LEN);
  const dv = new DataView(bytes.buffer);
  servers.forEach((address, i) => {
    const off = i * SOCKADDR_IN6.LEN;
    const isV4 = address.length === 4;
    dv.setUint16(off + SOCKADDR_IN.FAMILY, isV4 ? AF_INET : AF_INET6, true);
    dv.setUint16(off + SOCKADDR_IN.PORT, DNS_PORT);
    bytes.set(address, off + (isV4 ? SOCKADDR_IN.ADDR : SOCKADDR_IN6.ADDR));
  });
  return bytes;
}
