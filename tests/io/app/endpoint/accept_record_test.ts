import { assert, assertEquals } from "@std/assert";
import { AF_INET, AF_INET6, SIOCOUTQ, SOCK_STREAM } from "../../../../ffi/abi/socket.ts";
import { socketPair } from "../../../../ffi/socket.ts";
import * as P from "../../../../ffi/shim/protocol.ts";
import {
  emitAcceptRecord,
  measureRecordCharge,
} from "../../../../io/app/endpoint/accept_record.ts";
import { IpAddress } from "../../../../stack/mod.ts";
import { nameText } from "../program.ts";
import { World } from "../world.ts";

Deno.test("accept record: every byte is written", () => {
  for (const domain of [AF_INET, AF_INET6]) {
    const bytes = new Uint8Array(P.NUSE_ACCEPT_LEN + 2).fill(0xa5);
    const dv = new DataView(bytes.buffer);
    const addr = IpAddress.parse("198.18.0.7") as IpAddress;
    const own = IpAddress.parse("198.18.0.8") as IpAddress;
    const local = () => ({ addr: own, port: 80 });
    const child = { domain, local, peer: () => ({ addr, port: 4711 }) };
    emitAcceptRecord(dv, bytes, 1, child, 0x1_0000_0002, P.NUSE_STATE_CONNECTED);
    assertEquals(dv.getUint32(1 + P.NUSE_ACCEPT_STATE_OFF, true), P.NUSE_STATE_CONNECTED);
    assertEquals(dv.getUint32(1, true), P.NUSE_ACCEPT_MAGIC);
    assertEquals(dv.getBigUint64(1 + P.NUSE_ACCEPT_COOKIE_OFF, true), 0x1_0000_0002n);
    assertEquals(dv.getUint16(1 + P.NUSE_ACCEPT_DOMAIN_OFF, true), domain);
    const name = bytes.slice(1 + P.NUSE_ACCEPT_PEER_OFF, 1 + P.NUSE_ACCEPT_DOMAIN_OFF);
    assertEquals(nameText(name, domain), "198.18.0.7 4711");
    const localName = bytes.slice(1 + P.NUSE_ACCEPT_LOCAL_OFF, 1 + P.NUSE_ACCEPT_LEN);
    assertEquals(nameText(localName, domain), "198.18.0.8 80");
    assertEquals([bytes[0], bytes[P.NUSE_ACCEPT_LEN + 1]], [0xa5, 0xa5]);
    assert(!bytes.slice(1, -1).includes(0xa5));
  }
});

Deno.test("every unread record is charged what has been measured", () => {
  using world = new World();
  const { sys } = world.program();
  const { base } = world.arena;
  const off = world.memory.alloc(P.NUSE_ACCEPT_LEN);
  const charge = measureRecordCharge(sys, base, off, world.loop.stopFd);
  assert(charge > P.NUSE_ACCEPT_LEN);
  const [ours, theirs] = socketPair(SOCK_STREAM) as [number, number];
  for (let count = 1; count <= 64; count++) {
    assertEquals(
      sys.sendFd(ours, base, off, P.NUSE_ACCEPT_LEN, world.loop.stopFd),
      P.NUSE_ACCEPT_LEN,
    );
    assertEquals(sys.ioctlInt(ours, SIOCOUTQ), count * charge);
  }
  sys.close(ours);
  sys.close(theirs);
});
