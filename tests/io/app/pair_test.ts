import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { SO_SNDBUF, SOCK_SEQPACKET, SOCK_STREAM, SOL_SOCKET } from "../../../ffi/abi/socket.ts";
import { getIntOption, socketCookie } from "../../../ffi/socket.ts";
import { PairMaker } from "../../../io/app/pair.ts";

Deno.test("PairMaker: two ends, the cookie of the program's, large buffers", () => {
  const pairs = new PairMaker();
  const cookies: number[] = [];
  for (const type of [SOCK_STREAM, SOCK_SEQPACKET]) {
    assertEquals(pairs.open(type), 0);
    assertNotEquals(pairs.ownFd, pairs.programFd);
    assertEquals(BigInt(pairs.cookie), socketCookie(pairs.programFd));
    for (const fd of [pairs.ownFd, pairs.programFd]) {
      assertEquals(getIntOption(fd, SOL_SOCKET, 3), type);
      assert(getIntOption(fd, SOL_SOCKET, SO_SNDBUF) >= 212_992);
    }
    cookies.push(pairs.cookie);
    pairs.close();
  }
  assertNotEquals(cookies[0], cookies[1]);
});
