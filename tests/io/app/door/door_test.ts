/**
 * A static program behind the second door, served by a stack in the test's own process, over its
 * loopback.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { AF_INET, MSG_DONTWAIT, MSG_OOB, SOCK_STREAM } from "../../../../ffi/abi/socket.ts";
import * as P from "../../../../ffi/shim/protocol.ts";
import type { ProgramSocket } from "../program.ts";
import { behind, type DoorWorld, LOOPBACK, PORT } from "./behind.ts";

/** Answers everybody who sends something, in the loop's turns. */
function serve(world: DoorWorld): void {
  const program = world.program();
  const listener = program.socket(AF_INET, SOCK_STREAM);
  assertEquals([listener.bind(LOOPBACK, PORT), listener.listen(8)], [0, 0]);
  const answer = new TextEncoder().encode("from the peer");
  const step = world.step.bind(world);
  const accepted: ReturnType<typeof listener.tryAccept>[] = [];
  let isInside = false; // what we ask takes steps, too
  world.step = () => {
    step();
    if (isInside) return;
    isInside = true;
    const came = listener.tryAccept();
    if (came !== null) accepted.push(came);
    accepted.forEach((each, i) => {
      const got = each?.socket.recv();
      if (got === undefined || typeof got === "number") return;
      if (got.length > 0) each?.socket.send(answer);
      else {
        each?.socket.close();
        accepted.splice(i, 1);
      }
    });
    isInside = false;
  };
}

const TALK = ["write: 16", "read: 13", "text: from the peer"];

behind("a client", (world, run) => {
  serve(world);
  assertEquals(run("client"), [
    "cloexec: 1",
    "connect: 0",
    "again: EISCONN",
    "local: 127.0.0.1 16",
    "peer: 127.0.0.1 16",
    "type: 1",
    "domain: 2",
    "nodelay: 0",
    "is nodelay: 1",
    ...TALK,
    "shutdown: 0",
    "end of file: 0",
  ]);
});

/** MSG_OOB as the shim does it, and what is heard. */
function urgentPeer(world: DoorWorld): string[] {
  const program = world.program();
  const { sys, bufferOff } = program;
  const { arena: { base }, memory: { u8 } } = world;
  const listener = program.socket(AF_INET, SOCK_STREAM);
  assertEquals([listener.bind(LOOPBACK, PORT), listener.listen(8)], [0, 0]);
  const heard: string[] = [];
  const step = world.step.bind(world);
  let peer: ProgramSocket | null = null;
  let isInside = false; // what we ask takes steps, too
  let isAnswered = false;
  world.step = () => {
    step();
    if (isInside) return;
    isInside = true;
    const came = peer === null ? listener.tryAccept() : null;
    peer ??= came?.socket ?? null;
    if (came !== null) came.socket.request(P.NUSE_OP_URGENT);
    if (peer !== null) {
      const urgent = sys.recv(peer.fd, base, bufferOff, 1, 0, 0, MSG_OOB | MSG_DONTWAIT);
      if (urgent === 1) heard.push(`urgent ${String.fromCharCode(u8[bufferOff])}`);
      const got = peer.recv();
      if (typeof got !== "number" && got.length > 0) heard.push(new TextDecoder().decode(got));
      if (heard.includes("def") && !isAnswered) {
        isAnswered = true;
        peer.request(P.NUSE_OP_MORE, { a: P.NUSE_MORE_URGENT, b: 4 });
        peer.send(new TextEncoder().encode("xyz?"));
      }
    }
    isInside = false;
  };
  return heard;
}

behind("urgent data, both ways", (world, run) => {
  const heard = urgentPeer(world);
  assertEquals(run("urgent"), [
    "connect: 0",
    "send: 4",
    "send: 3",
    "poll: 1",
    "read: 3",
    "text: xyz",
    "mark: 1",
    "urgent: 1",
    "byte: ?",
    "in line: 0",
    "urgent: EINVAL",
  ]);
  assertEquals(heard.toSorted(), ["abc", "def", "urgent !"]);
});

behind("calls by number, on a thread that is not the first", (world, run) => {
  serve(world);
  assertEquals(run("threads"), ["connect: 0", ...TALK]);
});

