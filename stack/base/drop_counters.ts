/**
 * Which of nstat's counters a drop reason belongs to, following Linux: a bad checksum counts both
 * as such and as an error of its protocol.
 *
 * @module
 */
import * as drop from "./drop_reason.ts";
import type { Counters } from "./counters.ts";

/** Adds one dropped packet to the groups' own counters. */
export function countDropInGroups(counters: Counters, reason: number): void {
  const isIgmp = reason === drop.DROP_IGMP_SHORT || reason === drop.DROP_IGMP_CHECKSUM;
  if (isIgmp) counters.igmp.inErrors++;
  else if (reason === drop.DROP_IPV6_FRAGMENT) counters.ip6.reasmFails++;
  else if (reason <= drop.DROP_NDP_FORMAT) counters.icmp6.inErrors++;
  else if (reason <= drop.DROP_MARTIAN_LOOPBACK) counters.ip.inAddrErrors++;
  else if (reason <= drop.DROP_ICMP_SHORT) countTransportDrop(counters, reason);
  else countNetworkDrop(counters, reason);
}

function countNetworkDrop(counters: Counters, reason: number): void {
  const ip = counters.ip;
  switch (reason) {
    case drop.DROP_FRAME_SHORT:
    case drop.DROP_FRAME_ETHERTYPE:
    case drop.DROP_FRAME_NOT_FOR_US:
    case drop.DROP_FRAME_FILTERED:
      counters.device.rxDropped++;
      break;
    case drop.DROP_ARP_SHORT:
    case drop.DROP_ARP_FORMAT:
    case drop.DROP_ARP_ADDRESS:
      counters.arp.inErrors++;
      break;
    case drop.DROP_IPV4_TRUNCATED:
    case drop.DROP_IPV6_TRUNCATED:
      ip.inTruncatedPkts++;
      break;
    case drop.DROP_IPV4_CHECKSUM:
      ip.inCsumErrors++;
      ip.inHdrErrors++;
      break;
    case drop.DROP_IP_MARTIAN:
    case drop.DROP_IP_NOT_FOR_US:
      ip.inAddrErrors++;
      break;
    case drop.DROP_IP_PROTOCOL:
      ip.inUnknownProtos++;
      break;
    case drop.DROP_IPV4_FRAGMENT:
    case drop.DROP_REASSEMBLY_OVERLAP:
    case drop.DROP_REASSEMBLY_MEMORY:
      ip.reasmFails++;
      break;
    case drop.DROP_REASSEMBLY_TIMEOUT:
      ip.reasmTimeout++;
      ip.reasmFails++;
      break;
    default:
      ip.inHdrErrors++;
  }
}

function countTransportDrop(counters: Counters, reason: number): void {
  const { icmp, udp, tcp } = counters;
  switch (reason) {
    case drop.DROP_ICMP_CHECKSUM:
      icmp.inCsumErrors++;
      icmp.inErrors++;
      break;
    case drop.DROP_ICMP_SHORT:
    case drop.DROP_ICMP_TYPE:
    case drop.DROP_ICMP_QUOTE:
      icmp.inErrors++;
      break;
    case drop.DROP_UDP_CHECKSUM:
      udp.inCsumErrors++;
      udp.inErrors++;
      break;
    case drop.DROP_UDP_SHORT:
    case drop.DROP_UDP_LENGTH:
      udp.inErrors++;
      break;
    case drop.DROP_UDP_NO_PORT:
      udp.noPorts++;
      break;
    case drop.DROP_UDP_QUEUE_FULL:
      udp.rcvbufErrors++;
      udp.inErrors++;
      break;
    case drop.DROP_RAW_QUEUE_FULL:
      counters.raw.rcvbufErrors++;
      break;
    case drop.DROP_TCP_CHECKSUM:
      tcp.inCsumErrors++;
      tcp.inErrs++;
      break;
    case drop.DROP_TCP_SHORT:
    case drop.DROP_TCP_HEADER_LEN:
      tcp.inErrs++;
      break;
    case drop.DROP_TCP_OPTIONS:
      tcp.badOptions++;
      break;
    case drop.DROP_NEIGHBOUR_QUEUE_FULL:
    case drop.DROP_NEIGHBOUR_FAILED:
      counters.arp.queueDrops++;
      break;
    case drop.DROP_NO_MEMORY:
      counters.ip.inDiscards++;
      break;
    case drop.DROP_DEVICE_FULL:
      counters.device.txDropped++;
      break;
  }
}
