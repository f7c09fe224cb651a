/**
 * Finds `denort`, the runtime that `deno compile` puts its programs on, without asking the network.
 *
 * @module
 */

/** Deno's cache folder, as `deno info` gives it. */
async function denoDir(): Promise<string> {
  const { stdout } = await new Deno.Command(Deno.execPath(), { args: ["info", "--json"] }).output();
  return JSON.parse(new TextDecoder().decode(stdout)).denoDir;
}

/** The zip that an earlier `deno compile` downloaded for this version; null: there is none. */
export async function cachedDenort(dir?: string): Promise<string | null> {
  const release = `dl/release/v${Deno.version.deno}/denort-${Deno.build.target}.zip`;
  const path = `${dir ?? await denoDir()}/${release}`;
  try {
    return (await Deno.stat(path)).isFile ? path : null;
  } catch {
    return null;
  }
}
