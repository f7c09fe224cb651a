/**
 * ARP for IPv4 over Ethernet (RFC 826): 28 bytes after the Ethernet header.
 *
 * @module
 */
import { DROP_ARP_FORMAT, DROP_ARP_SHORT } from "../base/drop_reason.ts";
import { ETHERTYPE_IPV4, MAC_LEN } from "./ethernet.ts";

export const ARP_LEN = 28;
export const ARP_REQUEST = 1;
export const ARP_REPLY = 2;
export const HARDWARE_ETHERNET = 1;
const IPV4_ADDRESS_LEN = 4;

/** An ARP packet as parsed; reused. MACs as in ethernet.ts, IPv4 addresses as int32. */
export class ArpPacket {
  operation = 0;
  senderHi = 0;
  senderLo = 0;
  senderIp = 0;
  targetHi = 0;
  targetLo = 0;
  targetIp = 0;
}

/** Returns 0, DROP_ARP_SHORT or DROP_ARP_FORMAT (not an IPv4-over-Ethernet request or reply). */
export function parseArp(dv: DataView, off: number, len: number, out: ArpPacket): number {
  if (len < ARP_LEN) return DROP_ARP_SHORT;
  out.operation = dv.getUint16(off + 6);
  if (
    dv.getUint16(off) !== HARDWARE_ETHERNET || dv.getUint16(off + 2) !== ETHERTYPE_IPV4 ||
    dv.getUint8(off + 4) !== MAC_LEN || dv.getUint8(off + 5) !== IPV4_ADDRESS_LEN ||
    (out.operation !== ARP_REQUEST && out.operation !== ARP_REPLY)
  ) return DROP_ARP_FORMAT;
  out.senderHi = dv.getUint16(off + 8);
  out.senderLo = dv.getInt32(off + 10);
  out.senderIp = dv.getInt32(off + 14);
  out.targetHi = dv.getUint16(off + 18);
  out.targetLo = dv.getInt32(off + 20);
  out.targetIp = dv.getInt32(off + 24);
  return 0;
}

export function emitArp(
  dv: DataView,
  off: number,
  operation: number,
  senderHi: number,
  senderLo: number,
  senderIp: number,
  targetHi: number,
  targetLo: number,
  targetIp: number,
): void {
  dv.setUint16(off, HARDWARE_ETHERNET);
  dv.setUint16(off + 2, ETHERTYPE_IPV4);
  dv.setUint8(off + 4, MAC_LEN);
  dv.setUint8(off + 5, IPV4_ADDRESS_LEN);
  dv.setUint16(off + 6, operation);
  dv.setUint16(off + 8, senderHi);
  dv.setInt32(off + 10, senderLo);
  dv.setInt32(off + 14, senderIp);
  dv.setUint16(off + 18, targetHi);
  dv.setInt32(off + 20, targetLo);
  dv.setInt32(off + 24, targetIp);
}
