/**
 * struct ifreq, its ioctls and interface flags (net/if.h, linux/sockios.h, linux/ethtool.h).
 *
 * @module
 */

export const IFNAMSIZ = 16;

export const IFREQ = {
  LEN: 40,
  NAME: 0,
  FLAGS: 16,
  IFINDEX: 16,
  MTU: 16,
  QUEUE_LEN: 16,
  /** sa_family (ARPHRD_*) of SIOCGIFHWADDR, then the address. */
  HWADDR_FAMILY: 16,
  HWADDR: 18,
  /** sockaddr_in of SIOCSIFADDR and SIOCSIFNETMASK. */
  ADDR: 16,
} as const;

export const SIOCGIFNAME = 0x8910;
export const SIOCGIFCONF = 0x8912;
export const SIOCGIFFLAGS = 0x8913;
export const SIOCSIFFLAGS = 0x8914;
export const SIOCGIFADDR = 0x8915;
export const SIOCSIFADDR = 0x8916;
export const SIOCGIFDSTADDR = 0x8917;
export const SIOCGIFBRDADDR = 0x8919;
export const SIOCSIFBRDADDR = 0x891a;
export const SIOCGIFNETMASK = 0x891b;
export const SIOCSIFNETMASK = 0x891c;
export const SIOCGIFMETRIC = 0x891d;
export const SIOCGIFMTU = 0x8921;
export const SIOCSIFMTU = 0x8922;
export const SIOCSIFHWADDR = 0x8924;
export const SIOCGIFHWADDR = 0x8927;
export const SIOCGIFINDEX = 0x8933;
export const SIOCDIFADDR = 0x8936;
export const SIOCGIFTXQLEN = 0x8942;
export const SIOCETHTOOL = 0x8946;
export const SIOCSIFTXQLEN = 0x8943;
/** On a bridge's name, with the port's index in ifr_ifindex (linux/sockios.h). */
export const SIOCBRADDIF = 0x89a2;

export const IFF_UP = 0x1;

export const ETHTOOL_GDRVINFO = 0x3;
export const ETHTOOL_DRVINFO = { LEN: 196, CMD: 0, DRIVER: 4, DRIVER_LEN: 32 } as const;
export const ETHTOOL_GLINK = 0xa;
export const ETHTOOL_VALUE = { LEN: 8, CMD: 0, DATA: 4 } as const;

/** struct in6_ifreq: an IPv6 address, the length of its prefix, an interface. */
export const IN6_IFREQ = { ADDR: 0, PREFIXLEN: 16, IFINDEX: 20, LEN: 24 } as const;
