import { assert, assertEquals } from "@std/assert";
import { AF_PACKET, SOCK_NONBLOCK, SOCK_RAW } from "../../../ffi/abi/socket.ts";
import { Arena } from "../../../ffi/arena.ts";
import { libc } from "../../../ffi/libc.ts";
import { inNetns } from "../../../ffi/netns.ts";
import { closeNetwork, makeNetwork } from "../../../ffi/network.ts";
import { Captures } from "../../../io/capture/captures.ts";
import type { FrameTap, Handler } from "../../../io/loop/loop.ts";
import { BuddyMemory, RxFrames, Stack, TxFrames } from "../../../stack/mod.ts";
import { canMakeNetns } from "../../lab/netns.ts";

const ARENA_LEN = 1 << 26;
const ETH_P_ALL_BE = 0x0300;
const MAC = Uint8Array.from([2, 0, 0, 0, 0, 1]);
const S = 1_000_000;
const CAPS = { csum: false, tso: false, uso: false, gsoMaxBytes: 0 };

/** A stack with an interface, captures on it, and what its device was given to send. */
function makeWorld() {
  const arena = Arena.map(ARENA_LEN);
  const memory = new BuddyMemory(arena.buffer);
  const stack = new Stack({ memory, random: () => 7, nowUs: 0 });
  const transmitted: number[] = [];
  const link = {
    caps: CAPS,
    mtu: 1500,
    transmit: (tx: TxFrames) => {
      for (let row = 0; row < tx.count; row++) transmitted.push(tx.frameLen(row));
    },
  };
  const iface = stack.addInterface({ name: "cap0", mac: MAC, link });
  const network = makeNetwork(1);
  assert(typeof network === "object" && network.capture !== null);
  const loop = {
    handler: null as Handler | null,
    tap: null as FrameTap | null,
    add: (_fd: number, _events: number, handler: Handler) => {
      loop.handler = handler;
      return 1;
    },
    remove: () => {},
    tapDevice: (_index: number, tap: FrameTap | null) => void (loop.tap = tap),
  };
  const captures = new Captures(network.capture, () => [iface], arena, memory, loop);
  return { arena, memory, iface, network, captures, loop, transmitted };
}

/** A program's packet socket, which hears everything. */
function packetSocket(net: number): number {
  let fd = -1;
  inNetns(`/proc/self/fd/${net}`, () => {
    fd = libc().socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK, ETH_P_ALL_BE);
  });
  assert(fd >= 0);
  return fd;
}

/** The lengths of all that the socket has heard. */
function heard(fd: number, arena: Arena, off: number): number[] {
  const lengths: number[] = [];
  for (let n = 1; n > 0;) {
    n = libc().read(fd, arena.base, off, 4096);
    if (n > 0) lengths.push(n);
  }
  return lengths;
}

Deno.test({
  name: "captures: what comes and goes is heard, what is sent leaves, until nobody listens",
  ignore: !canMakeNetns,
  fn() {
    const { arena, memory, iface, network, captures, loop, transmitted } = makeWorld();
    assertEquals([iface.tap, loop.tap], [null, null]);
    assertEquals(captures.open(S), 0);
    assert(iface.tap !== null && loop.tap !== null);
    const socket = packetSocket(network.net);
    captures.check(10 * S);
    assert(iface.tap !== null, "somebody listens");

    const off = memory.alloc(4096);
    memory.u8.fill(0xff, off, off + 6);
    memory.dv.setUint16(off + 12, 0x88b5);
    const rx = new RxFrames(4);
    [rx.off[0], rx.len[0]] = [off, 100];
    loop.tap.received(rx, 1);
    const tx = new TxFrames(memory, 4);
    const row = tx.begin();
    memory.u8.copyWithin(tx.prepend(14), off, off + 14);
    [tx.payOff[row], tx.payLen[row]] = [off + 14, 60];
    tx.commit();
    iface.tap.sent(tx);
    const room = memory.alloc(4096);
    assertEquals(heard(socket, arena, room), [100, 74]);
    assertEquals(transmitted, [], "its own copies do not come back");

    const name = new Uint8Array(20);
    new DataView(name.buffer).setUint16(0, AF_PACKET, true);
    new DataView(name.buffer).setUint16(2, ETH_P_ALL_BE, true);
    new DataView(name.buffer).setInt32(4, iface.index, true);
    assertEquals(libc().bind(socket, name, name.length), 0);
    assertEquals(libc().write(socket, memory.u8.slice(off, off + 80), 80), 80);
    loop.handler!.onEvents(0, 0);
    assertEquals(transmitted, [80]);

    libc().close(socket);
    captures.check(20 * S);
    assertEquals([iface.tap, loop.tap], [null, null]);
    assertEquals(captures.open(30 * S), 0);
    assert(iface.tap !== null, "somebody asks again");
    captures.check(32 * S);
    assert(iface.tap !== null, "he may be about to make his socket");
    const { control, list, taps, packets } = network.capture!;
    for (const fd of [control, list, ...taps, ...packets]) libc().close(fd);
    closeNetwork(network);
  },
});
