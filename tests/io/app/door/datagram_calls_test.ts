/** @module */
import { assertEquals } from "@std/assert";
import { behind } from "./behind.ts";

behind("control messages, lengths, several at once, the error queue", (_, run) => {
  assertEquals(
    run("messages").join("\n"),
    `\
with a TTL: 5
with a TTL: 5
with a TTL: 5
a wrong one: EINVAL
recvmsg: 5 from 127.0.0.1, 16 bytes of name
flags 0, control 0/8:28=1,127.0.0.1 0/2:20=9
recvmsg: 5 from 127.0.0.1, 16 bytes of name
flags 8, control 0/8:28=1,127.0.0.1
without room for any: 5
flags 8, control
peek: 3
all that it was: 8
part: 3
named in part: 8
name: 16 bytes, 2, eeeeeeee
to nowhere: EFAULT
two in one: 4
sendmmsg: 3
lengths: 4 2 6, flags 0 20 0
none: EAGAIN
time: EINVAL
time: EINVAL
time: EINVAL
time: EAGAIN
the second is wrong: 1
the first is wrong: EFAULT
no error: EAGAIN
error: 4 from 127.0.0.1, 16 bytes of name
port 1, flags 2020, 0/11: errno 111, origin 2, type 3, code 3, by 127.0.0.1
text: lost
no more: EAGAIN
SO_ERROR: 0`,
  );
});

behind("names, lengths and pointers that are wrong", (_, run) => {
  assertEquals(
    run("refusals").join("\n"),
    `\
no name's length: EINVAL
a long name: EINVAL
a negative one: EINVAL
a name nowhere: EFAULT
a short name: EINVAL
another family: EAFNOSUPPORT
none: 1
urgent: EOPNOTSUPP
from nowhere: 1
too many pieces: EMSGSIZE
empty pieces: 0
a message's name: EINVAL
a message nowhere: EFAULT
control nowhere: EFAULT
an endless piece: EINVAL
accept: EOPNOTSUPP
listen: EOPNOTSUPP
a name's length: EINVAL
nowhere: EFAULT`,
  );
});
