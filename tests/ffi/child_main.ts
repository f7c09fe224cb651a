/**
 * A process that starts its arguments as nuse does, its parent's front, and prints every event as a
 * line of JSON on stderr. For child_test.ts and ../cli/front_test.ts.
 *
 * @module
 */
import { catchSignals, nextEvent, setPartner, spawn, stopSelf } from "../../ffi/child.ts";

catchSignals();
setPartner(Deno.ppid);
const softFiles = Number(Deno.env.get("SOFT_FILES") ?? 0);
const ignoresSigpipe = Deno.env.get("IGNORES_SIGPIPE") === "1";
const env = Deno.env.toObject();
const pid = spawn({ path: Deno.args[0], argv: Deno.args, env, softFiles, ignoresSigpipe });
console.error(JSON.stringify({ kind: "spawned", pid }));
while (pid > 0) {
  const event = await nextEvent();
  console.error(JSON.stringify(event));
  if (event.kind === "stopped") stopSelf(event.signal);
  if (event.kind === "exited" || event.kind === "killed") break;
}
