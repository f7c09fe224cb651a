/**
 * The self-extracting form of dist/nuse: a POSIX shell script, then a gzip'ed tar of Deno's
 * runtime, the bundles and the libraries. It needs what every Debian has: sh, tar, gzip, tail,
 * head, tr, mkdir, mv, rm, ls, id.
 *
 * It unpacks into `<cache>/app-<hash of the payload>`, under a name of its own that is renamed when
 * complete, so that two first starts at once do no harm. The cache is chosen by the rules of
 * ffi/build_native.ts and distrusted by those of ffi/trusted_dir.ts, before anything in it is
 * looked at: what is in it gets executed.
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

/** Chooses the cache, in nuse_cache, and finds out who else could write it. */
const TRUST = `nuse_path=\${PATH-}:/usr/bin:/bin
nuse_uid=$(PATH=$nuse_path id -u)
if [ -n "\${NUSE_CACHE-}" ]; then nuse_cache=$NUSE_CACHE
elif [ "$nuse_uid" = 0 ]; then nuse_cache=/var/cache/nuse
elif [ -n "\${XDG_CACHE_HOME-}" ]; then nuse_cache=$XDG_CACHE_HOME/nuse
elif [ -n "\${HOME-}" ]; then nuse_cache=$HOME/.cache/nuse
else nuse_cache=/tmp/nuse-cache-$nuse_uid
fi

# Who else could change what is in the folder: it and all above it must be ours or root's, and
# writable by nobody else, but for sticky folders above. Prints what is wrong; nothing: all is well.
distrust() {
  PATH=$nuse_path
  cd -P "$nuse_cache" || return
  nuse_dir=$(pwd)
  nuse_first=$nuse_dir
  set -- "$nuse_dir"
  while [ -n "$nuse_dir" ]; do
    nuse_dir=\${nuse_dir%/*}
    set -- "$@" "\${nuse_dir:-/}"
  done
  TIME_STYLE=+- ls -ldn "$@" |
    while read -r nuse_mode nuse_a nuse_owner nuse_b nuse_c nuse_d nuse_dir; do
      [ "$nuse_owner" = 0 ] || [ "$nuse_owner" = "$nuse_uid" ] ||
        { echo "$nuse_dir belongs to another user" && return; }
      case $nuse_mode in
      d????????[tT]*) [ "$nuse_dir" = "$nuse_first" ] || continue ;;
      esac
      case $nuse_mode in
      d????w* | d???????w*) echo "$nuse_dir can be written by others" && return ;;
      esac
    done
}

`;

interface Parts {
  readonly hash: string;
  readonly version: string;
  readonly handoverPart: string;
  /** Of the payload, unpacked. */
  readonly megabytes: number;
  /** Where the payload starts, counted from 1 as tail(1) does. */
  readonly offset: string;
}

/** The script in front of the payload. */
function script({ hash, version, handoverPart, megabytes, offset }: Parts): string {
  return `#!/bin/sh
# nuse ${version}, self-extracting; made by \`deno task build\`. See --help.
set -u

fail() {
  echo "nuse: $*" >&2
  exit 2
}

${TRUST}# Under a name of its own, renamed when complete. Prints what is wrong.
unpack() {
  PATH=$nuse_path LC_ALL=C
  export LC_ALL
  umask 022
  nuse_new=$nuse_app.$$
  mkdir "$nuse_new" || return
  tail -c +${offset} "$nuse_self" | gzip -dc | tar -xof - -C "$nuse_new" &&
    mv -T "$nuse_new" "$nuse_app"
  rm -rf "$nuse_new"
}

nuse_self=$0
nuse_app=$nuse_cache/app-${hash}
nuse_advice="set NUSE_CACHE to a folder of your own"
nuse_log=$(PATH=$nuse_path mkdir -p "$nuse_cache" 2>&1) || fail "$nuse_log ($nuse_advice)"
nuse_log=$(distrust 2>&1)
[ -z "$nuse_log" ] || fail "cannot trust $nuse_cache: $nuse_log ($nuse_advice)"

if [ ! -e "$nuse_app/deno" ]; then
  for nuse_tool in tar gzip tail head; do
    PATH=$nuse_path command -v $nuse_tool >/dev/null ||
      fail "the first start needs $nuse_tool to unpack (apt-get install tar gzip coreutils)"
  done
  nuse_text="nuse: unpacking ${megabytes} MB into $nuse_cache, once"
  if [ -t 2 ]; then printf '\\r\\033[K%s' "$nuse_text" >&2; else echo "$nuse_text" >&2; fi
  nuse_log=$(unpack 2>&1)
  case $nuse_log in
  *"No space left"* | *"Wrote only"*) nuse_log="no space left there" ;;
  *) nuse_log=$(echo "$nuse_log" | PATH=$nuse_path head -n 1) ;;
  esac
  [ ! -t 2 ] || printf '\\r\\033[K' >&2
  [ -e "$nuse_app/deno" ] ||
    fail "cannot unpack into $nuse_cache: \${nuse_log:-this file is damaged} (it takes" \\
      "${megabytes} MB: make room there, or set NUSE_CACHE to another folder of your own)"
fi
[ -x "$nuse_app/deno" ] ||
  fail "cannot execute what is in $nuse_cache: it is mounted noexec ($nuse_advice elsewhere)"

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
  megabytes: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const hash = await hashOf(payload);
  const parts = { hash, version, handoverPart: handover(launcher), megabytes };
  const encode = (offset: number) =>
    new TextEncoder().encode(
      script({ ...parts, offset: String(offset).padStart(OFFSET_DIGITS, "0") }),
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
    const megabytes = Math.round((await Deno.stat(tar)).size / 1e6);
    await run("gzip", ["-9", "-n", "-f", tar]);
    const payload = await Deno.readFile(`${tar}.gz`);
    const launcher = await Deno.readTextFile(launcherPath);
    const file = await selfExtracting(payload, launcher, version, megabytes);
    await Deno.writeFile(out, file);
    await Deno.chmod(out, 0o755);
  } finally {
    await Deno.remove(`${tar}.gz`).catch(() => {});
  }
}
