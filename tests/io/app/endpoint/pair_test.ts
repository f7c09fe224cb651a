import { assert, assertEquals, assertNotEquals } from "@std/assert";
import {
  AF_INET,
  SO_RCVBUF,
  SO_SNDBUF,
  SOCK_DGRAM,
  SOCK_SEQPACKET,
  SOCK_STREAM,
  SOL_SOCKET,
} from "../../../../ffi/abi/socket.ts";
import { getIntOption, socketCookie, socketPair } from "../../../../ffi/socket.ts";
import { libc } from "../../../../ffi/libc.ts";
import * as P from "../../../../ffi/shim/protocol.ts";
import { enlargePair, PairMaker } from "../../../../io/app/endpoint/pair.ts";
import type { Program } from "../program.ts";
import { World } from "../world.ts";

Deno.test("PairMaker: two ends, the cookie and the mark of the program's, buffers", () => {
  const pairs = new PairMaker();
  const cookies: number[] = [];
  for (const type of [SOCK_STREAM, SOCK_SEQPACKET]) {
    assertEquals(pairs.open(type), 0);
    assertNotEquals(pairs.ownFd, pairs.programFd);
    assertEquals(BigInt(pairs.cookie), socketCookie(pairs.programFd));
    assertEquals(getIntOption(pairs.programFd, SOL_SOCKET, SO_RCVBUF), 2 * P.NUSE_PAIR_MARK);
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

type Pass = (op: number, fd: number, cookie?: number) => void;

/** Of which the service is to get both ends, one twice, or its own back. */
const BOTH_ENDS: Readonly<Record<string, (pass: Pass, pair: [number, number]) => void>> = {
  "two control connections": (pass, [a, b]) => {
    pass(P.NUSE_OP_ATTACH, a);
    pass(P.NUSE_OP_ATTACH, b);
  },
  "a control connection and a socket": (pass, [a, b]) => {
    pass(P.NUSE_OP_ATTACH, a);
    pass(P.NUSE_OP_OPEN, b, 17);
  },
  "two sockets": (pass, [a, b]) => {
    pass(P.NUSE_OP_OPEN, a, 17);
    pass(P.NUSE_OP_OPEN, b, 18);
  },
  "one end twice": (pass, [a]) => {
    pass(P.NUSE_OP_ATTACH, a);
    pass(P.NUSE_OP_ATTACH, a);
  },
};

function attack(use: (program: Program, pass: Pass) => void): void {
  using world = new World();
  const program = world.program();
  use(program, (op, fd, cookie = 0) => {
    program.send(op, { cookie, a: AF_INET, b: op === P.NUSE_OP_OPEN ? SOCK_DGRAM : 0 }, fd);
  });
  assertEquals(program.request(P.NUSE_OP_HELLO).result, 0);
  assert(world.service.clientCount + world.service.socketCount <= 2);
  program.close();
  world.until("nothing left", () => {
    return world.service.clientCount === 0 && world.service.socketCount === 0;
  });
}

for (const [what, use] of Object.entries(BOTH_ENDS)) {
  Deno.test(`both ends of a pair: ${what}: nothing is left when the program ends`, () => {
    attack((_program, pass) => {
      const pair = socketPair(SOCK_SEQPACKET);
      if (typeof pair === "number") throw new Error(`socketpair: ${pair}`);
      use(pass, pair);
      for (const fd of pair) libc().close(fd);
    });
  });
}

Deno.test("a program's end of a pair that the service has made does not come back", () => {
  for (const op of [P.NUSE_OP_ATTACH, P.NUSE_OP_OPEN]) {
    attack((program, pass) => {
      const socket = program.socket(AF_INET, SOCK_DGRAM);
      pass(op, socket.fd, 19);
      socket.close();
    });
  }
});
