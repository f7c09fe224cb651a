/**
 * Where things lie in an Ethernet frame, without a VLAN tag unless said, as far as devices look
 * into it.
 *
 * @module
 */
export const SOURCE_OFF = 6;
export const ETHERTYPE_OFF = 12;
export const ETHERNET_LEN = 14;
/** 802.1Q: what may stand before the type, and its own type. */
export const VLAN_TAG_LEN = 4;
export const ETHERTYPE_VLAN = 0x8100;
export const IPV4_DST_OFF = ETHERNET_LEN + 16;
export const IPV6_DST_OFF = ETHERNET_LEN + 24;
