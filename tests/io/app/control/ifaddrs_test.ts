import { assertEquals } from "@std/assert";
import { AF_INET, AF_INET6, AF_PACKET } from "../../../../ffi/abi/socket.ts";
import * as P from "../../../../ffi/shim/protocol.ts";
import { netmaskOf, writeInterfaceEntries, writeName } from "../../../../io/app/control/ifaddrs.ts";
import { ETH0_MAC, makeInterfaces } from "../interfaces.ts";
import { nameText } from "../program.ts";

const OFF = 8;

function entries(maxLen: number): { count: number; u8: Uint8Array; dv: DataView } {
  const u8 = new Uint8Array(OFF + 4096).fill(0xa5);
  const dv = new DataView(u8.buffer);
  const count = writeInterfaceEntries(dv, u8, OFF, maxLen, makeInterfaces());
  assertEquals(u8[OFF + count * P.NUSE_IF_LEN], 0xa5);
  return { count, u8, dv };
}

Deno.test("interface entries: one AF_PACKET each, then the addresses", () => {
  const { count, u8, dv } = entries(4096);
  const text = new TextDecoder();
  const rows = [];
  for (let i = 0; i < count; i++) {
    const at = OFF + i * P.NUSE_IF_LEN;
    const name = u8.slice(at + P.NUSE_IF_NAME_OFF, at + P.NUSE_IF_NAME_OFF + 16);
    const family = dv.getUint16(at + P.NUSE_IF_FAMILY_OFF, true);
    const sockaddrText = (fieldOff: number): string =>
      dv.getUint16(at + fieldOff, true) === 0
        ? "-"
        : nameText(u8.slice(at + fieldOff, at + fieldOff + P.NUSE_SOCKADDR_LEN), family);
    rows.push([
      text.decode(name.subarray(0, name.indexOf(0))),
      dv.getUint32(at + P.NUSE_IF_INDEX_OFF, true),
      family,
      dv.getUint16(at + P.NUSE_IF_HWTYPE_OFF, true),
      dv.getUint32(at + P.NUSE_IF_MTU_OFF, true),
      sockaddrText(P.NUSE_IF_ADDR_OFF),
      sockaddrText(P.NUSE_IF_NETMASK_OFF),
      sockaddrText(P.NUSE_IF_BROADCAST_OFF),
    ]);
  }
  const v6 = ["2001:db8::2 0", "ffff:ffff:ffff:ffff:: 0", "-"];
  assertEquals(rows, [
    ["lo", 1, AF_PACKET, 772, 65536, "-", "-", "-"],
    ["eth0", 2, AF_PACKET, 1, 1500, "-", "-", "-"],
    ["bare", 3, AF_PACKET, 1, 1500, "-", "-", "-"],
    ["lo", 1, AF_INET, 772, 65536, "127.0.0.1 0", "255.0.0.0 0", "-"],
    ["eth0", 2, AF_INET6, 1, 1500, ...v6],
    ["eth0", 2, AF_INET, 1, 1500, "198.18.3.2 0", "255.255.252.0 0", "198.18.3.255 0"],
  ]);
  const eth0 = OFF + P.NUSE_IF_LEN;
  const mac = u8.slice(eth0 + P.NUSE_IF_HWADDR_OFF, eth0 + P.NUSE_IF_HWADDR_OFF + 6);
  assertEquals(mac, ETH0_MAC);
  assertEquals(dv.getUint32(eth0 + P.NUSE_IF_HWADDR_LEN_OFF, true), 6);
});

Deno.test("interface entries stop where the room ends", () => {
  assertEquals(entries(3 * P.NUSE_IF_LEN + 17).count, 3);
  assertEquals(entries(P.NUSE_IF_LEN - 1).count, 0);
});

Deno.test("writeName pads and never exceeds IFNAMSIZ", () => {
  const u8 = new Uint8Array(18).fill(0xa5);
  writeName(u8, 1, 16, "abcdefghijklmnopqrs");
  assertEquals(new TextDecoder().decode(u8.subarray(1, 16)), "abcdefghijklmno");
  assertEquals([u8[0], u8[16], u8[17]], [0xa5, 0, 0xa5]);
});

Deno.test("netmaskOf", () => {
  assertEquals(`${netmaskOf(0, 4)} ${netmaskOf(32, 4)}`, "0.0.0.0 255.255.255.255");
  assertEquals(`${netmaskOf(10, 6)}`, "ffc0::");
});
