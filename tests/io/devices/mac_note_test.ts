import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { inNetns } from "../../../ffi/netns.ts";
import { macNote } from "../../../io/devices/mac_note.ts";
import { openDevice } from "../../../io/devices/open.ts";
import { canMakeNetns, Netns } from "../../lab/netns.ts";
import { address, makeRig } from "./harness.ts";

Deno.test("MAC notes: Wi-Fi by sysfs, if it speaks of the same interface", async () => {
  const sysfs = await Deno.makeTempDir();
  try {
    const folder = `${sysfs}/class/net/w0`;
    await Deno.mkdir(`${folder}/phy80211`, { recursive: true });
    await Deno.writeTextFile(`${folder}/ifindex`, "7\n");
    const link = { name: "w0", ifIndex: 7, driver: "iwlwifi" };
    const note = macNote(link, true, sysfs);
    assert(note !== null);
    assertStringIncludes(note, "w0 is Wi-Fi");
    assertStringIncludes(note, "(use mac=interface)");
    assertEquals(macNote(link, false, sysfs), null);
    assertEquals(macNote({ ...link, ifIndex: 8 }, true, sysfs), null);
    assertEquals(macNote({ ...link, name: "eth0" }, true, sysfs), null);
  } finally {
    await Deno.remove(sysfs, { recursive: true });
  }
});

Deno.test("MAC notes: an ipvlan with any MAC, a macvlan with one of nuse's own", () => {
  const note = (driver: string, isOwn: boolean) =>
    macNote({ name: "x0", ifIndex: 1, driver }, isOwn, "/nowhere");
  for (const isOwn of [true, false]) {
    assertStringIncludes(note("ipvlan", isOwn) ?? "", "(use NUSEVIF=TAP");
  }
  assertStringIncludes(note("macvlan", true) ?? "", "(use mac=interface)");
  for (const fine of ["veth", "virtio_net"]) assertEquals(note(fine, true), null);
  assertEquals(note("macvlan", false), null);
});

Deno.test({
  name: "MAC notes: said when the device opens, with promiscuous mode as a fact" +
    (canMakeNetns ? "" : " (left out: needs root)"),
  ignore: !canMakeNetns,
  async fn() {
    await using ns = await Netns.create("nuse-mac");
    await ns.ip("link add va type veth peer name vb");
    await ns.ip("link add mv link va type macvlan mode bridge");
    for (const name of ["va", "vb", "mv"]) await ns.ip(`link set ${name} up`);
    const rig = makeRig();
    const open = (name: string, mac: "own" | "interface") => {
      const addresses = [address("198.18.5.2")];
      const config = { kind: "RAW", name, mac, addresses } as const;
      const opened = inNetns(ns.name, () => openDevice(config, rig.arena, rig.memory));
      opened.device.close();
      return opened;
    };
    const own = open("mv", "own");
    assertEquals(own.notes.length, 1);
    assertStringIncludes(own.notes[0], "mv is a macvlan");
    assertStringIncludes(own.facts?.[0] ?? "", "mv is in promiscuous mode");
    assertEquals([open("mv", "interface").notes, open("mv", "interface").facts], [[], []]);
    assertEquals([open("va", "own").notes, open("va", "own").facts], [[], []]);
  },
});
