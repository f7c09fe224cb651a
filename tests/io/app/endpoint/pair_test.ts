import { assert, assertEquals, assertNotEquals } from "@std/assert";
import {
  SO_RCVBUF,
  SO_SNDBUF,
  SOCK_SEQPACKET,
  SOCK_STREAM,
  SOL_SOCKET,
} from "../../../../ffi/abi/socket.ts";
import { getIntOption, socketCookie } from "../../../../ffi/socket.ts";
import { libc } from "../../../../ffi/libc.ts";
import { NUSE_PAIR_MARK } from "../../../../ffi/shim/protocol.ts";
import { enlargePair, PairMaker } from "../../../../io/app/endpoint/pair.ts";

Deno.test("PairMaker: two ends, the cookie and the mark of the program's, buffers", () => {
  const pairs = new PairMaker();
  const cookies: number[] = [];
  for (const type of [SOCK_STREAM, SOCK_SEQPACKET]) {
    assertEquals(pairs.open(type), 0);
    assertNotEquals(pairs.ownFd, pairs.programFd);
    assertEquals(BigInt(pairs.cookie), socketCookie(pairs.programFd));
    assertEquals(getIntOption(pairs.programFd, SOL_SOCKET, SO_RCVBUF), 2 * NUSE_PAIR_MARK);
    for (const fd of [pairs.ownFd, pairs.programFd]) {
      assertEquals(getIntOption(fd, SOL_SOCKET, 3), type);
      const before = getIntOption(fd, SOL_SOCKET, SO_SNDBUF);
      enlargePair(libc(), fd);
      const after = getIntOption(fd, SOL_SOCKET, SO_SNDBUF);
      assert(after >= 212_992 && (after > before) === (type === SOCK_STREAM));
    }
    cookies.push(pairs.cookie);
    pairs.close();
  }
  assertNotEquals(cookies[0], cookies[1]);
});
