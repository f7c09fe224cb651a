/**
 * TAP against the kernel's own stack, in a namespace of this test.
 *
 * @module
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { POLLIN } from "../../../ffi/abi/socket.ts";
import { ENODEV, SysError } from "../../../ffi/errno.ts";
import { libc } from "../../../ffi/libc.ts";
import { inNetns } from "../../../ffi/netns.ts";
import type { Device, DeviceConfig } from "../../../io/devices/base/device.ts";
import type { Features } from "../../../io/devices/base/features.ts";
import { openDevice } from "../../../io/devices/open.ts";
import { CSUM_PARTIAL, GSO_UDP_L4 } from "../../../stack/mod.ts";
import { canMakeNetns, Netns } from "../../lab/netns.ts";
import {
  address,
  arpFrame,
  flush,
  ipBytes,
  isArp,
  makeRig,
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
