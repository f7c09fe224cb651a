import { assert, assertEquals } from "@std/assert";
import * as P from "../../../../ffi/shim/protocol.ts";
import { RULES } from "../../../../io/app/control/rules.ts";
import { EINVAL } from "../../../../stack/mod.ts";
import type { ProgramSocket } from "../program.ts";
import { World } from "../world.ts";

const OPENS = RULES.filter(([op]) => op === P.NUSE_OP_OPEN);
const POSTS = RULES.filter(([op]) => op === P.NUSE_OP_POST_SETOPT);

Deno.test("rules: told in the answer to HELLO", () => {
  using world = new World();
  const { data } = world.program().request(P.NUSE_OP_HELLO);
  const words = [...new Int32Array(data.buffer)];
  assertEquals(words, RULES.flat());
  assertEquals(P.NUSE_RULE_LEN, 4 * RULES[0].length);
  assert(RULES.length <= P.NUSE_RULE_MAX);
});

Deno.test("rules: with tcp_notsent_lowat streams are not granted: we size their pairs", () => {
  using world = new World({ config: { tcp: { notsentLowatBytes: 1 << 16 } } });
  const { data } = world.program().request(P.NUSE_OP_HELLO);
  const streams = OPENS.filter(([, , type]) => type === 1);
  assertEquals(streams.length, 2);
  const told = RULES.filter((rule) => !streams.includes(rule));
  assertEquals([...new Int32Array(data.buffer)], told.flat());
});

Deno.test("rules: what is said to be granted is granted, with that protocol", () => {
  using world = new World();
  const program = world.program();
  assertEquals(OPENS.length, 4);
  for (const [, a, b, c, d] of OPENS) {
    const answer = program.request(P.NUSE_OP_SOCKET, { a, b, c });
    assertEquals([answer.result, answer.b, answer.c], [0, a, b | d << 8]);
    program.sys.close(answer.fd);
  }
});

Deno.test("rules: what is said to be taken is taken in every state", () => {
  using world = new World();
  const program = world.program();
  const [, domain, type] = OPENS[0];
  const fresh = program.socket(domain, type);
  const listener = program.socket(domain, type);
  assertEquals([listener.bind("127.0.0.1", 5023), listener.listen(4)], [0, 0]);
  const client = program.socket(domain, type);
  client.connect("127.0.0.1", 5023);
  const { socket: server } = listener.accept();
  const sockets: ProgramSocket[] = [fresh, listener, client, server];
  for (const [, kind, level, name, least, most] of POSTS) {
    assertEquals(kind, P.NUSE_KIND_STREAM);
    for (const value of [1, least, most]) {
      assertEquals(sockets.map((socket) => socket.setInt(level, name, value)), [0, 0, 0, 0]);
    }
  }
});

Deno.test("rules: a value beyond what is said to be taken is refused", () => {
  using world = new World();
  const [, domain, type] = OPENS[0];
  const socket = world.program().socket(domain, type);
  let bounds = 0;
  for (const [, , level, name, least, most] of POSTS) {
    for (const value of [least - 1, most + 1]) {
      if (value !== (value | 0)) continue;
      assertEquals(socket.setInt(level, name, value), -EINVAL, `${level} ${name} ${value}`);
      bounds++;
    }
  }
  assertEquals(bounds, 7);
});
