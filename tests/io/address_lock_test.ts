import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { AF_UNIX, SOCK_CLOEXEC, SOCK_STREAM } from "../../ffi/abi/socket.ts";
import { SysError } from "../../ffi/errno.ts";
import { libc } from "../../ffi/libc.ts";
import { bindUnix } from "../../ffi/socket.ts";
import { AddressLock, isTrusted, lockAddress } from "../../io/address_lock.ts";

const ADDRESS = "198.18.77.2";
/** Names of this run only. */
const interfaceName = () => `t-${crypto.randomUUID().slice(0, 8)}`;

function lock(name: string, address = ADDRESS): AddressLock {
  const taken = lockAddress(name, address);
  assert(taken instanceof AddressLock);
  return taken;
}

Deno.test("address lock: one holder, said with its pid; free again when it ends", () => {
  const name = interfaceName();
  const first = lock(name);
  for (let i = 0; i < 3; i++) {
    const error = assertThrows(() => lockAddress(name, ADDRESS), SysError);
    assertEquals(
      error.message,
      `${ADDRESS} on ${name} belongs to another nuse, pid ${Deno.pid}: EADDRINUSE ` +
        "(choose another address, or end it)",
    );
  }
  first.close();
  lock(name).close();
});

Deno.test("address lock: other addresses and interfaces are other locks", () => {
  const name = interfaceName();
  const locks = [lock(name), lock(name, "198.18.77.3"), lock(interfaceName())];
  for (const taken of locks) taken.close();
});

Deno.test("address lock: who asks is let go, so that the queue never fills", () => {
  const name = interfaceName();
  const taken = lock(name);
  for (let i = 0; i < 200; i++) {
    assertThrows(() => lockAddress(name, ADDRESS), SysError, "another nuse");
    taken.onEvents();
  }
  taken.close();
});

Deno.test("address lock: a name that nobody answers for is a stranger's, and stops nobody", () => {
  const name = interfaceName();
  const stranger = libc().socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  assertEquals(bindUnix(stranger, `\0nuse/${name}/${ADDRESS}`), 0);
  const note = lockAddress(name, ADDRESS);
  libc().close(stranger);
  assert(typeof note === "string");
  assertStringIncludes(note, "is no nuse of ours: ignored");
});

Deno.test("address lock: root's and one's own count, no other user's", () => {
  const of = (uid: number) => ({ pid: 1, uid, gid: 0 });
  assertEquals([of(0), of(1000), of(1001)].map((who) => isTrusted(who, 1000)), [true, true, false]);
  assertEquals(isTrusted(of(Deno.uid()!)), true);
});
