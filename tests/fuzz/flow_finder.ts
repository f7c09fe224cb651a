/**
 * Whose a frame is: the connection of the stack under test that it belongs to, or seems to. Frames
 * are IPv4 here, whatever they stand for.
 *
 * @module
 */
import type { IpAddress, Stack } from "../../stack/mod.ts";
import { type Flow, FLOW_TCB, FLOW_TIME_WAIT } from "../../stack/tcp/base/flow.ts";
import type { SynRequest } from "../../stack/tcp/passive_open/syn_request.ts";
import type { Tcb } from "../../stack/tcp/tcb/tcb.ts";
import { addressFor, type Family } from "../support/families.ts";
import { ACK, type DecodedFrame, PROTO_ICMP, PROTO_TCP, SYN } from "../support/packet_types.ts";
import { LINK_LEN } from "./draft.ts";
import type { WireWatch } from "./wire_watch.ts";

/** Where an ICMP error without IP options quotes. */
const QUOTE_OFF = LINK_LEN + 20 + 8;

export class FlowFinder {
  constructor(readonly stack: Stack, readonly watch: WireWatch, readonly family: Family) {}

  #address(word: number): IpAddress {
    return addressFor(this.family, word);
  }

  /**
   * A SYN-ACK with a cookie that was queued while the cookie of an earlier one came back; or a
   * segment of a connection whose own SYN never left (no room for one more neighbour).
   */
  isOvertaken({ ip, tcp }: DecodedFrame): boolean {
    if (tcp === null) return false;
    const local = this.#address(ip!.src);
    const remote = this.#address(ip!.dst);
    const flow = this.stack.tcp.demux.find(local, tcp.srcPort, remote, tcp.dstPort, 0);
    if (flow === null || flow.kind === FLOW_TIME_WAIT) return false;
    const { iss } = flow as Tcb | SynRequest;
    if (tcp.flags & SYN) {
      return (tcp.flags & ACK) !== 0 && flow.kind === FLOW_TCB && iss !== (tcp.seq | 0);
    }
    const known = this.watch.find(ip!.src, ip!.dst, tcp.srcPort * 65536 + tcp.dstPort);
    return known !== null && known.isOpen && known.iss !== iss;
  }

  /** Whose segment the frame is, or seems to be; or that which an ICMP error in it quotes. */
  of(bytes: Uint8Array): Flow | null {
    const isError = bytes[23] === PROTO_ICMP && bytes[34] >= 3;
    const ip = isError ? QUOTE_OFF : LINK_LEN;
    const l4 = ip + (bytes[ip] & 15) * 4;
    if (bytes.length < ip + 24 || l4 + 4 > bytes.length || bytes[ip + 9] !== PROTO_TCP) return null;
    const dv = new DataView(bytes.buffer, bytes.byteOffset);
    const src = this.#address(dv.getInt32(ip + 12));
    const dst = this.#address(dv.getInt32(ip + 16));
    const srcPort = dv.getUint16(l4);
    const dstPort = dv.getUint16(l4 + 2);
    const { demux } = this.stack.tcp;
    return isError
      ? demux.find(src, srcPort, dst, dstPort, 0)
      : demux.find(dst, dstPort, src, srcPort, 0);
  }
}
