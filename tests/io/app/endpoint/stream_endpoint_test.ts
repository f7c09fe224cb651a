import { assertEquals } from "@std/assert";
import { AF_INET, AF_INET6, SHUT_RD, SHUT_WR, SOCK_STREAM } from "../../../../ffi/abi/socket.ts";
import * as P from "../../../../ffi/shim/protocol.ts";
import {
  EAGAIN,
  EALREADY,
  ECONNABORTED,
  ECONNREFUSED,
  ECONNRESET,
  EINPROGRESS,
  EINVAL,
  EISCONN,
  ENETUNREACH,
  ENOTCONN,
  EPIPE,
} from "../../../../stack/mod.ts";
import {
  CONNECTED,
  connectedStreams,
  CONNECTING,
  POLLERR,
  POLLHUP,
  POLLIN,
  POLLOUT,
  POLLRDHUP,
  type Program,
  type ProgramSocket,
  SHUT_RDWR,
  sockaddr,
} from "../program.ts";
import { World } from "../world.ts";

const PORT = 5001;
const SOL_SOCKET = 1;
const SO_TYPE = 3;
const SO_LINGER = 13;
const IPPROTO_TCP = 6;
const TCP_FASTOPEN = 23;
const TCP_FASTOPEN_CONNECT = 30;

function text(value: string): Uint8Array {
  return new TextEncoder().encode(value);
}

/** Writes `total` patterned bytes to `from` while `to` is read; returns what arrived. */
function pump(world: World, from: ProgramSocket, to: ProgramSocket, total: number): number {
  const chunk = new Uint8Array(200_000);
  let sent = 0;
  let received = 0;
  world.until("all bytes", () => {
    const len = Math.min(chunk.length, total - sent);
    for (let i = 0; i < len; i++) chunk[i] = (sent + i) % 251;
    const n = len === 0 ? 0 : from.send(chunk.subarray(0, len));
    if (n > 0) sent += n;
    const got = to.recv();
    if (typeof got === "number") return received === total;
    for (let i = 0; i < got.length; i += 97) assertEquals(got[i], (received + i) % 251);
    received += got.length;
    return received === total;
  });
  return received;
}

Deno.test("stream: connect, accept, names, echo", () => {
  using world = new World();
  const program = world.program();
  const { client, server } = connectedStreams(program, PORT);
  assertEquals(client.soError, 0);
  assertEquals(client.name(1), `127.0.0.1 ${PORT}`);
  assertEquals(server.name(0), `127.0.0.1 ${PORT}`);
  assertEquals(server.name(1), client.name(0));
  assertEquals(client.state, CONNECTED);
  assertEquals(client.send(text("ping")), 4);
  assertEquals(server.receiveText(), "ping");
  assertEquals(server.send(text("pong")), 4);
  assertEquals(client.receiveText(), "pong");
});

Deno.test("stream: not writable until the handshake has ended", () => {
  using world = new World();
  const program = world.program();
  const listener = program.socket(AF_INET, SOCK_STREAM);
  assertEquals([listener.bind("127.0.0.1", PORT), listener.listen(1)], [0, 0]);
  const client = program.socket(AF_INET, SOCK_STREAM);
  assertEquals(client.recv(), -EAGAIN);
  assertEquals(client.connect("127.0.0.1", PORT), -EINPROGRESS);
  const { socket: server } = listener.accept();
  assertEquals(client.send(text("data")), 4);
  assertEquals(server.receiveText(), "data");
});

Deno.test("stream: refused, and the socket connects again", () => {
  using world = new World();
  const program = world.program();
  const client = program.socket(AF_INET, SOCK_STREAM);
  assertEquals(client.connect("127.0.0.1", PORT), -EINPROGRESS);
  const all = POLLIN | POLLOUT | POLLERR | POLLHUP | POLLRDHUP;
  client.await(POLLERR);
  assertEquals(client.poll(all), all); // as Linux
  assertEquals([client.soError, client.soError], [ECONNREFUSED, 0]);
  assertEquals(client.listen(1), -EINVAL);
  assertEquals(client.name(1), `${-ENOTCONN}`);
  const listener = program.socket(AF_INET, SOCK_STREAM);
  assertEquals([listener.bind("127.0.0.1", PORT), listener.listen(1)], [0, 0]);
  assertEquals(client.connect("127.0.0.1", PORT), -ECONNABORTED); // as Linux: once
  assertEquals(client.poll(all), POLLOUT);
  assertEquals(client.connect("127.0.0.1", PORT), -EINPROGRESS);
  const { socket: server } = listener.accept();
  assertEquals(client.send(text("again")), 5);
  assertEquals(server.receiveText(), "again");
});

