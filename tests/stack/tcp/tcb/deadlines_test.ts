import { assertEquals } from "@std/assert";
import { RetransmitTimer } from "../../../../stack/tcp/base/state.ts";
import {
  armKeepAlive,
  armPersistTimer,
  armRetransmitTimer,
  clampToUserTimeout,
  heardAtUs,
  probeIntervalUs,
  rearmTimer,
  stopRetransmitTimer,
} from "../../../../stack/tcp/tcb/deadlines.ts";
import { Peer } from "../support/peer.ts";

Deno.test("deadlines: the one node is armed for the earliest, and only ever moved ahead", () => {
  const { tcb } = new Peer().connect();
  const deadlines = [
    "retransmitAtUs",
    "delayedAckAtUs",
    "keepAliveAtUs",
    "lingerAtUs",
    "paceAtUs",
    "reorderAtUs",
    "probeAtUs",
  ] as const;
  tcb.layer.timers.cancel(tcb);
  for (const [i, deadline] of deadlines.entries()) {
    tcb[deadline] = 100 - i;
    rearmTimer(tcb);
    assertEquals(tcb.atUs, 100 - i, deadline);
  }
  tcb.probeAtUs = Infinity;
  rearmTimer(tcb);
  assertEquals(tcb.atUs, 94, "too early is found out when it fires");
});

Deno.test("deadlines: retransmission after an RTO; TCP_USER_TIMEOUT clamps the back-offs", () => {
  const { tcb } = new Peer().connect();
  tcb.rtt.rtoUs = 800_000;
  armRetransmitTimer(tcb, 1_000_000);
  assertEquals([tcb.retransmitTimer, tcb.retransmitAtUs], [RetransmitTimer.RTO, 1_800_000]);
  tcb.ownOptions().userTimeoutUs = 500_000;
  tcb.sent.push(tcb.sndUna, 10, 0, 900_000);
  armRetransmitTimer(tcb, 1_000_000);
  assertEquals(tcb.retransmitAtUs, 1_800_000, "the first one is not");
  tcb.backoff = 1;
  armRetransmitTimer(tcb, 1_000_000);
  assertEquals(tcb.retransmitAtUs, 1_400_000, "400 ms are left");
  assertEquals([clampToUserTimeout(9000, 5000), clampToUserTimeout(9000, -1)], [5000, 2000]);
});

Deno.test("deadlines: stopping takes RACK's and the probe's along", () => {
  const { tcb } = new Peer().connect();
  armRetransmitTimer(tcb, 0);
  tcb.reorderAtUs = tcb.probeAtUs = 5;
  stopRetransmitTimer(tcb);
  assertEquals(tcb.retransmitTimer, RetransmitTimer.OFF);
  assertEquals([tcb.retransmitAtUs, tcb.reorderAtUs, tcb.probeAtUs], Array(3).fill(Infinity));
});

Deno.test("deadlines: window probes double, up to the largest RTO; armed once", () => {
  const { tcb } = new Peer().connect();
  const { config } = tcb.layer;
  const base = tcb.rtt.baseRtoUs(config.rtoInitUs);
  armPersistTimer(tcb, 1000);
  assertEquals([tcb.retransmitTimer, tcb.retransmitAtUs], [RetransmitTimer.PERSIST, 1000 + base]);
  armPersistTimer(tcb, 5000);
  assertEquals(tcb.retransmitAtUs, 1000 + base);
  tcb.backoff = 3;
  assertEquals(probeIntervalUs(tcb), 8 * base);
  tcb.backoff = 1000;
  assertEquals(probeIntervalUs(tcb), config.rtoMaxUs);
});

Deno.test("deadlines: keepalive counts from when the peer was heard last", () => {
  const { tcb } = new Peer().connect();
  tcb.lastAckReceivedUs = 5;
  tcb.lastDataReceivedUs = 7;
  tcb.establishedAtUs = 6;
  tcb.ownOptions().keepIdleUs = 100;
  tcb.keepProbes = 3;
  armKeepAlive(tcb);
  assertEquals([heardAtUs(tcb), tcb.keepAliveAtUs, tcb.keepProbes], [7, Infinity, 0]);
  tcb.ownOptions().ownSocketOptions().keepAlive = true;
  armKeepAlive(tcb);
  assertEquals(tcb.keepAliveAtUs, 107);
});
