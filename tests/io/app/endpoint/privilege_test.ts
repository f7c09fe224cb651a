import { assertEquals } from "@std/assert";
import {
  AF_INET,
  AF_UNIX,
  SOCK_DGRAM,
  SOCK_RAW,
  SOCK_STREAM,
  SOCKADDR_IN,
  SOL_SOCKET,
} from "../../../../ffi/abi/socket.ts";
import { libc } from "../../../../ffi/libc.ts";
import { inNetns } from "../../../../ffi/netns.ts";
import { closeNetwork, makeNetwork } from "../../../../ffi/network.ts";
import * as P from "../../../../ffi/shim/protocol.ts";
import { setIntOption } from "../../../../ffi/socket.ts";
import {
  EACCES,
  EPERM,
  IP_TRANSPARENT,
  IPPROTO_IP,
  SO_DEBUG,
  SO_MARK,
  SO_PRIORITY,
  SO_RCVBUFFORCE,
  SO_SNDBUFFORCE,
} from "../../../../stack/mod.ts";
import { canMakeNetns } from "../../../lab/netns.ts";
import { type Program, sockaddr } from "../program.ts";
import { World } from "../world.ts";

const IPPROTO_RAW = 255;
const ignore = !canMakeNetns;

/** Sockets of the kernel, closed at the end. */
class Evidence {
  readonly #fds: number[] = [];

  #keep(fd: number): number {
    this.#fds.push(fd);
    return fd;
  }

  raw(): number {
    return this.#keep(libc().socket(AF_INET, SOCK_RAW, IPPROTO_RAW));
  }

  plain(): number {
    return this.#keep(libc().socket(AF_INET, SOCK_DGRAM, 0));
  }

  /** Bound to a port of a loopback address that nobody else uses. */
  bound(port: number): number {
    const fd = this.plain();
    const name = new Uint8Array(SOCKADDR_IN.LEN);
    new DataView(name.buffer).setUint16(SOCKADDR_IN.FAMILY, AF_INET, true);
    new DataView(name.buffer).setUint16(SOCKADDR_IN.PORT, port);
    name.set([127, 94, 11, 3], SOCKADDR_IN.ADDR);
    assertEquals(libc().bind(fd, name, name.length), 0);
    return fd;
  }

  with(option: number): number {
    const fd = this.plain();
    assertEquals(setIntOption(fd, SOL_SOCKET, option, 1), 0);
    return fd;
  }

  [Symbol.dispose](): void {
    for (const fd of this.#fds) libc().close(fd);
  }
}

const openRaw = (program: Program, ...passed: number[]) => {
  const { result, fd } = program.request(
    P.NUSE_OP_SOCKET,
    { a: AF_INET, b: SOCK_RAW, c: 1 },
    ...passed,
  );
  if (fd >= 0) program.sys.close(fd);
  return result;
};

const bind = (program: Program, port: number, ...passed: number[]) => {
  const { cookie } = program.socket(AF_INET, SOCK_STREAM);
  const data = sockaddr("127.0.0.1", port);
  return program.request(P.NUSE_OP_BIND, { cookie, data }, ...passed).result;
};

Deno.test({ name: "raw sockets: for who has a raw socket of the kernel", ignore }, () => {
  using world = new World();
  using evidence = new Evidence();
  const program = world.program();
  assertEquals(openRaw(program), -EPERM);
  assertEquals(openRaw(program, evidence.plain()), -EPERM);
  assertEquals(openRaw(program, libc().socket(AF_UNIX, SOCK_STREAM, 0)), -EPERM);
  assertEquals(openRaw(program, evidence.raw()), 0);
  assertEquals(openRaw(program, evidence.plain(), evidence.raw()), 0);
});

Deno.test(
  { name: "ports below 1024: for who has one of the kernel, or a lower one", ignore },
  () => {
    using world = new World();
    using evidence = new Evidence();
    const program = world.program();
    assertEquals([bind(program, 80), bind(program, 1023), bind(program, 1024)], [
      -EACCES,
      -EACCES,
      0,
    ]);
    assertEquals(bind(program, 80, evidence.plain()), -EACCES);
    assertEquals(bind(program, 80, evidence.bound(81)), -EACCES);
    assertEquals(bind(program, 80, evidence.bound(5080)), -EACCES);
    assertEquals(bind(program, 80, evidence.bound(80)), 0);
    assertEquals(bind(program, 82, evidence.bound(79)), 0);
    const unspec = sockaddr("0.0.0.0", 83);
    unspec[0] = 0; // AF_UNSPEC, which bind() takes for AF_INET
    const { cookie } = program.socket(AF_INET, SOCK_STREAM);
    const bindUnspec = (...passed: number[]) =>
      program.request(P.NUSE_OP_BIND, { cookie, data: unspec }, ...passed).result;
    assertEquals([bindUnspec(), bindUnspec(evidence.bound(78))], [-EACCES, 0]);
  },
);

Deno.test({ name: "options of an administrator", ignore }, () => {
  using world = new World();
  using evidence = new Evidence();
  const program = world.program();
  const { cookie } = program.socket(AF_INET, SOCK_STREAM);
  const set = (level: number, name: number, n: number, ...passed: number[]) => {
    const data = new Uint8Array(new Int32Array([n]).buffer);
    const ask = { cookie, a: level, b: name, data };
    return program.request(P.NUSE_OP_SETOPT, ask, ...passed).result;
  };
  const cases = [
    [SOL_SOCKET, SO_RCVBUFFORCE, 65536, -EPERM, SO_DEBUG],
    [SOL_SOCKET, SO_SNDBUFFORCE, 65536, -EPERM, SO_DEBUG],
    [SOL_SOCKET, SO_DEBUG, 1, -EACCES, SO_DEBUG],
    [SOL_SOCKET, SO_MARK, 1, -EPERM, SO_MARK],
    [SOL_SOCKET, SO_PRIORITY, 7, -EPERM, SO_MARK],
    [SOL_SOCKET, SO_PRIORITY, -1, -EPERM, SO_MARK],
    [IPPROTO_IP, IP_TRANSPARENT, 1, -EPERM, SO_MARK],
  ];
  for (const [level, name, n, refused, by] of cases) {
    const other = by === SO_MARK ? SO_DEBUG : SO_MARK;
    assertEquals(set(level, name, n), refused, `${level} ${name}`);
    assertEquals(set(level, name, n, evidence.plain()), refused, `${level} ${name}`);
    assertEquals(set(level, name, n, evidence.with(other)), refused, `${level} ${name}`);
    assertEquals(set(level, name, n, evidence.with(by)), 0, `${level} ${name}`);
  }
  const free = [[SOL_SOCKET, SO_PRIORITY, 6], [SOL_SOCKET, SO_DEBUG, 0]];
  for (const [level, name, n] of free) assertEquals(set(level, name, n), 0, `${level} ${name}`);
});

Deno.test(
  { name: "a socket of another network says nothing: there anybody is root", ignore },
  () => {
    const network = makeNetwork();
    if (typeof network === "number") throw new Error(`${network}`);
    using evidence = new Evidence();
    const here = evidence.raw();
    const there = inNetns(`/proc/self/fd/${network.net}`, () => evidence.raw());
    {
      using world = new World();
      assertEquals(openRaw(world.program(), there), -EPERM);
      assertEquals(openRaw(world.program(), here), 0);
    }
    {
      using world = new World({ networkCookie: network.cookie });
      assertEquals(openRaw(world.program(), here), -EPERM);
      assertEquals(openRaw(world.program(), there), 0);
    }
    closeNetwork(network);
  },
);
