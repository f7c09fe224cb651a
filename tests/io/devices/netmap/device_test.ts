/**
 * The device over the simulated kernel: rings that are empty, full, wrap and are set anew; frames
 * in pieces; virtio-net headers; a slow card; bad slots; the end of the port.
 *
 * @module
 */
import { assertEquals, assertThrows } from "@std/assert";
import { NETMAP_RING, NETMAP_SLOT } from "../../../../ffi/abi/netmap.ts";
import { ENODEV, SysError } from "../../../../ffi/errno.ts";
import { openNetmap } from "../../../../io/devices/netmap/open.ts";
import type { Device } from "../../../../io/devices/base/device.ts";
import { CSUM_PARTIAL, GSO_NONE, GSO_TCPV4 } from "../../../../stack/mod.ts";
import { SimKernel } from "../../../lab/netmap/sim_kernel.ts";
import { type SimOptions, SimPort } from "../../../lab/netmap/sim_port.ts";
import { address, BROADCAST, flush, makeRig, queue, udpHeaders } from "../harness.ts";

const rig = makeRig();

interface Bench {
  device: Device;
  kernel: SimKernel;
  port: SimPort;
  sent: Uint8Array[];
}

function withPort(name: string, options: Partial<SimOptions>, use: (bench: Bench) => void): void {
  const port = new SimPort(options);
  const kernel = new SimKernel(port);
  const sent: Uint8Array[] = [];
  port.onTransmit = (frame) => sent.push(frame);
  const config = { kind: "NETMAP", name, mac: "own", addresses: [address("198.18.0.2")] } as const;
  const { device } = openNetmap(config, rig.arena, rig.memory, kernel);
  try {
    use({ device, kernel, port, sent });
  } finally {
    device.close();
    port.close();
  }
  assertEquals(kernel.isRegistered, false);
}

/** A frame that no other is like; `ring`: which RX ring the simulator puts it on. */
function frameOf(lenBytes: number, seed: number, ring = 0): Uint8Array {
  const frame = Uint8Array.from({ length: lenBytes }, (_, i) => (i * 7 + seed) & 0xff);
  frame[5] = ring;
  return frame;
}

/** Receives until there is nothing more. */
function drain(device: Device): Uint8Array[] {
  const got: Uint8Array[] = [];
  for (let n = device.receive(); n !== 0; n = device.receive()) {
    if (n < 0) throw new Error(`receive: ${n}`);
    for (let i = 0; i < n; i++) {
      const { off, len } = device.rx;
      got.push(rig.memory.u8.slice(off[i], off[i] + len[i]));
    }
  }
  return got;
}

function send(device: Device, frames: Uint8Array[]): void {
  for (const frame of frames) queue(rig, frame.subarray(0, 42), frame.subarray(42));
  flush(rig, device);
}

Deno.test("netmap: frames both ways, many times round the rings", () => {
  withPort("x{1", { slots: 16 }, ({ device, port, sent }) => {
    for (let round = 0; round < 20; round++) {
      const frames = Array.from({ length: 7 }, (_, i) => frameOf(60 + 50 * i, round + i));
      for (const frame of frames) port.deliver(frame);
      assertEquals(drain(device), frames);
      send(device, frames);
      assertEquals(sent.splice(0), frames);
    }
    const { rxErrors, txDropped, txWaits, ringResets } = device.counters;
    assertEquals([rxErrors, txDropped, txWaits, ringResets], [0, 0, 0, 0]);
  });
});

Deno.test("netmap: what is handed on stays until the next receive", () => {
  withPort("x{1", { slots: 8 }, ({ device, port }) => {
    const frames = Array.from({ length: 7 }, (_, i) => frameOf(100, i));
    for (const frame of frames) port.deliver(frame);
    assertEquals(device.receive(), 6); // one stays unread, so that poll tells of the next
    port.deliver(frameOf(100, 77));
    port.rxsync(); // as a poll does: head has not moved, so there is no room yet
    assertEquals(port.waiting, 1);
    const { off, len } = device.rx;
    const handedOn = frames.slice(0, 6);
    assertEquals(handedOn.map((_, i) => rig.memory.u8.slice(off[i], off[i] + len[i])), handedOn);
    assertEquals(drain(device), [frames[6], frameOf(100, 77)]);
  });
});

