import { assert, assertEquals } from "@std/assert";
import {
  DGRAM_HEADER_LEN,
  DGRAM_MAGIC,
  DGRAM_PAYLOAD_LEN_OFF,
  DGRAM_TOKEN_OFF,
} from "../../../../stack/mod.ts";
import { AppContext } from "../../../../io/app/endpoint/app_context.ts";
import { addHeader, hasHeader } from "../../../../io/app/endpoint/plain_message.ts";
import { World } from "../world.ts";

const LIMITS = { maxSockets: 8, maxClients: 8, maxEnded: 8 };

Deno.test("plain messages: a header is known by its token alone", () => {
  using world = new World();
  const app = new AppContext(world.stack, world.loop, world.arena, LIMITS);
  const { u8, dv } = world.memory;
  const off = world.memory.alloc(1 << 17);
  u8.fill(0x5a, off, off + 1000);
  assert(!hasHeader(app, off, 1000));
  dv.setUint16(off, DGRAM_MAGIC, true);
  assert(!hasHeader(app, off, 1000));
  dv.setInt32(off + DGRAM_TOKEN_OFF, app.token.low, true);
  dv.setInt32(off + DGRAM_TOKEN_OFF + 4, app.token.high ^ 1, true);
  assert(!hasHeader(app, off, 1000));
  dv.setInt32(off + DGRAM_TOKEN_OFF + 4, app.token.high, true);
  assert(hasHeader(app, off, 1000));
  assert(hasHeader(app, off, DGRAM_HEADER_LEN));
  assert(!hasHeader(app, off, DGRAM_HEADER_LEN - 1));
});

Deno.test("plain messages: the header goes before the payload, on a dirty buffer", () => {
  using world = new World();
  const app = new AppContext(world.stack, world.loop, world.arena, LIMITS);
  const { u8, dv } = world.memory;
  const off = world.memory.alloc(1 << 17);
  for (let i = 0; i < 200; i++) u8[off + i] = i;
  u8.fill(0xa5, off + 200, off + 300);
  assert(addHeader(app, off, 200));
  assertEquals(dv.getUint16(off, true), DGRAM_MAGIC);
  assertEquals(dv.getUint32(off + DGRAM_PAYLOAD_LEN_OFF, true), 200);
  const rest = u8.slice(off + 8, off + DGRAM_HEADER_LEN);
  assertEquals(rest, new Uint8Array(DGRAM_HEADER_LEN - 8));
  const payload = u8.slice(off + DGRAM_HEADER_LEN, off + DGRAM_HEADER_LEN + 200);
  assertEquals(payload, Uint8Array.from(payload, (_, i) => i));
  assert(addHeader(app, off, 65_535));
  assert(!addHeader(app, off, 65_536));
});
