/**
 * The guard on a router: a packet to our address, sent to the MAC that we share with the host,
 * reaches us and not the host's kernel. A forwarding kernel shows itself by asking the link for the
 * address.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { LinkControl } from "../../../ffi/link.ts";
import { inNetns } from "../../../ffi/netns.ts";
import type { Device } from "../../../io/devices/base/device.ts";
import { openDevice } from "../../../io/devices/open.ts";
import { canMakeNetns, Netns, veth } from "../../lab/netns.ts";
import { address, flush, isArp, makeRig, queue, udpHeaders, waitFrame } from "./harness.ts";

const HOST = "198.18.6.1";
const OURS = "198.18.6.2";
const OTHER = "198.18.6.3";
const CLIENT = "198.18.6.9";
const QUIET_MS = 150;
const rig = makeRig();

function open(ns: Netns, name: string, mac: "own" | "interface", ip: string) {
  return inNetns(
    ns.name,
    () => openDevice({ kind: "RAW", name, mac, addresses: [address(ip)] }, rig.arena, rig.memory),
  );
}

/** Sends a datagram for `dst` to the host's MAC. */
function send(client: Device, hostMac: Uint8Array, dst: string): void {
  const fields = { dstMac: hostMac, srcMac: client.mac, src: CLIENT, dst };
  queue(rig, udpHeaders(fields, [5, 6], 4), new Uint8Array(4), { csumOffset: 6 });
  flush(rig, client);
}

/** Whether the host's kernel asks for `dst`, as it does before forwarding to it. */
function isForwarded(client: Device, dst: string, limitMs: number): boolean {
  const last = Number(dst.split(".")[3]);
  return waitFrame(rig, client, (f) => isArp(f, 1) && f.bytes[41] === last, limitMs) !== null;
}

const [major, minor] = Deno.osRelease().split(".").map(Number);
const canGuard = canMakeNetns && (major > 6 || (major === 6 && minor >= 6));

Deno.test({
  name: "guard: a forwarding host leaves our packets to us, and only those" +
    (canGuard ? "" : " (left out: needs root and Linux 6.6)"),
  ignore: !canGuard,
  async fn() {
    await using host = await Netns.create("nuse-guard");
    await using outside = await Netns.create("nuse-guard");
    await veth(host, "h0", `${HOST}/24`, outside, "c0", null);
    await host.run(["sysctl", "-qw", "net.ipv4.ip_forward=1"]);
    const client = open(outside, "c0", "own", CLIENT).device;
    const control = inNetns(host.name, () => new LinkControl());
    const hostMac = control.hardware("h0").mac;
    control.close();
    const { device, notes } = open(host, "h0", "interface", OURS);
    try {
      assertEquals(notes, []);
      assertEquals(device.mac, hostMac);
      send(client, hostMac, OURS);
      const got = waitFrame(rig, device, (frame) => frame.bytes[23] === 17);
      assert(got !== null, "the tap comes before the guard");
      assertEquals(got.bytes.slice(30, 34), Uint8Array.from([198, 18, 6, 2]));
      assertEquals(isForwarded(client, OURS, QUIET_MS), false);
      // Other people's packets are none of our business: neither stopped nor seen.
      send(client, hostMac, OTHER);
      assertEquals(isForwarded(client, OTHER, 2000), true);
      assertEquals(waitFrame(rig, device, (f) => f.bytes[23] === 17, QUIET_MS), null);
    } finally {
      device.close();
    }
    // With the descriptor the guard has gone.
    send(client, hostMac, OURS);
    assertEquals(isForwarded(client, OURS, 2000), true);
    client.close();
  },
});

Deno.test({
  name: "guard: never takes an address that is the host's own" +
    (canGuard ? "" : " (left out: needs root and Linux 6.6)"),
  ignore: !canGuard,
  async fn() {
    await using host = await Netns.create("nuse-guard");
    await using outside = await Netns.create("nuse-guard");
    await veth(host, "h0", `${HOST}/24`, outside, "c0", `${CLIENT}/24`);
    const { device, notes } = open(host, "h0", "interface", HOST);
    try {
      assertEquals(notes.length, 1);
      const ping = await outside.run(["ping", "-c", "1", "-W", "2", HOST]);
      assertEquals(ping.code, 0);
    } finally {
      device.close();
    }
  },
});
