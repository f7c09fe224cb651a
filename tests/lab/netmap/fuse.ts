/**
 * A file that behaves like a device: a file system with one file in it, served through /dev/fuse.
 * Whoever opens the file has a descriptor of the kernel's own, on which open, ioctl, poll, epoll
 * and close are the real calls, answered here; mmap maps the backing file's pages, shared with us
 * (FUSE passthrough, Linux 6.9).
 *
 * An open descriptor is known by its handle. The kernel's /dev/fuse does the waiting: we answer one
 * request at a time, at once.
 *
 * @module
 */
import { Arena } from "../../../ffi/arena.ts";
import { check, EAGAIN, EINTR, EIO, ENODEV, ENOENT, ENOSYS } from "../../../ffi/errno.ts";
import { type Libc, libc } from "../../../ffi/libc.ts";
import {
  FUSE,
  FUSE_ATTR,
  FUSE_ATTR_OUT,
  FUSE_ENTRY,
  FUSE_IN,
  FUSE_INIT_IN,
  FUSE_INIT_OUT,
  FUSE_OPEN_OUT,
  FUSE_OUT,
  FUSE_ROOT_ID,
  FUSE_VERSION,
} from "../../../ffi/abi/fuse.ts";
import {
  FOPEN_PASSTHROUGH,
  FUSE_BACKING_ID_OFF,
  FUSE_BACKING_MAP,
  FUSE_DEV_IOC_BACKING_OPEN,
  FUSE_INIT_EXT,
  FUSE_IOCTL,
  FUSE_IOCTL_IN,
  FUSE_IOCTL_OUT,
  FUSE_MAX_STACK_DEPTH_OFF,
  FUSE_NOTIFY_POLL,
  FUSE_NOTIFY_POLL_WAKEUP_OUT_LEN,
  FUSE_PASSTHROUGH,
  FUSE_PASSTHROUGH_MINOR,
  FUSE_POLL,
  FUSE_POLL_IN,
  FUSE_POLL_OUT,
  FUSE_POLL_SCHEDULE_NOTIFY,
} from "./fuse_abi.ts";

/** What the file does. Answers are `n | -errno`; a handle is the descriptor's number here. */
export interface FileServer {
  open(handle: number): number;
  /** `argument`: copied in and out, as long as the request's number says; `address` is where. */
  ioctl(
    handle: number,
    request: number,
    argument: Uint8Array,
    address: bigint,
    pid: number,
  ): number;
  /** Returns POLL* bits. `isWaiting`: the caller sleeps if there are none, until `wake`. */
  poll(handle: number, events: number, isWaiting: boolean): number;
  /** close, by this process. */
  flush(handle: number, pid: number): void;
  /** The last close. */
  release(handle: number): void;
}

const REQUEST_MAX = 1 << 16;
const MAX_WRITE = 4096;
const FILE_ID = 2;
const DIRECTORY_MODE = 0o40755;
const FILE_MODE = 0o100600;
const VALID_SEC = 3600n;

export class FuseFile {
  readonly #sys: Libc = libc();
  readonly #arena = Arena.map(REQUEST_MAX);
  readonly #out = new Uint8Array(MAX_WRITE);
  readonly #reply = new DataView(this.#out.buffer);
  readonly #pollHandles = new Map<number, bigint>();
  #backingId = 0;
  #handles = 0;

  /** `fd`: /dev/fuse, mounted. `name`: the file; `backingFd`: what mmap maps. */
  constructor(
    readonly fd: number,
    readonly name: string,
    readonly backingFd: number,
    readonly sizeBytes: number,
    readonly server: FileServer,
  ) {}

  /** Answers one request. False: the file system is no longer mounted. */
  serve(): boolean {
    const n = this.#sys.read(this.fd, this.#arena.base, 0, REQUEST_MAX);
    if (n === -ENODEV) return false;
    // ENOENT: the request was given up while we read it.
    if (n === -EINTR || n === -EAGAIN || n === -ENOENT) return true;
    check(n, "read", "cannot read /dev/fuse");
    this.#out.fill(0, 0, FUSE_OUT.LEN + FUSE_ENTRY.LEN);
    const answered = this.#answer(this.#arena.dv.getUint32(FUSE_IN.OPCODE, true));
    if (answered !== null) this.#send(answered);
    return true;
  }

