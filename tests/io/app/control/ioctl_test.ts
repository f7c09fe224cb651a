import { assert, assertEquals } from "@std/assert";
import {
  AF_INET,
  FIONREAD,
  SIOCOUTQ,
  SIOCOUTQNSD,
  SOCK_DGRAM,
} from "../../../../ffi/abi/socket.ts";
import * as P from "../../../../ffi/shim/protocol.ts";
import { interfaceIoctl } from "../../../../io/app/control/ioctl.ts";
import {
  IFREQ,
  SIOCGIFADDR,
  SIOCGIFBRDADDR,
  SIOCGIFDSTADDR,
  SIOCGIFFLAGS,
  SIOCGIFHWADDR,
  SIOCGIFINDEX,
  SIOCGIFMETRIC,
  SIOCGIFMTU,
  SIOCGIFNAME,
  SIOCGIFNETMASK,
  SIOCGIFTXQLEN,
} from "../../../../ffi/abi/interface.ts";
import { writeName } from "../../../../io/app/control/ifaddrs.ts";
import { EADDRNOTAVAIL, EFAULT, EINVAL, ENODEV, ENOTTY, EPERM } from "../../../../stack/mod.ts";
import { ETH0_MAC, makeInterfaces } from "../interfaces.ts";
import { connectedStreams, nameText } from "../program.ts";
import { World } from "../world.ts";

const OFF = 24;
const PORT = 5006;
const SIOCSIFADDR = 0x8916;

const interfaces = makeInterfaces();
const stack = {
  interfaceByIndex: (index: number) => interfaces[index - 1] ?? null,
  interfaceByName: (name: string) => interfaces.find((i) => i.name === name) ?? null,
};

function ioctl(
  request: number,
  name: string,
  len: number = IFREQ.LEN,
  index = 0,
): { result: number; u8: Uint8Array; dv: DataView } {
  const u8 = new Uint8Array(OFF + 64).fill(0xa5);
  const dv = new DataView(u8.buffer);
  writeName(u8, OFF, 16, name);
  if (index !== 0) dv.setInt32(OFF + IFREQ.IFINDEX, index, true);
  const result = interfaceIoctl(stack, request, { dv, u8, off: OFF, len });
  assertEquals(u8[OFF + IFREQ.LEN], 0xa5);
  return { result, u8: u8.slice(OFF, OFF + IFREQ.LEN), dv };
}

function address(request: number, name = "eth0"): string {
  const { result, u8 } = ioctl(request, name);
  return result < 0 ? `${result}` : nameText(u8.slice(16, 32));
}

Deno.test("ioctl: addresses are the first IPv4 address's", () => {
  assertEquals(address(SIOCGIFADDR), "198.18.3.2 0");
  assertEquals(address(SIOCGIFADDR, "eth0:1"), "198.18.3.2 0");
  assertEquals(address(SIOCGIFDSTADDR), "198.18.3.2 0");
  assertEquals(address(SIOCGIFNETMASK), "255.255.252.0 0");
  assertEquals(address(SIOCGIFBRDADDR), "198.18.3.255 0");
  assertEquals(address(SIOCGIFBRDADDR, "lo"), "0.0.0.0 0");
  assertEquals(address(SIOCGIFADDR, "bare"), `${-EADDRNOTAVAIL}`);
});

Deno.test("ioctl: numbers", () => {
  const number = (request: number): number => ioctl(request, "eth0").dv.getInt32(OFF + 16, true);
  assertEquals(number(SIOCGIFMTU), 1500);
  assertEquals(number(SIOCGIFINDEX), 2);
  assertEquals(number(SIOCGIFMETRIC), 0);
  assertEquals(number(SIOCGIFTXQLEN), 1000);
  const flags = ioctl(SIOCGIFFLAGS, "eth0").dv.getInt16(OFF + 16, true);
  assertEquals(flags, 0x1 | 0x2 | 0x40 | 0x1000);
});

Deno.test("ioctl: hardware address", () => {
  const { u8 } = ioctl(SIOCGIFHWADDR, "eth0");
  assertEquals([u8[16], u8[17]], [1, 0]);
  assertEquals(u8.slice(18, 24), ETH0_MAC);
  assertEquals(ioctl(SIOCGIFHWADDR, "lo").dv.getUint16(OFF + 16, true), 772);
});

Deno.test("ioctl: name by index", () => {
  const { result, u8 } = ioctl(SIOCGIFNAME, "", IFREQ.LEN, 2);
  assertEquals([result, new TextDecoder().decode(u8.subarray(0, 5))], [0, "eth0\0"]);
  assertEquals(ioctl(SIOCGIFNAME, "", IFREQ.LEN, 9).result, -ENODEV);
});

