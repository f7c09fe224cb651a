/**
 * /dev/netmap for a test, without the module: starts the simulator in a network namespace, with a
 * mount namespace of its own in which /dev has one file more. Both go when it and the nuse inside
 * have ended; the machine's /dev is never touched.
 *
 * @module
 */
import { must, type Netns, type Running } from "../netns.ts";
import type { ModuleOptions } from "./sim_module.ts";

const SIMULATOR = `${import.meta.dirname}/simulator.ts`;
const LIMIT_SEC = 180;

/** /dev, with `netmap` on top; descriptor 3 is the other end of the file behind it. */
const SCRIPT = `
set -e
mkdir "$1/fuse" "$1/top" "$1/dev"
exec 3<>/dev/fuse
mount -i -t fuse -o fd=3,rootmode=40755,user_id=0,group_id=0,allow_other nuse-netmap "$1/fuse"
ln -s "$1/fuse/netmap" "$1/top/netmap"
mount -t overlay -o "lowerdir=$1/top:/dev" overlay "$1/dev"
for name in pts shm; do mount --bind "/dev/$name" "$1/dev/$name"; done
mount --rbind "$1/dev" /dev
echo $$ >"$1/pid"
shift
exec "$@"
`;

/**
 * Whether the tests are to run over this machine's own module (`deno task test:netmap`). The name
 * begins with no NUSE: nuse would say that it does not know it.
 */
export const HAS_MODULE: boolean = Deno.env.get("TEST_VIF") === "NETMAP";

/** Needs FUSE passthrough, and root. */
export const canSimulateNetmap: boolean = (() => {
  try {
    Deno.statSync("/dev/fuse");
    const [major, minor] = Deno.osRelease().split(".").map(Number);
    return Deno.uid() === 0 && (major > 6 || (major === 6 && minor >= 9));
  } catch {
    return false;
  }
})();

/** What gives `ns` a /dev/netmap; null: it has the machine's. */
export async function provideNetmap(
  ns: Netns,
  options: Partial<ModuleOptions> = {},
): Promise<NetmapLab | null> {
  return HAS_MODULE ? null : await NetmapLab.create(ns, options);
}

export class NetmapLab {
  private constructor(
    readonly folder: string,
    readonly simulator: Running,
    readonly pid: number,
  ) {}

  /** The simulator sees the interfaces of `ns`. */
  static async create(ns: Netns, options: Partial<ModuleOptions> = {}): Promise<NetmapLab> {
    const folder = await Deno.makeTempDir({ prefix: "nuse-netmap-" });
    await must(["mkfifo", `${folder}/orders`]);
    const program = [Deno.execPath(), "run", "-A", "--no-check", "--quiet", SIMULATOR];
    const simulator = ns.start(
      ["sh", "-c", SCRIPT, "sh", folder, ...program, JSON.stringify(options), `${folder}/orders`],
      { limitSec: LIMIT_SEC },
    );
    await simulator.waitFor("ready");
    const pid = Number(await Deno.readTextFile(`${folder}/pid`));
    return new NetmapLab(folder, simulator, pid);
  }

  /** The first words of a command that sees /dev/netmap. */
  get enter(): string[] {
    const script = `exec nsenter -t ${this.pid} -m env -C "$PWD" "$@"`;
    return ["sh", "-c", script, "nsenter"];
  }

  /** `gone`, `sync ERRNO` */
  async order(line: string): Promise<void> {
    await Deno.writeTextFile(`${this.folder}/orders`, `${line}\n`);
  }

  async close(): Promise<void> {
    this.simulator.kill();
    await this.simulator.done;
    await Deno.remove(this.folder, { recursive: true });
  }
}
