/**
 * A switch and PIPE devices in one thread: the test steps each in turn.
 *
 * @module
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { POLLIN } from "../../../ffi/abi/socket.ts";
import { SysError } from "../../../ffi/errno.ts";
import { libc } from "../../../ffi/libc.ts";
import { PipeDevice } from "../../../io/devices/pipe/pipe.ts";
import { FrameSwitch } from "../../../io/switch/switch.ts";
import { CSUM_PARTIAL, GSO_TCPV4 } from "../../../stack/mod.ts";
import {
  BROADCAST,
  ethernetHeader,
  flush,
  makeRig,
  queue,
  type Received,
} from "../devices/harness.ts";

const rig = makeRig();
const STEP_US = 20_000;
const mac = (n: number) => Uint8Array.of(2, 0, 0, 0, 0, n);

class Lan {
  readonly folder = Deno.makeTempDirSync();
  readonly path = `${this.folder}/lan`;
  readonly hub = new FrameSwitch(this.path);
  readonly ends: PipeDevice[] = [];

  join(): PipeDevice {
    const options = { name: "p", path: this.path, mac: mac(this.ends.length + 1), mtu: 1500 };
    const end = new PipeDevice(
      { ...options, gsoMaxBytes: 65521, helloWaitMs: 0 },
      rig.arena,
      rig.memory,
    );
    this.ends.push(end);
    const joined = this.hub.counters.portsJoined;
    this.stepUntil(() => this.hub.counters.portsJoined > joined);
    libc().poll(end.fd, POLLIN, 1000);
    assertEquals(end.receive(), 0, "the switch's hello");
    return end;
  }

  stepUntil(done: () => boolean): void {
    for (let i = 0; i < 100 && !done(); i++) this.hub.step(STEP_US);
    assert(done());
  }

  /** `from` sends, the switch works; returns which ends got it, and the last that came. */
  send(from: PipeDevice, dst: Uint8Array, src: Uint8Array, payload = new Uint8Array(46), gso = 0) {
    const before = this.hub.counters.bytes;
    const offload = gso === 0 ? {} : { csumOffset: 16, gsoType: GSO_TCPV4, gsoSize: gso };
    queue(rig, ethernetHeader(dst, src, 0x88b5), payload, offload);
    flush(rig, from);
    this.stepUntil(() => this.hub.counters.bytes > before);
    const got: number[] = [];
    let frame: Received | null = null;
    this.ends.forEach((end, i) => {
      for (let n = end.receive(); n > 0; n = end.receive()) {
        const { off, len, csum, gsoType, gsoSize } = end.rx;
        const bytes = rig.memory.u8.slice(off[0], off[0] + len[0]);
        frame = { bytes, csum: csum[0], gsoType: gsoType[0], gsoSize: gsoSize[0] };
        got.push(i + 1);
      }
    });
    return { got, frame: frame as Received | null };
  }

  close(): void {
    for (const end of this.ends) end.close();
    this.hub.close();
    assertEquals([...Deno.readDirSync(this.folder)], [], "nothing is left");
    Deno.removeSync(this.folder);
  }
}

function test(name: string, use: (lan: Lan) => void): void {
  Deno.test(`switch: ${name}`, () => {
    const lan = new Lan();
    try {
      use(lan);
    } finally {
      lan.close();
    }
  });
}

test("floods what it does not know, forwards what it has learnt, filters the rest", (lan) => {
  const [a, b] = [lan.join(), lan.join(), lan.join()];
  assertEquals(lan.send(a, mac(2), mac(1)).got, [2, 3]);
  assertEquals(lan.send(b, mac(1), mac(2)).got, [1]);
  assertEquals(lan.send(a, mac(2), mac(1)).got, [2]);
  assertEquals(lan.send(a, BROADCAST, mac(1)).got, [2, 3]);
  // Both stations behind one port: the frame has arrived already
  assertEquals(lan.send(a, mac(1), mac(9)).got, []);
  // A sender cannot be a group
  assertEquals(lan.send(a, mac(2), BROADCAST).got, []);
  const { flooded, forwarded, filtered, learned } = lan.hub.counters;
  assertEquals({ flooded, forwarded, filtered, learned }, {
    flooded: 2,
    forwarded: 2,
    filtered: 1,
    learned: 3,
  });
});

test("a segment of 60,000 bytes crosses in one piece, with its marks", (lan) => {
  const [a] = [lan.join(), lan.join()];
  const payload = new Uint8Array(60_000).map((_, i) => i * 13);
  const { got, frame } = lan.send(a, mac(2), mac(1), payload, 1448);
  assertEquals(got, [2]);
  assertEquals([frame!.csum, frame!.gsoType, frame!.gsoSize], [CSUM_PARTIAL, GSO_TCPV4, 1448]);
  assertEquals(frame!.bytes.slice(14), payload);
});

test("who moves is found at the new place, who goes is forgotten", (lan) => {
  const [a, b, c] = [lan.join(), lan.join(), lan.join()];
  lan.send(b, BROADCAST, mac(7));
  assertEquals(lan.send(a, mac(7), mac(1)).got, [2]);
  lan.send(c, BROADCAST, mac(7));
  assertEquals(lan.send(a, mac(7), mac(1)).got, [3]);
  lan.ends.splice(2, 1);
  c.close();
  lan.stepUntil(() => lan.hub.counters.portsLeft === 1);
  assertEquals(lan.send(a, mac(7), mac(1)).got, [2], "flooded again");
});

test("what an end sent last is sent on, though it left without reading", (lan) => {
  const [a, b] = [lan.join(), lan.join()];
  queue(rig, ethernetHeader(BROADCAST, mac(2), 0x88b5), new Uint8Array(46));
  flush(rig, b);
  lan.stepUntil(() => lan.hub.counters.flooded === 1); // a never reads it
  queue(rig, ethernetHeader(mac(2), mac(1), 0x88b5), Uint8Array.of(7));
  flush(rig, a);
  a.close();
  lan.ends.splice(0, 1);
  lan.stepUntil(() => lan.hub.counters.portsLeft === 1);
  assertEquals([b.receive(), rig.memory.u8[b.rx.off[0] + 14]], [1, 7]);
});

test("a second switch at the path is refused in words", (lan) => {
  assertThrows(() => new FrameSwitch(lan.path), SysError, "start the switch first");
  lan.stepUntil(() => lan.hub.counters.portsRefused + lan.hub.portCount > 0);
});

test("the bell tells, the counters are in one line", (lan) => {
  let told = "";
  const fd = lan.hub.addBell(() => told = lan.hub.counterLine());
  libc().write(fd, Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0), 8);
  lan.stepUntil(() => told !== "");
  assert(told.startsWith("ports 0, addresses 0, portsJoined 0"), told);
});
