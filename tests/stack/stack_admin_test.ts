/**
 * What an administrator does to a stack. Interfaces that go down: iface/link_state_test.ts.
 */
import { assert, assertEquals } from "@std/assert";
import {
  ECONNABORTED,
  ENOBUFS,
  ENODEV,
  ENOENT,
  EOPNOTSUPP,
  type StreamSocket,
} from "../../stack/mod.ts";
import { arpFrame, bytesOf, Host, ip, OUR_ADDR, OUR_MAC, PEER_ADDR } from "./net_fixture.ts";

const AF_INET = 2;
const SOCK_STREAM = 1;
const SOCK_DGRAM = 2;
const MAC = Uint8Array.of(2, 0, 0, 0, 0, 0x77);
const OTHER_MAC = Uint8Array.of(2, 0, 0, 0, 0, 0x78);
const [REACHABLE, STALE, FAILED, NO_ARP, PERMANENT] = [0x02, 0x04, 0x20, 0x40, 0x80];

function neighbours(host: Host): [string, number, string][] {
  return host.stack.view.neighbours(host.nowUs).map((
    { addr, state, mac },
  ) => [`${addr}`, state, `${mac}`]);
}

Deno.test("a neighbour that is set: sent to without a question, whatever is heard", () => {
  const host = new Host();
  const addr = ip("198.18.0.77");
  const set = (mac: Uint8Array | null, state: number, ifIndex = 2) =>
    host.stack.admin.setNeighbour({ ifIndex, addr, mac, state }, host.nowUs);
  assertEquals(set(MAC, PERMANENT, 9), -ENODEV);
  assertEquals(set(MAC, PERMANENT), 0);
  const socket = host.datagram(SOCK_DGRAM, 0);
  assertEquals(host.send(socket, bytesOf(1), addr, 7), 1);
  assertEquals([...host.sentOne().bytes.subarray(0, 6)], [...MAC]);

  host.advance(3600e6);
  host.inject(arpFrame(1, OTHER_MAC, addr, OUR_MAC, OUR_ADDR));
  host.sent();
  const found = () => neighbours(host).find(([name]) => name === `${addr}`);
  assertEquals(found(), [`${addr}`, PERMANENT, `${MAC}`]);

  assertEquals(set(OTHER_MAC, STALE), 0);
  assertEquals(found(), [`${addr}`, STALE, `${OTHER_MAC}`]);
  assertEquals(set(null, REACHABLE), 0);
  assertEquals(found(), [`${addr}`, REACHABLE, `${OTHER_MAC}`]);
  assertEquals(set(null, FAILED), 0);
  assertEquals(found(), [`${addr}`, FAILED, "null"]);
  assertEquals(set(MAC, NO_ARP), 0);
  assertEquals(found(), [`${addr}`, NO_ARP, `${MAC}`]);
  assertEquals(host.stack.admin.forgetNeighbour(2, addr, host.nowUs), 0);
  assertEquals(host.stack.admin.forgetNeighbour(2, addr, host.nowUs), -ENOENT);
  assertEquals(host.stack.admin.forgetNeighbour(9, addr, host.nowUs), -ENODEV);
});

Deno.test("who waited for a neighbour that is then set is sent to it", () => {
  const host = new Host();
  const addr = ip("198.18.0.77");
  const socket = host.datagram(SOCK_DGRAM, 0);
  assertEquals(host.send(socket, bytesOf(1), addr, 7), 1);
  host.sent(); // the question
  host.stack.admin.setNeighbour({ ifIndex: 2, addr, mac: MAC, state: PERMANENT }, host.nowUs);
  assertEquals([...host.sentOne().bytes.subarray(0, 6)], [...MAC]);
  assertEquals(host.stack.isQuiet(), true);
});

Deno.test("neighbours that are set push out others, not each other", () => {
  const host = new Host({ config: { neighbour: { maxEntries: 3 } } });
  const set = (last: number) =>
    host.stack.admin.setNeighbour(
      { ifIndex: 2, addr: ip(`198.18.0.${last}`), mac: MAC, state: PERMANENT },
      host.nowUs,
    );
  assertEquals([set(7), set(8), set(9), set(10)], [0, 0, 0, -ENOBUFS]);
});

function stream(host: Host): StreamSocket {
  const socket = host.stack.socket(AF_INET, SOCK_STREAM, 0);
  assert(typeof socket !== "number" && socket.kind === "stream");
  return socket as StreamSocket;
}

Deno.test("a socket that is destroyed: its program is told, its peer gets a reset", () => {
  const host = new Host();
  const [listener, client] = [stream(host), stream(host)];
  listener.bind(ip("127.0.0.1"), 80, host.nowUs);
  listener.listen(5, host.nowUs);
  client.connect(ip("127.0.0.1"), 80, host.nowUs);
  host.flush();
  const end = listener.accept()!;
  const views = host.stack.view.tcp(host.nowUs);
  const { admin } = host.stack;
  const [ofListener] = views;
  const ofClient = views.find(({ socket }) => socket === client)!;
  assertEquals(admin.destroy(ofListener, host.nowUs), -EOPNOTSUPP);
  assertEquals(admin.destroy(ofClient, host.nowUs), 0);
  assertEquals(admin.destroy(ofClient, host.nowUs), -ENOENT);
  host.flush();
  assertEquals([client.takeError(), end.takeError()], [ECONNABORTED, 104]);

  const socket = host.datagram(SOCK_DGRAM, 0);
  socket.connect(PEER_ADDR, 7, host.nowUs);
  assertEquals(admin.destroy(host.stack.view.udp()[0], host.nowUs), 0);
  assertEquals([socket.remote(), socket.takeError()], [null, ECONNABORTED]);
});
