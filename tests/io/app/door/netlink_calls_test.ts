/** @module */
import { assertEquals } from "@std/assert";
import { behind } from "./behind.ts";

behind("netlink sockets: names, options, requests and answers", (_, run) => {
  assertEquals(
    run("netlink").join("\n"),
    `\
made: 1 2048
stream: ESOCKTNOSUPPORT
own: none 0, peer: 0, 12 and 12 bytes
short: EINVAL
nowhere: EFAULT
family: EINVAL
bind: 0
own: pid 11, peer: 0, 12 and 12 bytes
another number: EINVAL
again: EINVAL
own: pid 11, peer: 0, 12 and 12 bytes
taken: EADDRINUSE
seven: 0
own: 7 0, peer: 0, 12 and 12 bytes
connect: 0
own: another 0, peer: 0, 12 and 12 bytes
listen: EOPNOTSUPP
accept: EOPNOTSUPP
shutdown: EOPNOTSUPP
option 270/11: 0, 1, 4 bytes
option 270/10: 0, 1, 4 bytes
option 270/12: 0, 1, 4 bytes
option 270/12: 0, 0, 4 bytes
option 270/5: 0, 1, 4 bytes
option 270/3: 0, 1, 4 bytes
option 270/13: ENOPROTOOPT, ENOPROTOOPT
option 1/8: 0, 10000, 4 bytes
option 1/7: 0, 12000, 4 bytes
option 0/1: ENOPROTOOPT, ENOPROTOOPT
join: 0
join: 0
own: none 11, peer: 0, 12 and 12 bytes
leave: 0
own: none 10, peer: 0, 12 and 12 bytes
group 0: EINVAL
short: 0
nowhere: EFAULT
nowhere: EFAULT
short: EINVAL
nowhere: EFAULT
type 3, domain 16, protocol 0, error 0
nothing: EAGAIN
nothing: EAGAIN
sendto: 32
links: 1
write: 32
links: 1
sendmsg: 32
all of it: 1
in part: 4
flags 20, from 0, 0, 12 bytes
links: 1
sendmmsg: 2
recvmmsg: 2
type 16, whole 1
urgent: EOPNOTSUPP
urgent: EOPNOTSUPP
a short name: EINVAL
a name nowhere: EFAULT
nobody: ECONNREFUSED
family: EINVAL
from nowhere: EFAULT
write: 32
a name's length: EINVAL`,
  );
});
