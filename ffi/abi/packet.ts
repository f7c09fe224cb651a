/** AF_PACKET: sockaddr_ll, packet_mreq and its options (linux/if_packet.h). @module */

export const SOCKADDR_LL = {
  LEN: 20,
  FAMILY: 0,
  PROTOCOL: 2,
  IFINDEX: 4,
  HATYPE: 8,
  PKTTYPE: 10,
  HALEN: 11,
  ADDR: 12,
} as const;

export const PACKET_MREQ = { LEN: 16, IFINDEX: 0, TYPE: 4, ALEN: 6, ADDRESS: 8 } as const;
export const PACKET_MR_PROMISC = 1;
export const PACKET_MR_ALLMULTI = 2;

export const SOL_PACKET = 263;
export const PACKET_ADD_MEMBERSHIP = 1;
export const PACKET_STATISTICS = 6;
export const PACKET_VNET_HDR = 15;
export const PACKET_IGNORE_OUTGOING = 23;

/** The type of a frame that this host sends. */
export const PACKET_OUTGOING = 4;

/** tpacket_stats, what PACKET_STATISTICS answers (and clears). */
export const TPACKET_STATS = { LEN: 8, PACKETS: 0, DROPS: 4 } as const;

export const ETH_P_ALL = 0x0003;
export const ETH_P_IP = 0x0800;
export const ETH_P_ARP = 0x0806;
export const ETH_P_IPV6 = 0x86dd;
export const ARPHRD_ETHER = 1;
export const ARPHRD_LOOPBACK = 772;

/** Frames that a device queues, by default (IFLA_TXQLEN, SIOCGIFTXQLEN). */
export const TX_QUEUE_LEN = 1000;
