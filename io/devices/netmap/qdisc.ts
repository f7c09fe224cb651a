/**
 * The qdisc of an interface, left as it was found. netmap's generic mode puts one of its own in its
 * place, and a plain pfifo (mq, with several queues) when it lets the interface go.
 *
 * That is after nuse's end, which may be by SIGKILL: a shell that has nothing but the end of our
 * pipe outlives nuse, waits until netmap has done so, and takes the pfifo off; the kernel then makes
 * its default. A qdisc that somebody has set up is lost in netmap's hands.
 *
 * @module
 */

const PATH = "/usr/sbin:/sbin:/usr/bin:/bin";
/** netmap's own. */
const NETMAP_QDISC = "netmapemu";

/** $1: the interface. Ten seconds at most. */
const SCRIPT = `
while read -r line; do :; done
tries=0
while [ $tries -lt 50 ]; do
  case $(tc qdisc show dev "$1") in
  "") exit ;;
  *${NETMAP_QDISC}*) ;;
  "qdisc pfifo "* | "qdisc mq "*) exec tc qdisc del dev "$1" root ;;
  esac
  tries=$((tries + 1))
  sleep 0.2
done`;

/** Their pipes close with us, however we end; a collected one would close at once. */
const keepers: Deno.ChildProcess[] = [];

/** What an interface has at its root, as `tc` shows it: "qdisc KIND HANDLE: root …". */
export function rootQdisc(shown: string): { kind: string; isDefault: boolean } | null {
  const root = shown.match(/^qdisc (\S+) ([0-9a-f]+): root\b/m);
  if (root === null) return null;
  // The kernel's default has no handle; netmap's own is there for another who uses netmap
  return { kind: root[1], isDefault: root[2] === "0" || shown.includes(NETMAP_QDISC) };
}

/**
 * To be called before netmap has the interface. Returns what the person should know; null: it will
 * be as it was.
 */
export function keepQdisc(name: string): string | null {
  try {
    const { stdout } = new Deno.Command("tc", {
      args: ["qdisc", "show", "dev", name],
      env: { PATH },
      stderr: "null",
    }).outputSync();
    const root = rootQdisc(new TextDecoder().decode(stdout));
    if (root === null) return null;
    if (!root.isDefault) return `netmap's generic mode replaces the qdisc ${root.kind} of ${name}`;
    const keeper = new Deno.Command("sh", {
      args: ["-c", SCRIPT, "nuse-qdisc", name],
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
  } catch {
    return `netmap's generic mode leaves ${name} with the qdisc pfifo (no tc here to undo that)`;
  }
}
