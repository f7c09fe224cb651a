import { assert, assertEquals } from "@std/assert";
import { AF_INET, SOCK_STREAM } from "../../../../ffi/abi/socket.ts";
import { Accounts, isWithinShare } from "../../../../io/app/endpoint/account.ts";
import { EMFILE } from "../../../../stack/mod.ts";
import { World } from "../world.ts";

/** How many each of `greedy` gets of `most`, one after the other. */
function takenBy(greedy: number, most: number): number[] {
  let used = 0;
  return Array.from({ length: greedy }, () => {
    let own = 0;
    while (isWithinShare(own, used, most)) {
      own++;
      used++;
    }
    return own;
  });
}

Deno.test("one alone may have three quarters, the next as much of the rest", () => {
  assertEquals(takenBy(4, 1000), [751, 187, 47, 12]);
  assertEquals(takenBy(1, 1), [1]);
  assertEquals(takenBy(1, 4), [4]);
  assertEquals(takenBy(1, 0), [0]);
});

Deno.test("whoever has nothing gets something, as long as there is any", () => {
  for (let used = 0; used < 100; used++) assert(isWithinShare(0, used, 100), `${used}`);
  assert(!isWithinShare(0, 100, 100));
});

Deno.test("an account is there as long as it holds something", () => {
  const accounts = new Accounts();
  const one = accounts.of(1);
  one.clients++;
  assertEquals(accounts.of(1), one);
  accounts.settle(one);
  assertEquals(accounts.size, 1);
  one.clients--;
  accounts.settle(one);
  assertEquals(accounts.size, 0);
  const again = accounts.of(1);
  again.sockets++;
  accounts.settle(one); // of the past
  assertEquals(accounts.of(1), again);
});

Deno.test("a process gets as many sockets as its share, and again when it closes some", () => {
  using world = new World({ maxSockets: 40 });
  const program = world.program();
  const open = () => {
    try {
      return program.socket(AF_INET, SOCK_STREAM);
    } catch (error) {
      assertEquals((error as Error).message, `socket: ${-EMFILE}`);
      return null;
    }
  };
  const sockets = [];
  for (let next = open(); next !== null; next = open()) sockets.push(next);
  assertEquals(sockets.length, takenBy(1, 40)[0]);
  sockets[0].close();
  world.until("closed", () => world.service.socketCount < sockets.length);
  assert(open() !== null);
});

Deno.test("connections wait in the backlog while the process has its share", () => {
  using world = new World({ maxSockets: 16 });
  const program = world.program();
  const listener = program.socket(AF_INET, SOCK_STREAM);
  assertEquals([listener.bind("127.0.0.1", 5060), listener.listen(16)], [0, 0]);
  const clients = Array.from({ length: 8 }, () => program.socket(AF_INET, SOCK_STREAM));
  for (const client of clients) client.connect("127.0.0.1", 5060);
  world.steps(10);
  const accepted = [];
  for (let next = listener.tryAccept(); next; next = listener.tryAccept()) {
    accepted.push(next.socket);
    world.steps(3);
  }
  assertEquals(1 + clients.length + accepted.length, takenBy(1, 16)[0]);
  clients[0].close();
  accepted[0].close();
  world.until("the next", () => listener.tryAccept());
});
