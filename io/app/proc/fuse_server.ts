/**
 * Serves a tree of text files to the kernel by /dev/fuse, in the stack's loop: so that /proc/net is
 * the stack's for every program, static ones too, at no cost for any other file (fuse(4)).
 *
 *     program: open, read ─► kernel ─► /dev/fuse ─► one request a wake-up ─► answer
 *
 * The text is made when a file is opened and stays as it was until it is closed, as read() takes it
 * piece by piece. Names and what they are never change, so the kernel may remember them; the text
 * is not to be remembered (FOPEN_DIRECT_IO). When nuse ends, the descriptor is closed, and what is
 * asked then fails (ENOTCONN).
 *
 * @module
 */
import { EPOLLERR, EPOLLIN } from "../../../ffi/abi/epoll.ts";
import {
  FOPEN_DIRECT_IO,
  FUSE,
  FUSE_ATOMIC_O_TRUNC,
  FUSE_ATTR,
  FUSE_ATTR_OUT,
  FUSE_DIRENT,
  FUSE_ENTRY,
  FUSE_IN,
  FUSE_INIT_IN,
  FUSE_INIT_OUT,
  FUSE_KSTATFS_LEN,
  FUSE_OPEN_OUT,
  FUSE_OUT,
  FUSE_READ_IN,
  FUSE_RELEASE_IN,
  FUSE_VERSION,
  FUSE_WRITE_IN,
} from "../../../ffi/abi/fuse.ts";
import { EAGAIN, EINTR, EINVAL, ENOENT, ENOSYS, EPERM } from "../../../stack/mod.ts";
import type { Handler } from "../../loop/loop.ts";
import { type AppContext, SCRATCH_LEN } from "../endpoint/app_context.ts";
import { type Folder, NumberedTree, type TextFile, type TreeNode } from "./tree.ts";

const S_IFDIR = 0o040000;
const S_IFREG = 0o100000;
const S_IFLNK = 0o120000;
const READ_ONLY = 0o444;
const WRITABLE = 0o644;
const FOLDER_MODE = 0o555;
const LINK_MODE = 0o777;
const BLOCK_SIZE = 1024;
const MAX_WRITE = 4096;
/** The kernel may remember names and modes for so long. */
const VALID_SECONDS = 86_400n;
/** Those that nobody waits for. */
const UNANSWERED: ReadonlySet<number> = new Set([FUSE.FORGET, FUSE.BATCH_FORGET, FUSE.INTERRUPT]);
/** Nothing is to be done about them. */
const GRANTED: ReadonlySet<number> = new Set([FUSE.FLUSH, FUSE.FSYNC, FUSE.DESTROY]);
/** What is not writable may be opened for writing by who may do everything. */
const WRITE_REFUSED = EPERM;

/** An answer: bytes, or -errno. */
type Answer = Uint8Array | number;

const NOTHING = new Uint8Array(0);

interface Opened {
  readonly bytes: Uint8Array;
  readonly node: TextFile;
}

export class FuseServer implements Handler {
  readonly #app: AppContext;
  readonly #fd: number;
  readonly #makeRoot: () => Folder;
  #made: NumberedTree | null = null;
  readonly #opened = new Map<number, Opened>();
  /** Called when it is mounted nowhere any more, or ends with the service. */
  onClose: () => void = () => {};
  #nextHandle = 1;
  #slot: number;

  /** `fd`: of /dev/fuse, mounted, closed with this; `makeRoot`: called when somebody looks. */
  constructor(app: AppContext, fd: number, makeRoot: () => Folder) {
    this.#app = app;
    this.#fd = fd;
    this.#makeRoot = makeRoot;
    this.#slot = app.loop.add(fd, EPOLLIN, this);
  }

  onEvents(events: number): void {
    const { base, memory, scratchOff, sys } = this.#app;
    if ((events & EPOLLIN) !== 0) {
      const n = sys.read(this.#fd, base, scratchOff, SCRATCH_LEN);
      if (n >= FUSE_IN.LEN) return this.#serve(memory.u8.slice(scratchOff, scratchOff + n));
      if (n === -EAGAIN || n === -EINTR || n === -ENOENT) return; // the request was taken back
      return this.close(); // -ENODEV: it is mounted nowhere any more
    }
    if ((events & EPOLLERR) !== 0) this.close();
  }

  onFault(): void {
    this.close();
  }

  close(): void {
    if (this.#slot < 0) return;
    this.#app.loop.remove(this.#slot);
    this.#slot = -1;
    this.#app.sys.close(this.#fd);
    this.onClose();
  }

  #serve(request: Uint8Array<ArrayBuffer>): void {
    const dv = new DataView(request.buffer);
    const opcode = dv.getUint32(FUSE_IN.OPCODE, true);
    if (UNANSWERED.has(opcode)) return;
    const answer = answerRequest(this, opcode, dv, request.subarray(FUSE_IN.LEN));
    const bytes = typeof answer === "number" ? NOTHING : answer;
    const reply = new Uint8Array(FUSE_OUT.LEN + bytes.length);
    const out = new DataView(reply.buffer);
    out.setUint32(FUSE_OUT.BYTES, reply.length, true);
    out.setInt32(FUSE_OUT.ERROR, typeof answer === "number" ? answer : 0, true);
    out.setBigUint64(FUSE_OUT.UNIQUE, dv.getBigUint64(FUSE_IN.UNIQUE, true), true);
    reply.set(bytes, FUSE_OUT.LEN);
    this.#app.sys.write(this.#fd, reply, reply.length);
  }

  get #tree(): NumberedTree {
    return this.#made ??= new NumberedTree(this.#makeRoot());
  }