behind("a descriptor that was copied and inherited", (world, run) => {
  serve(world);
  assertEquals(run("children"), ["connect: 0", ...TALK, "peer: 127.0.0.1 16"]);
});

behind("a reset and a refusal, told by the pair itself", (_, run) => {
  assertEquals(run("ends"), [
    "bind: 0",
    "listen: 0",
    "connect: 0",
    "reset: 24",
    "read: ECONNRESET",
    "read: 0",
    "told: 0",
    "connect: 0",
    "moved: 16", // what is at the number that we have seen is something else
    "read: 0",
    "other: EAGAIN",
    "connect: EINPROGRESS",
    "refused: 24",
    "SO_ERROR: 111",
    "read: 0",
  ]);
});

behind("a connect() that nobody waits for, and one more after it has failed", (world, run) => {
  serve(world);
  assertEquals(run("nonblocking"), [
    "connect: EINPROGRESS",
    "poll: 1",
    "SO_ERROR: 111",
    "aborted: ECONNABORTED",
    "once more: EINPROGRESS",
    "poll: 1",
    "SO_ERROR: 0",
    ...TALK,
  ]);
});

behind(
  "what is wrong is told as the kernel tells it; what is not ours is the kernel's",
  (_, run) => {
    assertEquals(run("errors"), [
      "type: EINVAL",
      "protocol: EPROTONOSUPPORT",
      "packet: EAFNOSUPPORT",
      "bad: EBADF",
      "file: ENOTSOCK",
      "pointer: EFAULT",
      "length: EINVAL",
      "family: EAFNOSUPPORT",
      "peer: ENOTCONN",
      "name: EFAULT",
      "option: ENOPROTOOPT",
      "left to read: EINVAL",
      "joined: 0",
      "accept: EINVAL",
      "refused: ECONNREFUSED",
      "pair: 0",
      "its name: 0",
      "its family: 1",
      "its type: 1",
      "io_uring: ENOSYS",
    ]);
  },
);

behind("a server, which waits in accept()", (_, run) => {
  assertEquals(run("server"), [
    "bind: 0",
    "listen: 0",
    "accept: 1",
    "from: 127.0.0.1",
    "cloexec: 1",
    "read: 14",
    "text: from the child",
    "nobody: EAGAIN",
  ]);
});

behind("a signal ends accept(), or it begins anew (SA_RESTART)", (_, run) => {
  assertEquals(run("signals"), ["bind: 0", "listen: 0", "accept: EINTR", "restarted: 1"]);
});

behind(
  "datagrams: with and without an address, several at once, one that is waited for",
  (_, run) => {
    const from = "from 127.0.0.1, 16 bytes of name";
    assertEquals(run("datagrams"), [
      "bind: 0",
      "unconnected: 1", // the kernel says EDESTADDRREQ; a send without an address does not stop
      "sendto: 3",
      "sendto: 0",
      "connect: 0",
      "send: 5",
      `peek: 3 ${from}`,
      "read: 3",
      `empty: 0 ${from}`,
      `recvmsg: 4 ${from}`,
      "text: thre, flags 20",
      "nothing: EAGAIN",
      "sendmsg: 4",
      "sendmmsg: 2",
      "recvmmsg: 1",
      "bytes: 4",
      "whole: 4",
      "whole: 4",
      "recvmmsg: 1",
      "recvmsg: 4", // just as long as its room
      "flags 0",
      `waits: 4 ${from}`,
      "to nobody: 1",
      "send: 1",
      "SO_ERROR: 111",
      "long: EMSGSIZE",
    ]);
  },
);

behind("raw sockets and ports below 1024: for who has the right", (_, run) => {
  assertEquals(run("ping"), [
    "raw: 0",
    "sendto: 16",
    "reply: 36 from 127.0.0.1, 16 bytes of name",
    "port 99: 0",
  ]);
  assertEquals(run("nobody"), ["raw: EPERM", "port 98: EACCES"]);
});

behind("io_uring and the calls of another architecture are refused", (_, run) => {
  assertEquals(run("refused"), ["io_uring: ENOSYS", "socket: 0", "socketcall: 0", "getpid: 1"]);
});
