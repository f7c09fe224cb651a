/** @module */
import { assertEquals } from "@std/assert";
import { behind } from "./behind.ts";

behind("streams: addresses, accept()'s flags, what is not connected", (_, run) => {
  assertEquals(
    run("streams").join("\n"),
    `\
bind: 0
listen: 0
nonblocking: 2048
unconnected: EPIPE
shutdown: ENOTCONN
no error: EAGAIN
with an address: 4
flags: EINVAL
accepted: 16 bytes, family 2, 7f
nonblocking: 2048
cloexec: 0
read: 4
cut: 0
name: 16 bytes
length: EINVAL
length nowhere: EFAULT
again: EISCONN
accept: EINVAL
to nowhere: EINVAL
shutdown: 0
over: EINVAL`,
  );
});
