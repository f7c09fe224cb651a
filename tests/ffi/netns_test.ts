/** @module */
import { assertEquals, assertThrows } from "@std/assert";
import { SysError } from "../../ffi/errno.ts";
import { LinkControl } from "../../ffi/link.ts";
import { inNetns } from "../../ffi/netns.ts";
import { canMakeNetns, Netns } from "../lab/netns.ts";

const here = () => Deno.readLinkSync("/proc/thread-self/ns/net");

Deno.test({
  name: "inNetns: inside, and back even after an exception" + (canMakeNetns ? "" : " (needs root)"),
  ignore: !canMakeNetns,
  async fn() {
    await using ns = await Netns.create("nuse-ns");
    await ns.ip("link add only-here type veth peer name other");
    const home = here();
    const { inside, control } = inNetns(ns.name, () => ({
      inside: here(),
      control: new LinkControl(),
    }));
    assertEquals([inside === home, here()], [false, home]);
    // A socket stays where it was opened.
    assertEquals(control.flags("only-here") & 1, 0);
    control.close();
    assertThrows(() => inNetns(ns.name, () => failing()), Error, "inside");
    assertEquals(here(), home);
    assertEquals(inNetns(`/var/run/netns/${ns.name}`, here), inside);
    assertThrows(() => inNetns("nuse-none", here), SysError, "ENOENT");
    assertEquals(here(), home);
  },
});

function failing(): never {
  throw new Error("inside");
}
