/**
 * RAW against the kernel's own stack over a veth pair, in namespaces of this test.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { inNetns } from "../../../ffi/netns.ts";
import { ENETDOWN } from "../../../ffi/errno.ts";
import { libc } from "../../../ffi/libc.ts";
import { POLLIN, SO_RCVBUF, SOL_SOCKET } from "../../../ffi/abi/socket.ts";
import { setIntOption } from "../../../ffi/socket.ts";
import type { Device, DeviceConfig } from "../../../io/devices/base/device.ts";
import type { Features } from "../../../io/devices/base/features.ts";
import { openDevice } from "../../../io/devices/open.ts";
import { CSUM_NONE, CSUM_PARTIAL, GSO_TCPV4, GSO_UDP_L4 } from "../../../stack/mod.ts";
import { canMakeNetns, Netns, veth } from "../../lab/netns.ts";
import {
  address,
  arpFrame,
  ethernetHeader,
  etherType,
  flush,
  ipv4Headers,
  isArp,
  makeRig,
  queue,
  type Received,
  receiveDatagram,
  type Rig,
  udpHeaders,
  udpSocket,
  waitFrame,
} from "./harness.ts";

const OURS = "198.18.7.2";
const PEER = "198.18.7.1";
const rig = makeRig();
/** What the devices of the running test may use; undefined: what the kernel has. */
let features: Features | undefined;

interface Net {
  ours: Netns;
  peer: Netns;
  device: Device;
  notes: readonly string[];
}

function openIn(ns: Netns, name: string, config: Partial<DeviceConfig> = {}) {
  return inNetns(ns.name, () =>
    openDevice(
      { kind: "RAW", name, mac: "own", addresses: [address(OURS)], features, ...config },
      rig.arena,
      rig.memory,
    ));
}

/** A veth pair: our end bare, with a RAW device on it; the kernel's end with PEER's address. */
async function withNet(
  use: (net: Net) => Promise<void> | void,
  config: Partial<DeviceConfig> = {},
): Promise<void> {
  await using ours = await Netns.create("nuse-raw");
  await using peer = await Netns.create("nuse-raw");
  await veth(ours, "va", null, peer, "vb", `${PEER}/24`);
  const { device, notes } = openIn(ours, "va", config);
  try {
    await use({ ours, peer, device, notes });
  } finally {
    device.close();
  }
}

/** The peer's kernel joins its groups by itself. */
function isNoIpv6(frame: Received): boolean {
  return etherType(frame) !== 0x86dd;
}

/** The peer's MAC by ARP, as the kernel answers. */
function resolve(rig: Rig, device: Device): Uint8Array {
  queue(rig, arpFrame(1, device.mac, OURS, PEER));
  flush(rig, device);
  const reply = waitFrame(rig, device, (frame) => isArp(frame, 2));
  assert(reply !== null, "no ARP reply");
  return reply.bytes.slice(6, 12);
}

function test(name: string, fn: () => Promise<void>): void {
  const label = canMakeNetns ? name : `${name} (left out: needs root and iproute2)`;
  Deno.test({ name: label, ignore: !canMakeNetns, fn });
}

/** Registers a test twice: with this kernel's features, and as an old kernel would run it. */
function testOldToo(name: string, fn: () => Promise<void>): void {
  test(name, fn);
  test(`${name} (on an old kernel)`, async () => {
    features = new Set();
    try {
      await fn();
    } finally {
      features = undefined;
    }
  });
}

testOldToo(
  "RAW: the kernel answers our ARP request; our own frames do not echo",
  () =>
    withNet(({ device, notes }) => {
      assertEquals(notes, []);
      assertEquals([device.mac.length, device.mac[0] & 3, device.mtu], [6, 2, 1500]);
      queue(rig, arpFrame(1, device.mac, OURS, PEER));
      flush(rig, device);
      const first = waitFrame(rig, device, isNoIpv6);
      assert(first !== null && isArp(first, 2), "the first frame is the reply");
      assertEquals(first.bytes.slice(0, 6), device.mac);
      assertEquals(first.bytes.slice(28, 32), Uint8Array.from([198, 18, 7, 1]));
    }),
);

