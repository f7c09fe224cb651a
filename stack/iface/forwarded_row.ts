/**
 * A packet that is passed on, as a row of the other device: what has been put together (GRO, TSO of
 * a peer on the same machine), or whose checksum is only begun, travels on as it is, with its
 * transport header in the row's slot. The same in both families.
 *
 * @module
 */
import { CSUM_PARTIAL, GSO_NONE, type TxFrames } from "../base/frames.ts";
import type { Memory } from "../base/memory.ts";
import type { Packet } from "../base/packet.ts";
import { finish, fold, sum } from "../wire/checksum.ts";
import { PROTOCOL_TCP, PROTOCOL_UDP } from "../wire/ipv4.ts";
import { TCP_CHECKSUM_OFFSET, TCP_HEADER_LEN, tcpHeaderLen } from "../wire/tcp.ts";
import { finishUdp, UDP_CHECKSUM_OFFSET, UDP_HEADER_LEN } from "../wire/udp.ts";

/** A device that names no size of segments has put none together, whatever it says. */
export function refuseSizeless(pkt: Packet): void {
  if (pkt.gsoSize === 0) pkt.gsoType = GSO_NONE;
}

/**
 * Length of the transport header that must lie in the row's slot, because checksum or segments are
 * still to be made; 0: none is; -1: the packet is too short for it.
 */
export function offloadedHeaderLen(dv: DataView, pkt: Packet): number {
  if (pkt.csum !== CSUM_PARTIAL && pkt.gsoType === GSO_NONE) return 0;
  const there = pkt.endOff - pkt.transportOff;
  if (pkt.protocol === PROTOCOL_UDP) return there < UDP_HEADER_LEN ? -1 : UDP_HEADER_LEN;
  if (pkt.protocol !== PROTOCOL_TCP) return 0;
  if (there < TCP_HEADER_LEN) return -1;
  const len = tcpHeaderLen(dv, pkt.transportOff);
  return len < TCP_HEADER_LEN || len > there ? -1 : len;
}

/**
 * Fills the row under construction with the packet's bytes from `at` to `end`, the first `l4Len` of
 * them in the slot. `pseudo`: sum of the pseudo-header, used when there are any.
 */
export function fillForwarded(
  { u8, dv }: Memory,
  tx: TxFrames,
  pkt: Packet,
  at: number,
  end: number,
  l4Len: number,
  pseudo: number,
): void {
  const row = tx.count;
  const l4 = tx.l4Off[row];
  const data = at + l4Len;
  u8.copyWithin(l4, at, data);
  tx.hdrLen[row] = l4Len;
  tx.payOff[row] = data;
  tx.payLen[row] = end - data;
  if (l4Len === 0) return;
  const field = checksumOffset(pkt.protocol);
  dv.setUint16(l4 + field, fold(pseudo));
  tx.csum[row] = CSUM_PARTIAL;
  tx.csumOffset[row] = field;
  tx.gsoType[row] = pkt.gsoType;
  tx.gsoSize[row] = pkt.gsoSize;
}

/** Fills in the checksum of the `len` bytes of transport packet at `l4`, of which nothing is. */
export function finishChecksumAt(
  dv: DataView,
  protocol: number,
  l4: number,
  len: number,
  pseudo: number,
): void {
  const field = l4 + checksumOffset(protocol);
  dv.setUint16(field, 0);
  const total = sum(dv, l4, len, pseudo);
  dv.setUint16(field, protocol === PROTOCOL_UDP ? finishUdp(total) : finish(total));
}

function checksumOffset(protocol: number): number {
  return protocol === PROTOCOL_UDP ? UDP_CHECKSUM_OFFSET : TCP_CHECKSUM_OFFSET;
}
