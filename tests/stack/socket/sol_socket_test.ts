import { assertEquals } from "@std/assert";
import { EINVAL, ENODEV, getOption, setOption } from "../../../stack/mod.ts";
import { intBytes } from "../../../stack/socket/option_codec.ts";
import { bytesOf, Host, ip, udpFrame } from "../net_fixture.ts";
import { checkLevel } from "./linux_options.ts";

const name = (text: string) => Uint8Array.from(`${text}\0`, (c) => c.charCodeAt(0));

Deno.test("SOL_SOCKET as Linux answers", () => {
  checkLevel(1, 4500);
});

Deno.test("buffers are doubled within bounds; FORCE goes beyond, within others", () => {
  const host = new Host();
  const socket = host.datagram(2, 0);
  const set = (option: number, n: number) => setOption(socket, 1, option, intBytes(n), host.nowUs);
  const get = (option: number) => getOption(socket, 1, option, 4, host.nowUs);
  set(8, 100_000);
  assertEquals(get(8), intBytes(200_000));
  set(8, 100 << 20);
  assertEquals(get(8), intBytes(8 << 20));
  set(33, 10 << 20);
  assertEquals(get(8), intBytes(20 << 20));
  set(33, 0x7fffffff);
  assertEquals(get(8), intBytes(32 << 20), "as much as one may have of what all share");
  set(32, 0x7fffffff);
  assertEquals(get(7), intBytes(32 << 20));
  set(7, 1);
  assertEquals(get(7), intBytes(4608));
  set(32, -5);
  assertEquals(get(7), intBytes(4608));
});

Deno.test("SO_BINDTODEVICE by name, SO_BINDTOIFINDEX by number", () => {
  const host = new Host();
  const socket = host.datagram(2, 0);
  const set = (value: Uint8Array) => setOption(socket, 1, 25, value, host.nowUs);
  assertEquals([set(name("eth9")), set(name("eth0"))], [-ENODEV, 0]);
  assertEquals(getOption(socket, 1, 25, 16, host.nowUs), name("eth0"));
  assertEquals(getOption(socket, 1, 25, 15, host.nowUs), -EINVAL);
  assertEquals(getOption(socket, 1, 62, 4, host.nowUs), intBytes(2));
  assertEquals(set(new Uint8Array(0)), 0);
  assertEquals(getOption(socket, 1, 25, 16, host.nowUs), new Uint8Array(0));
  assertEquals(setOption(socket, 1, 62, intBytes(1), host.nowUs), 0);
  assertEquals(getOption(socket, 1, 25, 16, host.nowUs), name("lo"));
});

Deno.test("SO_ERROR tells the pending error once", () => {
  const host = new Host();
  const socket = host.datagram(2, 0);
  socket.connect(ip("127.0.0.1"), 9, host.nowUs);
  host.send(socket, new Uint8Array(1), null);
  host.flush();
  assertEquals(getOption(socket, 1, 4, 4, host.nowUs), intBytes(111));
  assertEquals(getOption(socket, 1, 4, 4, host.nowUs), intBytes(0));
});

Deno.test("time stamps: one kind at a time", () => {
  const host = new Host();
  const socket = host.datagram(2, 0);
  setOption(socket, 1, 29, intBytes(1), host.nowUs);
  setOption(socket, 1, 35, intBytes(1), host.nowUs);
  assertEquals(getOption(socket, 1, 29, 4, host.nowUs), intBytes(0));
  assertEquals(getOption(socket, 1, 35, 4, host.nowUs), intBytes(1));
});

Deno.test("SO_LINGER: on and off, seconds as given, negative ones none", () => {
  const host = new Host();
  const socket = host.datagram(2, 0);
  const linger = (on: number, seconds: number) => {
    const value = new Uint8Array(8);
    const dv = new DataView(value.buffer);
    dv.setInt32(0, on, true);
    dv.setInt32(4, seconds, true);
    assertEquals(setOption(socket, 1, 13, value, host.nowUs), 0);
    const got = getOption(socket, 1, 13, 8, host.nowUs) as Uint8Array;
    const read = new DataView(got.buffer, got.byteOffset);
    return [read.getInt32(0, true), read.getInt32(4, true)];
  };
  assertEquals(linger(1, 30), [1, 30]);
  assertEquals(linger(7, 0), [1, 0]);
  assertEquals(linger(1, -1), [1, 0]);
  assertEquals(linger(1, -(2 ** 31)), [1, 0]);
  assertEquals(linger(0, 5)[0], 0);
  assertEquals(setOption(socket, 1, 13, intBytes(1), host.nowUs), -EINVAL);
});

Deno.test("SO_MEMINFO: what waits, the buffers, what was lost", () => {
  const host = new Host();
  const socket = host.datagram(2, 0);
  socket.bind(ip("0.0.0.0"), 5000, host.nowUs);
  setOption(socket, 1, 8, intBytes(2000), host.nowUs);
  for (let i = 0; i < 6; i++) host.inject(udpFrame(9, 5000, bytesOf(1000)));
  const info = getOption(socket, 1, 55, 36, host.nowUs) as Uint8Array;
  assertEquals([...new Uint32Array(info.buffer)], [4000, 4000, 0, 212_992, 0, 0, 0, 0, 2]);
});
