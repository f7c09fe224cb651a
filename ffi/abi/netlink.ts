/**
 * Netlink (linux/netlink.h, linux/rtnetlink.h, linux/if_link.h, linux/if_addr.h,
 * linux/neighbour.h, linux/fib_rules.h): numbers of messages, attributes and flags.
 *
 * @module
 */

export const AF_NETLINK = 16;
export const NETLINK_ROUTE = 0;
export const NETLINK_SOCK_DIAG = 4;

/** struct sockaddr_nl */
export const SOCKADDR_NL = { LEN: 12, FAMILY: 0, PORT_ID: 4, GROUPS: 8 } as const;

/** struct nlmsghdr */
export const NLMSGHDR = { LEN: 16, LENGTH: 0, TYPE: 4, FLAGS: 6, SEQ: 8, PORT_ID: 12 } as const;
/** struct nlattr */
export const NLATTR_LEN = 4;
export const NLA_NESTED = 0x8000;
export const NLA_TYPE_MASK = 0x3fff;

export const NLM_F_REQUEST = 0x1;
export const NLM_F_MULTI = 0x2;
export const NLM_F_ACK = 0x4;
/** Any of these two bits makes a request for a dump. */
export const NLM_F_DUMP = 0x300;
export const NLM_F_REPLACE = 0x100;
export const NLM_F_EXCL = 0x200;
export const NLM_F_CREATE = 0x400;
export const NLM_F_CAPPED = 0x100;
export const NLM_F_ACK_TLVS = 0x200;

export const NLMSG_ERROR = 2;
export const NLMSG_DONE = 3;
export const NLMSG_MIN_TYPE = 16;
export const NLMSGERR_ATTR_MSG = 1;

/** Options of SOL_NETLINK. */
export const SOL_NETLINK = 270;
export const NETLINK_ADD_MEMBERSHIP = 1;
export const NETLINK_DROP_MEMBERSHIP = 2;
export const NETLINK_LIST_MEMBERSHIPS = 9;
export const NETLINK_CAP_ACK = 10;
export const NETLINK_EXT_ACK = 11;
export const NETLINK_GET_STRICT_CHK = 12;

/** Multicast groups of NETLINK_ROUTE. */
export const RTNLGRP = {
  LINK: 1,
  NEIGH: 3,
  IPV4_IFADDR: 5,
  IPV4_ROUTE: 7,
  IPV6_IFADDR: 9,
  IPV6_ROUTE: 11,
} as const;

export const RTM = {
  NEWLINK: 16,
  GETLINK: 18,
  SETLINK: 19,
  NEWADDR: 20,
  DELADDR: 21,
  GETADDR: 22,
  NEWROUTE: 24,
  DELROUTE: 25,
  GETROUTE: 26,
  NEWNEIGH: 28,
  DELNEIGH: 29,
  GETNEIGH: 30,
  NEWRULE: 32,
  DELRULE: 33,
  GETRULE: 34,
  GETQDISC: 38,
  GETTCLASS: 42,
  GETTFILTER: 46,
  GETMULTICAST: 58,
  GETANYCAST: 62,
  GETADDRLABEL: 74,
  GETNETCONF: 82,
  GETMDB: 86,
  NEWNSID: 88,
  GETNSID: 90,
  GETNEXTHOP: 106,
} as const;

/** struct ifinfomsg */
export const IFINFOMSG = { LEN: 16, FAMILY: 0, TYPE: 2, INDEX: 4, FLAGS: 8, CHANGE: 12 } as const;
/** struct ifaddrmsg */
export const IFADDRMSG = {
  LEN: 8,
  FAMILY: 0,
  PREFIX_LEN: 1,
  FLAGS: 2,
  SCOPE: 3,
  INDEX: 4,
} as const;
/** struct rtmsg */
export const RTMSG = {
  LEN: 12,
  FAMILY: 0,
  DST_LEN: 1,
  SRC_LEN: 2,
  TOS: 3,
  TABLE: 4,
  PROTOCOL: 5,
  SCOPE: 6,
  TYPE: 7,
  FLAGS: 8,
} as const;
/** struct ndmsg */
export const NDMSG = { LEN: 12, FAMILY: 0, INDEX: 4, STATE: 8, FLAGS: 10, TYPE: 11 } as const;

export const IFLA = {
  ADDRESS: 1,
  BROADCAST: 2,
  IFNAME: 3,
  MTU: 4,
  LINK: 5,
  QDISC: 6,
  STATS: 7,
  TXQLEN: 13,
  MAP: 14,
  OPERSTATE: 16,
  LINKMODE: 17,
  LINKINFO: 18,
  STATS64: 23,
  GROUP: 27,
  EXT_MASK: 29,
  PROMISCUITY: 30,
  NUM_TX_QUEUES: 31,
  NUM_RX_QUEUES: 32,
  CARRIER: 33,
  CARRIER_CHANGES: 35,
  PROTO_DOWN: 39,
  GSO_MAX_SEGS: 40,
  GSO_MAX_SIZE: 41,
  MIN_MTU: 50,
  MAX_MTU: 51,
  ALT_IFNAME: 53,
  INFO_KIND: 1,
  INFO_DATA: 2,
  VLAN_ID: 1,
} as const;
/** Of flags that ioctl() has no room for. */
export const IFF_LOWER_UP = 0x10000;

export const IFA = {
  ADDRESS: 1,
  LOCAL: 2,
  LABEL: 3,
  BROADCAST: 4,
  CACHEINFO: 6,
  FLAGS: 8,
} as const;
export const IFA_F_DEPRECATED = 0x20;
export const IFA_F_PERMANENT = 0x80;

export const RTA = {
  DST: 1,
  SRC: 2,
  OIF: 4,
  GATEWAY: 5,
  PRIORITY: 6,
  PREFSRC: 7,
  CACHEINFO: 12,
  TABLE: 15,
  PREF: 20,
  UID: 25,
} as const;
export const RTN = { UNSPEC: 0, UNICAST: 1, LOCAL: 2, BROADCAST: 3, MULTICAST: 5 } as const;
export const RT_SCOPE = { UNIVERSE: 0, LINK: 253, HOST: 254 } as const;
export const RT_TABLE = { UNSPEC: 0, DEFAULT: 253, MAIN: 254, LOCAL: 255 } as const;
export const RTPROT = { UNSPEC: 0, KERNEL: 2, BOOT: 3 } as const;
export const RTM_F_CLONED = 0x200;
/** RTCF_LOCAL, RTCF_BROADCAST, RTCF_MULTICAST: in rtm_flags of a looked-up route. */
export const RTCF_LOCAL = 0x80000000;
export const RTCF_BROADCAST = 0x10000000;
export const RTCF_MULTICAST = 0x20000000;

export const NDA = { DST: 1, LLADDR: 2, CACHEINFO: 3, PROBES: 4, IFINDEX: 8, MASTER: 9 } as const;

/** Flags of struct ndmsg. */
export const NTF_USE = 0x01;
export const NTF_PROXY = 0x08;

/** An attribute of RTM_NEWNSID. */
export const NETNSA_NSID = 1;

export const FRA = { PRIORITY: 6, SUPPRESS_PREFIXLEN: 14, TABLE: 15, PROTOCOL: 21 } as const;
export const FR_ACT_TO_TBL = 1;