Deno.test("netmap: who holds a whole ring is woken for what did not fit into it", () => {
  for (const sizes of [[100], [1500], [1500, 100], [100, 1500], [3000]]) {
    withPort("x{1", { slots: 8, bufSize: 512 }, ({ device, port }) => {
      const frames = Array.from({ length: 20 }, (_, i) => frameOf(sizes[i % sizes.length], i));
      const arriving = frames.slice();
      port.onReceive = () => arriving.shift() ?? null;
      const got: Uint8Array[] = [];
      // As the loop does: one batch a turn, and only when a poll says that there is something.
      for (port.rxsync(); port.rx[0].hasNews; port.rxsync()) {
        const n = device.receive();
        const { off, len } = device.rx;
        for (let i = 0; i < n; i++) got.push(rig.memory.u8.slice(off[i], off[i] + len[i]));
      }
      assertEquals(got, frames, `${sizes}`);
    });
  }
});

Deno.test("netmap: frames in pieces both ways, and one whose end has not come", () => {
  withPort("x{1", { slots: 64, bufSize: 512 }, ({ device, port, sent }) => {
    for (const size of [511, 512, 513, 1024, 5000, 16000]) {
      const frame = frameOf(size, size);
      port.deliver(frame);
      assertEquals(drain(device), [frame], `${size}`);
      send(device, [frame]);
      assertEquals(sent.splice(0), [frame], `${size}`);
    }
    const whole = frameOf(600, 1);
    port.rx[0].put(whole);
    const end = port.rx[0].hwtail;
    port.rx[0].hwtail = (end + 63) % 64;
    port.rx[0].finalize();
    assertEquals(device.receive(), 0);
    port.rx[0].hwtail = end;
    port.rx[0].finalize();
    assertEquals(drain(device), [whole]);
  });
});

Deno.test("netmap: a frame longer than the ring is dropped, and the next goes", () => {
  withPort("x{1", { slots: 4, bufSize: 256 }, ({ device, sent }) => {
    send(device, [frameOf(2000, 1), frameOf(200, 2)]);
    assertEquals(sent, [frameOf(200, 2)]);
    assertEquals(device.counters.txDropped, 1);
  });
});

Deno.test("netmap: a slow card: every slot is used, then sending waits, gives up, counts", () => {
  const frames = Array.from({ length: 40 }, (_, i) => frameOf(100, i));
  withPort("x{1", { slots: 16, completions: 2 }, ({ device, sent }) => {
    send(device, frames);
    assertEquals(sent, frames);
  });
  withPort("x{1", { slots: 16, completions: 0 }, ({ device, sent }) => {
    send(device, frames);
    assertEquals([device.counters.txWaits, device.counters.txDropped], [4, 25]);
    assertEquals(sent, frames.slice(0, 15));
  });
});

Deno.test("netmap: all rings are read in turn; a flow stays on one TX ring", () => {
  withPort("x{1", { rings: 4, slots: 32 }, ({ device, port, sent }) => {
    const frames = Array.from({ length: 24 }, (_, i) => frameOf(80, i, i % 4));
    for (const frame of frames) port.deliver(frame);
    const got = drain(device);
    for (let ring = 0; ring < 4; ring++) {
      const ofRing = (f: Uint8Array) => f[5] === ring;
      assertEquals(got.filter(ofRing), frames.filter(ofRing));
    }
    const flows = Array.from({ length: 12 }, (_, i) => frameOf(80, i % 3));
    for (const flow of flows) flow[35] = flow[0]; // its ports
    const before = port.tx.map((ring) => ring.hwcur);
    send(device, flows);
    assertEquals(sent.length, 12);
    const used = port.tx.filter((ring, i) => ring.hwcur !== before[i]).length;
    assertEquals(used > 1 && used <= 3, true, `${used} rings`);
    for (const seed of [0, 1, 2]) {
      const flow = sent.filter((frame) => frame[0] === seed);
      assertEquals(flow.length, 4);
    }
  });
});

Deno.test("netmap: a VALE port: segmentation and checksums are left to the other end", () => {
  withPort("vale0:x", {}, ({ device, port, sent }) => {
    assertEquals(device.caps.tso && device.caps.csum && !device.caps.uso, true);
    const frame = frameOf(9000, 3);
    queue(rig, frame.subarray(0, 54), frame.subarray(54), {
      csumOffset: 16,
      gsoType: GSO_TCPV4,
      gsoSize: 1448,
    });
    flush(rig, device);
    assertEquals([...sent[0].subarray(0, 10)], [1, 1, 54, 0, 0xa8, 5, 34, 0, 16, 0]);
    assertEquals(sent[0].subarray(10), frame);
    port.deliver(sent[0]);
    assertEquals(device.receive(), 1);
    const { csum, gsoType, gsoSize, len } = device.rx;
    assertEquals([csum[0], gsoType[0], gsoSize[0], len[0]], [CSUM_PARTIAL, GSO_TCPV4, 1448, 9000]);
  });
});

