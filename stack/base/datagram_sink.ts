/**
 * What a datagram transport (udp/, raw/, the ping sockets of icmp/) asks of the socket above an
 * endpoint. Declared here, like network.ts, because transports do not know the sockets.
 *
 * @module
 */
import type { IcmpError } from "./network.ts";
import type { Packet } from "./packet.ts";

export interface DatagramSink {
  /**
   * A datagram for the endpoint: `len` bytes at `off` are what the program gets. `port`: the
   * sender's, 0 where there are none. `segment`: they are several datagrams of so many bytes each,
   * only the last of which may be shorter; 0: one. The memory is only valid during the call.
   */
  receive(pkt: Packet, off: number, len: number, port: number, segment?: number): void;
  /**
   * An ICMP error about a packet that the endpoint sent to `remotePort`. The program's own data in
   * the quote begin at `dataOff` (up to the quote's end).
   */
  icmpError(error: IcmpError, remotePort: number, dataOff: number, nowUs: number): void;
}
