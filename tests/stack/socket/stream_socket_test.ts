import { assert, assertEquals } from "@std/assert";
import {
  EADDRNOTAVAIL,
  EAFNOSUPPORT,
  ECONNREFUSED,
  EINPROGRESS,
  EINVAL,
  ENETUNREACH,
  EVENT_ACCEPTABLE,
  EVENT_CONNECTED,
  EVENT_ERROR,
  EVENT_READABLE,
  getOption,
  type IpAddress,
  setOption,
  type StreamSocket,
} from "../../../stack/mod.ts";
import { assertBytes, bytesOf, Host, ip } from "../net_fixture.ts";

const LO = ip("127.0.0.1");

function stream(host: Host, domain = 2): StreamSocket {
  const socket = host.stack.socket(domain, 1, 0);
  assert(typeof socket !== "number");
  return socket as StreamSocket;
}

function listener(host: Host, addr: IpAddress, port: number, domain = 2): StreamSocket {
  const socket = stream(host, domain);
  assertEquals(socket.bind(addr, port, host.nowUs), 0);
  assertEquals(socket.listen(5, host.nowUs), 0);
  return socket;
}

function write(host: Host, socket: StreamSocket, bytes: Uint8Array): number {
  let done = 0;
  while (done < bytes.length) {
    const { off0, len0, off1, len1 } = socket.sendSpan(bytes.length - done);
    if (len0 + len1 === 0) break;
    host.memory.u8.set(bytes.subarray(done, done + len0), off0);
    host.memory.u8.set(bytes.subarray(done + len0, done + len0 + len1), off1);
    socket.sendCommit(len0 + len1, host.nowUs);
    done += len0 + len1;
  }
  return done;
}

function read(host: Host, socket: StreamSocket): Uint8Array {
  const { off0, len0, off1, len1 } = socket.recvSpan(1 << 20);
  const bytes = new Uint8Array(len0 + len1);
  bytes.set(host.memory.u8.subarray(off0, off0 + len0));
  bytes.set(host.memory.u8.subarray(off1, off1 + len1), len0);
  socket.recvConsume(bytes.length, host.nowUs);
  return bytes;
}

Deno.test("over the loopback: connect, accept, both ways, half-close", () => {
  const host = new Host();
  const server = listener(host, ip("0.0.0.0"), 8000);
  const client = stream(host);
  assertEquals(client.connect(LO, 8000, host.nowUs), -EINPROGRESS);
  host.flush();
  assertEquals(client.stateName, "ESTABLISHED");
  const ready = new Map<unknown, number>();
  for (let s = host.stack.takeReady(); s !== null; s = host.stack.takeReady()) {
    ready.set(s, s.events);
  }
  assertEquals((ready.get(client) ?? 0) & EVENT_CONNECTED, EVENT_CONNECTED);
  assertEquals((ready.get(server) ?? 0) & EVENT_ACCEPTABLE, EVENT_ACCEPTABLE);
  const child = server.accept();
  assert(child !== null);
  assertEquals(child.remote()?.port, client.local().port);
  assertEquals(child.local().addr.toString(), "127.0.0.1");
  const data = bytesOf(50_000);
  assertEquals(write(host, client, data), data.length);
  client.shutdown(1, host.nowUs);
  host.flush();
  assertBytes(read(host, child), data);
  assertEquals(child.recvEof, true);
  assertEquals(write(host, child, bytesOf(10)), 10);
  host.flush();
  assertEquals(read(host, client), bytesOf(10));
  child.close(host.nowUs);
  client.close(host.nowUs);
  server.close(host.nowUs);
  host.advance(1e6);
  assertEquals(host.stack.isQuiet(), true);
});

Deno.test("the child of a listener has its events before anyone owns it", () => {
  const host = new Host();
  const server = listener(host, LO, 8001);
  const client = stream(host);
  client.connect(LO, 8001, host.nowUs);
  host.flush();
  write(host, client, bytesOf(5));
  host.flush();
  const child = server.accept();
  assert(child !== null);
  assertEquals(child.events & EVENT_READABLE, EVENT_READABLE);
  assertEquals(server.accept(), null);
});

Deno.test("a refused connection", () => {
  const host = new Host();
  const client = stream(host);
  assertEquals(client.connect(LO, 8002, host.nowUs), -EINPROGRESS);
  host.flush();
  assertEquals(client.events & EVENT_ERROR, EVENT_ERROR);
  assertEquals(client.takeError(), ECONNREFUSED);
});

Deno.test("addresses that cannot be", () => {
  const host = new Host();
  assertEquals(stream(host).bind(ip("192.0.2.1"), 80, host.nowUs), -EADDRNOTAVAIL);
  assertEquals(stream(host).bind(ip("::1"), 80, host.nowUs), -EAFNOSUPPORT);
  assertEquals(stream(host).connect(ip("203.0.113.1"), 80, host.nowUs), -ENETUNREACH);
  assertEquals(stream(host).connect(ip("2001:db8::1"), 80, host.nowUs), -EAFNOSUPPORT);
  assertEquals(stream(host, 10).connect(ip("2001:db8::1"), 80, host.nowUs), -ENETUNREACH);
});

