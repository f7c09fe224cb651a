/**
 * The memory of simulated ports: a file without a name that another process can map, and the same
 * bytes here.
 *
 * @module
 */
import { O_CLOEXEC, O_RDWR } from "../../../ffi/abi/file.ts";
import { Arena, PAGE_LEN } from "../../../ffi/arena.ts";
import { check } from "../../../ffi/errno.ts";
import { cString, libc } from "../../../ffi/libc.ts";

export class SimMemory {
  readonly fd: number;
  readonly lenBytes: number;
  readonly arena: Arena;

  constructor(lenBytes: number) {
    this.lenBytes = wholePages(lenBytes);
    this.fd = makeFile(this.lenBytes);
    this.arena = Arena.map(2 ** Math.ceil(Math.log2(this.lenBytes)));
    const mapped = libc().mapShared(this.fd, this.arena.base, 0, this.lenBytes);
    check(mapped, "mmap", "cannot map the simulator's memory");
  }

  close(): void {
    libc().close(this.fd);
  }
}

export function wholePages(n: number): number {
  return Math.ceil(n / PAGE_LEN) * PAGE_LEN;
}

function makeFile(lenBytes: number): number {
  const path = Deno.makeTempFileSync({ dir: "/dev/shm", prefix: "nuse-netmap-" });
  try {
    Deno.truncateSync(path, lenBytes);
    return check(libc().open(cString(path), O_RDWR | O_CLOEXEC, 0), "open", `cannot open ${path}`);
  } finally {
    Deno.removeSync(path);
  }
}
