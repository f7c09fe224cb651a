/**
 * Routes as ioctl() and /proc/net/route have them (linux/route.h, linux/ipv6_route.h).
 *
 * @module
 */

export const SIOCADDRT = 0x890b;
export const SIOCDELRT = 0x890c;

/** struct rtentry; DEVICE points at the name. */
export const RTENTRY = {
  LEN: 120,
  DST: 8,
  GATEWAY: 24,
  MASK: 40,
  FLAGS: 56,
  METRIC: 80,
  DEVICE: 88,
} as const;

/** struct in6_rtmsg */
export const IN6_RTMSG = {
  LEN: 80,
  DST: 0,
  GATEWAY: 32,
  DST_LEN: 52,
  METRIC: 56,
  FLAGS: 72,
  IFINDEX: 76,
} as const;

export const RTF_UP = 0x1;
export const RTF_GATEWAY = 0x2;
export const RTF_HOST = 0x4;
export const RTF_REJECT = 0x200;

/** struct arpreq */
export const ARPREQ = { LEN: 68, HARDWARE: 16, FLAGS: 32, DEVICE: 52, DEVICE_LEN: 16 } as const;
export const SIOCDARP = 0x8953;
export const SIOCGARP = 0x8954;
export const SIOCSARP = 0x8955;
/** Flags of struct arpreq: the address is known, it stays, we answer for it. */
export const ATF_COM = 0x02;
export const ATF_PERM = 0x04;
export const ATF_PUBL = 0x08;
