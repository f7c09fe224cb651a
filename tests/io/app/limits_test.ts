import { assert, assertEquals, assertThrows } from "@std/assert";
import { SysError } from "../../../ffi/errno.ts";
import { descriptorUse, shareDescriptors } from "../../../io/app/limits.ts";
import { EMFILE } from "../../../stack/mod.ts";

const MOST = { maxSockets: 65_536, maxClients: 4096 };

Deno.test("what the descriptors allow is shared between sockets and connections", () => {
  assertEquals(shareDescriptors(Infinity, 40, MOST), MOST);
  assertEquals(shareDescriptors(1 << 20, 40, MOST), MOST);
  assertEquals(shareDescriptors(20_000, 40, MOST), { maxClients: 4096, maxSockets: 15_579 });
  assertEquals(shareDescriptors(1024, 40, MOST), { maxClients: 222, maxSockets: 666 });
  assertEquals(shareDescriptors(256, 40, MOST), { maxClients: 42, maxSockets: 126 });
  assertEquals(shareDescriptors(110, 40, MOST), { maxClients: 8, maxSockets: 24 });
});

Deno.test("limits that are asked for hold where the descriptors allow more", () => {
  const most = { maxSockets: 4, maxClients: 2 };
  assertEquals(shareDescriptors(1024, 40, most), most);
});

Deno.test("too few descriptors are refused, with how many would do", () => {
  for (const allowed of [0, 64, 109]) {
    const error = assertThrows(() => shareDescriptors(allowed, 40, MOST), SysError);
    assertEquals(error.errno, EMFILE);
    const least = Number(/ulimit -n (\d+)/.exec(error.message)?.[1]);
    assert(least >= 110 && least <= 112, error.message);
    shareDescriptors(least, 40, MOST);
  }
});

Deno.test("the limit and the use of this process", () => {
  const before = descriptorUse();
  using _file = Deno.openSync("/dev/null");
  assertEquals(descriptorUse().openCount, before.openCount + 1);
  assert(before.allowedCount > before.openCount);
});
