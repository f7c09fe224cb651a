/**
 * The kernel's requests, written by hand: what each is answered with, byte by byte.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { EPOLLERR, EPOLLIN } from "../../../../ffi/abi/epoll.ts";
import {
  FOPEN_DIRECT_IO,
  FUSE,
  FUSE_ATOMIC_O_TRUNC,
  FUSE_ATTR,
  FUSE_ATTR_OUT,
  FUSE_DIRENT,
  FUSE_ENTRY,
  FUSE_IN,
  FUSE_INIT_OUT,
  FUSE_OPEN_OUT,
  FUSE_OUT,
  FUSE_ROOT_ID,
} from "../../../../ffi/abi/fuse.ts";
import type { AppContext } from "../../../../io/app/endpoint/app_context.ts";
import { FuseServer } from "../../../../io/app/proc/fuse_server.ts";
import { file, folder, link } from "../../../../io/app/proc/tree.ts";
import { EAGAIN, EINTR, EINVAL, ENOENT, ENOSYS, EPERM } from "../../../../stack/mod.ts";

const FD = 33;
const SLOT = 5;
const ENODEV = 19;

/** A server, the kernel being the test. */
class Kernel {
  readonly events: string[] = [];
  readonly #u8 = new Uint8Array(8192);
  /** What read() gives: bytes or -errno. */
  #next: Uint8Array | number = 0;
  #reply: Uint8Array | null = null;
  #unique = 77n;
  written = "";
  reads = 0;
  readonly server: FuseServer;

