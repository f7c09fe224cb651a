/**
 * How long a stream stands still while it is sent as fast as it goes.
 *
 * @module
 */
import type { Lab, Path } from "./lab.ts";
import { lastJson, MARGIN_SEC, newPort, stop } from "./measure.ts";

/** The receiver's longest wait for more, milliseconds. */
export async function longestPause(lab: Lab, path: Path, secs: number): Promise<number> {
  const port = newPort();
  const limitSec = secs + MARGIN_SEC;
  const sink = lab.opposite(path, [lab.load, "sink", port], { limitSec });
  try {
    await sink.waitFor("READY");
    const argv = [lab.load, "pump", lab.peer(path), port, String(secs)];
    lastJson(await lab.program(path, argv, { limitSec }).done);
    return lastJson(await sink.done).rate;
  } finally {
    await stop(sink);
  }
}
