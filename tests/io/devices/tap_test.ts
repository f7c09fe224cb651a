/**
 * TAP against the kernel's own stack, in a namespace of this test.
 *
 * @module
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { POLLIN } from "../../../ffi/abi/socket.ts";
import { ENODEV, SysError } from "../../../ffi/errno.ts";
import { libc } from "../../../ffi/libc.ts";
import { LinkControl } from "../../../ffi/link.ts";
import { inNetns } from "../../../ffi/netns.ts";
import type { Device, DeviceConfig } from "../../../io/devices/base/device.ts";
import { type Features, usableFeatures } from "../../../io/devices/base/features.ts";
import { openDevice } from "../../../io/devices/open.ts";
import { TapDevice } from "../../../io/devices/tap.ts";
import { CSUM_PARTIAL, GSO_TCPV4, GSO_UDP_L4 } from "../../../stack/mod.ts";
import { canMakeNetns, Netns } from "../../lab/netns.ts";
import {
  address,
  arpFrame,
  flush,
  ipBytes,
  ipv4Headers,
  isArp,
  makeRig,
  onesSum,
  queue,
  receiveDatagram,
  udpHeaders,
  udpSocket,
  waitFrame,
} from "./harness.ts";

const OURS = "198.18.8.2";
const HOST = "198.18.8.1";
const rig = makeRig();

function openIn(ns: Netns, config: Partial<DeviceConfig> = {}): Device {
  const full: DeviceConfig = {
    kind: "TAP",
    name: "eth0",
    mac: "own",
    addresses: [address(OURS)],
    hostAddress: address(HOST),
    ...config,
  };
  return inNetns(ns.name, () => openDevice(full, rig.arena, rig.memory).device);
}

function test(name: string, fn: (ns: Netns) => Promise<void>): void {
  Deno.test({
    name: canMakeNetns ? name : `${name} (left out: needs root and iproute2)`,
    ignore: !canMakeNetns,
    async fn() {
      await using ns = await Netns.create("nuse-tap");
      await fn(ns);
    },
  });
}

/** The host's MAC by ARP, as its kernel answers. */
function resolve(device: Device): Uint8Array {
  queue(rig, arpFrame(1, device.mac, OURS, HOST));
  flush(rig, device);
  const reply = waitFrame(rig, device, (frame) => isArp(frame, 2));
  assert(reply !== null, "no ARP reply");
  return reply.bytes.slice(6, 12);
}

test("TAP: becomes a port of the bridge that is named, of none otherwise", async (ns) => {
  await ns.ip("link add br0 type bridge");
  const masterOf = async () => /master (\w+)/.exec(await ns.ip("link show dev nuse-eth0"))?.[1];
  for (const bridge of ["br0", undefined]) {
    const device = openIn(ns, { bridge, hostAddress: undefined });
    try {
      assertEquals(await masterOf(), bridge);
    } finally {
      device.close();
    }
  }
});

test("TAP: appears with its address and MTU, answers, is gone after close", async (ns) => {
  const device = openIn(ns, { mtu: 1400 });
  try {
    assertEquals([device.name, device.mtu], ["nuse-eth0", 1400]);
    const shown = await ns.ip("addr show dev nuse-eth0");
    assert(shown.includes("mtu 1400") && shown.includes(`inet ${HOST}/24`), shown);
    assert(shown.includes("UP,LOWER_UP"), shown);
    const hostMac = resolve(device);
    assert(hostMac.join() !== device.mac.join());
  } finally {
    device.close();
  }
  assertEquals((await ns.run(["ip", "link", "show", "dev", "nuse-eth0"])).code, 1);
});

test("TAP: UDP both ways, with unfinished checksums and USO frames", (ns) => bothWays(ns));

test("TAP: the same on an old kernel, without USO", (ns) => bothWays(ns, new Set()));

function bothWays(ns: Netns, features?: Features): Promise<void> {
  const device = openIn(ns, { features });
  if (features !== undefined) assertEquals(device.caps.uso, false);
  const socket = inNetns(ns.name, () => udpSocket(HOST, 4000));
  try {
    const fields = { dstMac: resolve(device), srcMac: device.mac, src: OURS, dst: HOST };
    const payload = new Uint8Array(1300).fill(3);
    queue(rig, udpHeaders(fields, [7, 4000], 1300), payload, { csumOffset: 6 });
    if (device.caps.uso) {
      const offload = { csumOffset: 6, gsoType: GSO_UDP_L4, gsoSize: 600 };
      queue(rig, udpHeaders(fields, [7, 4000], 1300), payload, offload);
    }
    flush(rig, device);
    for (const size of device.caps.uso ? [1300, 600, 600, 100] : [1300]) {
      assertEquals(receiveDatagram(rig, socket).length, size);
    }
    const to = Uint8Array.from([2, 0, 0, 7, ...ipBytes(OURS), ...Array(8)]);
    libc().connect(socket, to, to.length);
    for (let i = 0; i < 40; i++) libc().write(socket, Uint8Array.from([i, 1, 2]), 3);
    const first = waitFrame(rig, device, (frame) => frame.bytes[23] === 17);
    assert(first !== null, "no datagram came");
    assertEquals([first.csum, first.gsoSize, first.bytes.length], [CSUM_PARTIAL, 0, 45]);
    assertEquals(device.counters.txDropped, 0);
  } finally {
    libc().close(socket);
    device.close();
  }
  return Promise.resolve();
}

test("TAP: frames are dropped and counted while the host's end is down", async (ns) => {
  const device = openIn(ns);
  try {
    await ns.ip("link set dev nuse-eth0 down");
    queue(rig, arpFrame(1, device.mac, OURS, HOST));
    flush(rig, device);
    assertEquals(device.counters.txDropped, 1);
    await ns.ip("link set dev nuse-eth0 up");
    resolve(device);
  } finally {
    device.close();
  }
});

