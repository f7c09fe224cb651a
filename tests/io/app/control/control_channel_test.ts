import { assert, assertEquals, assertThrows } from "@std/assert";
import { AF_INET, SOCK_CLOEXEC, SOCK_STREAM } from "../../../../ffi/abi/socket.ts";
import * as P from "../../../../ffi/shim/protocol.ts";
import { socketCookie, socketPair } from "../../../../ffi/socket.ts";
import { ControlClient } from "../../../../io/app/control/control_client.ts";
import { EMFILE, ENFILE } from "../../../../stack/mod.ts";
import { POLLHUP, Program } from "../program.ts";
import { World } from "../world.ts";

Deno.test("control: an attached child has a connection of its own", () => {
  using world = new World();
  const program = world.program();
  const socket = program.socket(AF_INET, SOCK_STREAM);
  const child = program.fork();
  const who = child.request(P.NUSE_OP_WHO, { cookie: socket.cookie }, socket.fd);
  assertEquals([who.result, who.a, who.b, who.c], [0, P.NUSE_KIND_STREAM, AF_INET, 1 | 6 << 8]);
  assertEquals(world.service.clientCount, 2);
  child.close();
  world.until("gone", () => world.service.clientCount === 1);
});

Deno.test("control: no more clients than allowed", () => {
  using world = new World({ maxClients: 1 });
  const first = world.program();
  first.request(P.NUSE_OP_HELLO);
  const second = world.program();
  world.until("refused", () => world.service.counters.clientsRefused === 1);
  assertEquals(second.takeReply()?.result, -ENFILE, "the reply to what it has not asked yet");
  assertThrows(() => second.request(P.NUSE_OP_HELLO));
  first.request(P.NUSE_OP_HELLO);
});

Deno.test("control: who has gone does not count: threads come and go", () => {
  using world = new World({ maxClients: 8 });
  const program = world.program();
  for (let i = 0; i < 40; i++) {
    const child = program.fork();
    assertEquals(child.request(P.NUSE_OP_HELLO).result, 0, `${i}`);
    child.close();
    world.until("gone", () => world.service.clientCount === 1);
  }
  assertEquals(world.service.counters.clientsRefused, 0);
});

Deno.test("control: a cookie that nobody knows costs nothing when nobody has sent more", () => {
  using world = new World();
  const program = world.program();
  const others = Array.from({ length: 100 }, () => program.fork());
  const opener = others[70];
  world.until("attached", () => world.service.clientCount === 101);
  const { catchUpOne } = ControlClient.prototype;
  let looks = 0;
  try {
    ControlClient.prototype.catchUpOne = function (nowUs: number) {
      looks++;
      return catchUpOne.call(this, nowUs);
    };
    assertEquals(program.request(P.NUSE_OP_WHO, { cookie: 1 }).result, -P.NUSE_NO_SOCKET);
    assertEquals(looks, 0);
    // Asked on one connection of what was opened on another, both at once.
    const pair = socketPair(SOCK_STREAM | SOCK_CLOEXEC) as [number, number];
    const cookie = Number(socketCookie(pair[0]));
    program.send(P.NUSE_OP_WHO, { cookie }, pair[0]);
    opener.send(P.NUSE_OP_OPEN, { cookie, a: AF_INET, b: SOCK_STREAM }, pair[1]);
    const { result } = world.until("an answer", () => program.takeReply());
    assertEquals([result, looks], [0, 2], "one request and the end of them");
    for (const fd of pair) program.sys.close(fd);
  } finally {
    ControlClient.prototype.catchUpOne = catchUpOne;
  }
  for (const other of others) other.close();
});

/** prlimit(1) lowers this process's limit of descriptors to what it reads, and sets it back. */
const LIMITER = `read limit; prlimit --pid $1 --nofile=$limit: && echo low
read end; prlimit --pid $1 --nofile=$2:`;

Deno.test("control: with no descriptor left whoever connects is turned away, once", async () => {
  using world = new World();
  const { sys, controlFd } = world.program();
  world.until("accepted", () => world.service.clientCount === 1);
  const limits = Deno.readTextFileSync("/proc/self/limits");
  const soft = /^Max open files\s+(\d+)/m.exec(limits)![1];
  const limiter = new Deno.Command("/bin/sh", {
    args: ["-c", LIMITER, "sh", `${Deno.pid}`, soft],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const input = limiter.stdin.getWriter();
  const output = limiter.stdout.getReader();
  const second = Program.connect(world); // in the backlog
  const lowest = sys.eventfd();
  sys.close(lowest);
  await input.write(new TextEncoder().encode(`${lowest}\n`));
  const { value } = await output.read();
  const full = sys.eventfd();
  for (let i = 0; i < 20; i++) world.step();
  await input.close();
  await output.cancel();
  const { success } = await limiter.status;
  assertEquals([new TextDecoder().decode(value), success], ["low\n", true]);
  assertEquals(full, -EMFILE, "the table was full");
  const { counters } = world.service;
  assertEquals([counters.clientsRefused, second.takeReply()?.result], [1, -ENFILE]);
  assertThrows(() => second.takeReply(), Error, "ended");
  assertEquals(sys.poll(controlFd, POLLHUP, 0), 0, "who was there stays");
  second.close();
  const third = world.program();
  assertEquals(third.request(P.NUSE_OP_HELLO).result, 0);
});

const NOBODY = 65534;
/** Connects to the path that it is given, and ends when the connection does. */
const CALLER = `use Socket; socket(my $s, AF_UNIX, SOCK_SEQPACKET, 0) or die;
connect($s, pack_sockaddr_un($ARGV[0])) or die "connect: $!";
print "end\n" if sysread($s, my $byte, 1) == 0;`;

function descriptors(): number {
  return [...Deno.readDirSync("/proc/self/fd")].length;
}

/** Lets a process of nobody connect; until it is told that it is refused, or is taken. */
async function callAsNobody(world: World): Promise<string> {
  Deno.chmodSync(world.runDir, 0o711);
  Deno.chmodSync(world.service.socketPath, 0o666);
  const child = new Deno.Command("/usr/bin/perl", {
    args: ["-e", CALLER, world.service.socketPath],
    cwd: "/",
    uid: NOBODY,
    gid: NOBODY,
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  let isOver = false;
  const output = child.output().finally(() => isOver = true);
  for (let i = 0; !isOver && world.service.clientCount === 0; i++) {
    assert(i < 10_000, "nobody connects");
    world.step();
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  if (!isOver) child.kill("SIGKILL");
  const { stdout, stderr } = await output;
  return new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
}

Deno.test({
  name: "control: another user is refused, unless the program becomes that user",
  ignore: Deno.uid() !== 0,
  async fn() {
    for (const guestUid of [null, NOBODY]) {
      using world = new World({ guestUid });
      const before = descriptors();
      assertEquals(await callAsNobody(world), guestUid === null ? "end\n" : "");
      const { counters } = world.service;
      assertEquals(counters.clientsAccepted, guestUid === null ? 0 : 1);
      world.until("gone", () => world.service.clientCount === 0);
      assertEquals(descriptors(), before, "nothing is left of it");
    }
  },
});