Deno.test("dual stack: a listener on :: takes IPv4, unless it is v6 only", () => {
  const host = new Host();
  const server = listener(host, ip("::"), 8003, 10);
  const client = stream(host);
  client.connect(ip("0.0.0.0"), 8003, host.nowUs);
  host.flush();
  assertEquals(client.stateName, "ESTABLISHED");
  assertEquals(client.remote()?.addr.toString(), "127.0.0.1");
  assert(server.accept() !== null);
  const only = stream(host, 10);
  assertEquals(setOption(only, 41, 26, Uint8Array.of(1, 0, 0, 0), host.nowUs), 0);
  assertEquals(only.bind(ip("::"), 8004, host.nowUs), 0);
  assertEquals(only.listen(1, host.nowUs), 0);
  const refused = stream(host);
  refused.connect(LO, 8004, host.nowUs);
  host.flush();
  assertEquals(refused.takeError(), ECONNREFUSED);
});

Deno.test("to the wildcard: the address that we are bound to, as on Linux", () => {
  const host = new Host();
  listener(host, ip("0.0.0.0"), 8005);
  const client = stream(host);
  assertEquals(client.bind(ip("198.18.0.2"), 0, host.nowUs), 0);
  client.connect(ip("0.0.0.0"), 8005, host.nowUs);
  host.flush();
  const ends = [client.local(), client.remote()].map((end) => end?.addr.toString());
  assertEquals(ends, ["198.18.0.2", "198.18.0.2"]);
});

Deno.test("v6 only: not bound to IPv4, not connected to it", () => {
  const host = new Host();
  const only = stream(host, 10);
  setOption(only, 41, 26, Uint8Array.of(1, 0, 0, 0), host.nowUs);
  assertEquals(only.bind(ip("::ffff:198.18.0.2"), 8006, host.nowUs), -EINVAL);
  assertEquals(only.connect(LO, 8006, host.nowUs), -ENETUNREACH);
});

Deno.test("options reach TCP and are inherited by accepted sockets", () => {
  const host = new Host();
  const server = stream(host);
  const on = Uint8Array.of(1, 0, 0, 0);
  const int = (value: Uint8Array | number) => {
    assert(typeof value !== "number", `${value}`);
    return new DataView(value.buffer).getInt32(0, true);
  };
  assertEquals(setOption(server, 1, 9, on, host.nowUs), 0); // SO_KEEPALIVE
  assertEquals(setOption(server, 1, 8, Uint8Array.of(0, 0, 1, 0), host.nowUs), 0); // SO_RCVBUF
  assertEquals(int(getOption(server, 1, 8, 4, host.nowUs)), 131072);
  server.bind(LO, 8005, host.nowUs);
  server.listen(1, host.nowUs);
  assertEquals(int(getOption(server, 1, 30, 4, host.nowUs)), 1); // SO_ACCEPTCONN
  const client = stream(host);
  client.connect(LO, 8005, host.nowUs);
  host.flush();
  const child = server.accept();
  assert(child !== null);
  assertEquals(int(getOption(child, 1, 9, 4, host.nowUs)), 1);
  assertEquals(int(getOption(child, 1, 8, 4, host.nowUs)), 131072);
  assertEquals(int(getOption(client, 0, 14, 4, host.nowUs)), 65535); // IP_MTU
  assertEquals(int(getOption(client, 6, 2, 4, host.nowUs)) > 0, true); // TCP_MAXSEG
});

Deno.test("a pending connection keeps the options that its listener had at the handshake", () => {
  const host = new Host();
  const server = listener(host, LO, 8007);
  const tos = (socket: StreamSocket) => {
    const value = getOption(socket, 0, 1, 4, host.nowUs); // IP_TOS
    assert(typeof value !== "number", `${value}`);
    return value[0];
  };
  assertEquals(setOption(server, 0, 1, Uint8Array.of(4, 0, 0, 0), host.nowUs), 0);
  const clients = [stream(host), stream(host)];
  for (const client of clients) client.connect(LO, 8007, host.nowUs);
  host.flush();
  assertEquals(setOption(server, 0, 1, Uint8Array.of(8, 0, 0, 0), host.nowUs), 0);
  const [first, second] = clients.map(() => server.accept()!);
  assertEquals([server, first, second].map(tos), [8, 4, 4]);
  assertEquals(setOption(first, 0, 1, Uint8Array.of(16, 0, 0, 0), host.nowUs), 0);
  assertEquals([server, first, second].map(tos), [8, 16, 4]);
});
