/**
 * Reports of the long benches: JSON files in bench/results/, named by what was measured and when.
 *
 * @module
 */
import { fromFileUrl } from "@std/path";

const FOLDER = fromFileUrl(new URL("../results/", import.meta.url));

/**
 * Writes `report`, with when and on what it was made, as `file` or else as
 * bench/results/NAME-TIME.json. Returns the path.
 */
export async function saveReport(name: string, report: object, file?: string): Promise<string> {
  const stamp = new Date().toISOString();
  const path = file ?? `${FOLDER}${name}-${stamp.replace(/[:.]/g, "-")}.json`;
  const about = { stamp, kernel: Deno.osRelease(), deno: Deno.version.deno };
  if (file === undefined) await Deno.mkdir(FOLDER, { recursive: true });
  await Deno.writeTextFile(path, JSON.stringify({ ...about, ...report }, null, 1) + "\n");
  return path;
}
