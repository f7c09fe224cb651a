import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { RunLog } from "../../cli/run_log.ts";
import { SysError } from "../../ffi/errno.ts";
import { libc } from "../../ffi/libc.ts";
import { thresholdsOf } from "../../io/log/levels.ts";
import { OwnEvent } from "../../io/log/own_events.ts";

const THRESHOLDS = thresholdsOf(() => "info");

Deno.test("nothing asked for: no log, and the logger is not loaded", async () => {
  assertEquals(await RunLog.open(null), null);
});

Deno.test("into a file, made anew: each event is there when it has been told", async () => {
  const path = await Deno.makeTempFile({ prefix: "nuse-log-" });
  try {
    await Deno.writeTextFile(path, "what was before\n");
    const log = await RunLog.open({ thresholds: THRESHOLDS, format: "text", file: path });
    assert(log !== null);
    log.tell(OwnEvent.CLI_STARTED, { program: "/bin/true", pid: 7 });
    log.tell(OwnEvent.CLI_SIGNAL, { signal: 2, pid: 1, phase: "running" });
    const lines = (await Deno.readTextFile(path)).trimEnd().split("\n");
    assertEquals(lines.length, 1);
    assertStringIncludes(lines[0], "info    cli      /bin/true is process 7");
    libc().close(log.settings.fd);
  } finally {
    await Deno.remove(path);
  }
});

Deno.test("a file that cannot be written: which, why, and what to do", async () => {
  const request = { thresholds: THRESHOLDS, format: "text" as const, file: "/nowhere/log" };
  const error = await assertRejects(() => RunLog.open(request), SysError);
  assertEquals(
    error.message,
    "cannot write the log to /nowhere/log: ENOENT " +
      "(give --log-file a file in a folder that you can write)",
  );
});
