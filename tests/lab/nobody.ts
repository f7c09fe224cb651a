/**
 * Programs without any privilege, for what must work without.
 *
 * @module
 */

/** The user that root becomes for it. */
export const NOBODY = 65534;

/**
 * What to put before argv: a user without any capability. Root becomes nobody, with root's cache of
 * compiled libraries; another user is one already.
 */
export const POWERLESS: readonly string[] = Deno.uid() === 0
  ? [
    ...["setpriv", `--reuid=${NOBODY}`, `--regid=${NOBODY}`, "--clear-groups"],
    ...["--bounding-set=-all", "--inh-caps=-all", "env", "NUSE_CACHE=/var/cache/nuse"],
  ]
  : [];

/** Gives a folder to that user. */
export function giveToNobody(folder: string): void {
  if (Deno.uid() === 0) Deno.chownSync(folder, NOBODY, NOBODY);
}
