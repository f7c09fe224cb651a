import { assert, assertEquals, assertThrows } from "@std/assert";
import { AF_INET, SOCK_STREAM } from "../../../../ffi/abi/socket.ts";
import * as P from "../../../../ffi/shim/protocol.ts";
import { World } from "../world.ts";

Deno.test("control: an attached child has a connection of its own", () => {
  using world = new World();
  const program = world.program();
  const socket = program.socket(AF_INET, SOCK_STREAM);
  const child = program.fork();
  const who = child.request(P.NUSE_OP_WHO, { cookie: socket.cookie });
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
  assertThrows(() => second.request(P.NUSE_OP_HELLO));
  first.request(P.NUSE_OP_HELLO);
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
