/**
 * A program that no shim reaches, started behind the second door of a World, which serves it in the
 * test's own process.
 *
 * @module
 */
import { doorSockets, launch } from "../../../../ffi/child.ts";
import { World, type WorldOptions } from "../world.ts";

const SOURCES = ["behind.c", "behind_messages.c", "behind_netlink.c", "behind_options.c"]
  .map((name) => new URL(name, import.meta.url).pathname);
/** Puts a process behind a door: CAP_SYS_ADMIN. */
export const canHaveDoor: boolean = Deno.uid() === 0;

/** Compiles behind.c and its cases in `dir`: the program's path. */
export async function compileBehind(dir: string, compiler = ["cc", "-static"]): Promise<string> {
  const [command, ...flags] = compiler;
  const path = `${dir}/behind`;
  const args = [...flags, "-O1", "-Wall", "-Wextra", "-o", path, ...SOURCES];
  const { success, stderr } = await new Deno.Command(command, { args, stderr: "piped" }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  return path;
}

let compiled: Promise<string> | null = null;

/** As compileBehind, once for a file of tests. */
export function compileOnce(): Promise<string> {
  if (compiled !== null) return compiled;
  const dir = Deno.makeTempDirSync();
  addEventListener("unload", () => Deno.removeSync(dir, { recursive: true }));
  return compiled = compileBehind(dir);
}

/** What the program says in a case, line by line, until it has ended. */
type Run = (which: string) => string[];

export const LOOPBACK = "127.0.0.1";
export const PORT = 7000;

/** A test with the program behind the door of a world. */
export function behind(name: string, body: (world: DoorWorld, run: Run) => void): void {
  Deno.test({
    name: `door: ${name}${canHaveDoor ? "" : " (left out: needs root)"}`,
    ignore: !canHaveDoor,
    async fn() {
      const program = await compileOnce();
      const dir = await Deno.makeTempDir();
      try {
        using world = DoorWorld.make();
        body(world, (which) => {
          const output = `${dir}/${which}`;
          return world.run([program, which, output, LOOPBACK, String(PORT)], output);
        });
      } finally {
        await Deno.remove(dir, { recursive: true });
      }
    },
  });
}

export class DoorWorld extends World {
  readonly #door: number;

  private constructor(doorFd: number, programFd: number, options: WorldOptions) {
    super({ ...options, doorFd });
    this.#door = programFd;
  }

  static make(options: WorldOptions = {}): DoorWorld {
    const made = doorSockets();
    if (typeof made === "number") throw new Error(`no sockets: ${made}`);
    return new DoorWorld(...made, options);
  }

  /** Runs `argv` to its "end": what it has written to `output`. */
  run(argv: readonly string[], output: string): string[] {
    const { pid, doorErrno } = launch({
      path: argv[0],
      argv,
      env: {},
      softFiles: 0,
      ignoresSigpipe: false,
      door: { fd: this.#door, isNeeded: true },
    });
    if (pid < 0) throw new Error(`cannot start: ${pid}, ${doorErrno}`);
    return this.until("the program's end", () => {
      const lines = textOf(output).split("\n");
      return lines.includes("end") ? lines.slice(0, lines.indexOf("end")) : null;
    });
  }
}

function textOf(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return "";
  }
}