Deno.test("stream: results of a second connect are Linux's", () => {
  using world = new World();
  const program = world.program();
  const listener = program.socket(AF_INET, SOCK_STREAM);
  assertEquals([listener.bind("127.0.0.1", PORT), listener.listen(1)], [0, 0]);
  const client = program.socket(AF_INET, SOCK_STREAM);
  assertEquals(client.connect("127.0.0.1", PORT), -EINPROGRESS);
  listener.accept();
  world.until("connected", () => client.state === CONNECTED);
  assertEquals(client.soError, 0);
  assertEquals(client.connect("127.0.0.1", PORT), 0);
  assertEquals(client.connect("127.0.0.1", PORT), -EISCONN);
  const refused = program.socket(AF_INET, SOCK_STREAM);
  assertEquals(refused.connect("127.0.0.1", PORT + 1), -EINPROGRESS);
  world.until("refused", () => refused.state === P.NUSE_STATE_ERROR);
  assertEquals(refused.connect("127.0.0.1", PORT + 1), -ECONNREFUSED);
  assertEquals(refused.poll(POLLIN), 0);
  assertEquals(refused.connect("127.0.0.1", PORT + 1), -EINPROGRESS);
  const lost = program.socket(AF_INET, SOCK_STREAM);
  assertEquals(lost.connect("198.51.100.1", 9), -ENETUNREACH);
});

Deno.test("stream: EALREADY while the handshake is under way", () => {
  using world = new World();
  const program = world.program();
  const listener = program.socket(AF_INET, SOCK_STREAM);
  assertEquals([listener.bind("127.0.0.1", PORT), listener.listen(1)], [0, 0]);
  const client = program.socket(AF_INET, SOCK_STREAM);
  const child = program.fork();
  child.request(P.NUSE_OP_HELLO);
  // two requests in one wake-up: both are answered before the SYN leaves
  const data = sockaddr("127.0.0.1", PORT);
  program.send(P.NUSE_OP_CONNECT, { cookie: client.cookie, data });
  child.send(P.NUSE_OP_CONNECT, { cookie: client.cookie, data }, client.fd);
  const first = world.until("first", () => program.takeReply());
  const second = world.until("second", () => child.takeReply());
  child.close();
  assertEquals([first.result, second.result].sort(), [-EALREADY, -EINPROGRESS].sort());
  assertEquals(first.state, CONNECTING);
});

Deno.test("stream: half-close from each side", () => {
  using world = new World();
  const { client, server } = connectedStreams(world.program(), PORT);
  assertEquals(client.send(text("last words")), 10);
  assertEquals(client.shutdown(SHUT_WR), 0);
  assertEquals(server.receiveText(), "last words");
  assertEquals(server.receive(), new Uint8Array(0));
  assertEquals(server.poll(POLLHUP), 0);
  assertEquals(server.send(text("answer")), 6);
  assertEquals(client.receiveText(), "answer");
  server.close();
  assertEquals(client.receive(), new Uint8Array(0));
  world.until("both pairs closed", () => world.service.counters.socketsClosed === 2);
  assertEquals(client.soError, 0);
});

Deno.test("stream: close delivers everything, then FIN", () => {
  using world = new World();
  const { client, server } = connectedStreams(world.program(), PORT);
  const bytes = new Uint8Array(250_000).fill(3);
  let sent = 0;
  while (sent < bytes.length) {
    const n = client.send(bytes.subarray(sent));
    if (n > 0) sent += n;
    else world.step();
  }
  client.close();
  let received = 0;
  for (;;) {
    const got = server.receive();
    if (typeof got === "number") throw new Error(`recv: ${got}`);
    if (got.length === 0) break;
    received += got.length;
  }
  assertEquals(received, sent);
});