  constructor() {
    const app = {
      base: null,
      memory: { u8: this.#u8 },
      scratchOff: 0,
      loop: {
        add: (fd: number, events: number) => {
          this.events.push(`add ${fd} ${events}`);
          return SLOT;
        },
        remove: (slot: number) => this.events.push(`remove ${slot}`),
      },
      sys: {
        read: () => {
          if (typeof this.#next === "number") return this.#next;
          this.#u8.set(this.#next);
          return this.#next.length;
        },
        write: (_fd: number, bytes: Uint8Array, len: number) => {
          this.#reply = bytes.slice(0, len);
          return len;
        },
        close: (fd: number) => this.events.push(`close ${fd}`),
      },
    };
    const tree = folder({
      plain: file(() => `text ${++this.reads}`),
      knob: file(() => "1\n", (text) => {
        this.written = text;
        return text === "bad" ? -EINVAL : 0;
      }),
      there: link("/proc/somewhere"),
      inner: folder({ leaf: file(() => "") }),
      secret: file(() => "hidden"),
    }, ["secret"]);
    this.server = new FuseServer(app as unknown as AppContext, FD, () => tree);
    this.server.onClose = () => this.events.push("closed");
  }

  /** What read() comes to is shown to the server. */
  wake(next: Uint8Array | number, events = EPOLLIN): void {
    this.#next = next;
    this.server.onEvents(events);
  }

  /** The answer's body or its error; null: none came. */
  ask(opcode: number, node: bigint | number, body = new Uint8Array(0)): DataView | number | null {
    const request = new Uint8Array(FUSE_IN.LEN + body.length);
    const dv = new DataView(request.buffer);
    dv.setUint32(FUSE_IN.BYTES, request.length, true);
    dv.setUint32(FUSE_IN.OPCODE, opcode, true);
    dv.setBigUint64(FUSE_IN.UNIQUE, ++this.#unique, true);
    dv.setBigUint64(FUSE_IN.NODE, BigInt(node), true);
    request.set(body, FUSE_IN.LEN);
    this.#reply = null;
    this.wake(request);
    const reply = this.#reply as Uint8Array | null;
    if (reply === null) return null;
    const out = new DataView(reply.buffer);
    assertEquals(out.getUint32(FUSE_OUT.BYTES, true), reply.length);
    assertEquals(out.getBigUint64(FUSE_OUT.UNIQUE, true), this.#unique);
    const error = out.getInt32(FUSE_OUT.ERROR, true);
    if (error === 0) return new DataView(reply.buffer, FUSE_OUT.LEN);
    assertEquals(reply.length, FUSE_OUT.LEN);
    return error;
  }

  body(...asked: Parameters<Kernel["ask"]>): DataView {
    const answer = this.ask(...asked);
    assert(answer instanceof DataView, `${answer}`);
    return answer;
  }

  text(...asked: Parameters<Kernel["ask"]>): string {
    return new TextDecoder().decode(this.body(...asked));
  }

  find(name: string, from: bigint | number = FUSE_ROOT_ID): bigint {
    return this.body(FUSE.LOOKUP, from, cString(name)).getBigUint64(FUSE_ENTRY.NODE, true);
  }

  open(name: string): bigint {
    const dv = this.body(FUSE.OPEN, this.find(name));
    assertEquals(dv.getUint32(FUSE_OPEN_OUT.FLAGS, true), FOPEN_DIRECT_IO);
    return dv.getBigUint64(FUSE_OPEN_OUT.HANDLE, true);
  }
}

const cString = (text: string) => new TextEncoder().encode(`${text}\0`);

/** struct fuse_read_in or, with data, fuse_write_in. */
function transfer(
  handle: bigint,
  offset: number,
  size: number,
  data = "",
): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(40 + data.length);
  const dv = new DataView(bytes.buffer);
  dv.setBigUint64(0, handle, true);
  dv.setBigUint64(8, BigInt(offset), true);
  dv.setUint32(16, size, true);
  bytes.set(new TextEncoder().encode(data), 40);
  return bytes;
}

/** Mode, links, size of a struct fuse_attr. */
function attributes(dv: DataView, at: number): [mode: string, links: number, size: number] {
  assertEquals(dv.getUint32(at + FUSE_ATTR.UID, true), Deno.uid());
  assertEquals(dv.getUint32(at + FUSE_ATTR.GID, true), Deno.gid());
  assertEquals(dv.getUint32(at + FUSE_ATTR.BLOCK_SIZE, true), 1024);
  const mode = dv.getUint32(at + FUSE_ATTR.MODE, true).toString(8);
  const size = Number(dv.getBigUint64(at + FUSE_ATTR.SIZE, true));
  return [mode, dv.getUint32(at + FUSE_ATTR.LINKS, true), size];
}

Deno.test("INIT: our version or an older one, the kernel's read-ahead, O_TRUNC with OPEN", () => {
  const kernel = new Kernel();
  const init = (minor: number) => {
    const asked = new Uint8Array(16);
    const dv = new DataView(asked.buffer);
    [7, minor, 131_072, 0xffffffff].forEach((n, i) => dv.setUint32(4 * i, n, true));
    const out = kernel.body(FUSE.INIT, 0, asked);
    assertEquals(out.byteLength, FUSE_INIT_OUT.LEN);
    return [0, 4, 8, 12, 20].map((at) => out.getUint32(at, true));
  };
  assertEquals(init(40), [7, 31, 131_072, FUSE_ATOMIC_O_TRUNC, 4096]);
  assertEquals(init(28)[1], 28);
});

Deno.test("LOOKUP, GETATTR, READLINK: kinds, modes, sizes; what is not there", () => {
  const kernel = new Kernel();
  const entry = (name: string, from: bigint | number = FUSE_ROOT_ID) => {
    const dv = kernel.body(FUSE.LOOKUP, from, cString(name));
    const node = dv.getBigUint64(FUSE_ENTRY.NODE, true);
    const valid = [FUSE_ENTRY.ENTRY_VALID, FUSE_ENTRY.ATTR_VALID]
      .map((at) => dv.getBigUint64(at, true));
    assertEquals([dv.byteLength, ...valid], [FUSE_ENTRY.LEN, 86_400n, 86_400n]);
    assertEquals(dv.getBigUint64(FUSE_ENTRY.ATTR + FUSE_ATTR.INODE, true), node);
    const again = kernel.body(FUSE.GETATTR, node);
    assertEquals([again.byteLength, again.getBigUint64(0, true)], [FUSE_ATTR_OUT.LEN, 86_400n]);
    const found = attributes(dv, FUSE_ENTRY.ATTR);
    assertEquals(attributes(again, FUSE_ATTR_OUT.ATTR), found);
    return found;
  };
  assertEquals(entry("plain"), ["100444", 1, 0]);
  assertEquals(entry("knob"), ["100644", 1, 0]);
  assertEquals(entry("there"), ["120777", 1, 15]);
  assertEquals(entry("inner"), ["40555", 2, 0]);
  assertEquals(entry("secret"), ["100444", 1, 0]);
  assertEquals(entry("leaf", kernel.find("inner")), ["100444", 1, 0]);
  assertEquals(kernel.text(FUSE.READLINK, kernel.find("there")), "/proc/somewhere");
  assertEquals(kernel.ask(FUSE.READLINK, kernel.find("plain")), -EINVAL);
  assertEquals(kernel.ask(FUSE.LOOKUP, FUSE_ROOT_ID, cString("nothing")), -ENOENT);
  assertEquals(kernel.ask(FUSE.LOOKUP, kernel.find("plain"), cString("x")), -ENOENT);
  assertEquals(kernel.ask(FUSE.GETATTR, 999), -ENOENT);
});

Deno.test("a file's text is that of its opening, piece by piece, until it is closed", () => {
  const kernel = new Kernel();
  const node = kernel.find("plain");
  const [one, other] = [kernel.open("plain"), kernel.open("plain")];
  const read = (handle: bigint, offset: number, size: number) =>
    kernel.text(FUSE.READ, node, transfer(handle, offset, size));
  assertEquals([read(one, 0, 100), read(other, 0, 100), read(one, 0, 4)], [
    "text 1",
    "text 2",
    "text",
  ]);
  assertEquals([read(one, 4, 100), read(one, 6, 100)], [" 1", ""]);
  assertEquals(kernel.body(FUSE.RELEASE, node, transfer(one, 0, 0)).byteLength, 0);
  assertEquals(kernel.ask(FUSE.READ, node, transfer(one, 0, 100)), -EINVAL);
  assertEquals(read(other, 5, 1), "2");
  assertEquals(kernel.ask(FUSE.OPEN, kernel.find("inner")), -EINVAL);
});

Deno.test("what may be written is, at its beginning; the rest is refused", () => {
  const kernel = new Kernel();
  const write = (name: string, offset: number, data: string, size = data.length) => {
    const answer = kernel.ask(FUSE.WRITE, kernel.find(name), transfer(0n, offset, size, data));
    return answer instanceof DataView ? answer.getUint32(0, true) : answer;
  };
  assertEquals([write("knob", 0, "12 34\n"), kernel.written], [6, "12 34"]);
  assertEquals([write("knob", 6, "56\n"), kernel.written], [3, "12 34"]);
  assertEquals([write("knob", 0, "78 and more", 2), kernel.written], [2, "78"]);
  assertEquals(write("knob", 0, "bad"), -EINVAL);
  assertEquals([write("plain", 0, "x"), write("inner", 0, "x")], [-EPERM, -EPERM]);
  assertEquals(attributes(kernel.body(FUSE.SETATTR, kernel.find("knob")), 16)[0], "100644");
});

Deno.test("READDIR: names without the hidden ones, as many as fit, from where it was left", () => {
  const kernel = new Kernel();
  const opened = kernel.body(FUSE.OPENDIR, FUSE_ROOT_ID);
  assertEquals([...new Uint8Array(opened.buffer, 16)], Array(16).fill(0));
  const list = (offset: number, size: number) => {
    const dv = kernel.body(FUSE.READDIR, FUSE_ROOT_ID, transfer(0n, offset, size));
    const rows: string[] = [];
    for (let at = 0; at < dv.byteLength;) {
      const len = dv.getUint32(at + FUSE_DIRENT.NAME_LEN, true);
      const name = new Uint8Array(dv.buffer, dv.byteOffset + at + FUSE_DIRENT.LEN, len);
      const next = dv.getBigUint64(at + FUSE_DIRENT.OFFSET, true);
      const type = dv.getUint32(at + FUSE_DIRENT.TYPE, true);
      rows.push(`${new TextDecoder().decode(name)} ${type} ${next}`);
      assert(dv.getBigUint64(at + FUSE_DIRENT.INODE, true) > 0n);
      at += (FUSE_DIRENT.LEN + len + 7) & ~7;
    }
    return rows;
  };
  const all = [". 4 1", ".. 4 2", "plain 8 3", "knob 8 4", "there 10 5", "inner 4 6"];
  assertEquals(list(0, 4096), all);
  assertEquals(list(2, 4096), all.slice(2));
  assertEquals([list(0, 64), list(0, 95), list(0, 96)], [
    all.slice(0, 2),
    all.slice(0, 2),
    all.slice(0, 3),
  ]);
  assertEquals(list(6, 4096), []);
  assertEquals(kernel.ask(FUSE.READDIR, kernel.find("plain"), transfer(0n, 0, 100)), -EINVAL);
  assertEquals(kernel.body(FUSE.RELEASEDIR, FUSE_ROOT_ID).byteLength, 0);
});

Deno.test("what nobody waits for is not answered, what is not known is ENOSYS", () => {
  const kernel = new Kernel();
  for (const opcode of [FUSE.FORGET, FUSE.BATCH_FORGET, FUSE.INTERRUPT]) {
    assertEquals(kernel.ask(opcode, FUSE_ROOT_ID), null);
  }
  for (const opcode of [FUSE.FLUSH, FUSE.FSYNC, FUSE.DESTROY]) {
    assertEquals(kernel.body(opcode, 999).byteLength, 0);
  }
  assertEquals(kernel.body(FUSE.STATFS, 999).byteLength, 80);
  assertEquals(kernel.ask(200, FUSE_ROOT_ID), -ENOSYS);
});

Deno.test("it ends with its mount, once; not when a request was taken back", () => {
  const kernel = new Kernel();
  for (const errno of [EAGAIN, EINTR, ENOENT]) kernel.wake(-errno);
  kernel.wake(0, 0);
  assertEquals(kernel.events, [`add ${FD} ${EPOLLIN}`]);
  kernel.wake(-ENODEV);
  kernel.server.onFault();
  assertEquals(kernel.events.slice(1), [`remove ${SLOT}`, `close ${FD}`, "closed"]);
  const hungUp = new Kernel();
  hungUp.wake(0, EPOLLERR);
  assertEquals(hungUp.events.length, 4);
  const faulty = new Kernel();
  faulty.server.onFault();
  assertEquals(faulty.events.length, 4);
});
