/** @module */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { AF_INET, SOCK_STREAM } from "../../ffi/abi/socket.ts";
import * as P from "../../ffi/shim/protocol.ts";
import { thresholdsOf } from "../../io/log/levels.ts";
import { LogOutput } from "../../io/log/log_output.ts";
import { StackLog } from "../../io/log/stack_log.ts";
import { ThreadLog } from "../../io/log/thread_log.ts";
import {
  BuddyMemory,
  EINPROGRESS,
  IpAddress,
  SO_BINDTODEVICE,
  SOL_SOCKET,
  Stack,
  type StreamSocket,
  TxFrames,
} from "../../stack/mod.ts";
import { ByteRing } from "../../stack/storage/ring.ts";
import { ReceiveBuffer } from "../../stack/tcp/tcb/receive_buffer.ts";
import type { ProgramSocket } from "../io/app/program.ts";
import { World } from "../io/app/world.ts";
import { Fifo } from "../io/log/fifo.ts";
import { FILES, read } from "../tidy/tree.ts";
import { Cable, PEER_ADDRESS } from "./cable.ts";
import { Trace } from "./trace.ts";

const PAGE = "docs/architecture.md";
const PORT = 8080;
const DATA_LEN = 1000;

interface Room {
  readonly path: string;
  /** The function by which a C file is entered. */
  readonly entry: string | null;
}

interface Way {
  readonly rooms: readonly Room[];
  readonly stairs: readonly string[];
}

/** A way as the page tells it. */
function wayOf(title: string): Way {
  const text = read(PAGE);
  const begin = text.indexOf(`### ${title}\n`);
  assert(begin >= 0, `${PAGE} has no way "${title}"`);
  const section = text.slice(begin, text.indexOf("\n#", begin + 1));
  const rooms = [...section.matchAll(/^\d+\. `([^`]+)`(?: \(`(\w+)`\))?/gm)];
  const stairs = /^Stairs: ([^]*?)\.$/m.exec(section)?.[1] ?? "";
  return {
    rooms: rooms.map(([, path, entry]) => ({ path, entry: entry ?? null })),
    stairs: [...stairs.matchAll(/`([^`]+)`/g)].map(([, path]) => path),
  };
}

/** What the trace has found is what the page says; the device of the trace is the test's own. */
function compare({ rooms, stairs }: Way, trace: Trace): void {
  const told = [...rooms.map(({ path }) => path), ...stairs]
    .filter((path) => path.endsWith(".ts") && !path.startsWith("io/devices/"));
  assertEquals([...trace.files].sort(), told.sort());
}

/** A C room is entered by the function that the page names, which the room before it calls. */
function checkShim(rooms: readonly Room[]): void {
  const inShim = rooms.filter(({ path }) => path.endsWith(".c"));
  inShim.forEach(({ path, entry }, i) => {
    assert(entry !== null, `${path}: by which function?`);
    const definition = new RegExp(`^(?!#|return)\\w[\\w *]*\\b${entry}\\([^;]*{`, "m");
    assert(definition.test(read(path)), `${path} does not define ${entry}`);
    if (i === 0) return;
    const caller = read(inShim[i - 1].path);
    assert(new RegExp(`\\b${entry}\\(`).test(caller), `${inShim[i - 1].path} calls no ${entry}`);
  });
}

function connected(world: World): { cable: Cable; peer: StreamSocket; socket: ProgramSocket } {
  const cable = new Cable(world, PORT);
  const socket = world.program().socket(AF_INET, SOCK_STREAM);
  assertEquals(socket.connect(PEER_ADDRESS, PORT), -EINPROGRESS);
  const peer = world.until("the peer's end", () => cable.accept());
  world.until("the handshake", () => socket.state === 2);
  return { cable, peer, socket };
}

Deno.test("write out: nine rooms, those of the page", () => {
  using world = new World();
  const { cable, peer, socket } = connected(world);
  const way = wayOf("Write out");
  using trace = new Trace();
  trace.watch(ByteRing.prototype, "commit");
  trace.watch(TxFrames.prototype, "commit", (tx) => tx.payLen[tx.count] > 0);
  trace.watch(cable.device, "transmit");
  socket.send(new Uint8Array(DATA_LEN));
  world.until("data", () => peer.recvAvailable() === DATA_LEN);
  compare(way, trace);
  checkShim(way.rooms);
  assertEquals(way.rooms.length, 9);
  assert(/^ {2}transmit\(tx: TxFrames\)/m.test(read(way.rooms[8].path)));
});

Deno.test("data in: ten rooms, those of the page", () => {
  using world = new World();
  const { cable, peer, socket } = connected(world);
  const way = wayOf("Data in");
  using trace = new Trace();
  trace.watch(cable.device, "receive");
  trace.watch(ByteRing.prototype, "write");
  trace.watch(ReceiveBuffer.prototype, "consume", (_, n) => Number(n) > 0);
  cable.send(peer, new Uint8Array(DATA_LEN));
  const got = socket.receive();
  assert(got instanceof Uint8Array && got.length === DATA_LEN);
  compare(way, trace);
  checkShim(way.rooms.toReversed());
  assertEquals(way.rooms.length, 10);
  assert(/^ {2}receive\(\): number/m.test(read(way.rooms[0].path)));
});

Deno.test("setsockopt: eight rooms, those of the page", () => {
  using world = new World();
  const { socket } = connected(world);
  const way = wayOf("setsockopt");
  const { interfaces } = world.stack.socket(AF_INET, SOCK_STREAM, 0) as StreamSocket;
  using trace = new Trace();
  trace.watch(interfaces, "indexOf"); // which the code of SO_BINDTODEVICE asks
  const ask = { a: SOL_SOCKET, b: SO_BINDTODEVICE, data: new TextEncoder().encode("c0") };
  assertEquals(socket.request(P.NUSE_OP_SETOPT, ask).result, 0);
  compare(way, trace);
  checkShim(way.rooms);
  assertEquals(way.rooms.length, 8);
});

Deno.test("a line of the log: five rooms, those of the page", async () => {
  const fifo = new Fifo();
  const thresholds = thresholdsOf(() => "debug");
  const thread = await ThreadLog.open({ thresholds, format: "json", fd: fifo.writeFd, startUs: 0 });
  const memory = new BuddyMemory(new ArrayBuffer(1 << 25));
  const log = new StackLog(thread.options);
  const stack = new Stack({ memory, random: () => 1, nowUs: 0, log });
  const caps = { csum: false, tso: false, uso: false, gsoMaxBytes: 1500 };
  const link = { caps, mtu: 1500, transmit() {} };
  const { index } = stack.addInterface({ name: "e0", mac: new Uint8Array(6), link });
  const way = wayOf("A line of the log");
  using trace = new Trace();
  trace.watch(LogOutput.prototype, "add");
  trace.watch(TextEncoder.prototype, "encodeInto"); // of what is about to be written
  stack.addAddress(index, IpAddress.parse("198.18.0.2")!, 24, 0);
  thread.flush();
  assertStringIncludes(fifo.read(), "arp.announced");
  fifo.closeReader();
  fifo.close();
  compare(way, trace);
  assertEquals(way.rooms.length, 5);
});

Deno.test("every file that the page names is there", () => {
  const paths = [...read(PAGE).matchAll(/`((?:cli|ffi|io|stack|tests)\/[\w/.]+\.\w+)`/g)]
    .map(([, path]) => path);
  assert(paths.length > 40);
  assertEquals(paths.filter((path) => !FILES.includes(path)), []);
});