Deno.test("netmap: a frame that another port put into the switch with its checksum open", () => {
  const macs = { dstMac: BROADCAST, srcMac: BROADCAST };
  const frame = udpHeaders({ ...macs, src: "198.18.0.1", dst: "198.18.0.2" }, [1, 2], 0);
  for (const name of ["vale0:x", "x{1"]) {
    withPort(name, {}, ({ device, port }) => {
      port.deliver(Uint8Array.from([...new Uint8Array(port.vnetLen), ...frame]));
      assertEquals(device.receive(), 1);
      assertEquals(device.rx.csum[0], CSUM_PARTIAL, name);
    });
  }
});

Deno.test("netmap: without virtio-net headers the stack does it all", () => {
  withPort("x{1", {}, ({ device, port }) => {
    assertEquals(device.caps.tso || device.caps.csum || device.caps.uso, false);
    port.deliver(frameOf(3000, 3));
    assertEquals(device.receive(), 1);
    assertEquals(device.rx.gsoType[0], GSO_NONE);
  });
});

Deno.test("netmap: a ring that the kernel sets anew is followed, and counted", () => {
  withPort("x{1", { slots: 16 }, ({ device, port, sent }) => {
    send(device, [frameOf(100, 1), frameOf(100, 2)]);
    const { dv, off } = port.tx[0];
    dv.setInt32(off + NETMAP_RING.TAIL, 300, true); // somebody wrote what is the kernel's
    send(device, [frameOf(100, 3)]);
    assertEquals([sent.length, port.tx[0].resets, device.counters.ringResets], [3, 1, 0]);
    port.tx[0].isReinitDue = true;
    send(device, [frameOf(100, 0)]); // lost with the reset
    assertEquals([sent.length, port.tx[0].resets, device.counters.ringResets], [3, 2, 1]);
    send(device, [frameOf(100, 4)]);
    assertEquals(sent.at(-1), frameOf(100, 4));
    dv.setInt32(port.rx[0].off + NETMAP_RING.TAIL, 9, true); // possible: the kernel puts it right
    assertEquals(device.receive() >= 0, true);
    port.deliver(frameOf(100, 5));
    device.receive();
    assertEquals(drain(device).length <= 1, true);
    port.deliver(frameOf(100, 6));
    assertEquals(drain(device).at(-1), frameOf(100, 6));
  });
});

Deno.test("netmap: slots that make no sense are skipped and counted", () => {
  withPort("x{1", { slots: 16 }, ({ device, port }) => {
    const slot = (i: number) => port.rx[0].off + NETMAP_RING.LEN + i * NETMAP_SLOT.LEN;
    port.rx[0].put(frameOf(100, 1));
    port.rx[0].put(frameOf(100, 2));
    port.rx[0].put(frameOf(100, 3));
    port.rx[0].dv.setUint16(slot(0) + NETMAP_SLOT.BYTES, 5000, true);
    port.rx[0].dv.setUint32(slot(1) + NETMAP_SLOT.BUF_IDX, 1 << 30, true);
    port.rx[0].finalize();
    assertEquals(drain(device), [frameOf(100, 3)]);
    assertEquals(device.counters.rxErrors, 2);
    port.tx[0].dv.setUint32(port.tx[0].off + NETMAP_RING.LEN, 1 << 30, true);
    send(device, [frameOf(100, 4)]);
    assertEquals(device.counters.txDropped, 1);
  });
});

Deno.test("netmap: closing gives the memory back", () => {
  const used = rig.memory.usedBytes;
  withPort("x{1", {}, ({ port, device }) => {
    assertEquals(rig.memory.usedBytes > used + port.memoryLen, true);
    port.deliver(frameOf(100, 1));
    drain(device);
  });
  assertEquals(rig.memory.usedBytes, used);
});

Deno.test("netmap: the port goes away: ENODEV; memory that makes no sense is refused", () => {
  withPort("x{1", {}, ({ device, kernel }) => {
    assertEquals(device.receive(), 0);
    kernel.isGone = true;
    assertEquals(device.receive(), -ENODEV);
  });
  const port = new SimPort();
  port.tx[0].dv.setInt32(port.tx[0].off + NETMAP_RING.NUM_SLOTS, 0, true);
  const used = rig.memory.usedBytes;
  const config = { kind: "NETMAP", name: "x{1", mac: "own", addresses: [] } as const;
  const kernel = new SimKernel(port);
  assertThrows(() => openNetmap(config, rig.arena, rig.memory, kernel), SysError, "no sense");
  assertEquals(rig.memory.usedBytes, used);
  assertEquals(kernel.isRegistered, false);
  port.close();
});
