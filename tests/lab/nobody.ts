/**
 * Programs without any privilege, for what must work without.
 *
 * The checkout and Deno may be where only root can go (root's home, on a fresh machine): the user
 * sees them at a place of his own, in a mount namespace.
 *
 * @module
 */

/** The user that root becomes for it. */
export const NOBODY = 65534;

const ROOT = `${import.meta.dirname}/../..`;
const IS_ROOT = Deno.uid() === 0;
const OPEN = "/mnt";

/** The checkout, and Deno, as the user sees them. */
export const OPEN_ROOT: string = IS_ROOT ? `${OPEN}/nuse` : ROOT;
export const OPEN_DENO: string = IS_ROOT ? `${OPEN}/deno` : Deno.execPath();

const SHOW = [
  `mount -t tmpfs -o mode=755 none ${OPEN}`,
  `mkdir ${OPEN_ROOT} && touch ${OPEN_DENO}`,
  `mount --bind "$1" ${OPEN_ROOT} && mount --bind "$2" ${OPEN_DENO}`,
  'cd / && shift 2 && exec "$@"',
].join(" && ");

/**
 * What to put before argv: a user without any capability. Root becomes nobody, with root's cache of
 * compiled libraries; another user is one already.
 */
export const POWERLESS: readonly string[] = IS_ROOT
  ? [
    ...["unshare", "-m", "sh", "-c", SHOW, "sh", ROOT, Deno.execPath()],
    ...["setpriv", `--reuid=${NOBODY}`, `--regid=${NOBODY}`, "--clear-groups"],
    ...["--bounding-set=-all", "--inh-caps=-all"],
    ...["env", `NUSE_CACHE=${Deno.env.get("NUSE_CACHE") ?? "/var/cache/nuse"}`],
    `PATH=${OPEN}:${Deno.env.get("PATH") ?? "/usr/bin:/bin"}`,
  ]
  : [];

/** Gives a folder to that user. */
export function giveToNobody(folder: string): void {
  if (IS_ROOT) Deno.chownSync(folder, NOBODY, NOBODY);
}
