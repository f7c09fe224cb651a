/**
 * What is wrong with a configuration is said in one line, with what to do.
 *
 * @module
 */
import { assertEquals, assertThrows } from "@std/assert";
import { SysError } from "../../../ffi/errno.ts";
import { inNetns } from "../../../ffi/netns.ts";
import type { DeviceConfig } from "../../../io/devices/base/device.ts";
import { openNetmap } from "../../../io/devices/netmap/open.ts";
import { openDevice } from "../../../io/devices/open.ts";
import { canMakeNetns, Netns } from "../../lab/netns.ts";
import { address, makeRig } from "./harness.ts";

const rig = makeRig();

function failure(config: Partial<DeviceConfig>): string {
  const full: DeviceConfig = {
    kind: "RAW",
    name: "eth0",
    mac: "own",
    addresses: [address("198.18.5.2")],
    ...config,
  };
  return assertThrows(() => openDevice(full, rig.arena, rig.memory, openNetmap), SysError).message;
}

Deno.test("open: no such interface, a name too long, not an Ethernet", () => {
  assertEquals(
    failure({ name: "no-such-if" }),
    "no such interface no-such-if: ENODEV (ip link shows those there are)",
  );
  assertEquals(
    failure({ name: "a-name-of-16-byt" }),
    "cannot use the interface name a-name-of-16-byt: ENAMETOOLONG " +
      "(an interface's name has at most 15 bytes)",
  );
  assertEquals(
    failure({ name: "lo" }),
    "cannot attach to lo: EPROTONOSUPPORT (RAW needs an Ethernet interface)",
  );
});

Deno.test("open: netmap is missing", () => {
  assertEquals(
    failure({ kind: "NETMAP" }),
    "cannot open /dev/netmap: ENOENT " +
      "(load netmap's module with modprobe netmap, or use NUSEVIF=RAW or TAP)",
  );
});

Deno.test({
  name: "open: an interface that is down" + (canMakeNetns ? "" : " (left out: needs root)"),
  ignore: !canMakeNetns,
  async fn() {
    await using ns = await Netns.create("nuse-open");
    await ns.ip("link add va type veth peer name vb");
    assertEquals(
      inNetns(ns.name, () => failure({ name: "va" })),
      "interface va is down: ENETDOWN (ip link set va up)",
    );
  },
});

Deno.test({
  name: "open: an MTU that the link carries; one beyond is noted" +
    (canMakeNetns ? "" : " (left out: needs root)"),
  ignore: !canMakeNetns,
  async fn() {
    await using ns = await Netns.create("nuse-open");
    await ns.ip("link add va type veth peer name vb");
    await ns.ip("link set dev va up");
    await ns.ip("link set dev vb up");
    const addresses = [address("198.18.5.2")];
    const config = { kind: "RAW", name: "va", mac: "own", addresses } as const;
    const mtuOf = (mtu: number | undefined) =>
      inNetns(ns.name, () => {
        const { device, notes } = openDevice({ ...config, mtu }, rig.arena, rig.memory);
        device.close();
        return [device.mtu, notes.some((note) => note.includes(`not ${mtu}`))];
      });
    assertEquals([undefined, 1400, 1500, 1501].map(mtuOf), [
      [1500, false],
      [1400, false],
      [1500, false],
      [1500, true],
    ]);
  },
});

/** Opens in another process, without the capabilities that `dropped` names. */
async function failureWithout(ns: Netns, dropped: string, config: string): Promise<string> {
  const url = (path: string) => JSON.stringify(import.meta.resolve(path));
  const code = `
    import { openDevice } from ${url("../../../io/devices/open.ts")};
    import { address, makeRig } from ${url("./harness.ts")};
    const rig = makeRig();
    const addresses = [address("198.18.5.2")];
    try {
      openDevice({ mac: "own", addresses, ${config} }, rig.arena, rig.memory);
      console.log("opened");
    } catch (error) { console.log(error.message); }`;
  const argv = ["setpriv", `--bounding-set=${dropped}`, Deno.execPath(), "eval", code];
  const { stdout, stderr } = await ns.run(argv);
  return stdout.trim() || stderr;
}

Deno.test({
  name: "open: without the capability" + (canMakeNetns ? "" : " (left out: needs root)"),
  ignore: !canMakeNetns,
  async fn() {
    await using ns = await Netns.create("nuse-open");
    await ns.ip("link add va type veth peer name vb");
    await ns.ip("link set dev va up");
    await ns.ip("link set dev vb up");
    const [raw, tap] = await Promise.all([
      failureWithout(ns, "-net_raw", `kind: "RAW", name: "va"`),
      failureWithout(ns, "-net_admin", `kind: "TAP", name: "eth0"`),
    ]);
    assertEquals(
      raw,
      "cannot open a packet socket on va: EPERM (run with sudo, or give CAP_NET_RAW)",
    );
    assertEquals(
      tap,
      "cannot make the interface nuse-eth0: EPERM (run with sudo, or give CAP_NET_ADMIN)",
    );
  },
});
