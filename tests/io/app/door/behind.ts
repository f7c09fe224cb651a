/**
 * A program that no shim reaches, started behind the second door of a World, which serves it in the
 * test's own process.
 *
 * @module
 */
import { doorSockets, launch } from "../../../../ffi/child.ts";
import { World, type WorldOptions } from "../world.ts";

const SOURCE = new URL("./behind.c", import.meta.url).pathname;
/** Puts a process behind a door: CAP_SYS_ADMIN. */
export const canHaveDoor: boolean = Deno.uid() === 0;

/** Compiles behind.c in `dir`: the program's path. */
export async function compileBehind(dir: string, compiler = ["cc", "-static"]): Promise<string> {
  const [command, ...flags] = compiler;
  const path = `${dir}/behind`;
  const args = [...flags, "-O1", "-Wall", "-Wextra", "-o", path, SOURCE];
  const { success, stderr } = await new Deno.Command(command, { args, stderr: "piped" }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  return path;
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
