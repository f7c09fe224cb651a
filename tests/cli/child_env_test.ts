import { assertEquals, assertThrows } from "@std/assert";
import { childEnv } from "../../cli/child_env.ts";
import { Failure } from "../../cli/base/failure.ts";

const sources = {
  env: { A: "1" },
  shim: "/c/nuse_shim-1.so",
  socketPath: "/run/x",
  servicePid: 7,
  parentPid: 8,
  obstacle: null,
};

Deno.test("the program keeps its environment and gets ours on top", () => {
  assertEquals(childEnv(sources), {
    A: "1",
    LD_PRELOAD: "/c/nuse_shim-1.so",
    NUSE_SOCK: "/run/x",
    NUSE_PPID: "7",
    NUSE_PDEATHSIG: "8",
  });
});

Deno.test("other preloaded libraries stay, an outer nuse's shim does not", () => {
  const preload = (LD_PRELOAD: string) => childEnv({ ...sources, env: { LD_PRELOAD } }).LD_PRELOAD;
  assertEquals(preload("/a.so:/b.so"), "/c/nuse_shim-1.so:/a.so:/b.so");
  assertEquals(preload(" /a.so /x/nuse_shim-2.so:"), "/c/nuse_shim-1.so:/a.so");
  assertEquals(preload("libnuse-1-2.so"), "/c/nuse_shim-1.so");
});

Deno.test("a path that LD_PRELOAD would cut is refused", () => {
  for (const shim of ["/my cache/nuse_shim.so", "/a:b/nuse_shim.so"]) {
    assertThrows(() => childEnv({ ...sources, shim }), Failure, "set NUSE_CACHE");
  }
});

Deno.test("paths that are not ASCII become bytes", () => {
  assertEquals(childEnv({ ...sources, socketPath: "/ü" }).NUSE_SOCK, "/\xc3\xbc");
});

Deno.test("a program without a shim: its children have one, musl has no preload at all", () => {
  const own = { A: "1", NUSE_SOCK: "/run/x", NUSE_PPID: "7" };
  const obstacle = { why: "is static", advice: "" };
  const preload = { LD_PRELOAD: "/c/nuse_shim-1.so" };
  assertEquals(childEnv({ ...sources, obstacle }), { ...own, ...preload });
  const musl = { ...obstacle, isPreloadFatal: true };
  const env = { A: "1", LD_PRELOAD: "/a.so" };
  assertEquals(childEnv({ ...sources, env, obstacle: musl }), own);
});
