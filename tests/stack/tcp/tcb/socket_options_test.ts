import { assert, assertEquals } from "@std/assert";
import { DEFAULT_TCP_CONFIG } from "../../../../stack/tcp/base/config.ts";
import { ANY_V4, ANY_V6 } from "../../../../stack/base/ip_address.ts";
import { TcpSocketOptions } from "../../../../stack/tcp/tcb/socket_options.ts";

const CONFIG = { ...DEFAULT_TCP_CONFIG, ttl: 77, keepIdleUs: 5, synRetries: 3, finWait2Us: 9 };

Deno.test("socket options: begin as the configuration says", () => {
  const options = new TcpSocketOptions(CONFIG);
  assertEquals([options.ttlTo(ANY_V4), options.keepIdleUs, options.synRetries, options.linger2Us], [
    77,
    5,
    3,
    9,
  ]);
  options.ownSocketOptions().ttl = 0;
  assertEquals(options.ttlTo(ANY_V4), 0, "0 is a TTL, -1 is none");
  assertEquals(options.ttlTo(ANY_V6), 77, "the hop limit is another option");
});

Deno.test("socket options: a connection begins with a copy of its listener's TCP options", () => {
  const listener = new TcpSocketOptions(CONFIG);
  listener.noDelay = true;
  const child = listener.copy(CONFIG);
  assert(child.noDelay);
  child.noDelay = false;
  listener.maxSeg = 99;
  assertEquals([listener.noDelay, child.maxSeg], [true, 0]);
});

Deno.test("socket options: the other ones are one record until somebody sets one", () => {
  const listener = new TcpSocketOptions(CONFIG);
  listener.ownSocketOptions().tos = 4;
  const [first, second, third] = [1, 2, 3].map(() => listener.copy(CONFIG));
  assert(first.socket === listener.socket && second.socket === listener.socket);
  first.ownSocketOptions().tos = 8;
  assertEquals([listener, first, second, third].map((o) => o.socket.tos), [4, 8, 4, 4]);
  listener.ownSocketOptions().tos = 12;
  assertEquals([listener, first, second, third].map((o) => o.socket.tos), [12, 8, 4, 4]);
  assert(second.socket === third.socket);
  const own = first.socket;
  assert(first.ownSocketOptions() === own, "no second copy");
  const late = listener.copy(CONFIG);
  assertEquals(late.socket.tos, 12);
  late.ownSocketOptions().tos = 16;
  assertEquals(listener.socket.tos, 12);
});

Deno.test("socket options: a dual-stack socket has one TTL and one TOS for each family", () => {
  const options = new TcpSocketOptions(CONFIG);
  Object.assign(options.ownSocketOptions(), { ttl: 4, hops6: 6, tos: 8, tclass: 16 });
  assertEquals([ANY_V4, ANY_V6].map((to) => [options.ttlTo(to), options.tosTo(to)]), [
    [4, 8],
    [6, 16],
  ]);
});
