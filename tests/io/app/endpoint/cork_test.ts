import { assertEquals } from "@std/assert";
import { Cork } from "../../../../io/app/endpoint/cork.ts";
import { AppContext } from "../../../../io/app/endpoint/app_context.ts";
import { DGRAM_FLAGS_OFF, DGRAM_HEADER_LEN, DGRAM_MORE, EMSGSIZE } from "../../../../stack/mod.ts";
import { World } from "../world.ts";

const LIMITS = { maxSockets: 8, maxClients: 8, maxEnded: 8 };

function context(world: World): AppContext {
  return new AppContext(world.stack, world.loop, world.arena, LIMITS);
}

/** A message of `len` bytes, all `fill`, in the scratch memory. */
function message(app: AppContext, fill: number, len: number): number {
  const { u8, dv } = app.memory;
  u8.fill(fill, app.scratchOff, app.scratchOff + DGRAM_HEADER_LEN + len);
  dv.setUint16(app.scratchOff + DGRAM_FLAGS_OFF, DGRAM_MORE | 1, true);
  return app.scratchOff;
}

Deno.test("cork: the header of the first, the payloads of all, MORE gone", () => {
  using world = new World();
  const app = context(world);
  const cork = new Cork(app);
  const before = world.memory.usedBytes;
  assertEquals(cork.isPending, false);
  assertEquals(cork.add(message(app, 7, 2), 2), 0);
  assertEquals(cork.add(message(app, 8, 0), 0), 0);
  assertEquals(cork.add(message(app, 9, 3), 3), 0);
  assertEquals(cork.isPending, true);
  const sent = cork.push((off, payloadLen) => {
    const bytes = app.memory.u8.slice(off, off + DGRAM_HEADER_LEN + payloadLen);
    assertEquals([bytes[0], bytes[DGRAM_FLAGS_OFF]], [7, 1]);
    assertEquals(bytes.slice(DGRAM_HEADER_LEN), new Uint8Array([7, 7, 9, 9, 9]));
    return payloadLen;
  });
  assertEquals([sent, cork.isPending], [5, false]);
  for (let i = 0; i < 2; i++) cork.free();
  assertEquals([world.memory.usedBytes, world.memory.badFrees], [before, 0]);
});

Deno.test("cork: one byte too many drops the whole", () => {
  using world = new World();
  const app = context(world);
  const cork = new Cork(app);
  assertEquals(cork.add(message(app, 1, 40_000), 40_000), 0);
  assertEquals(cork.add(message(app, 2, 25_507), 25_507), 0);
  assertEquals(cork.add(message(app, 3, 1), 1), -EMSGSIZE);
  assertEquals(cork.isPending, false);
  assertEquals(cork.add(message(app, 4, 1), 1), 0);
  assertEquals(cork.push((_off, payloadLen) => payloadLen), 1);
  cork.free();
});