testOldToo(
  "RAW: what the host itself sends by the interface does not arrive",
  () =>
    withNet(async ({ ours, device }) => {
      // A broadcast by the host's kernel, then one frame that must arrive: nothing comes before it.
      await ours.ip("addr add 198.18.7.77/24 dev va");
      await ours.run(["ping", "-c", "1", "-W", "1", "198.18.7.99"]);
      queue(rig, arpFrame(1, device.mac, OURS, PEER));
      flush(rig, device);
      const first = waitFrame(rig, device, isNoIpv6);
      assert(first !== null && isArp(first, 2), "the host's own question came first");
    }),
);

testOldToo("RAW: only frames that may be ours arrive", () =>
  withNet(({ peer, device }) => {
    const sender = openIn(peer, "vb", { mac: "interface", addresses: [address(PEER)] }).device;
    try {
      const stranger = Uint8Array.from([2, 0, 0, 0, 0, 99]);
      const udp = (dstMac: Uint8Array) =>
        udpHeaders({ dstMac, srcMac: sender.mac, src: PEER, dst: OURS }, [1, 9], 0);
      queue(rig, udp(stranger));
      queue(rig, ethernetHeader(device.mac, sender.mac, 0x88b5), new Uint8Array(50));
      queue(rig, ethernetHeader(device.mac, sender.mac, 0x8100), new Uint8Array(50));
      queue(rig, udp(device.mac));
      flush(rig, sender);
      const frame = waitFrame(rig, device, isNoIpv6);
      assert(frame !== null);
      assertEquals([etherType(frame), frame.bytes[23]], [0x0800, 17]);
      assertEquals(frame.bytes.slice(0, 6), device.mac);
      assertEquals(waitFrame(rig, device, isNoIpv6, 50), null);
      assertEquals(sender.counters.txDropped, 0);
    } finally {
      sender.close();
    }
  }));

test("RAW: a 64 KiB TCP segment crosses in one piece, with its offload marks", () =>
  withNet(({ peer, device }) => {
    const other = openIn(peer, "vb", { mac: "interface", addresses: [address(PEER)] }).device;
    try {
      const payload = new Uint8Array(45 * 1448).map((_, i) => i * 7);
      const tcp = new Uint8Array(20);
      new DataView(tcp.buffer).setUint32(0, 0x1234_0016);
      tcp[12] = 0x50;
      const fields = { dstMac: other.mac, srcMac: device.mac, src: OURS, dst: PEER, protocol: 6 };
      const headers = ipv4Headers(fields, 20 + payload.length);
      const frame = Uint8Array.from([...headers, ...tcp]);
      queue(rig, frame, payload, { csumOffset: 16, gsoType: GSO_TCPV4, gsoSize: 1448 });
      flush(rig, device);
      const got = waitFrame(rig, other, (f) => f.bytes[23] === 6);
      assert(got !== null, "no segment");
      assertEquals([got.csum, got.gsoType, got.gsoSize], [CSUM_PARTIAL, GSO_TCPV4, 1448]);
      assertEquals(got.bytes.length, frame.length + payload.length);
      assertEquals(got.bytes.slice(frame.length), payload);
      assertEquals([device.counters.txDropped, other.counters.rxTruncated], [0, 0]);
    } finally {
      other.close();
    }
  }));

testOldToo(
  "RAW: the kernel's UDP takes unfinished checksums and USO frames",
  () =>
    withNet(({ peer, device }) => {
      const socket = inNetns(peer.name, () => udpSocket(PEER, 4000));
      try {
        const dstMac = resolve(rig, device);
        const fields = { dstMac, srcMac: device.mac, src: OURS, dst: PEER };
        queue(rig, udpHeaders(fields, [7, 4000], 12), new Uint8Array(12), { csumOffset: 6 });
        if (device.caps.uso) {
          const all = new Uint8Array(1300).fill(3);
          const offload = { csumOffset: 6, gsoType: GSO_UDP_L4, gsoSize: 600 };
          queue(rig, udpHeaders(fields, [7, 4000], all.length), all, offload);
        }
        flush(rig, device);
        for (const size of device.caps.uso ? [12, 600, 600, 100] : [12]) {
          assertEquals(receiveDatagram(rig, socket).length, size);
        }
      } finally {
        libc().close(socket);
      }
    }),
);

