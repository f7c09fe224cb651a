/**
 * Two PIPE devices in one process, joined by a path.
 *
 * @module
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  AF_UNIX,
  MSG_DONTWAIT,
  POLLIN,
  SOCK_CLOEXEC,
  SOCK_SEQPACKET,
} from "../../../../ffi/abi/socket.ts";
import { SysError } from "../../../../ffi/errno.ts";
import { type Libc, libc } from "../../../../ffi/libc.ts";
import { connectUnix } from "../../../../ffi/socket.ts";
import { emitHello, HELLO_LEN, Role } from "../../../../io/devices/pipe/hello.ts";
import { HELLO_WAIT_MS, PipeDevice } from "../../../../io/devices/pipe/pipe.ts";
import { MeetingPlace } from "../../../../io/devices/pipe/meeting.ts";
import { CSUM_PARTIAL, GSO_TCPV4 } from "../../../../stack/mod.ts";
import { ethernetHeader, flush, makeRig, queue, waitFrame } from "../harness.ts";

const rig = makeRig();
const MAC_A = Uint8Array.of(2, 0, 0, 0, 0, 1);
const MAC_B = Uint8Array.of(2, 0, 0, 0, 0, 2);
const GSO_MAX_BYTES = 65521;

/** The other end, which this thread serves too, cannot say hello meanwhile: by default no wait. */
function open(path: string, mac: Uint8Array, helloWaitMs = 0): PipeDevice {
  const options = { name: "p", path, mac, mtu: 1500, gsoMaxBytes: GSO_MAX_BYTES, helloWaitMs };
  return new PipeDevice(options, rig.arena, rig.memory);
}

