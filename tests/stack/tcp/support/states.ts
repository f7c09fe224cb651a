/**
 * Connections in each state that a RST, or the end of their socket, can meet.
 *
 * @module
 */
import type { TcpSocket } from "../../../../stack/tcp/mod.ts";
import type { Peer } from "./peer.ts";

/** Brings a host to a connection in the state; its peer may have got segments. */
export const STATES: Readonly<Record<string, (peer: Peer) => TcpSocket>> = {
  "ESTABLISHED": (peer) => peer.connect(),
  "FIN-WAIT-1": (peer) => {
    const socket = peer.connect();
    socket.shutdown(1, peer.nowUs);
    peer.flush();
    return socket;
  },
  "FIN-WAIT-2": (peer) => {
    const socket = peer.connect();
    socket.shutdown(1, peer.nowUs);
    peer.flush();
    peer.send({ flags: "." });
    return socket;
  },
  "CLOSE-WAIT": (peer) => {
    const socket = peer.connect();
    peer.send({ flags: "F." });
    return socket;
  },
  "CLOSING": (peer) => {
    const socket = peer.connect();
    socket.shutdown(1, peer.nowUs);
    peer.flush();
    peer.send({ flags: "F.", ack: 1 });
    return socket;
  },
  "LAST-ACK": (peer) => {
    const socket = peer.connect();
    peer.send({ flags: "F." });
    socket.shutdown(1, peer.nowUs);
    peer.flush();
    return socket;
  },
};
