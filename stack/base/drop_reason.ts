/**
 * Why a packet was dropped: negative numbers, which parse functions return and `Counters.drop`
 * counts. 0 means "not dropped". The number is the negated index into DROP_NAMES; a reason is added
 * at the end of both.
 *
 * @module
 */

export const DROP_FRAME_SHORT = -1; // no whole Ethernet header
export const DROP_FRAME_ETHERTYPE = -2; // a protocol that we do not speak
export const DROP_FRAME_NOT_FOR_US = -3; // unicast to another MAC
export const DROP_FRAME_FILTERED = -4; // discarded by configuration (interface down, impairment)
export const DROP_ARP_SHORT = -5;
export const DROP_ARP_FORMAT = -6; // hardware or protocol type, lengths, operation
export const DROP_ARP_ADDRESS = -7; // sender address unusable (multicast, broadcast, zero MAC)
export const DROP_IPV4_SHORT = -8;
export const DROP_IPV4_VERSION = -9;
export const DROP_IPV4_HEADER_LEN = -10; // IHL below 5 or beyond the packet
export const DROP_IPV4_TOTAL_LEN = -11; // shorter than the header
export const DROP_IPV4_TRUNCATED = -12; // the frame ends before the total length
export const DROP_IPV4_CHECKSUM = -13;
export const DROP_IPV4_OPTIONS = -14; // malformed: a parameter problem is due
export const DROP_IPV4_SOURCE_ROUTE = -15;
export const DROP_IPV4_FRAGMENT = -16; // fragment of impossible length or offset
export const DROP_IP_MARTIAN = -17; // destination 127/8: never on a wire
export const DROP_IP_NOT_FOR_US = -18;
export const DROP_IP_PROTOCOL = -19; // nobody wants the protocol
export const DROP_REASSEMBLY_OVERLAP = -20;
export const DROP_REASSEMBLY_MEMORY = -21;
export const DROP_REASSEMBLY_TIMEOUT = -22;
export const DROP_IPV6_SHORT = -23;
export const DROP_IPV6_VERSION = -24;
export const DROP_IPV6_TRUNCATED = -25;
export const DROP_IPV6_HEADER = -26; // extension header malformed or not supported
export const DROP_ICMP_SHORT = -27;
export const DROP_ICMP_CHECKSUM = -28;
export const DROP_ICMP_TYPE = -29; // unknown or unwanted type
export const DROP_ICMP_QUOTE = -30; // the quoted packet is too short or not one of ours
export const DROP_UDP_SHORT = -31;
export const DROP_UDP_LENGTH = -32; // length field below 8 or beyond the packet
export const DROP_UDP_CHECKSUM = -33;
export const DROP_UDP_NO_PORT = -34;
export const DROP_UDP_QUEUE_FULL = -35;
export const DROP_RAW_QUEUE_FULL = -36;
export const DROP_TCP_SHORT = -37;
export const DROP_TCP_HEADER_LEN = -38; // data offset below 5 or beyond the segment
export const DROP_TCP_CHECKSUM = -39;
export const DROP_TCP_OPTIONS = -40; // malformed options
export const DROP_TCP_NO_PORT = -41;
export const DROP_NEIGHBOUR_QUEUE_FULL = -42;
export const DROP_NEIGHBOUR_FAILED = -43; // never resolved
export const DROP_NO_MEMORY = -44;
export const DROP_DEVICE_FULL = -45; // the device refused the frame
export const DROP_TCP_FLAGS = -46; // a combination of flags that means nothing in this state
export const DROP_TCP_SEQUENCE = -47; // a reset whose numbers do not fit
// Sources that no other host can have (iface/martian.ts)
export const DROP_MARTIAN_LOOPBACK = -48; // 127/8
export const DROP_MARTIAN_MULTICAST = -49; // 224/4
export const DROP_MARTIAN_BROADCAST = -50; // to all, or to one of our subnets
export const DROP_MARTIAN_RESERVED = -51; // 240/4, 0/8
export const DROP_MARTIAN_UNSPECIFIED = -52; // 0.0.0.0 where nobody asks for an address
export const DROP_MARTIAN_OWN = -53; // an address of ours, from the wire
// Packets that were to be forwarded (iface/forward.ts)
export const DROP_IP_TTL = -54;
export const DROP_IP_NO_ROUTE = -55;
export const DROP_IP_TOO_LONG = -56; // and not to be fragmented
export const DROP_SOCKET_FILTER = -57; // SO_ATTACH_FILTER of the socket that it was for
export const DROP_TCP_MIN_TTL = -58; // from farther away than IP_MINTTL allows
export const DROP_IGMP_SHORT = -59; // or fewer sources there than it says
export const DROP_IGMP_CHECKSUM = -60;
export const DROP_NDP_FORMAT = -61; // too short, or malformed options
export const DROP_NDP_ADDRESS = -62; // over a router, or addresses that nobody may use so
export const DROP_MLD_SHORT = -63;
export const DROP_IPV6_FRAGMENT = -64; // of impossible length or offset

/** Name of reason r at index -r; index 0 is not a reason. */
export const DROP_NAMES: readonly string[] = [
  "none",
  "frameShort",
  "frameEthertype",
  "frameNotForUs",
  "frameFiltered",
  "arpShort",
  "arpFormat",
  "arpAddress",
  "ipv4Short",
  "ipv4Version",
  "ipv4HeaderLen",
  "ipv4TotalLen",
  "ipv4Truncated",
  "ipv4Checksum",
  "ipv4Options",
  "ipv4SourceRoute",
  "ipv4Fragment",
  "ipMartian",
  "ipNotForUs",
  "ipProtocol",
  "reassemblyOverlap",
  "reassemblyMemory",
  "reassemblyTimeout",
  "ipv6Short",
  "ipv6Version",
  "ipv6Truncated",
  "ipv6Header",
  "icmpShort",
  "icmpChecksum",
  "icmpType",
  "icmpQuote",
  "udpShort",
  "udpLength",
  "udpChecksum",
  "udpNoPort",
  "udpQueueFull",
  "rawQueueFull",
  "tcpShort",
  "tcpHeaderLen",
  "tcpChecksum",
  "tcpOptions",
  "tcpNoPort",
  "neighbourQueueFull",
  "neighbourFailed",
  "noMemory",
  "deviceFull",
  "tcpFlags",
  "tcpSequence",
  "martianLoopback",
  "martianMulticast",
  "martianBroadcast",
  "martianReserved",
  "martianUnspecified",
  "martianOwn",
  "ipTtl",
  "ipNoRoute",
  "ipTooLong",
  "socketFilter",
  "tcpMinTtl",
  "igmpShort",
  "igmpChecksum",
  "ndpFormat",
  "ndpAddress",
  "mldShort",
  "ipv6Fragment",
];
