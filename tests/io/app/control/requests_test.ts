import { assertEquals } from "@std/assert";
import { SIOCOUTQ } from "../../../../ffi/abi/socket.ts";
import * as P from "../../../../ffi/shim/protocol.ts";
import { EINVAL, ENODEV, ENOTTY } from "../../../../stack/mod.ts";
import { connectedStreams, nameText } from "../program.ts";
import { World } from "../world.ts";

const PORT = 5006;
const SIOCGIFADDR = 0x8915;

Deno.test("SIOCOUTQ counts what the peer has not taken", () => {
  using world = new World();
  const program = world.program();
  const { client, listener } = connectedStreams(program, PORT);
  const outq = (cookie: number): number => {
    const { result, data } = program.request(P.NUSE_OP_IOCTL, { cookie, a: SIOCOUTQ });
    return result < 0 ? result : new DataView(data.buffer).getInt32(0, true);
  };
  assertEquals(outq(client.cookie), 0);
  const bytes = new Uint8Array(500_000);
  let sent = 0;
  for (let stalled = 0; stalled < 20; stalled++) {
    const n = client.send(bytes);
    if (n > 0) {
      sent += n;
      stalled = 0;
    }
    world.step();
  }
  const left = outq(client.cookie);
  assertEquals(left > 0 && left < sent, true, `${left} of ${sent}`);
  assertEquals(outq(listener.cookie), -EINVAL);
  assertEquals(outq(0), -ENOTTY);
});

Deno.test("IFADDRS and interface ioctls know lo", () => {
  using world = new World();
  const program = world.program();
  const { a, data } = program.request(P.NUSE_OP_IFADDRS);
  assertEquals([a, data.length], [2, 2 * P.NUSE_IF_LEN]);
  assertEquals(new TextDecoder().decode(data.subarray(0, 3)), "lo\0");
  const ifreq = new Uint8Array(40);
  ifreq.set([0x6c, 0x6f]);
  const answer = program.request(P.NUSE_OP_IOCTL, { a: SIOCGIFADDR, data: ifreq });
  assertEquals(nameText(answer.data.slice(16, 32)), "127.0.0.1 0");
  ifreq.set([0x78]);
  assertEquals(program.request(P.NUSE_OP_IOCTL, { a: SIOCGIFADDR, data: ifreq }).result, -ENODEV);
});