test("TAP: deleted by the host, it says so", async (ns) => {
  const device = openIn(ns);
  try {
    await ns.ip("link del dev nuse-eth0");
    libc().poll(device.fd, POLLIN, 1000);
    assertEquals(device.receive(), -ENODEV);
    queue(rig, arpFrame(1, device.mac, OURS, HOST));
    flush(rig, device);
    assertEquals(device.counters.txDropped, 1);
  } finally {
    device.close();
  }
});

test("TAP: names that are taken or too long, MACs that make no sense", async (ns) => {
  const used = rig.memory.usedBytes;
  const device = openIn(ns, { hostName: "nuse0" });
  assertEquals(device.name, "nuse0");
  assertThrows(
    () => openIn(ns, { hostName: "nuse0" }),
    SysError,
    "cannot make the interface nuse0: EBUSY (it exists: choose another NUSEDEV, or ip link del",
  );
  device.close();
  await ns.ip("link add nuse-eth1 type veth peer name other");
  assertThrows(() => openIn(ns, { name: "eth1" }), SysError, "EBUSY");
  assertThrows(
    () => openIn(ns, { name: "elevenbytes" }),
    SysError,
    "cannot make the interface nuse-elevenbytes: ENAMETOOLONG (with NUSEVIF=TAP the name in " +
      "NUSEDEV has at most 10 bytes)",
  );
  assertThrows(() => openIn(ns, { mac: "interface" }), SysError, "for NUSEVIF=RAW");
  assertThrows(() => openIn(ns, { name: "a/b" }), SysError, "EINVAL (the kernel does not take");
  // What fails after the interface was made leaves none behind.
  assertThrows(() => openIn(ns, { mtu: 3 }), SysError, "cannot set the MTU");
  assertEquals((await ns.run(["ip", "link", "show", "dev", "nuse-eth0"])).code, 1);
  assertEquals(rig.memory.usedBytes, used);
});

/** A TCP segment of the given length for a port that nobody listens on: the host resets it. */
function tcpHeaders(device: Device, dstMac: Uint8Array, payloadLen: number): Uint8Array {
  const len = 20 + payloadLen;
  const tcp = new Uint8Array(20);
  const dv = new DataView(tcp.buffer);
  dv.setUint16(0, 7);
  dv.setUint16(2, 4001);
  dv.setUint8(12, 5 << 4);
  const sum = onesSum(Uint8Array.from([...ipBytes(OURS), ...ipBytes(HOST), 0, 6, 0, 0]));
  dv.setUint16(16, onesSum(Uint8Array.of(sum >> 8, sum & 255, 0, len >> 16, len >> 8, len & 255)));
  const fields = { dstMac, srcMac: device.mac, src: OURS, dst: HOST, protocol: 6 };
  const headers = ipv4Headers(fields, 20 + len > 65_535 ? -20 : len);
  return Uint8Array.from([...headers, ...tcp]);
}

/** Sends a long segment and returns what the host's resets acknowledge: where its parts end. */
function endsOfParts(device: Device, dstMac: Uint8Array, payloadLen: number): number[] {
  const offload = { csumOffset: 16, gsoType: GSO_TCPV4, gsoSize: 1448 };
  queue(rig, tcpHeaders(device, dstMac, payloadLen), new Uint8Array(payloadLen), offload);
  flush(rig, device);
  const ends: number[] = [];
  const last = waitFrame(rig, device, ({ bytes }) => {
    if (bytes[23] !== 6 || (bytes[47] & 4) === 0) return false;
    ends.push(new DataView(bytes.buffer, bytes.byteOffset).getUint32(14 + 20 + 8));
    return ends.at(-1) === payloadLen;
  });
  assert(last !== null, `no reset after those of ${ends}`);
  return ends;
}

const takesLong = usableFeatures().has("big_tcp");

if (takesLong) {
  test("TAP: a TCP segment of 250,000 bytes passes the host as one, or in parts", (ns) => {
    const device = openIn(ns);
    try {
      const ends = endsOfParts(device, resolve(device), 250_000);
      // Linux 6.3 to 6.5 lets none pass that is longer than 64 KiB
      assertEquals(ends.length, device.counters.txCut === 0 ? 1 : 4);
      assertEquals(device.counters.txDropped, 0);
    } finally {
      device.close();
    }
    return Promise.resolve();
  });
}

test("TAP: what the kernel does not take whole goes in shorter parts, from then on", (ns) => {
  const options = { name: "nuse-eth0", mac: Uint8Array.of(2, 0, 0, 0, 0, 7), mtu: 1500 };
  const gsoMaxBytes = 1 << 23; // more than a kernel has in one piece
  const device = inNetns(ns.name, () => {
    const made = new TapDevice({ ...options, gsoMaxBytes, hasUso: true }, rig.arena, rig.memory);
    const control = new LinkControl();
    control.setAddress("nuse-eth0", ipBytes(HOST), 24);
    control.setUp("nuse-eth0");
    control.close();
    return made;
  });
  try {
    const hostMac = resolve(device);
    const lenBytes = 6_000_000;
    for (const times of [1, 2]) {
      const ends = endsOfParts(device, hostMac, lenBytes);
      assert(
        ends.length >= 2 && ends.every((end) => end === lenBytes || end % 1448 === 0),
        `${ends}`,
      );
      assertEquals([device.counters.txCut, device.counters.txDropped], [times, 0]);
    }
  } finally {
    device.close();
  }
  return Promise.resolve();
});

test("TAP: its queue is longer than the kernel would make it", async (ns) => {
  const device = openIn(ns);
  assert((await ns.ip("link show dev nuse-eth0")).includes("qlen 4096"));
  device.close();
});
