import { assertEquals } from "@std/assert";
import { Attributes, NetlinkRequest, NetlinkWriter } from "../../../../io/app/netlink/message.ts";

const OF = { seq: 0x01020304, portId: 77 };

Deno.test("a message: header, fixed part, attributes at multiples of 4, padded", () => {
  const w = new NetlinkWriter(16, 2, OF).u8(1, 2).u16(0x0304).u32(5);
  w.attributeU8(3, 9).attributeText(4, "lo");
  const nest = w.beginNested(5);
  w.attributeU16(1, 0x0607).end(nest);
  // deno-fmt-ignore
  assertEquals([...w.finish()], [
    52, 0, 0, 0, 16, 0, 2, 0, 4, 3, 2, 1, 77, 0, 0, 0,
    1, 2, 4, 3, 5, 0, 0, 0,
    5, 0, 3, 0, 9, 0, 0, 0,
    7, 0, 4, 0, 108, 111, 0, 0,
    10, 0, 5, 128, 6, 0, 1, 0, 7, 6, 0, 0,
  ]);
});

Deno.test("a message grows beyond what it begins with", () => {
  const bytes = Uint8Array.from({ length: 3000 }, (_, i) => i);
  const message = new NetlinkWriter(20, 0, OF).attribute(1, bytes).attributeU64(2, 2 ** 40)
    .finish();
  assertEquals(message.length, 16 + 4 + 3000 + 4 + 8);
  const attributes = new NetlinkRequest(message, 1, false).attributes(0);
  assertEquals(attributes?.bytes(1), bytes);
  assertEquals(attributes?.types, [1, 2]);
  assertEquals(attributes?.u32(2), 0);
});

Deno.test("attributes: what does not fit is malformed, what is missing is nothing", () => {
  assertEquals(Attributes.parse(Uint8Array.of(9, 0, 1, 0, 1, 2, 3, 4)), null);
  assertEquals(Attributes.parse(Uint8Array.of(3, 0, 1, 0)), null);
  const parsed = Attributes.parse(Uint8Array.of(6, 0, 1, 0x80, 65, 0, 0, 0, 4, 0));
  assertEquals(parsed?.text(1), "A");
  assertEquals([parsed?.u32(1), parsed?.u32(2), parsed?.text(2)], [0, 0, null]);
});

Deno.test("a request that is shorter than what is asked of it reads as zeros", () => {
  const request = new NetlinkRequest(new NetlinkWriter(18, 1, OF).u8(17).finish(), 4, true);
  assertEquals([request.type, request.flags, request.seq], [18, 1, OF.seq]);
  assertEquals([request.u8(0), request.u8(4), request.u16(3), request.u32(4)], [17, 0, 0, 0]);
  assertEquals(request.attributes(16)?.types, []);
});
