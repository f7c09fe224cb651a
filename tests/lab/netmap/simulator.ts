/**
 * The simulated netmap module as a process: the file behind /dev/netmap, the memory, the frames.
 *
 *     nuse ── open, ioctl, epoll, close ──► /dev/fuse (descriptor 3) ──► here ── packet sockets
 *       └──── mmap ─────────────────────── the same pages ──────────────┘
 *
 * Arguments: options as JSON, and a named pipe for orders (`gone`, `sync ERRNO`). Says
 * when it is ready.
 *
 * @module
 */
import { dirname, join } from "@std/path";
import { EPOLL_EVENT, EPOLLET, EPOLLIN } from "../../../ffi/abi/epoll.ts";
import { O_NONBLOCK, O_RDWR } from "../../../ffi/abi/file.ts";
import { Arena, PAGE_LEN } from "../../../ffi/arena.ts";
import { Epoll } from "../../../ffi/epoll.ts";
import { check } from "../../../ffi/errno.ts";
import { cString, libc } from "../../../ffi/libc.ts";
import { FuseFile } from "./fuse.ts";
import { type ModuleHost, type ModuleOptions, SimModule } from "./sim_module.ts";

const FUSE_FD = 3;
const EVENTS = 16;
/** In the flags of /proc/PID/stat. */
const PF_EXITING = 4;
const ORDERS_LEN = 256;

function rootQdisc(name: string): string {
  const show = new Deno.Command("tc", { args: ["qdisc", "show", "dev", name], stderr: "null" });
  return new TextDecoder().decode(show.outputSync().stdout).split(" ")[1];
}

function replaceQdisc(name: string, kind: string): void {
  const args = ["qdisc", "replace", "dev", name, "root", kind];
  new Deno.Command("tc", { args, stderr: "null" }).outputSync();
}

class Simulator implements ModuleHost {
  readonly #sys = libc();
  readonly #arena = Arena.map(2 * PAGE_LEN);
  readonly #epoll = new Epoll(this.#arena, 0, EVENTS);
  readonly #readers = new Map<number, () => void>();
  readonly #module: SimModule;
  readonly #file: FuseFile;
  readonly #inUsePath: string;
  #isMounted = true;

  constructor(options: Partial<ModuleOptions>, ordersPath: string) {
    this.#module = new SimModule(options, this);
    this.#inUsePath = join(dirname(ordersPath), "netmap");
    const { fd, lenBytes } = this.#module.memory;
    this.#file = new FuseFile(FUSE_FD, "netmap", fd, lenBytes, this.#module);
    // Not edge-triggered: one request is read at a time.
    this.#add(FUSE_FD, EPOLLIN, () => this.#isMounted = this.#file.serve());
    const orders = this.#sys.open(cString(ordersPath), O_RDWR | O_NONBLOCK, 0);
    check(orders, "open", `cannot open ${ordersPath}`);
    this.#add(orders, EPOLLIN, () => this.#obey(orders));
  }

  run(): void {
    while (this.#isMounted) {
      const n = this.#epoll.wait(Infinity);
      for (let i = 0; i < n; i++) this.#readers.get(this.#epoll.token(i))?.();
    }
  }

  #add(fd: number, events: number, onReadable: () => void): void {
    this.#readers.set(fd, onReadable);
    check(this.#epoll.add(fd, events, fd, 0), "epoll_ctl", "cannot watch a descriptor");
  }

  #obey(orders: number): void {
    const n = this.#sys.read(orders, this.#arena.base, PAGE_LEN, ORDERS_LEN);
    if (n <= 0) return;
    const text = new TextDecoder().decode(this.#arena.u8.subarray(PAGE_LEN, PAGE_LEN + n));
    for (const line of text.split("\n")) {
      const [word, value] = line.split(" ");
      if (word === "gone") this.#module.removeAll();
      if (word === "sync") this.#module.syncError = Number(value);
    }
  }

  watch(fd: number, onReadable: () => void): void {
    this.#add(fd, EPOLLIN + EPOLLET, onReadable);
  }

  unwatch(fd: number): void {
    this.#readers.delete(fd);
    this.#epoll.remove(fd);
  }

  wake(handle: number): void {
    this.#file.wake(handle);
  }

  /**
   * FUSE tells us of a close some time afterwards. Until we have heard of it netmap shows as in use
   * (io/devices/netmap/qdisc.ts looks for that): by a file of that name, which we hold open.
   */
  takeQdisc(name: string): (isLost: boolean) => void {
    const inUse = Deno.openSync(this.#inUsePath, { write: true, create: true });
    replaceQdisc(name, "bfifo");
    return (isLost) => {
      if (!isLost && rootQdisc(name) === "bfifo") replaceQdisc(name, "pfifo");
      inUse.close();
    };
  }

  isEnding(tid: number, owner: number): boolean {
    if (!isThere(`/proc/${owner}`)) return true;
    // A child that closes at its exec cannot be asked: the kernel waits until we have answered
    if (!isThere(`/proc/${owner}/task/${tid}`)) return false;
    const flags = Deno.readTextFileSync(`/proc/${tid}/stat`).split(") ")[1].split(" ")[6];
    return (Number(flags) & PF_EXITING) !== 0;
  }

  readMemory(pid: number, address: bigint, into: Uint8Array): void {
    using memory = openMemory(pid, address);
    memory.readSync(into);
  }

  writeMemory(pid: number, address: bigint, bytes: Uint8Array): void {
    using memory = openMemory(pid, address);
    memory.writeSync(bytes);
  }
}

function isThere(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}

function openMemory(pid: number, address: bigint): Deno.FsFile {
  const memory = Deno.openSync(`/proc/${pid}/mem`, { read: true, write: true });
  memory.seekSync(address, Deno.SeekMode.Start);
  return memory;
}

if (import.meta.main) {
  if (EVENTS * EPOLL_EVENT.LEN > PAGE_LEN) throw new Error("too many events for their page");
  const simulator = new Simulator(JSON.parse(Deno.args[0]), Deno.args[1]);
  console.log("ready");
  simulator.run();
}
