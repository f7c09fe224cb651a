import { assertEquals } from "@std/assert";
import { ARPREQ } from "../../../../ffi/abi/route.ts";
import { isNeighbourIoctl, neighbourIoctl } from "../../../../io/app/control/neighbour_ioctl.ts";
import { EAFNOSUPPORT, EFAULT, ENODEV, ENXIO, EPERM } from "../../../../stack/mod.ts";
import { Host, PEER_MAC } from "../../../stack/net_fixture.ts";

const SIOCGARP = 0x8954;
const SIOCSARP = 0x8955;
const OFF = 8;
const DEVICE_OFF = 52;

/** The result, and the address that is told. */
function ioctl(
  addr: number[],
  { request = SIOCGARP, device = "", family = 2, len = ARPREQ.LEN as number },
) {
  const host = new Host();
  const u8 = new Uint8Array(OFF + ARPREQ.LEN).fill(0xa5);
  const dv = new DataView(u8.buffer);
  u8.fill(0, OFF + DEVICE_OFF);
  dv.setUint16(OFF, family, true);
  u8.set(addr, OFF + 4);
  u8.set(new TextEncoder().encode(device), OFF + DEVICE_OFF);
  const asked = u8.slice();
  const result = neighbourIoctl(host.stack, request, { dv, u8, off: OFF, len }, host.nowUs);
  // Nothing changes but the hardware address and the flags behind it
  assertEquals(u8.slice(0, OFF + 16), asked.slice(0, OFF + 16));
  assertEquals(u8.slice(OFF + 36), asked.slice(OFF + 36));
  if (result === 0) {
    assertEquals([dv.getUint16(OFF + 16, true), ...u8.slice(OFF + 24, OFF + 32)], ETHER);
  }
  return { result, mac: u8.slice(OFF + 18, OFF + 24), flags: dv.getInt32(OFF + 32, true) };
}

const PEER = [198, 18, 0, 1];
/** ARPHRD_ETHER; what is behind a MAC address. */
const ETHER = [1, 0, 0, 0, 0, 0, 0, 0, 0];

Deno.test("SIOCGARP: whom the stack knows, on any link or on one", () => {
  assertEquals(ioctl(PEER, {}), { result: 0, mac: PEER_MAC, flags: 2 });
  assertEquals(ioctl(PEER, { device: "eth0" }).result, 0);
  assertEquals(ioctl(PEER, { device: "lo" }).result, -ENXIO);
  assertEquals(ioctl(PEER, { device: "eth7" }).result, -ENODEV);
  assertEquals(ioctl([198, 18, 0, 77], {}).result, -ENXIO);
  assertEquals(ioctl(PEER, { family: 10 }).result, -EAFNOSUPPORT);
  assertEquals(ioctl(PEER, { len: 40 }).result, -EFAULT);
});

Deno.test("SIOCSARP: neighbours are learnt", () => {
  assertEquals(ioctl(PEER, { request: SIOCSARP }).result, -EPERM);
  assertEquals([isNeighbourIoctl(SIOCSARP), isNeighbourIoctl(0x8956)], [true, false]);
});
