/**
 * The virtio-net header that AF_PACKET (PACKET_VNET_HDR) and TAP (IFF_VNET_HDR) put before each
 * frame: the state of its checksum and how it is, or is to be, cut into segments.
 *
 * @module
 */
import {
  VIRTIO_NET_HDR,
  VIRTIO_NET_HDR_F_DATA_VALID,
  VIRTIO_NET_HDR_F_NEEDS_CSUM,
  VIRTIO_NET_HDR_GSO_ECN,
  VIRTIO_NET_HDR_GSO_TCPV4,
  VIRTIO_NET_HDR_GSO_TCPV6,
  VIRTIO_NET_HDR_GSO_UDP_L4,
} from "../../../ffi/abi/virtio_net.ts";
import {
  CSUM_NONE,
  CSUM_PARTIAL,
  CSUM_VALID,
  GSO_NONE,
  type RxFrames,
  type TxFrames,
} from "../../../stack/mod.ts";

/** Sets checksum and segmentation of row `i` from the header at `at`. */
export function readVnetHeader(dv: DataView, at: number, rx: RxFrames, i: number): void {
  const flags = dv.getUint8(at + VIRTIO_NET_HDR.FLAGS);
  if ((flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) !== 0) rx.csum[i] = CSUM_PARTIAL;
  else rx.csum[i] = (flags & VIRTIO_NET_HDR_F_DATA_VALID) !== 0 ? CSUM_VALID : CSUM_NONE;
  const type = dv.getUint8(at + VIRTIO_NET_HDR.GSO_TYPE) & ~VIRTIO_NET_HDR_GSO_ECN;
  // Any other type (UFO: one long datagram, not yet cut) is a single packet to the stack.
  if (
    type === VIRTIO_NET_HDR_GSO_TCPV4 || type === VIRTIO_NET_HDR_GSO_TCPV6 ||
    type === VIRTIO_NET_HDR_GSO_UDP_L4
  ) {
    rx.gsoType[i] = type;
    rx.gsoSize[i] = dv.getUint16(at + VIRTIO_NET_HDR.GSO_SIZE, true);
  } else {
    rx.gsoType[i] = GSO_NONE;
    rx.gsoSize[i] = 0;
  }
}

/** Writes the header of row `row` just before its frame; returns where it starts. */
export function writeVnetHeader(dv: DataView, tx: TxFrames, row: number): number {
  const frame = tx.hdrOff[row];
  const at = frame - VIRTIO_NET_HDR.LEN;
  if (tx.csum[row] === CSUM_PARTIAL) {
    dv.setUint8(at, VIRTIO_NET_HDR_F_NEEDS_CSUM);
    dv.setUint16(at + VIRTIO_NET_HDR.CSUM_START, tx.l4Off[row] - frame, true);
    dv.setUint16(at + VIRTIO_NET_HDR.CSUM_OFFSET, tx.csumOffset[row], true);
  } else {
    dv.setUint8(at, 0);
    dv.setInt32(at + VIRTIO_NET_HDR.CSUM_START, 0, true);
  }
  dv.setUint8(at + VIRTIO_NET_HDR.GSO_TYPE, tx.gsoType[row]);
  dv.setUint16(at + VIRTIO_NET_HDR.HDR_LEN, tx.hdrLen[row], true);
  dv.setUint16(at + VIRTIO_NET_HDR.GSO_SIZE, tx.gsoSize[row], true);
  return at;
}
