/**
 * TCP connections for the micro benches, and the frames of the far end, which is not there any
 * more.
 *
 * @module
 */
import { CSUM_VALID, GSO_NONE, GSO_TCPV4, type StreamSocket } from "../../stack/mod.ts";
import {
  IPV4_HEADER_LEN,
  IPV4_TOTAL_LEN_OFFSET,
  refreshIpv4Checksum,
} from "../../stack/wire/ipv4.ts";
import { ETHERNET_HEADER_LEN } from "../../stack/wire/ethernet.ts";
import { TCP_ACK_OFFSET, TCP_HEADER_LEN, TCP_SEQ_OFFSET } from "../../stack/wire/tcp.ts";
import { TCP_TIMESTAMPS_LEN } from "../../stack/wire/tcp_options.ts";
import { type Host, type HostOptions, pair, settle, START_US } from "./host.ts";

export const MSS = 1448;
/** As many full segments as fit into one frame of a device that coalesces and segments. */
export const GSO_PAYLOAD = 45 * MSS;

const PORT = 80;
const BACKLOG = 256;
const IP_OFF = ETHERNET_HEADER_LEN;
const TCP_OFF = IP_OFF + IPV4_HEADER_LEN;
const TS_VAL_OFF = TCP_OFF + TCP_HEADER_LEN + 4;
const TS_ECR_OFF = TS_VAL_OFF + 4;
const HEADERS_LEN = TCP_OFF + TCP_HEADER_LEN + TCP_TIMESTAMPS_LEN;

/** One near end of a connection; what the far end says next is `seq`. */
export interface Connection {
  readonly socket: StreamSocket;
  seq: number;
  readonly ports: number;
  ack: number;
  readonly tsVal: number;
  readonly tsEcr: number;
}

export interface Connections {
  readonly near: Host;
  readonly all: Connection[];
}

/** Both ends of a connection. */
export interface Pair {
  readonly client: StreamSocket;
  readonly server: StreamSocket;
}

/** Two hosts and `count` established connections between them. */
export function establish(
  count: number,
  options: HostOptions = {},
): { near: Host; far: Host; pairs: Pair[] } {
  const { near, far } = pair(options);
  const listener = near.streamSocket();
  if (listener.bind(near.addr, PORT, START_US) < 0) throw new Error("bench: bind");
  listener.listen(BACKLOG, START_US);
  const pairs: Pair[] = [];
  while (pairs.length < count) {
    // The first alone: its SYN waits for the neighbour, where there is no room for many.
    const batch = pairs.length === 0 ? 1 : Math.min(BACKLOG, count - pairs.length);
    const clients = Array.from({ length: batch }, () => {
      const client = far.streamSocket();
      client.connect(near.addr, PORT, START_US);
      return client;
    });
    settle(near, far);
    const accepted = new Map<number, StreamSocket>();
    for (let s = listener.accept(); s !== null; s = listener.accept()) {
      accepted.set(s.remote()!.port, s);
    }
    for (const client of clients) {
      const server = accepted.get(client.local().port);
      if (server === undefined) throw new Error("bench: no connection");
      pairs.push({ client, server });
    }
  }
  return { near, far, pairs };
}

/**
 * A host with `count` established connections, on each of which one byte has come in and been read.
 */
export function connect(count: number, options: HostOptions = {}): Connections {
  const { near, far, pairs } = establish(count, options);
  const all = pairs.map((ends) => firstByte(near, far, ends));
  near.far = null;
  return { near, all };
}

/** Sends a byte, which leaves its frame in the near host's slot. */
function firstByte(near: Host, far: Host, { client, server: socket }: Pair): Connection {
  client.sendSpan(1);
  client.sendCommit(1, START_US);
  far.turn(START_US);
  if (socket.recvAvailable() !== 1) throw new Error("bench: no byte");
  socket.recvConsume(1, START_US);
  const { dv } = near.memory;
  const { slot } = near;
  settle(near, far);
  return {
    socket,
    seq: (dv.getInt32(slot + TCP_OFF + TCP_SEQ_OFFSET) + 1) | 0,
    ports: dv.getInt32(slot + TCP_OFF),
    ack: dv.getInt32(slot + TCP_OFF + TCP_ACK_OFFSET),
    tsVal: dv.getInt32(slot + TS_VAL_OFF),
    tsEcr: dv.getInt32(slot + TS_ECR_OFF),
  };
}

/** Makes the frame in the slot one with `payloadLen` bytes of payload. */
export function setPayload(near: Host, payloadLen: number): void {
  const { dv } = near.memory;
  const { rx, slot } = near;
  const isCoalesced = payloadLen > MSS;
  rx.len[0] = HEADERS_LEN + payloadLen;
  rx.csum[0] = CSUM_VALID;
  rx.gsoType[0] = isCoalesced ? GSO_TCPV4 : GSO_NONE;
  rx.gsoSize[0] = isCoalesced ? MSS : 0;
  dv.setUint16(slot + IP_OFF + IPV4_TOTAL_LEN_OFFSET, rx.len[0] - IP_OFF);
  refreshIpv4Checksum(dv, slot + IP_OFF, IPV4_HEADER_LEN);
}

/** Makes the frame in the slot the next one of `c`. */
export function patch(near: Host, c: Connection): void {
  const { dv } = near.memory;
  const { slot } = near;
  dv.setInt32(slot + TCP_OFF, c.ports);
  dv.setInt32(slot + TCP_OFF + TCP_SEQ_OFFSET, c.seq);
  dv.setInt32(slot + TCP_OFF + TCP_ACK_OFFSET, c.ack);
  dv.setInt32(slot + TS_VAL_OFF, c.tsVal);
  dv.setInt32(slot + TS_ECR_OFF, c.tsEcr);
}

/** Makes the frame in the slot acknowledge the last frame sent, with its time stamp. */
export function patchAck(near: Host): void {
  const { dv } = near.memory;
  const { slot, sentOff } = near;
  const seq = dv.getInt32(sentOff + TCP_OFF + TCP_SEQ_OFFSET);
  dv.setInt32(slot + TCP_OFF + TCP_ACK_OFFSET, seq + near.sentPayloadLen);
  dv.setInt32(slot + TS_ECR_OFF, dv.getInt32(sentOff + TS_VAL_OFF));
}
