/**
 * A process that starts its arguments as nuse does, its parent's front, and prints every event as a
 * line of JSON on stderr. For child_test.ts and ../cli/front_test.ts.
 *
 * @module
 */
import { catchSignals, launch, nextEvent, setPartner, stopSelf } from "../../ffi/child.ts";

/** Beyond what any process here has. */
const NO_FD = 1_000_000;

catchSignals();
setPartner(Deno.ppid);
const softFiles = Number(Deno.env.get("SOFT_FILES") ?? 0);
const ignoresSigpipe = Deno.env.get("IGNORES_SIGPIPE") === "1";
/** A door that cannot be: "needed", or "wanted" only. */
const need = Deno.env.get("NO_DOOR");
const door = need === undefined ? undefined : { fd: NO_FD, isNeeded: need === "needed" };
const env = Deno.env.toObject();
const { pid, doorErrno } = launch({
  path: Deno.args[0],
  argv: Deno.args,
  env,
  softFiles,
  ignoresSigpipe,
  door,
});
console.error(JSON.stringify({ kind: "spawned", pid, ...door && { doorErrno } }));
while (pid > 0) {
  const event = await nextEvent();
  console.error(JSON.stringify(event));
  if (event.kind === "stopped") stopSelf(event.signal);
  if (event.kind === "exited" || event.kind === "killed") break;
}
if (Deno.env.get("SIGNALS_AFTER") === "1") {
  // As of a child that is not the program: nothing to be told
  Deno.kill(Deno.pid, "SIGCHLD");
  Deno.kill(Deno.pid, "SIGUSR2");
  console.error(JSON.stringify(await nextEvent()));
}
