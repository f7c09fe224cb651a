import { assert, assertEquals } from "@std/assert";
import { SOCK_STREAM } from "../../../../ffi/abi/socket.ts";
import * as P from "../../../../ffi/shim/protocol.ts";
import type { LogEntry } from "../../../../io/log/event.ts";
import { thresholdsOf } from "../../../../io/log/levels.ts";
import { OwnLog } from "../../../../io/log/own_log.ts";
import { requestName, resultText } from "../../../../io/app/control/request_text.ts";
import { Reply } from "../../../../io/app/protocol/message.ts";
import { StreamEndpoint } from "../../../../io/app/endpoint/stream_endpoint.ts";
import { World } from "../world.ts";

const AF_INET = 2;

/** A log of everything, and its entries so far, as "event message". */
function listen() {
  const entries: LogEntry[] = [];
  const log = new OwnLog({
    thresholds: thresholdsOf(() => "trace"),
    clockUs: () => 0,
    startUs: 0,
    onEntry: (entry) => entries.push(entry),
  });
  const take = () => entries.splice(0).map(({ info, message }) => `${info.name} ${message}`);
  return { log, take };
}

Deno.test("the log hears of processes, what each asks for, and what it gets", () => {
  const { log, take } = listen();
  using world = new World({ log });
  const program = world.program();
  const socket = program.socket(AF_INET, SOCK_STREAM);
  socket.bind("127.0.0.1", 5555);
  socket.connect("127.0.0.1", 1);
  world.steps(5);
  const { pid } = Deno;
  const name = `socket ${socket.cookie}`;
  const told = take();
  assertEquals(told[0], `service.client process ${pid} connects; control connections: 1`);
  const requests = told.filter((text) => text.startsWith("control.request"))
    .map((text) => text.replace(`control.request process ${pid}: `, ""));
  assertEquals(requests.filter((text) => !text.startsWith("hello")), [
    `socket (2, 1, 0) = 0`,
    `bind ${name} 127.0.0.1:5555 = 0`,
    `connect ${name} 127.0.0.1:1 = EINPROGRESS`,
  ]);
  program.close();
  world.steps(5);
  assertEquals(take().filter((text) => text.startsWith("service.client-gone")).length, 1);
});

Deno.test("no socket is left: a warning says so, and how many there are", () => {
  const { log, take } = listen();
  using world = new World({ log, maxSockets: 1 });
  const program = world.program();
  program.socket(AF_INET, SOCK_STREAM);
  program.send(P.NUSE_OP_SOCKET, { a: AF_INET, b: SOCK_STREAM });
  world.until("reply", () => program.takeReply());
  const told = take().filter((text) => text.startsWith("service.full"));
  assertEquals(told, ["service.full a program gets no socket; open ones: 1"]);
});

Deno.test("a fault of nuse's own is told with its place", () => {
  const { log, take } = listen();
  using world = new World({ log });
  const program = world.program();
  const { cookie } = program.socket(AF_INET, SOCK_STREAM);
  const { shutdown } = StreamEndpoint.prototype;
  try {
    StreamEndpoint.prototype.shutdown = () => {
      throw new RangeError("a fault made by the test");
    };
    program.send(P.NUSE_OP_SHUTDOWN, { cookie });
    world.until("cut off", () => world.service.clientCount === 0);
  } finally {
    StreamEndpoint.prototype.shutdown = shutdown;
  }
  const [told, ...more] = take().filter((text) => text.startsWith("service.fault"));
  assert(/a fault made by the test\n.*operations\.ts/s.test(told), told);
  assertEquals(more, []);
});

Deno.test("what sent no request is named before it is cut off", () => {
  const { log, take } = listen();
  using world = new World({ log });
  const program = world.program();
  world.memory.u8.fill(0x5a, program.bufferOff, program.bufferOff + 8);
  program.sendRaw(8);
  world.steps(5);
  const told = take().filter((text) => text.startsWith("control.malformed"));
  assertEquals(told.length, 1);
});

Deno.test("names of requests, and results in words", () => {
  assertEquals([requestName(P.NUSE_OP_POST_SETOPT), requestName(999)], [
    "post_setopt",
    "request 999",
  ]);
  const reply = new Reply(0);
  assertEquals([resultText(reply), resultText(null)], ["0", "waits"]);
  reply.result = -111;
  assertEquals(resultText(reply), "ECONNREFUSED");
});
