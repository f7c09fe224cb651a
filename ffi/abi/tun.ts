/** /dev/net/tun: flags, offloads and ioctls (linux/if_tun.h). @module */

export const IFF_TAP = 0x0002;
export const IFF_NO_PI = 0x1000;
export const IFF_VNET_HDR = 0x4000;
/** Fail with EBUSY when the name is taken. */
export const IFF_TUN_EXCL = 0x8000;

export const TUN_F_CSUM = 0x01;
export const TUN_F_TSO4 = 0x02;
export const TUN_F_TSO6 = 0x04;
export const TUN_F_TSO_ECN = 0x08;
export const TUN_F_USO4 = 0x20;
export const TUN_F_USO6 = 0x40;

export const TUNSETIFF = 0x400454ca;
/** struct sock_fprog: which frames we get to read */
export const TUNATTACHFILTER = 0x401054d5;
/** int: the number of the interface that TUNSETIFF will make */
export const TUNSETIFINDEX = 0x400454da;
export const TUNSETVNETHDRSZ = 0x400454d8;
/** The offloads travel as the argument itself, not behind a pointer. */
export const TUNSETOFFLOAD = 0x400454d0;
