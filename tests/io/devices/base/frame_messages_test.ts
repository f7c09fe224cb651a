/**
 * Frames over a SOCK_SEQPACKET pair.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { SOCK_NONBLOCK, SOCK_SEQPACKET } from "../../../../ffi/abi/socket.ts";
import { EAGAIN } from "../../../../ffi/errno.ts";
import { libc } from "../../../../ffi/libc.ts";
import { socketPair } from "../../../../ffi/socket.ts";
import { DeviceCounters } from "../../../../io/devices/base/device.ts";
import { FrameMessages } from "../../../../io/devices/base/frame_messages.ts";
import { BROADCAST, ethernetHeader, makeRig, queue } from "../harness.ts";

const rig = makeRig();

function withPair(use: (a: number, b: number, messages: FrameMessages, c: DeviceCounters) => void) {
  const [a, b] = socketPair(SOCK_SEQPACKET | SOCK_NONBLOCK) as [number, number];
  const counters = new DeviceCounters();
  const messages = new FrameMessages(rig.arena, rig.memory, counters, true);
  try {
    use(a, b, messages, counters);
  } finally {
    messages.free();
    libc().close(a);
    libc().close(b);
  }
}

function queueTagged(tag: number, lenBytes = 46): void {
  queue(rig, ethernetHeader(BROADCAST, BROADCAST, 0x88b5), new Uint8Array(lenBytes).fill(tag));
}

/** Lengths and first payload bytes of what `messages` holds. */
function rows({ rx }: FrameMessages): number[][] {
  return Array.from({ length: rx.count }, (_, i) => [rx.len[i], rig.memory.u8[rx.off[i] + 14]]);
}

Deno.test("frame messages: a batch crosses, in order; then there is nothing", () =>
  withPair((a, b, messages, counters) => {
    for (const tag of [1, 2, 3]) queueTagged(tag, 100 * tag);
    messages.transmit(a, rig.tx);
    rig.tx.count = 0;
    assertEquals(messages.receive(b), 3);
    assertEquals(rows(messages), [[114, 1], [214, 2], [314, 3]]);
    assertEquals(messages.receive(b), -EAGAIN);
    assertEquals(messages.rx.count, 0);
    assertEquals(counters, new DeviceCounters());
  }));

Deno.test("frame messages: what is too short or too long for a frame is counted", () =>
  withPair((a, b, messages, counters) => {
    libc().write(a, new Uint8Array(23), 23);
    libc().write(a, new Uint8Array(70_000), 70_000);
    queueTagged(9);
    messages.transmit(a, rig.tx);
    rig.tx.count = 0;
    assertEquals(messages.receive(b), 3);
    assertEquals(rows(messages), [[60, 9]]);
    assertEquals([counters.rxErrors, counters.rxTruncated], [1, 1]);
  }));

Deno.test("frame messages: received frames go on as they came, in the order asked for", () =>
  withPair((a, b, messages) => {
    for (const tag of [1, 2, 3]) queueTagged(tag);
    messages.transmit(a, rig.tx);
    rig.tx.count = 0;
    messages.receive(b);
    messages.forward(b, Int32Array.of(2, 0), 2);
    assertEquals(messages.receive(a), 2);
    assertEquals(rows(messages), [[60, 3], [60, 1]]);
  }));

Deno.test("frame messages: the end of the other side shows, after what it sent", () =>
  withPair((a, b, messages) => {
    queueTagged(5);
    messages.transmit(a, rig.tx);
    rig.tx.count = 0;
    libc().shutdown(a, 2);
    assertEquals(messages.receive(b) >= 1, true);
    assertEquals(rows(messages), [[60, 5]]);
    if (!messages.hasEnded) messages.receive(b);
    assertEquals(messages.hasEnded, true);
  }));

Deno.test("frame messages: who does not read costs some waits, then his frames are dropped", () =>
  withPair((a, _b, messages, counters) => {
    for (let i = 0; i < 64; i++) queueTagged(i, 60_000);
    messages.transmit(a, rig.tx);
    rig.tx.count = 0;
    assertEquals(counters.txDropped > 0, true);
    assertEquals(counters.txWaits, 4);
  }));
