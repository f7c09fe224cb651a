/**
 * /proc/net/unix: the kernel's list of the programs' unix sockets, without those that are ends of
 * nuse's pairs: lsof would take these for unix sockets, which come first there.
 *
 * @module
 */
import type { AppContext } from "../endpoint/app_context.ts";

const PIECE_LEN = 1 << 14;
/** Of a line: behind a socket's address in the kernel, count, protocol, flags, type and state. */
const INODE_COLUMN = 6;

export class UnixSockets {
  readonly #app: AppContext;
  #fd = -1;

  constructor(app: AppContext) {
    this.#app = app;
  }

  /** `fd`: the kernel's list, open; closed with this. */
  take(fd: number): void {
    this.close();
    this.#fd = fd;
  }

  close(): void {
    if (this.#fd >= 0) this.#app.sys.close(this.#fd);
    this.#fd = -1;
  }

  text(): string {
    const inodes = new Set<number>();
    for (const { programInode } of this.#app.endpoints.values()) inodes.add(programInode);
    return withoutInodes(this.#read(), inodes);
  }

  #read(): string {
    const { base, memory, scratchOff, sys } = this.#app;
    const decoder = new TextDecoder();
    let text = "";
    if (this.#fd < 0 || sys.rewind(this.#fd) < 0) return text;
    for (;;) {
      const n = sys.read(this.#fd, base, scratchOff, PIECE_LEN);
      if (n <= 0) return text;
      text += decoder.decode(memory.u8.slice(scratchOff, scratchOff + n), { stream: true });
    }
  }
}

/** The lines of `text` whose inode is none of these. */
export function withoutInodes(text: string, inodes: ReadonlySet<number>): string {
  return text.split("\n")
    .filter((line) => !inodes.has(Number(line.trim().split(/\s+/)[INODE_COLUMN] ?? Number.NaN)))
    .join("\n");
}