async function inFolder(use: (path: string) => void | Promise<void>): Promise<void> {
  const folder = Deno.makeTempDirSync();
  try {
    await use(`${folder}/pipe`);
    assertEquals([...Deno.readDirSync(folder)], [], "nothing is left");
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

/** Sends from one end and finds it at the other. */
function expectFrame(from: PipeDevice, to: PipeDevice, tag: number): void {
  queue(rig, ethernetHeader(MAC_B, MAC_A, 0x88b5), Uint8Array.of(tag, tag));
  flush(rig, from);
  const frame = waitFrame(rig, to, (f) => f.bytes[14] === tag);
  assert(frame !== null, `frame ${tag} did not come`);
}

/** Lets a device see what has happened to it. */
function settle(device: PipeDevice, until: () => boolean): void {
  for (let i = 0; i < 100 && !until(); i++) {
    libc().poll(device.fd, POLLIN, 50);
    device.receive();
  }
  assert(until());
}

Deno.test("PIPE: frames cross both ways, with their offload marks", () =>
  inFolder((path) => {
    const a = open(path, MAC_A);
    const b = open(path, MAC_B);
    settle(a, () => a.isConnected);
    expectFrame(a, b, 1);
    expectFrame(b, a, 2);
    const headers = new Uint8Array([
      ...ethernetHeader(MAC_B, MAC_A, 0x0800),
      ...new Uint8Array(40),
    ]);
    const payload = new Uint8Array(60_000).map((_, i) => i * 7);
    queue(rig, headers, payload, { csumOffset: 16, gsoType: GSO_TCPV4, gsoSize: 1448 });
    flush(rig, a);
    const frame = waitFrame(rig, b, (f) => f.bytes.length > 60_000);
    assert(frame !== null);
    assertEquals([frame.csum, frame.gsoType, frame.gsoSize], [CSUM_PARTIAL, GSO_TCPV4, 1448]);
    assertEquals(frame.bytes.slice(54), payload);
    assertEquals([a.counters.txDropped, b.counters.rxErrors], [0, 0]);
    a.close();
    b.close();
  }));

Deno.test("PIPE: what an end sent last arrives, though it went without reading what was sent", () =>
  inFolder((path) => {
    const a = open(path, MAC_A);
    const b = open(path, MAC_B);
    settle(a, () => a.isConnected);
    expectFrame(a, b, 1);
    expectFrame(b, a, 2);
    // The kernel tells of the unread one by ECONNRESET, before it gives the frames
    queue(rig, ethernetHeader(MAC_B, MAC_A, 0x88b5), new Uint8Array(46));
    flush(rig, a);
    for (const tag of [3, 4]) queue(rig, ethernetHeader(MAC_A, MAC_B, 0x88b5), Uint8Array.of(tag));
    flush(rig, b);
    b.close();
    const tags: number[] = [];
    a.rx.count = 0;
    settle(a, () => {
      for (let i = 0; i < a.rx.count; i++) tags.push(rig.memory.u8[a.rx.off[i] + 14]);
      a.rx.count = 0;
      return !a.isConnected;
    });
    assertEquals(tags, [3, 4]);
    a.close();
  }));

Deno.test("PIPE: alone, what is sent is counted and gone", () =>
  inFolder((path) => {
    const a = open(path, MAC_A);
    queue(rig, ethernetHeader(MAC_B, MAC_A, 0x88b5), new Uint8Array(46));
    flush(rig, a);
    assertEquals(a.counters.txDropped, 1);
    a.close();
  }));

Deno.test("PIPE: either end goes and comes back", () =>
  inFolder((path) => {
    const a = open(path, MAC_A);
    let b = open(path, MAC_B);
    settle(a, () => a.isConnected);
    b.close();
    settle(a, () => !a.isConnected);
    b = open(path, MAC_B);
    settle(a, () => a.isConnected);
    expectFrame(a, b, 3);
    // The one that listened goes: the other takes the path over
    a.close();
    settle(b, () => !b.isConnected);
    const a2 = open(path, MAC_A);
    settle(b, () => b.isConnected);
    expectFrame(a2, b, 4);
    expectFrame(b, a2, 5);
    a2.close();
    b.close();
  }));

Deno.test("PIPE: a third is refused in words; the two go on", () =>
  inFolder((path) => {
    const a = open(path, MAC_A);
    const b = open(path, MAC_B);
    settle(a, () => a.isConnected);
    const knock = connect(path);
    settle(a, () => readable(knock));
    assertEquals(receive(knock), [...emitHello(Role.TAKEN)]);
    libc().close(knock);
    expectFrame(a, b, 6);
    a.close();
    b.close();
  }));

Deno.test("PIPE: TAKEN, or no hello of ours, is said at set-up", () =>
  inFolder(async (path) => {
    for (
      const [hello, words] of [
        [emitHello(Role.TAKEN), "joins two already"],
        [new Uint8Array(HELLO_LEN), "no nuse of this version"],
      ] as const
    ) {
      const place = new MeetingPlace(path);
      const { fd } = place.meet(true)!;
      const stop = await answerer(fd, hello);
      assertThrows(() => open(path, MAC_A, HELLO_WAIT_MS), SysError, words);
      stop();
      place.leave(fd);
      place.close();
    }
  }));

Deno.test("PIPE: TAKEN is heard too when it is said by who goes without hearing us", () =>
  inFolder((path) => {
    const place = new MeetingPlace(path);
    const { fd } = place.meet(true)!;
    const sys: { -readonly [name in keyof Libc]: Libc[name] } = libc();
    const { poll } = sys;
    // While the device waits for the answer, after its own hello: that stays unread, which resets
    sys.poll = (waits, events, limitMs) => {
      const accepted = sys.accept4(fd, 0);
      assert(readable(accepted, poll), "its hello has come");
      sys.write(accepted, emitHello(Role.TAKEN), HELLO_LEN);
      sys.close(accepted);
      return poll(waits, events, limitMs);
    };
    try {
      assertThrows(() => open(path, MAC_A, HELLO_WAIT_MS), SysError, "joins two already");
    } finally {
      sys.poll = poll;
      place.leave(fd);
      place.close();
    }
  }));

Deno.test("PIPE: who hung on a switch waits for it and does not listen", () =>
  inFolder(async (path) => {
    const place = new MeetingPlace(path);
    const listener = place.meet(true)!;
    const stop = await answerer(listener.fd, emitHello(Role.SWITCH));
    const a = open(path, MAC_A, HELLO_WAIT_MS);
    assert(a.isConnected);
    stop();
    place.leave(listener.fd);
    settle(a, () => !a.isConnected);
    assertEquals(place.meet(false), null, "nobody listens");
    // The switch comes back: the device finds it by itself
    const again = place.meet(true)!;
    settle(a, () => a.isConnected);
    place.leave(again.fd);
    place.close();
    a.close();
  }));

Deno.test("PIPE: what is no hello ends the connection", () =>
  inFolder((path) => {
    const a = open(path, MAC_A);
    const stranger = connect(path);
    settle(a, () => a.isConnected);
    libc().write(stranger, new Uint8Array(100), 100);
    settle(a, () => !a.isConnected);
    libc().close(stranger);
    a.close();
  }));

function connect(path: string): number {
  const fd = libc().socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
  assertEquals(connectUnix(fd, path), 0);
  return fd;
}

function readable(fd: number, poll = libc().poll): boolean {
  return poll(fd, POLLIN, 0) > 0;
}

function receive(fd: number): number[] {
  const off = rig.memory.alloc(64);
  const n = libc().recv(fd, rig.arena.base, off, 64, 0, 0, MSG_DONTWAIT);
  const bytes = [...rig.memory.u8.slice(off, off + Math.max(0, n))];
  rig.memory.free(off, 64);
  return bytes;
}

/**
 * A thread that accepts one connection and says `hello`; the function ends the connection.
 */
async function answerer(listenFd: number, hello: Uint8Array): Promise<() => void> {
  const state = new Int32Array(new SharedArrayBuffer(8));
  const module = import.meta.resolve("../../../../ffi/libc.ts");
  const source = `import { libc } from "${module}";
    onmessage = ({ data: { listenFd, hello, state } }) => {
      libc();
      postMessage("ready");
      libc().poll(listenFd, 1, 5000);
      const fd = libc().accept4(listenFd, 0);
      libc().write(fd, hello, hello.length);
      Atomics.wait(state, 0, 0, 5000);
      libc().close(fd);
      Atomics.store(state, 1, 1);
      Atomics.notify(state, 1);
    };`;
  const url = `data:application/typescript,${encodeURIComponent(source)}`;
  const worker = new Worker(url, { type: "module" });
  const ready = Promise.withResolvers<void>();
  worker.onmessage = () => ready.resolve();
  worker.postMessage({ listenFd, hello, state });
  await ready.promise;
  return () => {
    Atomics.store(state, 0, 1);
    Atomics.notify(state, 0);
    Atomics.wait(state, 1, 0, 5000);
    worker.terminate();
  };
}
