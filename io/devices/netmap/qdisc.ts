/**
 * The qdisc of an interface, left as it was found. netmap's generic mode puts one of its own in its
 * place, and a plain pfifo (mq, with several queues) when it lets the interface go. When its user
 * was killed in a network namespace it does not find the interface any more, and its own stays.
 *
 * All that is after nuse's end: a shell that has nothing but the end of our pipe outlives nuse,
 * waits for it, and takes off what netmap has left; the kernel then makes its default. A qdisc that
 * somebody has set up is lost in netmap's hands.
 *
 * @module
 */

const PATH = "/usr/sbin:/sbin:/usr/bin:/bin";

/**
 * $1: the interface, $2: the kind of netmap's qdisc. That one is taken off when nobody uses netmap,
 * twice in a row. Ten seconds at most. No exec: who still sees this process knows that the qdisc is
 * not yet as it will be.
 */
const SCRIPT = `
while read -r line; do :; done
tries=0
idle=0
while :; do
  shown=$(tc qdisc show dev "$1") || exit
  case $shown in
  "") exit ;;
  "qdisc $2 "*)
    idle=$((idle + 1))
    if ls -l /proc/[0-9]*/fd 2>/dev/null | grep -q "/netmap$"; then idle=0; fi
    [ $idle -lt 2 ] || break
    ;;
  "qdisc pfifo "*) break ;;
  *) exit ;;
  esac
  tries=$((tries + 1))
  [ $tries -lt 50 ] || exit
  sleep 0.2
done
tc qdisc del dev "$1" root
exit`;

/** Its $0, by which `isKept` knows it. */
const KEEPER = "nuse-qdisc";

const WAIT_MS = 50;
const WAITS_MAX = 40;
const NEVER = new Int32Array(new SharedArrayBuffer(4));

/** Their pipes close with us, however we end; a collected one would close at once. */
const keepers: Deno.ChildProcess[] = [];

export interface RootQdisc {
  readonly kind: string;
  readonly isDefault: boolean;
}

/** What `tc` shows at the root: "qdisc KIND HANDLE: root …"; the kernel's default has no handle. */
export function rootQdisc(shown: string): RootQdisc | null {
  const root = shown.match(/^qdisc (\S+) ([0-9a-f]+): root\b/m);
  return root === null ? null : { kind: root[1], isDefault: root[2] === "0" };
}

/** null: there is no `tc`, or it says nothing. */
export function readQdisc(name: string): RootQdisc | null {
  try {
    const args = ["qdisc", "show", "dev", name];
    const tc = new Deno.Command("tc", { args, env: { PATH }, stderr: "null" });
    return rootQdisc(new TextDecoder().decode(tc.outputSync().stdout));
  } catch {
    return null;
  }
}

/**
 * The qdisc that is there before netmap has the interface. An earlier nuse may have ended a moment
 * ago: what its keeper is about to undo is not it. Waits for that, two seconds at most.
 */
export function qdiscBefore(name: string): RootQdisc | null {
  for (let i = 0; i < WAITS_MAX; i++) {
    const found = readQdisc(name);
    if (found === null || found.isDefault) return found;
    // its keeper may have undone it between the two looks
    if (!isKept(name)) return readQdisc(name);
    Atomics.wait(NEVER, 0, 0, WAIT_MS);
  }
  return readQdisc(name);
}

function isKept(name: string): boolean {
  for (const { name: pid } of Deno.readDirSync("/proc")) {
    if (!/^\d+$/.test(pid)) continue;
    try {
      if (Deno.readTextFileSync(`/proc/${pid}/cmdline`).includes(`\0${KEEPER}\0${name}\0`)) {
        return true;
      }
    } catch {
      // it has ended
    }
  }
  return false;
}

/**
 * For when netmap has the interface. `found`: its qdisc before that. Returns what the person should
 * know; null: it will be as it was.
 */
export function keepQdisc(name: string, found: RootQdisc | null): string | null {
  const netmaps = readQdisc(name);
  if (netmaps === null || found === null) {
    return `netmap's generic mode leaves ${name} with the qdisc pfifo (no tc here to undo that)`;
  }
  if (netmaps.isDefault) return null;
  if (!found.isDefault && found.kind !== netmaps.kind) {
    return `netmap's generic mode replaces the qdisc ${found.kind} of ${name}`;
  }
  const keeper = new Deno.Command("sh", {
    args: ["-c", SCRIPT, KEEPER, name, netmaps.kind],
    clearEnv: true,
    env: { PATH },
    cwd: "/",
    stdin: "piped",
    stdout: "null",
    stderr: "null",
    detached: true,
  }).spawn();
  keeper.unref();
  keepers.push(keeper);
  return null;
}
