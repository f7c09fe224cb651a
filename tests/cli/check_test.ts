/** @module */
import { assertEquals } from "@std/assert";
import { checkText } from "../../cli/check.ts";
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

const lines = (program: Partial<Program>, hasDoor = true) =>
  checkText({ ...PROGRAM, ...program }, hasDoor).trimEnd().split("\n");

Deno.test("check: the shim, or the second door and what is missing there", () => {
  assertEquals(lines({}), ["/bin/x: the shim serves it", `the second door serves${STARTS}`]);
  const obstacle = { why: "is statically linked", advice: "" };
  assertEquals(lines({ obstacle }), [
    "/bin/x: the second door serves it: it is statically linked",
    "it does without control messages, the error queue, socket filters, MSG_MORE, Fast Open; " +
    "a reset reads as an end",
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
