/**
 * Names that scripts use for socket options, events and error numbers (Linux's values).
 *
 * @module
 */
import * as errno from "../../stack/base/errno.ts";
import * as api from "../../stack/socket/api.ts";

/** Name → [level, name]. */
export const SOCKET_OPTIONS: Readonly<Record<string, readonly [number, number]>> = {
  SO_DEBUG: [1, 1],
  SO_REUSEADDR: [1, 2],
  SO_TYPE: [1, 3],
  SO_ERROR: [1, 4],
  SO_DONTROUTE: [1, 5],
  SO_BROADCAST: [1, 6],
  SO_SNDBUF: [1, 7],
  SO_RCVBUF: [1, 8],
  SO_KEEPALIVE: [1, 9],
  SO_OOBINLINE: [1, 10],
  SO_NO_CHECK: [1, 11],
  SO_LINGER: [1, 13],
  SO_REUSEPORT: [1, 15],
  SO_RCVLOWAT: [1, 18],
  SO_ACCEPTCONN: [1, 30],
  SO_PROTOCOL: [1, 38],
  SO_DOMAIN: [1, 39],
  SO_MAX_PACING_RATE: [1, 47],
  IP_TOS: [0, 1],
  IP_TTL: [0, 2],
  IP_MTU_DISCOVER: [0, 10],
  IP_RECVERR: [0, 11],
  IP_MTU: [0, 14],
  IPV6_MTU_DISCOVER: [41, 23],
  IPV6_MTU: [41, 24],
  IPV6_RECVERR: [41, 25],
  IPV6_DONTFRAG: [41, 62],
  TCP_NODELAY: [6, 1],
  TCP_MAXSEG: [6, 2],
  TCP_CORK: [6, 3],
  TCP_KEEPIDLE: [6, 4],
  TCP_KEEPINTVL: [6, 5],
  TCP_KEEPCNT: [6, 6],
  TCP_SYNCNT: [6, 7],
  TCP_LINGER2: [6, 8],
  TCP_DEFER_ACCEPT: [6, 9],
  TCP_WINDOW_CLAMP: [6, 10],
  TCP_QUICKACK: [6, 12],
  TCP_USER_TIMEOUT: [6, 18],
  TCP_FASTOPEN: [6, 23],
  TCP_FASTOPEN_CONNECT: [6, 30],
  TCP_FASTOPEN_KEY: [6, 33],
  TCP_FASTOPEN_NO_COOKIE: [6, 34],
  TCP_NOTSENT_LOWAT: [6, 25],
};

export const SHUTDOWN_HOW: Readonly<Record<string, number>> = { RD: 0, WR: 1, RDWR: 2 };

export const EVENT_BITS: Readonly<Record<string, number>> = {
  READABLE: api.EVENT_READABLE,
  WRITABLE: api.EVENT_WRITABLE,
  CONNECTED: api.EVENT_CONNECTED,
  ERROR: api.EVENT_ERROR,
  ACCEPTABLE: api.EVENT_ACCEPTABLE,
  CLOSED: api.EVENT_CLOSED,
  ERRQUEUE: api.EVENT_ERRQUEUE,
};

export function eventText(bits: number): string {
  const names = Object.entries(EVENT_BITS).filter(([, bit]) => bits & bit).map(([name]) => name);
  return names.length === 0 ? "none" : names.join(" ");
}

/** "EINPROGRESS" → 115; undefined for anything else. */
export function errnoValue(name: string): number | undefined {
  return (errno as unknown as Readonly<Record<string, number>>)[name];
}