  /** Wakes whoever waits in poll for the handle. */
  wake(handle: number): void {
    const kh = this.#pollHandles.get(handle);
    if (kh === undefined) return;
    this.#pollHandles.delete(handle);
    const message = new Uint8Array(FUSE_OUT.LEN + FUSE_NOTIFY_POLL_WAKEUP_OUT_LEN);
    const dv = new DataView(message.buffer);
    dv.setUint32(FUSE_OUT.BYTES, message.length, true);
    dv.setInt32(FUSE_OUT.ERROR, FUSE_NOTIFY_POLL, true);
    dv.setBigUint64(FUSE_OUT.LEN, kh, true);
    // ENOENT: its descriptor has been closed meanwhile.
    this.#sys.write(this.fd, message, message.length);
  }

  /** Length of the body of the answer, -errno, or null: none is expected. */
  #answer(op: number): number | null {
    switch (op) {
      case FUSE.INIT:
        return this.#init();
      case FUSE.LOOKUP:
        return this.#lookUp();
      case FUSE.GETATTR:
        this.#setLong(FUSE_ATTR_OUT.VALID, VALID_SEC);
        this.#attributes(FUSE_ATTR_OUT.ATTR, this.#nodeId());
        return FUSE_ATTR_OUT.LEN;
      case FUSE.OPEN:
        return this.#open();
      case FUSE_IOCTL:
        return this.#ioctl();
      case FUSE_POLL:
        return this.#poll();
      case FUSE.RELEASE: {
        const handle = this.#getLong(0);
        this.#pollHandles.delete(handle);
        this.server.release(handle);
        return 0;
      }
      case FUSE.FLUSH:
        this.server.flush(this.#getLong(0), this.#arena.dv.getUint32(FUSE_IN.PID, true));
        return 0;
      case FUSE.FORGET:
      case FUSE.BATCH_FORGET:
      case FUSE.INTERRUPT:
        return null;
      default:
        return -ENOSYS;
    }
  }

  #init(): number {
    if (this.#getInt(FUSE_INIT_IN.MINOR) < FUSE_PASSTHROUGH_MINOR) return -EIO;
    if ((this.#getInt(FUSE_INIT_IN.FLAGS2) & FUSE_PASSTHROUGH) === 0) return -EIO;
    this.#setInt(FUSE_INIT_OUT.MAJOR, FUSE_VERSION.MAJOR);
    this.#setInt(FUSE_INIT_OUT.MINOR, FUSE_PASSTHROUGH_MINOR);
    this.#setInt(FUSE_INIT_OUT.FLAGS, FUSE_INIT_EXT);
    this.#setInt(FUSE_INIT_OUT.FLAGS2, FUSE_PASSTHROUGH);
    this.#setInt(FUSE_INIT_OUT.MAX_WRITE, MAX_WRITE);
    this.#setInt(FUSE_INIT_OUT.TIME_GRAN, 1);
    this.#setInt(FUSE_MAX_STACK_DEPTH_OFF, 1);
    return FUSE_INIT_OUT.LEN;
  }

  #lookUp(): number {
    const { u8, dv } = this.#arena;
    const end = dv.getUint32(FUSE_IN.BYTES, true) - 1;
    const name = new TextDecoder().decode(u8.subarray(FUSE_IN.LEN, end));
    if (name !== this.name) return -ENOENT;
    this.#setLong(FUSE_ENTRY.NODE, BigInt(FILE_ID));
    this.#setLong(FUSE_ENTRY.ENTRY_VALID, VALID_SEC);
    this.#setLong(FUSE_ENTRY.ATTR_VALID, VALID_SEC);
    this.#attributes(FUSE_ENTRY.ATTR, FILE_ID);
    return FUSE_ENTRY.LEN;
  }

  #open(): number {
    if (this.#backingId === 0) this.#backingId = this.#lend();
    const handle = ++this.#handles;
    const r = this.server.open(handle);
    if (r < 0) return r;
    this.#setLong(FUSE_OPEN_OUT.HANDLE, BigInt(handle));
    this.#setInt(FUSE_OPEN_OUT.FLAGS, FOPEN_PASSTHROUGH);
    this.#setInt(FUSE_BACKING_ID_OFF, this.#backingId);
    return FUSE_OPEN_OUT.LEN;
  }

  #lend(): number {
    const map = new Uint8Array(FUSE_BACKING_MAP.LEN);
    new DataView(map.buffer).setInt32(FUSE_BACKING_MAP.FD, this.backingFd, true);
    const id = this.#sys.ioctl(this.fd, FUSE_DEV_IOC_BACKING_OPEN, map);
    return check(id, "FUSE_DEV_IOC_BACKING_OPEN", "cannot lend the memory to the file");
  }

