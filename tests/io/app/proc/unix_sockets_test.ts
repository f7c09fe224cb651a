/** @module */
import { assertEquals } from "@std/assert";
import type { AppContext } from "../../../../io/app/endpoint/app_context.ts";
import { UnixSockets } from "../../../../io/app/proc/unix_sockets.ts";

const HEAD = "Num       RefCount Protocol Flags    Type St Inode Path\n";
const row = (inode: number, path: string) =>
  `0000000000000000: 00000002 00000000 00010000 0001 01 ${inode} ${path}\n`;

/** The kernel's list by the descriptor 5, in pieces; what is done with descriptors. */
function withList(text: string, pieceLen: number) {
  const bytes = new TextEncoder().encode(text);
  const done: string[] = [];
  const u8 = new Uint8Array(1 << 15);
  let at = -1;
  const sys = {
    rewind: (fd: number) => {
      done.push(`rewind ${fd}`);
      at = 0;
      return fd === 5 ? 0 : -29;
    },
    read: () => {
      const piece = bytes.subarray(at, at + pieceLen);
      u8.set(piece);
      at += piece.length;
      return piece.length;
    },
    close: (fd: number) => done.push(`close ${fd}`),
  };
  const endpoints = new Map([[1, { programInode: 815 }], [2, { programInode: 816 }]]);
  const app = { base: null, memory: { u8 }, scratchOff: 0, sys, endpoints };
  return { sockets: new UnixSockets(app as unknown as AppContext), done };
}

Deno.test("/proc/net/unix: read anew each time, in pieces, without the ends of pairs", () => {
  const kept = HEAD + row(4711, "/run/näh");
  for (const pieceLen of [7, 4096]) {
    const { sockets } = withList(kept + row(815, "") + row(816, ""), pieceLen);
    assertEquals(sockets.text(), "");
    sockets.take(5);
    assertEquals([sockets.text(), sockets.text()], [kept, kept]);
  }
});

Deno.test("/proc/net/unix: nothing where there is no list; descriptors are closed, once", () => {
  const { sockets, done } = withList(HEAD, 100);
  sockets.close();
  sockets.take(9);
  assertEquals(sockets.text(), "");
  sockets.take(5);
  assertEquals(sockets.text(), HEAD);
  sockets.close();
  sockets.close();
  assertEquals([sockets.text(), done], ["", ["rewind 9", "close 9", "rewind 5", "close 5"]]);
});
