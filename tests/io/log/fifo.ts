/**
 * A pipe with both ends in this process, to see what a log writes and how it bears a reader that
 * does not read.
 *
 * @module
 */
import { O_CLOEXEC, O_NONBLOCK, O_RDONLY, O_WRONLY } from "../../../ffi/abi/file.ts";
import { check } from "../../../ffi/errno.ts";
import { cString, libc } from "../../../ffi/libc.ts";

export class Fifo {
  readonly readFd: number;
  readonly writeFd: number;
  readonly #dir = Deno.makeTempDirSync({ prefix: "nuse-fifo-" });
  readonly #reader: Deno.FsFile;

  constructor() {
    const path = `${this.#dir}/fifo`;
    new Deno.Command("mkfifo", { args: [path] }).outputSync();
    const { open } = libc();
    this.readFd = check(open(cString(path), O_RDONLY | O_NONBLOCK | O_CLOEXEC, 0), "open", path);
    this.writeFd = check(open(cString(path), O_WRONLY | O_CLOEXEC, 0), "open", path);
    this.#reader = Deno.openSync(`/proc/self/fd/${this.readFd}`);
  }

  /** What has been written and not read yet, at most one pipe full. */
  read(): string {
    const buffer = new Uint8Array(1 << 17);
    return new TextDecoder().decode(buffer.subarray(0, this.#reader.readSync(buffer) ?? 0));
  }

  closeReader(): void {
    libc().close(this.readFd);
    this.#reader.close();
  }

  close(): void {
    libc().close(this.writeFd);
    Deno.removeSync(this.#dir, { recursive: true });
  }
}