  #ioctl(): number {
    const outLen = this.#getInt(FUSE_IOCTL_IN.OUT_SIZE);
    const from = FUSE_IN.LEN + FUSE_IOCTL_IN.LEN;
    const argument = this.#arena.u8.subarray(from, from + this.#getInt(FUSE_IOCTL_IN.IN_SIZE));
    const address = this.#arena.dv.getBigUint64(FUSE_IN.LEN + FUSE_IOCTL_IN.ARG, true);
    const pid = this.#arena.dv.getUint32(FUSE_IN.PID, true);
    const request = this.#getInt(FUSE_IOCTL_IN.CMD);
    const handle = this.#getLong(FUSE_IOCTL_IN.FH);
    const r = this.server.ioctl(handle, request, argument, address, pid);
    if (r < 0) return r;
    this.#setInt(FUSE_IOCTL_OUT.RESULT, r);
    this.#out.set(argument.subarray(0, outLen), FUSE_OUT.LEN + FUSE_IOCTL_OUT.LEN);
    return FUSE_IOCTL_OUT.LEN + outLen;
  }

  #poll(): number {
    const handle = this.#getLong(FUSE_POLL_IN.FH);
    const isWaiting = (this.#getInt(FUSE_POLL_IN.FLAGS) & FUSE_POLL_SCHEDULE_NOTIFY) !== 0;
    if (isWaiting) {
      const kh = this.#arena.dv.getBigUint64(FUSE_IN.LEN + FUSE_POLL_IN.KH, true);
      this.#pollHandles.set(handle, kh);
    }
    const revents = this.server.poll(handle, this.#getInt(FUSE_POLL_IN.EVENTS), isWaiting);
    this.#setInt(FUSE_POLL_OUT.REVENTS, revents);
    return FUSE_POLL_OUT.LEN;
  }

  #attributes(at: number, nodeId: number): void {
    const isRoot = nodeId === FUSE_ROOT_ID;
    this.#setLong(at + FUSE_ATTR.INODE, BigInt(nodeId));
    this.#setLong(at + FUSE_ATTR.SIZE, BigInt(isRoot ? 0 : this.sizeBytes));
    this.#setInt(at + FUSE_ATTR.MODE, isRoot ? DIRECTORY_MODE : FILE_MODE);
    this.#setInt(at + FUSE_ATTR.LINKS, 1);
  }

  #send(answered: number): void {
    const len = FUSE_OUT.LEN + Math.max(answered, 0);
    const unique = this.#arena.dv.getBigUint64(FUSE_IN.UNIQUE, true);
    this.#reply.setUint32(FUSE_OUT.BYTES, len, true);
    this.#reply.setInt32(FUSE_OUT.ERROR, Math.min(answered, 0), true);
    this.#reply.setBigUint64(FUSE_OUT.UNIQUE, unique, true);
    // ENOENT: who asked has been killed.
    this.#sys.write(this.fd, this.#out, len);
  }

  #nodeId(): number {
    return Number(this.#arena.dv.getBigUint64(FUSE_IN.NODE, true));
  }

  #getInt(off: number): number {
    return this.#arena.dv.getUint32(FUSE_IN.LEN + off, true);
  }

  #getLong(off: number): number {
    return Number(this.#arena.dv.getBigUint64(FUSE_IN.LEN + off, true));
  }

  #setInt(off: number, value: number): void {
    this.#reply.setUint32(FUSE_OUT.LEN + off, value, true);
  }

  #setLong(off: number, value: bigint): void {
    this.#reply.setBigUint64(FUSE_OUT.LEN + off, value, true);
  }
}
