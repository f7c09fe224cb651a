import { assertEquals, assertThrows } from "@std/assert";
import { SysError } from "../../../../ffi/errno.ts";
import { parseFeatures, usableFeatures } from "../../../../io/devices/base/features.ts";

Deno.test("a list of features; a name that is none is said, with those there are", () => {
  assertEquals(parseFeatures(""), new Set());
  assertEquals(parseFeatures(" uso, tcx,"), new Set(["uso", "tcx"]));
  const error = assertThrows(() => parseFeatures("uso,gso"), SysError);
  assertEquals(
    error.message,
    "NUSE_WITHOUT: there is no feature gso: EINVAL (known: uso, tcx, big_tcp, ignore_outgoing)",
  );
});

Deno.test("USO by the kernel's version, everything unless it is to be absent", () => {
  const none = parseFeatures("");
  const has = (release: string) => usableFeatures(none, release).has("uso");
  const releases = [
    "5.10.0-30-amd64",
    "6.1.0-42-amd64",
    "6.2.0",
    "6.12.63+deb13-amd64",
    "7.0.0-rc1",
  ];
  assertEquals(releases.map(has), [false, false, true, true, true]);
  const hasLong = (release: string) => usableFeatures(none, release).has("big_tcp");
  assertEquals(["6.1.0", "6.2.0", "6.3.0-rc1", "6.12.0"].map(hasLong), [false, false, true, true]);
  const all = ["uso", "tcx", "big_tcp", "ignore_outgoing"] as const;
  assertEquals(usableFeatures(none, "6.18.0"), new Set(all));
  assertEquals(usableFeatures(parseFeatures("uso,tcx"), "6.18.0"), new Set(all.slice(2)));
});