Deno.test("stream: close with unread bytes resets the connection", () => {
  using world = new World();
  const { client, server } = connectedStreams(world.program(), PORT);
  const local = client.name(0);
  assertEquals(client.send(text("never read")), 10);
  server.await(POLLIN);
  server.close();
  client.await(POLLHUP);
  assertEquals(client.recv(), new Uint8Array(0));
  assertEquals([client.soError, client.soError], [ECONNRESET, 0]);
  assertEquals(client.send(text("x")), -EPIPE);
  assertEquals(client.name(1), `${-ENOTCONN}`);
  assertEquals(client.name(0), local);
  assertEquals(client.getInt(SOL_SOCKET, SO_TYPE), SOCK_STREAM);
  assertEquals(world.service.counters.streamsReset, 1);
});

Deno.test("stream: after a reset the bytes that had arrived are still read", () => {
  using world = new World();
  const { client, server } = connectedStreams(world.program(), PORT);
  assertEquals(server.send(text("before the reset")), 16);
  client.await(POLLIN);
  const linger = new Uint8Array(new Int32Array([1, 0]).buffer);
  const set = server.request(P.NUSE_OP_SETOPT, { a: SOL_SOCKET, b: SO_LINGER, data: linger });
  assertEquals(set.result, 0);
  server.close();
  client.await(POLLHUP);
  assertEquals(client.receiveText(), "before the reset");
  assertEquals(client.recv(), new Uint8Array(0));
  assertEquals(client.soError, ECONNRESET);
});

Deno.test("stream: megabytes both ways, through full rings and pairs", () => {
  using world = new World();
  const { client, server } = connectedStreams(world.program(), PORT);
  const total = 8_000_000;
  assertEquals(pump(world, client, server, total), total);
  assertEquals(pump(world, server, client, total), total);
  const { bytesToNetwork, bytesToProgram } = world.service.counters;
  assertEquals([bytesToNetwork, bytesToProgram], [2 * total, 2 * total]);
});

Deno.test("stream: shutdown of an unconnected socket, and with a bad argument", () => {
  using world = new World();
  const program = world.program();
  const fresh = program.socket(AF_INET, SOCK_STREAM);
  assertEquals(fresh.shutdown(SHUT_WR), -ENOTCONN);
  const { client } = connectedStreams(program, PORT);
  assertEquals(client.request(P.NUSE_OP_SHUTDOWN, { a: 3 }).result, -EINVAL);
});

Deno.test("stream: shutdown of both directions keeps an ended record", () => {
  using world = new World();
  const { client, server } = connectedStreams(world.program(), PORT);
  const local = client.name(0);
  assertEquals(client.shutdown(SHUT_RDWR), 0);
  assertEquals(server.receive(), new Uint8Array(0));
  world.until("the pair closed", () => world.service.counters.socketsClosed === 1);
  assertEquals(client.name(0), local);
  assertEquals(client.soError, 0);
  assertEquals(client.shutdown(SHUT_WR), 0); // the peer has not closed its half
});

Deno.test("stream: shutdown() in no way that there is leaves the connection as it is", () => {
  using world = new World();
  const { client, server } = connectedStreams(world.program(), PORT);
  for (const how of [-1, SHUT_RDWR + 1]) assertEquals(client.shutdown(how), -EINVAL);
  client.send(text("there"));
  assertEquals(server.receiveText(), "there");
  server.send(text("and back"));
  assertEquals(client.receiveText(), "and back");
});

Deno.test("stream: what arrives after SHUT_RD is dropped", () => {
  using world = new World();
  const { client, server } = connectedStreams(world.program(), PORT);
  assertEquals(client.shutdown(SHUT_RD), 0);
  assertEquals(server.send(text("lost")), 4);
  world.steps(5);
  assertEquals(client.recv(), new Uint8Array(0));
  assertEquals(client.send(text("still there")), 11);
  assertEquals(server.receiveText(), "still there");
});

Deno.test("stream: the program goes away while connecting", () => {
  using world = new World();
  const program = world.program();
  const client = program.socket(AF_INET, SOCK_STREAM);
  assertEquals(client.connect("127.0.0.1", PORT), -EINPROGRESS);
  client.close();
  world.until("released", () => world.service.counters.socketsClosed === 1);
});

