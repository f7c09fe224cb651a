/**
 * The program's network (host/network.c): what is in it, and what is left of it. What programs see
 * of it: tests/e2e/empty_network_test.ts.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { LinkControl } from "../../ffi/link.ts";
import { inNetns } from "../../ffi/netns.ts";
import { closeNetwork, makeNetwork } from "../../ffi/network.ts";
import { canMakeNetns } from "../lab/netns.ts";

const IFF_UP = 1;

function openFiles(): number {
  return [...Deno.readDirSync("/proc/self/fd")].length;
}

Deno.test({
  name: "lo is up, nothing else is there, and this thread is where it was",
  ignore: !canMakeNetns,
  fn() {
    const home = Deno.readLinkSync("/proc/thread-self/ns/net");
    const network = makeNetwork();
    assert(typeof network === "object", `${network}`);
    const path = `/proc/self/fd/${network.net}`;
    assert(Deno.readLinkSync(path) !== home);
    assertEquals(Deno.readLinkSync("/proc/thread-self/ns/net"), home);
    assertEquals(network.user, -1); // root needs no user namespace
    inNetns(path, () => {
      const link = new LinkControl();
      assertEquals(link.flags("lo") & IFF_UP, IFF_UP);
      link.close();
      const lines = Deno.readTextFileSync("/proc/thread-self/net/dev").trim().split("\n");
      assertEquals(lines.slice(2).map((line) => line.trim().split(":")[0]), ["lo"]);
    });
    closeNetwork(network);
  },
});

Deno.test({
  name: "nothing stays open of networks that nobody is in",
  ignore: !canMakeNetns,
  fn() {
    const before = openFiles();
    for (let i = 0; i < 20; i++) {
      const network = makeNetwork();
      assert(typeof network === "object");
      closeNetwork(network);
    }
    assertEquals(openFiles(), before);
  },
});