  // ---- for the functions below

  node(number: number): TreeNode | null {
    return this.#tree.node(number);
  }

  numberOf(node: TreeNode): number {
    return this.#tree.numberOf(node);
  }

  /** Makes the text of a file: the number by which it is read. */
  open(node: TextFile): number {
    const handle = this.#nextHandle++;
    this.#opened.set(handle, { bytes: new TextEncoder().encode(node.read()), node });
    return handle;
  }

  opened(handle: number): Opened | null {
    return this.#opened.get(handle) ?? null;
  }

  release(handle: number): void {
    this.#opened.delete(handle);
  }
}

function answerRequest(
  server: FuseServer,
  opcode: number,
  dv: DataView,
  body: Uint8Array,
): Answer {
  if (opcode === FUSE.INIT) return initialise(dv);
  if (opcode === FUSE.STATFS) return new Uint8Array(FUSE_KSTATFS_LEN);
  if (GRANTED.has(opcode)) return NOTHING;
  const node = server.node(Number(dv.getBigUint64(FUSE_IN.NODE, true)));
  if (node === null) return -ENOENT;
  const at = FUSE_IN.LEN;
  switch (opcode) {
    case FUSE.LOOKUP:
      return lookUp(server, node, body);
    case FUSE.GETATTR:
    case FUSE.SETATTR: // a file is cut to nothing before it is written
      return attributeAnswer(server, node);
    case FUSE.READLINK:
      return node.kind === "link" ? new TextEncoder().encode(node.target) : -EINVAL;
    case FUSE.OPENDIR:
      return openAnswer(0);
    case FUSE.OPEN:
      return node.kind === "file" ? openAnswer(server.open(node)) : -EINVAL;
    case FUSE.READ:
      return read(server, dv);
    case FUSE.WRITE:
      return write(node, dv, body.subarray(FUSE_WRITE_IN.LEN));
    case FUSE.READDIR:
      return node.kind === "folder" ? list(server, node, dv) : -EINVAL;
    case FUSE.RELEASE:
      server.release(Number(dv.getBigUint64(at + FUSE_RELEASE_IN.HANDLE, true)));
      return NOTHING;
    case FUSE.RELEASEDIR:
      return NOTHING;
    default:
      return -ENOSYS;
  }
}

function initialise(dv: DataView): Answer {
  const at = FUSE_IN.LEN;
  const out = new DataView(new ArrayBuffer(FUSE_INIT_OUT.LEN));
  const minor = Math.min(dv.getUint32(at + FUSE_INIT_IN.MINOR, true), FUSE_VERSION.MINOR);
  out.setUint32(FUSE_INIT_OUT.MAJOR, FUSE_VERSION.MAJOR, true);
  out.setUint32(FUSE_INIT_OUT.MINOR, minor, true);
  out.setUint32(FUSE_INIT_OUT.READAHEAD, dv.getUint32(at + FUSE_INIT_IN.READAHEAD, true), true);
  out.setUint32(FUSE_INIT_OUT.FLAGS, FUSE_ATOMIC_O_TRUNC, true);
  out.setUint32(FUSE_INIT_OUT.MAX_WRITE, MAX_WRITE, true);
  return new Uint8Array(out.buffer);
}

function modeOf(node: TreeNode): number {
  if (node.kind === "folder") return S_IFDIR | FOLDER_MODE;
  if (node.kind === "link") return S_IFLNK | LINK_MODE;
  return S_IFREG | (node.write === null ? READ_ONLY : WRITABLE);
}

/** struct fuse_attr at `off`; owned by whom nuse is run by. */
function writeAttributes(dv: DataView, off: number, server: FuseServer, node: TreeNode): void {
  dv.setBigUint64(off + FUSE_ATTR.INODE, BigInt(server.numberOf(node)), true);
  const size = node.kind === "link" ? node.target.length : 0;
  dv.setBigUint64(off + FUSE_ATTR.SIZE, BigInt(size), true);
  dv.setUint32(off + FUSE_ATTR.MODE, modeOf(node), true);
  dv.setUint32(off + FUSE_ATTR.LINKS, node.kind === "folder" ? 2 : 1, true);
  dv.setUint32(off + FUSE_ATTR.UID, OWNER.uid, true);
  dv.setUint32(off + FUSE_ATTR.GID, OWNER.gid, true);
  dv.setUint32(off + FUSE_ATTR.BLOCK_SIZE, BLOCK_SIZE, true);
}

