import { assertEquals, assertThrows } from "@std/assert";
import { Failure } from "../../cli/base/failure.ts";
import { strangeDevices, strangeNames } from "../../cli/strange_variables.ts";

function warnings(names: string[]): string[] {
  const isInterface = (name: string) => name === "eth1";
  return [...strangeNames(names), ...strangeDevices(names, { devices: ["ncv0"], isInterface })];
}

Deno.test("what is nuse's own, set for programs, or somebody else's is nothing strange", () => {
  const own = ["NUSEDEV", "NUSEVIF", "DEFAULTROUTE", "NUSE_CACHE", "NUSE_NATIVE_DIR", "CC"];
  assertEquals(warnings(own), []);
  assertEquals(warnings(["NUSE_SOCK", "NUSE_PPID", "NUSE_PDEATHSIG", "NUSE_LAUNCHER"]), []);
  assertEquals(warnings(["PATH", "DEFAULT_USER", "CCC", "C", "NUSERS", "MENUSE", "_"]), []);
  assertEquals(warnings(["nuse-ncv0", "nuse-ncv0-vif", "nuse-eth1", "nuse-eth1-mtu"]), []);
});

Deno.test("a name near to one of ours is refused, with the one that was meant", () => {
  const cases: Record<string, string> = {
    NUSEVIFF: "NUSEVIF",
    NUSE_DEV: "NUSEDEV",
    NUSEDEVICE: "",
    nusedev: "NUSEDEV",
    NUSE_CACHES: "NUSE_CACHE",
    DEFAULT_ROUTE: "DEFAULTROUTE",
    DEFAULTROUT: "DEFAULTROUTE",
  };
  for (const [name, meant] of Object.entries(cases)) {
    if (meant === "") {
      assertEquals(warnings([name]), []);
      continue;
    }
    const { message, status } = assertThrows(() => warnings([name]), Failure);
    assertEquals([message, status], [`unknown variable ${name} (did you mean ${meant}?)`, 2]);
  }
});

Deno.test("a name only like ours is said, and the program runs", () => {
  const [fixed] = warnings(["NUSE_SOMETHING"]);
  assertEquals(fixed.startsWith("unknown variable NUSE_SOMETHING (known: NUSEDEV, "), true, fixed);
  assertEquals(warnings(["nuse-ncvO", "nuse-other-mtu"]), [
    "nuse-ncvO sets nothing: there is no interface ncvO (did you mean nuse-ncv0?)",
    "nuse-other-mtu sets nothing: there is no interface other (nuse uses ncv0)",
  ]);
});
