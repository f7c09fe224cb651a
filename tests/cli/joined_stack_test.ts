import { assertEquals, assertThrows } from "@std/assert";
import { Failure } from "../../cli/base/failure.ts";
import { asJoined, JoinedStack } from "../../cli/joined_stack.ts";
import type { Program } from "../../cli/program.ts";
import type { RunDirSources } from "../../cli/run_dir.ts";

const PROGRAM: Program = {
  path: "/bin/x",
  argv: ["x"],
  image: "/bin/x",
  isSecure: true,
  guestUid: null,
  obstacle: null,
};

Deno.test("a program that becomes a user whom the run does not know is for the second door", () => {
  assertEquals(asJoined(PROGRAM), PROGRAM);
  const toRoot = { ...PROGRAM, guestUid: 0 };
  assertEquals(asJoined(toRoot), toRoot);
  const { isSecure, guestUid, obstacle } = asJoined({ ...PROGRAM, guestUid: 1 });
  assertEquals([isSecure, guestUid, obstacle?.why.includes("/bin/x is setuid")], [
    false,
    null,
    true,
  ]);
});

Deno.test("whom one cannot join: by name, by process, of another user", () => {
  const sources: RunDirSources = {
    uid: 4242,
    pid: 1,
    env: { XDG_RUNTIME_DIR: "/nonexistent", TMPDIR: "/nonexistent" },
    pidNamespace: "1",
    isAlive: () => true,
    rootBase: "/nonexistent",
  };
  const join = (name: string) => () => JoinedStack.join(name, "1", sources);
  assertThrows(join("lab"), Failure, "no nuse of yours is called lab (");
  assertThrows(join("1"), Failure, "process 1 is of another user (");
  assertThrows(join("999999999"), Failure, "process 999999999 is not of a nuse that can be joined");
});