Deno.test("ioctl: what is refused", () => {
  assertEquals(ioctl(SIOCGIFADDR, "nope").result, -ENODEV);
  assertEquals(ioctl(SIOCGIFADDR, "eth0", IFREQ.LEN - 1).result, -EFAULT);
  assertEquals(ioctl(SIOCSIFADDR, "eth0").result, -EPERM);
  assertEquals(ioctl(0x5401, "eth0").result, -ENOTTY);
});

Deno.test("SIOCOUTQ counts what the peer has not taken, SIOCOUTQNSD what was not sent", () => {
  using world = new World();
  const program = world.program();
  const { client, listener } = connectedStreams(program, PORT);
  const outq = (cookie: number, a = SIOCOUTQ): number => {
    const { result, data } = program.request(P.NUSE_OP_IOCTL, { cookie, a });
    return result < 0 ? result : new DataView(data.buffer).getInt32(0, true);
  };
  assertEquals([outq(client.cookie), outq(client.cookie, SIOCOUTQNSD)], [0, 0]);
  const bytes = new Uint8Array(500_000);
  let sent = 0;
  for (let stalled = 0; stalled < 20; stalled++) {
    const n = client.send(bytes);
    if (n > 0) {
      sent += n;
      stalled = 0;
    }
    world.step();
  }
  const left = outq(client.cookie);
  assertEquals(left > 0 && left < sent, true, `${left} of ${sent}`);
  const unsent = outq(client.cookie, SIOCOUTQNSD);
  // Equal when all that was sent is acknowledged: the window is full then.
  assertEquals(unsent > 0 && unsent <= left, true, `${unsent} of ${left}`);
  assertEquals(outq(listener.cookie), -EINVAL);
  assertEquals(outq(listener.cookie, SIOCOUTQNSD), -EINVAL);
  assertEquals(outq(program.socket(AF_INET, SOCK_DGRAM).cookie, SIOCOUTQNSD), -ENOTTY);
  assertEquals(outq(0), -ENOTTY);
});

Deno.test("IFADDRS and interface ioctls know lo", () => {
  using world = new World();
  const program = world.program();
  const { a, data } = program.request(P.NUSE_OP_IFADDRS);
  assertEquals([a, data.length], [3, 3 * P.NUSE_IF_LEN]); // itself, 127.0.0.1, ::1
  assertEquals(new TextDecoder().decode(data.subarray(0, 3)), "lo\0");
  const ifreq = new Uint8Array(40);
  ifreq.set([0x6c, 0x6f]);
  const answer = program.request(P.NUSE_OP_IOCTL, { a: SIOCGIFADDR, data: ifreq });
  assertEquals(nameText(answer.data.slice(16, 32)), "127.0.0.1 0");
  ifreq.set([0x78]);
  assertEquals(program.request(P.NUSE_OP_IOCTL, { a: SIOCGIFADDR, data: ifreq }).result, -ENODEV);
});

Deno.test("ioctl: FIONREAD tells what the pair had no room for", () => {
  using world = new World({ config: { tcp: { rcvBufInitBytes: 8 << 20 } } });
  const program = world.program();
  const { client, server, listener } = connectedStreams(program, PORT);
  const ask = { a: FIONREAD, data: new Uint8Array(4) };
  let wholeBelow = -1;
  const left = () => {
    const { data, b } = server.request(P.NUSE_OP_IOCTL, ask);
    wholeBelow = b;
    return new DataView(data.buffer).getInt32(0, true);
  };
  assertEquals([left(), wholeBelow], [0, 0]);
  let sent = 0;
  for (let still = 0; still < 20; world.steps(1)) {
    const n = client.send(new Uint8Array(100_000));
    if (n > 0) sent += n;
    still = n > 0 ? 0 : still + 1;
  }
  const inPair = program.sys.ioctlInt(server.fd, FIONREAD);
  const inRing = left();
  assert(inRing > 0 && inPair > 0 && inPair + inRing <= sent, `${inPair} + ${inRing} of ${sent}`);
  let received = 0;
  while (received < inPair + inRing) {
    received += (server.receive() as Uint8Array).length;
    world.steps(1);
    const inPairNow = program.sys.ioctlInt(server.fd, FIONREAD);
    assert(left() === 0 || inPairNow >= wholeBelow, `${inPairNow} below ${wholeBelow}`);
    assert(wholeBelow > 1 << 15);
  }
  assertEquals(listener.request(P.NUSE_OP_IOCTL, ask).result, -ENOTTY);
});