test("RAW: a frame that the kernel refuses is counted, those behind it go", () =>
  withNet(({ device }) => {
    queue(rig, ethernetHeader(new Uint8Array(6), device.mac, 0x0800), new Uint8Array(3000));
    queue(rig, arpFrame(1, device.mac, OURS, PEER));
    flush(rig, device);
    assert(waitFrame(rig, device, (frame) => isArp(frame, 2)) !== null);
    assertEquals(device.counters.txDropped, 1);
  }));

test("RAW: more frames than one batch, both ways", () =>
  withNet(({ peer, device }) => {
    const other = openIn(peer, "vb", { mac: "interface", addresses: [address(PEER)] }).device;
    try {
      const fields = { dstMac: other.mac, srcMac: device.mac, src: OURS, dst: PEER };
      for (let i = 0; i < 100; i++) queue(rig, udpHeaders(fields, [i, 9], 4), new Uint8Array(4));
      flush(rig, device);
      for (let i = 0; i < 100;) {
        libc().poll(other.fd, POLLIN, 1000);
        const n = other.receive();
        assert(n > 0 && n <= other.rx.capacity, `after ${i}: ${n}`);
        for (let k = 0; k < n; k++, i++) {
          assertEquals(rig.memory.dv.getUint16(other.rx.off[k] + 34), i);
          assertEquals([other.rx.len[k], other.rx.csum[k]], [46, CSUM_NONE]);
        }
      }
      assertEquals(other.receive(), 0);
    } finally {
      other.close();
    }
  }));

test("RAW: frames that find the receive queue full are counted", () =>
  withNet(({ peer, device }) => {
    const other = openIn(peer, "vb", { mac: "interface", addresses: [address(PEER)] }).device;
    try {
      setIntOption(other.fd, SOL_SOCKET, SO_RCVBUF, 1);
      const fields = { dstMac: other.mac, srcMac: device.mac, src: OURS, dst: PEER };
      for (let i = 0; i < 50; i++) queue(rig, udpHeaders(fields, [i, 9], 4), new Uint8Array(4));
      flush(rig, device);
      let got = 0;
      for (let n = other.receive(); n > 0; n = other.receive()) got += n;
      assertEquals(other.counters.rxOverflows, 50 - got);
      assertEquals(other.counters.rxOverflows, 50 - got, "reading twice counts once");
    } finally {
      other.close();
    }
  }));

test("RAW: the interface goes down and comes back", () =>
  withNet(async ({ ours, device }) => {
    await ours.ip("link set dev va down");
    libc().poll(device.fd, POLLIN, 1000);
    assertEquals(device.receive(), -ENETDOWN);
    assertEquals(device.receive(), 0);
    queue(rig, arpFrame(1, device.mac, OURS, PEER));
    flush(rig, device);
    assertEquals(device.counters.txDropped, 1);
    await ours.ip("link set dev va up");
    resolve(rig, device);
  }));

test("RAW: a MAC and an MTU of the user's choice; the same MAC in every run", () =>
  withNet(({ ours, device }) => {
    const mac = Uint8Array.from([2, 1, 2, 3, 4, 5]);
    const chosen = openIn(ours, "va", { mac, mtu: 1400 }).device;
    const again = openIn(ours, "va", { mtu: 9000 }).device;
    const other = openIn(ours, "va", { addresses: [address("198.18.7.3")] }).device;
    assertEquals([chosen.mac, chosen.mtu], [mac, 1400]);
    assertEquals([again.mac, again.mtu], [device.mac, 1500]);
    assert(other.mac.join() !== device.mac.join());
    for (const opened of [chosen, again, other]) opened.close();
  }));

test("RAW: an address that the host has too is noted", () =>
  withNet(async ({ ours }) => {
    await ours.ip(`addr add ${OURS}/24 dev va`);
    const { device, notes } = openIn(ours, "va");
    device.close();
    assertEquals(notes.length, 1);
    assert(notes[0].includes(`${OURS} is also an address of this host`));
  }));

test("RAW: a missing carrier is noted", () =>
  withNet(async ({ ours, peer }) => {
    await peer.ip("link set dev vb down");
    const { device, notes } = openIn(ours, "va");
    device.close();
    assertEquals(notes, ["interface va has no carrier"]);
  }));
