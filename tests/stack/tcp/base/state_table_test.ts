import { assert, assertEquals } from "@std/assert";
import { State, stateName } from "../../../../stack/tcp/base/state.ts";
import { nextState, StateEvent } from "../../../../stack/tcp/base/state_table.ts";
import type { TcpSocket } from "../../../../stack/tcp/mod.ts";
import { Peer } from "../support/peer.ts";

/** How a socket gets into each state. */
const REACH: Readonly<Record<State, (peer: Peer) => TcpSocket>> = {
  [State.CLOSED]: (peer) => peer.host.tcp.createSocket(2),
  [State.LISTEN]: (peer) => peer.listen(),
  [State.SYN_SENT]: (peer) => {
    const socket = peer.host.tcp.createSocket(2);
    socket.connect(peer.address, peer.port, peer.nowUs);
    return socket;
  },
  [State.SYN_RECEIVED]: (peer) => {
    const socket = REACH[State.SYN_SENT](peer);
    peer.send({ flags: "S" });
    return socket;
  },
  [State.ESTABLISHED]: (peer) => peer.connect(),
  [State.FIN_WAIT_1]: (peer) => half(peer, peer.connect()),
  [State.FIN_WAIT_2]: (peer) => {
    const socket = half(peer, peer.connect());
    peer.send({ flags: "." });
    return socket;
  },
  [State.CLOSE_WAIT]: (peer) => {
    const socket = peer.connect();
    peer.send({ flags: "F." });
    return socket;
  },
  [State.CLOSING]: (peer) => {
    const socket = half(peer, peer.connect());
    peer.send({ flags: "F.", ack: 1 });
    return socket;
  },
  [State.LAST_ACK]: (peer) => half(peer, REACH[State.CLOSE_WAIT](peer)),
  [State.TIME_WAIT]: (peer) => {
    const socket = REACH[State.FIN_WAIT_2](peer);
    peer.send({ flags: "F." });
    return socket;
  },
};

/** The program closes its sending side, and the FIN leaves. */
function half(peer: Peer, socket: TcpSocket): TcpSocket {
  socket.shutdown(1, peer.nowUs);
  peer.flush();
  return socket;
}

/** Makes an event happen; false where it cannot. */
const CAUSE: Readonly<Record<StateEvent, (peer: Peer, socket: TcpSocket) => boolean>> = {
  [StateEvent.PASSIVE_OPEN]: (peer, socket) => {
    socket.listen(5, peer.nowUs);
    return true;
  },
  [StateEvent.ACTIVE_OPEN]: (peer, socket) => {
    socket.connect(peer.address, peer.port, peer.nowUs);
    return true;
  },
  [StateEvent.SYN]: (peer, socket) => {
    // To a TIME-WAIT a new SYN opens the connection anew, if somebody listens
    peer.send({ flags: "S", seq: socket.stateName === "TIME-WAIT" ? peer.nextSeq - 1 : undefined });
    return true;
  },
  [StateEvent.SYN_ACKED]: (peer, socket) => {
    const isOut = socket.tcb.sent.count > 0 && !socket.tcb.isFinSent;
    if (!isOut) return false;
    peer.send({ flags: socket.stateName === "SYN-SENT" ? "S." : "." });
    return true;
  },
  [StateEvent.CLOSE]: (peer, socket) => {
    if (socket.stateName === "SYN-SENT") return false; // that ends the attempt
    socket.shutdown(1, peer.nowUs);
    return true;
  },
  [StateEvent.FIN_ACKED]: (peer, socket) => {
    if (!socket.tcb.isFinSent) return false;
    peer.send({ flags: "." });
    return true;
  },
  [StateEvent.FIN]: (peer, socket) => {
    const { tcb } = socket;
    const isEarly = ["CLOSED", "LISTEN", "SYN-SENT", "SYN-RECEIVED"].includes(socket.stateName);
    if (isEarly) return false;
    // Without acknowledging a FIN of ours that is out
    peer.send({ flags: "F.", ack: (tcb.sndUna - tcb.iss) | 0 });
    return true;
  },
};

const STATES = Object.values(State).filter((s): s is State => typeof s === "number");
const EVENTS = Object.values(StateEvent).filter((e): e is StateEvent => typeof e === "number");

Deno.test("the state table is what connections do, state by state, event by event", () => {
  const seen: string[] = [];
  for (const state of STATES) {
    for (const event of EVENTS) {
      const peer = new Peer();
      const socket = REACH[state](peer);
      assertEquals(socket.stateName, stateName(state), "reached");
      if (!CAUSE[event](peer, socket)) continue;
      const next = nextState(state, event);
      const about = `${stateName(state)} and ${StateEvent[event]}`;
      if (state === State.LISTEN && event === StateEvent.SYN) {
        assertEquals([socket.listening!.synQueue.size, next], [1, State.SYN_RECEIVED], about);
      } else {
        assertEquals(socket.stateName, stateName(next), about);
      }
      if (next !== state) seen.push(`${stateName(state)} > ${stateName(next)}`);
    }
  }
  assertEquals(seen.length, 14, `every arrow of the table: ${seen.join(", ")}`);
});

Deno.test("the state table: every function that it names is where it says", () => {
  const url = new URL("../../../../stack/tcp/base/state_table.ts", import.meta.url);
  const source = Deno.readTextFileSync(url);
  const named = [...source.matchAll(/(\w+) of (\w+\/\w+\.ts)/g)];
  assert(named.length >= EVENTS.length, `only ${named.length} functions named`);
  for (const [, name, path] of named) {
    const code = Deno.readTextFileSync(new URL(`../${path}`, url));
    assert(code.includes(`function ${name}(`), `${name} is not in ${path}`);
  }
});
