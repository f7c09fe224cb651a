/**
 * The filter programs, run by the kernel: a socket pair stands in for the interface. A frame that
 * the filter rejects never arrives.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { MSG_DONTWAIT, SOCK_DGRAM } from "../../../ffi/abi/socket.ts";
import { libc } from "../../../ffi/libc.ts";
import { socketPair } from "../../../ffi/socket.ts";
import { frameFilter } from "../../../io/devices/filter.ts";
import type { DeviceAddress } from "../../../io/devices/base/device.ts";
import { address, arpFrame, BROADCAST, ethernetHeader, ipv4Headers, makeRig } from "./harness.ts";

const OURS = Uint8Array.from([2, 0x80, 0xff, 0xfe, 0, 1]);
const PEER = Uint8Array.from([2, 0, 0, 0, 0, 9]);
const GROUP = Uint8Array.from([1, 0, 0x5e, 0, 0, 1]);
const sys = libc();
const rig = makeRig();

/** A function that says whether a frame passes. */
function withFilter(
  addresses: DeviceAddress[] | null,
  hasIpv6: boolean,
  use: (passes: (frame: Uint8Array) => boolean) => void,
  vlanId: number | null = null,
): void {
  const filter = frameFilter(OURS, addresses, hasIpv6, vlanId);
  const [a, b] = socketPair(SOCK_DGRAM) as [number, number];
  try {
    assertEquals(sys.attachFilter(b, filter, filter.length / 8), 0);
    use((frame) => {
      rig.memory.u8.set(frame, 0);
      sys.send(a, rig.arena.base, 0, frame.length, 0, 0, 0);
      const n = sys.recv(b, rig.arena.base, 4096, 4096, 0, 0, MSG_DONTWAIT);
      if (n >= 0) assertEquals(n, frame.length, "whole");
      return n >= 0;
    });
  } finally {
    sys.close(a);
    sys.close(b);
  }
}

function ipv4(dst: string, dstMac = OURS): Uint8Array {
  return ipv4Headers({ dstMac, srcMac: PEER, src: "10.0.0.1", dst, protocol: 6 }, 0);
}

function ipv6(dst: DeviceAddress, dstMac = OURS): Uint8Array {
  const packet = new Uint8Array(40);
  packet[0] = 0x60;
  dst.addr.writeTo(packet, 24);
  return Uint8Array.from([...ethernetHeader(dstMac, PEER, 0x86dd), ...packet]);
}

Deno.test("frameFilter, own MAC: ARP and IPv4 to us or to groups", () => {
  withFilter(null, false, (passes) => {
    assertEquals(passes(ipv4("198.18.0.2")), true);
    assertEquals(passes(ipv4("203.0.113.5")), true);
    assertEquals(passes(ipv4("224.0.0.1", GROUP)), true);
    assertEquals(passes(ipv4("198.18.0.2", BROADCAST)), true);
    assertEquals(passes(arpFrame(1, PEER, "198.18.0.1", "198.18.0.2")), true);
    assertEquals(passes(arpFrame(2, PEER, "198.18.0.1", "198.18.0.2", OURS)), true);
    assertEquals(passes(arpFrame(2, PEER, "198.18.0.1", "198.18.0.2", PEER)), false);
    for (let i = 0; i < 6; i++) {
      const almost = OURS.slice();
      almost[i] ^= 4;
      assertEquals(passes(ipv4("198.18.0.2", almost)), false);
    }
    assertEquals(passes(ipv6(address("fe80::1"))), false);
    assertEquals(passes(Uint8Array.from([...ethernetHeader(OURS, PEER, 0x8100), 0, 1])), false);
    assertEquals(passes(Uint8Array.from([...ethernetHeader(OURS, PEER, 0x88cc), 0, 1])), false);
    assertEquals(passes(new Uint8Array(5)), false);
  });
});

Deno.test("frameFilter, of a VLAN: nothing that has no tag", () => {
  // With a tag: tests/e2e/vlan_test.ts, a socket pair's frames have none.
  withFilter(null, true, (passes) => {
    assertEquals(passes(ipv4("198.18.0.2")), false);
    assertEquals(passes(arpFrame(1, PEER, "198.18.0.1", "198.18.0.2")), false);
  }, 100);
});

Deno.test("frameFilter, own MAC with IPv6", () => {
  withFilter(null, true, (passes) => {
    assertEquals(passes(ipv6(address("fe80::1"))), true);
    assertEquals(passes(ipv6(address("fe80::1"), PEER)), false);
    assertEquals(passes(ipv4("198.18.0.2")), true);
    assertEquals(passes(Uint8Array.from([...ethernetHeader(OURS, PEER, 0x88cc), 0, 1])), false);
  });
});

Deno.test("frameFilter, interface MAC: only our addresses, broadcasts, multicast, ARP", () => {
  const pointToPoint = [address("10.9.0.1", 31), address("10.8.0.0", 31)];
  const addresses = [address("198.18.0.2", 23), address("10.1.2.3", 32), ...pointToPoint];
  withFilter(addresses, false, (passes) => {
    assertEquals(passes(arpFrame(2, PEER, "198.18.0.1", "198.18.0.2", OURS)), true);
    assertEquals(passes(ipv4("198.18.0.2")), true);
    assertEquals(passes(ipv4("10.1.2.3")), true);
    assertEquals(passes(ipv4("10.9.0.1")), true);
    assertEquals(passes(ipv4("198.18.1.255", BROADCAST)), true);
    assertEquals(passes(ipv4("255.255.255.255", BROADCAST)), true);
    assertEquals(passes(ipv4("224.0.0.251", GROUP)), true);
    assertEquals(passes(ipv4("198.18.0.3")), false);
    assertEquals(passes(ipv4("198.18.0.255")), false);
    assertEquals(passes(ipv4("10.1.2.4")), false);
    assertEquals(passes(ipv4("10.9.0.0")), false);
    assertEquals(passes(ipv4("10.8.0.0")), true);
    assertEquals(passes(ipv4("10.8.0.1")), false, "a neighbour, not a broadcast address");
    assertEquals(passes(ipv4("198.18.0.2", PEER)), false);
    assertEquals(passes(ipv6(address("fe80::1"))), false);
  });
});

Deno.test("frameFilter, interface MAC with IPv6, and many addresses", () => {
  const many = Array.from({ length: 300 }, (_, i) => address(`10.0.${i >> 8}.${i & 255}`, 32));
  const v6 = [address("2001:db8::7", 64), address("2001:db8::8", 64)];
  withFilter([...many, ...v6], true, (passes) => {
    assertEquals(passes(ipv4("10.0.0.0")), true);
    assertEquals(passes(ipv4("10.0.1.43")), true);
    assertEquals(passes(ipv4("10.0.1.44")), false);
    assertEquals(passes(ipv6(v6[0])), true);
    assertEquals(passes(ipv6(v6[1])), true);
    assertEquals(passes(ipv6(address("2001:db8::9"))), false);
    assertEquals(passes(ipv6(address("2001:db9::7"))), false);
    assertEquals(passes(ipv6(address("ff02::1"))), true);
  });
});
