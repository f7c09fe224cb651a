/**
 * The way by which the second door (io/app/door) comes from the program to the stack's thread: one
 * end of a socket each.
 *
 * @module
 */
import { closeFd, doorSockets } from "../ffi/child.ts";
import { NUSE_NETWORK_FOLDER } from "../ffi/shim/protocol.ts";

export class Doorway {
  /** For the stack's thread, which closes it. */
  readonly stackFd: number;
  #programFd: number;

  private constructor(stackFd: number, programFd: number) {
    this.stackFd = stackFd;
    this.#programFd = programFd;
  }

  /** null: there can be no door. */
  static make(): Doorway | null {
    const made = doorSockets();
    return typeof made === "number" ? null : new Doorway(...made);
  }

  /** For the launch; -1: closed. */
  get programFd(): number {
    return this.#programFd;
  }

  /** The program has started, or will not. */
  close(): void {
    if (this.#programFd >= 0) closeFd(this.#programFd);
    this.#programFd = -1;
  }
}

/** Makes, in the folder of the run, the link that shows the program the stack's /proc/net. */
export function linkNetwork(runDir: string): string {
  const link = `${runDir}/net`;
  Deno.symlinkSync(NUSE_NETWORK_FOLDER, link);
  return link;
}
