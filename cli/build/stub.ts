/**
 * The self-extracting form of dist/nuse: a POSIX shell script, then a gzip'ed tar of Deno's
 * runtime, the bundles and the libraries. It needs what every Debian has: sh, tar, gzip, tail, tr,
 * mkdir, mv, rm, ls.
 *
 * It unpacks into `<cache>/app-<hash of the payload>`, under a name of its own that is renamed when
 * complete, so that two first starts at once do no harm. The cache is chosen and distrusted by the
 * rules of ffi/build_native.ts: what is in it gets executed.
 *
 * @module
 */

const MARK = /^# ---- from here .*\n([^]*?)^# ----$/m;

/** The part of the launcher that hands environment and limits over; the same for both. */
export function handover(launcher: string): string {
  const part = launcher.match(MARK)?.[1];
  if (part === undefined) throw new Error("the launcher has no marked part");
  return part;
}

/** How the launcher wants V8 to be, as an option of `deno run` and `deno compile`. */
export function v8Option(launcher: string): string {
  const option = launcher.match(/^nuse_v8=(--v8-flags=\S+)$/m)?.[1];
  if (option === undefined) throw new Error("the launcher does not set nuse_v8");
  return option;
}

/** The script. `offset` is where the payload starts, counted from 1 as tail(1) does. */
function script(hash: string, version: string, handoverPart: string, offset: string): string {
  return `#!/bin/sh
# nuse ${version}, self-extracting; made by \`deno task build\`. See --help.
set -u

fail() {
  echo "nuse: $*" >&2
  exit 2
}

nuse_path=\${PATH-}:/usr/bin:/bin
nuse_uid=$(PATH=$nuse_path id -u)
if [ -n "\${NUSE_CACHE-}" ]; then nuse_cache=$NUSE_CACHE
elif [ "$nuse_uid" = 0 ]; then nuse_cache=/var/cache/nuse
elif [ -n "\${XDG_CACHE_HOME-}" ]; then nuse_cache=$XDG_CACHE_HOME/nuse
elif [ -n "\${HOME-}" ]; then nuse_cache=$HOME/.cache/nuse
else nuse_cache=/tmp/nuse-cache-$nuse_uid
fi
nuse_app=$nuse_cache/app-${hash}

unpack() {
  PATH=$nuse_path
  umask 022
  mkdir -p "$nuse_cache" && new=$nuse_app.$$ && mkdir "$new" || return 1
  tail -c +${offset} "$nuse_self" | gzip -dc | tar -xof - -C "$new" && mv -T "$new" "$nuse_app"
  rm -rf "$new"
  [ -x "$nuse_app/deno" ]
}

nuse_self=$0
if [ ! -x "$nuse_app/deno" ]; then
  nuse_log=$(unpack 2>&1) ||
    fail "cannot unpack into $nuse_cache: $nuse_log (set NUSE_CACHE to a folder with 150 MB)"
fi
[ -O "$nuse_cache" ] || [ "$nuse_uid" = 0 ] ||
  fail "$nuse_cache belongs to another user (set NUSE_CACHE to a folder of your own)"
case $(PATH=$nuse_path ls -ld "$nuse_cache") in
d????w* | d???????w*)
  fail "others can write $nuse_cache (set NUSE_CACHE to a folder of your own)"
  ;;
esac

${handoverPart}
export DENO_DIR="$nuse_app/cache" # of this Deno only, for its code cache
exec "$nuse_app/deno" run --quiet --allow-all "$nuse_v8" --no-config --no-lock \\
  --cached-only "$nuse_app/main.js" "$@"
exit 126
`;
}

async function run(command: string, args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(command, { args, stderr: "piped" }).output();
  if (!success) throw new Error(`${command}: ${new TextDecoder().decode(stderr).trim()}`);
}

async function hashOf(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return [...digest.subarray(0, 16)].map((b) => b.toString(16).padStart(2, "0")).join("");
}

/** Offsets have this many digits, so that the script's length does not depend on them. */
const OFFSET_DIGITS = 8;

/** The whole file: script and payload. */
export async function selfExtracting(
  payload: Uint8Array<ArrayBuffer>,
  launcher: string,
  version: string,
): Promise<Uint8Array<ArrayBuffer>> {
  const hash = await hashOf(payload);
  const encode = (offset: number) =>
    new TextEncoder().encode(
      script(hash, version, handover(launcher), String(offset).padStart(OFFSET_DIGITS, "0")),
    );
  const head = encode(encode(0).length + 1);
  const file = new Uint8Array(head.length + payload.length);
  file.set(head);
  file.set(payload, head.length);
  return file;
}

/** Joins what is in `dir`, and the Deno that runs this, to `out`. */
export async function makeSelfExtracting(
  dir: string,
  launcherPath: string,
  out: string,
  version: string,
): Promise<void> {
  await Deno.copyFile(Deno.execPath(), `${dir}/deno`);
  await Deno.chmod(`${dir}/deno`, 0o755);
  await Deno.mkdir(`${dir}/cache`);
  await Deno.chmod(dir, 0o755); // a program that dropped its rights still loads the shim
  const tar = `${dir}.tar`;
  try {
    // Nothing of this machine in the archive: the same sources give the same hash.
    const same = ["--sort=name", "--owner=0", "--group=0", "--numeric-owner", "--mtime=@0"];
    await run("tar", [...same, "-cf", tar, "-C", dir, "."]);
    await run("gzip", ["-9", "-n", "-f", tar]);
    const payload = await Deno.readFile(`${tar}.gz`);
    const file = await selfExtracting(payload, await Deno.readTextFile(launcherPath), version);
    await Deno.writeFile(out, file);
    await Deno.chmod(out, 0o755);
  } finally {
    await Deno.remove(`${tar}.gz`).catch(() => {});
  }
}
