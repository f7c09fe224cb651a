import { assertEquals } from "@std/assert";
import { AF_INET, AF_INET6, SIOCOUTQ, SOCK_DGRAM, SOCK_STREAM } from "../../../ffi/abi/socket.ts";
import * as P from "../../../ffi/shim/protocol.ts";
import {
  EADDRINUSE,
  EADDRNOTAVAIL,
  EAFNOSUPPORT,
  EINVAL,
  ENODEV,
  ENOPROTOOPT,
  ENOTTY,
  EOPNOTSUPP,
} from "../../../stack/mod.ts";
import { connectedStreams, nameText, sockaddr } from "./program.ts";
import { World } from "./world.ts";

const PORT = 5006;
const SIOCGIFADDR = 0x8915;
const SOL_SOCKET = 1;
const SO_TIMESTAMP = 29;
const IP_RECVTTL = 12;

Deno.test("bind: names and refusals", () => {
  using world = new World();
  const program = world.program();
  const a = program.socket(AF_INET, SOCK_STREAM);
  assertEquals(a.name(0), "0.0.0.0 0");
  assertEquals(a.bind("198.51.100.1", PORT), -EADDRNOTAVAIL);
  assertEquals(a.bind("127.0.0.1", PORT), 0);
  assertEquals(a.name(0), `127.0.0.1 ${PORT}`);
  assertEquals(a.bind("127.0.0.1", PORT + 1), -EINVAL);
  const b = program.socket(AF_INET, SOCK_STREAM);
  assertEquals(b.bind("127.0.0.1", PORT), -EADDRINUSE);
  const data = sockaddr("127.0.0.1", PORT, AF_INET6);
  assertEquals(b.request(P.NUSE_OP_BIND, { data }).result, -EAFNOSUPPORT);
  assertEquals(b.request(P.NUSE_OP_BIND, { data: new Uint8Array(4) }).result, -EINVAL);
});

Deno.test("bind: AF_UNSPEC with the wildcard counts as AF_INET", () => {
  using world = new World();
  const socket = world.program().socket(AF_INET, SOCK_DGRAM);
  const unspec = sockaddr("0.0.0.0", PORT);
  unspec[0] = 0;
  const other = sockaddr("127.0.0.1", PORT);
  other[0] = 0;
  assertEquals(socket.request(P.NUSE_OP_BIND, { data: other }).result, -EAFNOSUPPORT);
  assertEquals(socket.request(P.NUSE_OP_BIND, { data: unspec }).result, 0);
  assertEquals(socket.name(0), `0.0.0.0 ${PORT}`);
});

Deno.test("options go to the stack and back, and show in the state", () => {
  using world = new World();
  const socket = world.program().socket(AF_INET, SOCK_DGRAM);
  assertEquals(socket.setInt(SOL_SOCKET, SO_TIMESTAMP, 1), 0);
  assertEquals(socket.setInt(0, IP_RECVTTL, 1), 0);
  assertEquals(socket.state, P.NUSE_STATE_TIMESTAMP | P.NUSE_STATE_RECVTTL);
  assertEquals(socket.setInt(SOL_SOCKET, SO_TIMESTAMP, 0), 0);
  assertEquals(socket.state, P.NUSE_STATE_RECVTTL);
  assertEquals(socket.getInt(SOL_SOCKET, 3), SOCK_DGRAM);
  assertEquals(socket.setInt(99, 1, 1), -ENOPROTOOPT);
});

Deno.test("socket: what there is not", () => {
  using world = new World();
  const { result } = world.program().request(P.NUSE_OP_SOCKET, { a: 1, b: SOCK_STREAM });
  assertEquals(result, -EAFNOSUPPORT);
  assertEquals(world.service.counters.socketsRefused, 1);
});

Deno.test("listen and name: what does not fit", () => {
  using world = new World();
  const socket = world.program().socket(AF_INET, SOCK_DGRAM);
  assertEquals(socket.listen(1), -EOPNOTSUPP);
  assertEquals(socket.request(P.NUSE_OP_NAME, { a: 2 }).result, -EINVAL);
});

Deno.test("SIOCOUTQ counts what the peer has not taken", () => {
  using world = new World();
  const program = world.program();
  const { client, listener } = connectedStreams(program, PORT);
  const outq = (cookie: number): number => {
    const { result, data } = program.request(P.NUSE_OP_IOCTL, { cookie, a: SIOCOUTQ });
    return result < 0 ? result : new DataView(data.buffer).getInt32(0, true);
  };
  assertEquals(outq(client.cookie), 0);
  const bytes = new Uint8Array(500_000);
  let sent = 0;
  for (let stalled = 0; stalled < 20; stalled++) {
    const n = client.send(bytes);
    if (n > 0) sent += n;
    world.step();
  }
  const left = outq(client.cookie);
  assertEquals(left > 0 && left < sent, true, `${left} of ${sent}`);
  assertEquals(outq(listener.cookie), -EINVAL);
  assertEquals(outq(0), -ENOTTY);
});

Deno.test("IFADDRS and interface ioctls know lo", () => {
  using world = new World();
  const program = world.program();
  const { a, data } = program.request(P.NUSE_OP_IFADDRS);
  assertEquals([a, data.length], [2, 2 * P.NUSE_IF_LEN]);
  assertEquals(new TextDecoder().decode(data.subarray(0, 3)), "lo\0");
  const ifreq = new Uint8Array(40);
  ifreq.set([0x6c, 0x6f]);
  const answer = program.request(P.NUSE_OP_IOCTL, { a: SIOCGIFADDR, data: ifreq });
  assertEquals(nameText(answer.data.slice(16, 32)), "127.0.0.1 0");
  ifreq.set([0x78]);
  assertEquals(program.request(P.NUSE_OP_IOCTL, { a: SIOCGIFADDR, data: ifreq }).result, -ENODEV);
});
