/** @module */
import { assertEquals } from "@std/assert";
import { FakeDevice, NO_OFFLOAD, OUR_MAC } from "../../../stack/net_fixture.ts";
import { behind } from "./behind.ts";

behind("options and ioctls, and what is wrong with them", (_, run) => {
  assertEquals(
    run("options").join("\n"),
    `\
cut: 0
value: 1, 2 bytes
nowhere: EFAULT
length nowhere: EFAULT
length: EINVAL
length: EINVAL
set length: EINVAL
set nowhere: EFAULT
set nowhere: EFAULT
time: 0
its seconds: 3
low mark: 0
is: 7
peek offset: -1
of datagrams: -92
a short filter: EINVAL
a filter nowhere: EFAULT
its code nowhere: EFAULT
a filter: 0
mark: ENOTTY
mark: 0
owner: 0
is: 1
count: 0
rows: 1
no room: 0
rows: 0
list: 0
lo 127.0.0.1, family 2
list nowhere: EFAULT
rows nowhere: EFAULT
index: 1
mtu: 65536
flags: 8
nowhere: EFAULT
unknown: ENODEV
on another socket: 1
write: 4
to read there: 4`,
  );
});

behind("ioctls about the network, whatever socket they are made on", (world, run) => {
  const link = new FakeDevice(NO_OFFLOAD, 1500);
  world.stack.addInterface({ name: "only0", mac: OUR_MAC, link });
  assertEquals(run("foreign"), [
    "on a datagram socket: 0",
    "on another: 0",
    "on a pipe: ENOTTY",
  ]);
});
