/** @module */
import { assertEquals } from "@std/assert";
import { checkText } from "../../cli/check.ts";
import type { Finding } from "../../cli/imports.ts";
import type { Program } from "../../cli/program.ts";

const PROGRAM: Program = {
  path: "/bin/x",
  argv: ["/bin/x"],
  image: "/bin/x",
  isSecure: false,
  guestUid: null,
  obstacle: null,
};
const STARTS = " what it starts without the shim: static, Go, musl programs, env -i";

const lines = (program: Partial<Program>, hasDoor = true, findings: Finding[] = []) =>
  checkText({ ...PROGRAM, ...program }, hasDoor, findings).trimEnd().split("\n");

Deno.test("check: the shim, or the second door and what is missing there", () => {
  assertEquals(lines({}), ["/bin/x: the shim serves it", `the second door serves${STARTS}`]);
  const obstacle = { why: "is statically linked", advice: "" };
  assertEquals(lines({ obstacle }), [
    "/bin/x: the second door serves it: it is statically linked",
    "it does without MSG_MORE and TCP_INQ of streams, MSG_FASTOPEN, POLLERR of datagrams",
    `the second door serves${STARTS}`,
  ]);
});

Deno.test("check: scripts, rights, the host's network", () => {
  assertEquals(lines({ argv: ["run.py"], image: "/usr/bin/python3", isSecure: true }, false), [
    "run.py (/usr/bin/python3): the shim serves it",
    "it gains rights: a copy of the shim is lent to it, which takes CAP_SYS_ADMIN",
    `the host's network is used by${STARTS}`,
  ]);
});

Deno.test("check: what it imports that is not served, by that door", () => {
  const findings: Finding[] = [
    { symbol: "io_uring_setup", library: "libx.so.1", what: "is answered ENOSYS", isOfShim: false },
    { symbol: "fdopen", library: "", what: "goes past the shim", isOfShim: true },
  ];
  const ring = "it imports io_uring_setup (libx.so.1): that is answered ENOSYS";
  assertEquals(lines({}, true, findings).slice(1, 3), [
    ring,
    "it imports fdopen: that goes past the shim",
  ]);
  const behind = lines({ obstacle: { why: "is a Go program", advice: "" } }, true, findings);
  assertEquals(behind.filter((line) => line.startsWith("it imports")), [ring]);
});
