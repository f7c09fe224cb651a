import { assertEquals } from "@std/assert";
import { ECONNABORTED } from "../../../stack/base/errno.ts";
import { State } from "../../../stack/tcp/base/state.ts";
import { destroyFlow } from "../../../stack/tcp/destroy.ts";
import { enterTimeWait } from "../../../stack/tcp/teardown/lifecycle.ts";
import { Peer } from "./support/peer.ts";

Deno.test("destroy: a connection is reset, its program gets ECONNABORTED", () => {
  const peer = new Peer();
  const { tcb } = peer.connect();
  destroyFlow(tcb, peer.nowUs);
  assertEquals([tcb.state, tcb.soError], [State.CLOSED, ECONNABORTED]);
  assertEquals(tcb.layer.demux.count, 0);
  assertEquals(peer.host.counters.tcp.estabResets, 1);
});

Deno.test("destroy: a TIME-WAIT is forgotten", () => {
  const peer = new Peer();
  const { tcb } = peer.connect();
  const { layer } = tcb;
  enterTimeWait(tcb, peer.nowUs);
  assertEquals(layer.timeWaitCount, 1);
  layer.demux.forEach((flow) => destroyFlow(flow, peer.nowUs));
  assertEquals([layer.timeWaitCount, layer.demux.count], [0, 0]);
});
