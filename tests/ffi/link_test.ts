/** @module */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { IFF_UP } from "../../ffi/abi/interface.ts";
import { SysError } from "../../ffi/errno.ts";
import { LinkControl } from "../../ffi/link.ts";
import { inNetns } from "../../ffi/netns.ts";
import { canMakeNetns, Netns } from "../lab/netns.ts";

Deno.test("LinkControl: lo, and names that are wrong", () => {
  const control = new LinkControl();
  try {
    assertEquals(control.index("lo"), 1);
    assert(control.mtu("lo") >= 16436);
    assertEquals(control.hardware("lo").type, 772);
    assertThrows(
      () => control.index("no-such-if"),
      SysError,
      "no such interface no-such-if: ENODEV (ip link shows those there are)",
    );
    assertThrows(() => control.index("sixteen-bytes-ab"), SysError, "ENAMETOOLONG");
  } finally {
    control.close();
  }
});

Deno.test({
  name: "LinkControl: driver, carrier and settings" + (canMakeNetns ? "" : " (needs root)"),
  ignore: !canMakeNetns,
  async fn() {
    await using ns = await Netns.create("nuse-link");
    await ns.ip("link add va type veth peer name vb");
    const control = inNetns(ns.name, () => new LinkControl());
    try {
      assertEquals(control.driver("va"), "veth");
      assertEquals([control.flags("va") & IFF_UP, control.hasCarrier("va")], [0, false]);
      control.setUp("va");
      control.setUp("vb");
      assertEquals([control.flags("va") & IFF_UP, control.hasCarrier("va")], [IFF_UP, true]);
      control.setMtu("va", 1280);
      assertEquals(control.mtu("va"), 1280);
      control.setAddress("va", Uint8Array.from([198, 18, 9, 1]), 23);
      assert((await ns.ip("addr show dev va")).includes("inet 198.18.9.1/23 brd 198.18.9.255"));
      assertThrows(
        () => control.setMtu("va", 7),
        SysError,
        "cannot set the MTU of va to 7: EINVAL",
      );
    } finally {
      control.close();
    }
  },
});