Deno.test("stream: AF_INET6 speaks IPv4 by mapped addresses", () => {
  using world = new World();
  const program = world.program();
  const listener = program.socket(AF_INET6, SOCK_STREAM);
  assertEquals([listener.bind("::", PORT), listener.listen(4)], [0, 0]);
  const client = program.socket(AF_INET, SOCK_STREAM);
  assertEquals(client.connect("127.0.0.1", PORT), -EINPROGRESS);
  const { socket: server, peer } = listener.accept();
  assertEquals(server.domain, AF_INET6);
  assertEquals(peer, client.name(0));
  assertEquals(server.name(1), peer);
});

Deno.test("stream: writable again only when the outcome is known", () => {
  using world = new World();
  const program = world.program();
  const listener = program.socket(AF_INET, SOCK_STREAM);
  assertEquals([listener.bind("127.0.0.1", PORT), listener.listen(1)], [0, 0]);
  const client = program.socket(AF_INET, SOCK_STREAM);
  // CONNECT without filler bytes: the service must wait for them before it takes bytes for data
  const data = sockaddr("127.0.0.1", PORT);
  const ask = { data, a: P.NUSE_FILLER_LEN };
  assertEquals(client.request(P.NUSE_OP_CONNECT, ask).result, -EINPROGRESS);
  const { socket: server } = listener.accept();
  assertEquals(client.send(new Uint8Array(P.NUSE_FILLER_LEN - 12)), P.NUSE_FILLER_LEN - 12);
  world.steps(3);
  assertEquals(client.send(text("............data")), 16);
  assertEquals(server.receiveText(), "data");
  assertEquals(client.poll(POLLOUT), POLLOUT);
});

/** A listener that takes text with the SYN. */
function listenFast(program: Program): ProgramSocket {
  const listener = program.socket(AF_INET, SOCK_STREAM);
  assertEquals(listener.bind("127.0.0.1", PORT), 0);
  assertEquals(listener.setInt(IPPROTO_TCP, TCP_FASTOPEN, 5), 0);
  assertEquals(listener.listen(5), 0);
  return listener;
}

Deno.test("stream: MSG_FASTOPEN, and TCP_FASTOPEN_CONNECT: the first bytes go with the SYN", () => {
  using world = new World();
  const program = world.program();
  const listener = listenFast(program);
  const fast = (socket: ProgramSocket) =>
    socket.connect("127.0.0.1", PORT, P.NUSE_FILLER_LEN, P.NUSE_CONNECT_FAST);
  const first = program.socket(AF_INET, SOCK_STREAM);
  assertEquals(fast(first), -EINPROGRESS); // no cookie yet
  listener.accept();
  const second = program.socket(AF_INET, SOCK_STREAM);
  assertEquals(fast(second), 0);
  world.steps(3);
  assertEquals(listener.tryAccept(), null); // the SYN waits
  assertEquals(second.state, CONNECTED);
  assertEquals(second.getInt(IPPROTO_TCP, TCP_FASTOPEN_CONNECT), 0);
  second.send(text("early"));
  assertEquals(listener.accept().socket.receiveText(), "early");
  const third = program.socket(AF_INET, SOCK_STREAM);
  assertEquals(third.setInt(IPPROTO_TCP, TCP_FASTOPEN_CONNECT, 1), 0);
  assertEquals(third.connect("127.0.0.1", PORT), 0);
  third.send(text("as well"));
  assertEquals(listener.accept().socket.receiveText(), "as well");
  assertEquals(world.stack.counters.tcp.fastOpenActive, 2);
});

Deno.test("stream: a connection that was opened fast and is refused ends as any other", () => {
  using world = new World();
  const program = world.program();
  const listener = listenFast(program);
  const dial = () => {
    const socket = program.socket(AF_INET, SOCK_STREAM);
    assertEquals(socket.setInt(IPPROTO_TCP, TCP_FASTOPEN_CONNECT, 1), 0);
    return { socket, result: socket.connect("127.0.0.1", PORT) };
  };
  dial();
  listener.accept();
  listener.close();
  world.until("closed", () => world.service.counters.socketsClosed === 1);
  const { socket, result } = dial();
  assertEquals(result, 0);
  socket.send(text("to nobody"));
  socket.await(POLLHUP);
  assertEquals([socket.soError, socket.soError], [ECONNREFUSED, 0]);
});