const OWNER = { uid: Deno.uid() ?? 0, gid: Deno.gid() ?? 0 };

/** `body`: the name, with its NUL. */
function lookUp(server: FuseServer, node: TreeNode, body: Uint8Array): Answer {
  if (node.kind !== "folder") return -ENOENT;
  const name = new TextDecoder().decode(body.subarray(0, body.indexOf(0)));
  const child = node.children.get(name);
  if (child === undefined) return -ENOENT;
  const out = new DataView(new ArrayBuffer(FUSE_ENTRY.LEN));
  out.setBigUint64(FUSE_ENTRY.NODE, BigInt(server.numberOf(child)), true);
  out.setBigUint64(FUSE_ENTRY.ENTRY_VALID, VALID_SECONDS, true);
  out.setBigUint64(FUSE_ENTRY.ATTR_VALID, VALID_SECONDS, true);
  writeAttributes(out, FUSE_ENTRY.ATTR, server, child);
  return new Uint8Array(out.buffer);
}

function attributeAnswer(server: FuseServer, node: TreeNode): Answer {
  const out = new DataView(new ArrayBuffer(FUSE_ATTR_OUT.LEN));
  out.setBigUint64(FUSE_ATTR_OUT.VALID, VALID_SECONDS, true);
  writeAttributes(out, FUSE_ATTR_OUT.ATTR, server, node);
  return new Uint8Array(out.buffer);
}

function openAnswer(handle: number): Answer {
  const out = new DataView(new ArrayBuffer(FUSE_OPEN_OUT.LEN));
  out.setBigUint64(FUSE_OPEN_OUT.HANDLE, BigInt(handle), true);
  out.setUint32(FUSE_OPEN_OUT.FLAGS, handle === 0 ? 0 : FOPEN_DIRECT_IO, true);
  return new Uint8Array(out.buffer);
}

function read(server: FuseServer, dv: DataView): Answer {
  const at = FUSE_IN.LEN;
  const opened = server.opened(Number(dv.getBigUint64(at + FUSE_READ_IN.HANDLE, true)));
  if (opened === null) return -EINVAL;
  const offset = Number(dv.getBigUint64(at + FUSE_READ_IN.OFFSET, true));
  const size = dv.getUint32(at + FUSE_READ_IN.SIZE, true);
  return opened.bytes.slice(offset, offset + size);
}

function write(node: TreeNode, dv: DataView, data: Uint8Array): Answer {
  if (node.kind !== "file" || node.write === null) return -WRITE_REFUSED;
  const at = FUSE_IN.LEN;
  const size = dv.getUint32(at + FUSE_WRITE_IN.SIZE, true);
  const offset = dv.getBigUint64(at + FUSE_WRITE_IN.OFFSET, true);
  if (offset === 0n) {
    const result = node.write(new TextDecoder().decode(data.subarray(0, size)).trim());
    if (result < 0) return result;
  } // as /proc/sys: what is written behind the beginning says nothing
  const out = new DataView(new ArrayBuffer(8));
  out.setUint32(0, size, true);
  return new Uint8Array(out.buffer);
}

/** As many entries from `offset` on as fit. */
function list(server: FuseServer, node: Folder, dv: DataView): Answer {
  const at = FUSE_IN.LEN;
  const offset = Number(dv.getBigUint64(at + FUSE_READ_IN.OFFSET, true));
  const size = dv.getUint32(at + FUSE_READ_IN.SIZE, true);
  const names = [...node.children.keys()].filter((name) => !node.hidden.has(name));
  const all: [string, TreeNode][] = [[".", node], ["..", node]];
  for (const name of names) all.push([name, node.children.get(name)!]);
  const out = new DataView(new ArrayBuffer(size));
  const bytes = new Uint8Array(out.buffer);
  let used = 0;
  for (let i = offset; i < all.length; i++) {
    const [name, child] = all[i];
    const text = new TextEncoder().encode(name);
    const len = (FUSE_DIRENT.LEN + text.length + 7) & ~7;
    if (used + len > size) break;
    out.setBigUint64(used + FUSE_DIRENT.INODE, BigInt(server.numberOf(child)), true);
    out.setBigUint64(used + FUSE_DIRENT.OFFSET, BigInt(i + 1), true);
    out.setUint32(used + FUSE_DIRENT.NAME_LEN, text.length, true);
    out.setUint32(used + FUSE_DIRENT.TYPE, modeOf(child) >>> 12, true);
    bytes.set(text, used + FUSE_DIRENT.LEN);
    used += len;
  }
  return bytes.subarray(0, used);
}
