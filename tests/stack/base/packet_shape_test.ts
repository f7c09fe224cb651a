import { assertEquals } from "@std/assert";
import {
  chosenFlowLabel,
  headers6Len,
  NO_HEADERS6,
  PacketShape,
  withFlowLabel,
} from "../../../stack/base/packet_shape.ts";

Deno.test("a shape that asks for nothing of a family is none", () => {
  const shape = new PacketShape();
  const plain = () => [shape.isPlain(4), shape.isPlain(6)];
  assertEquals(plain(), [true, true]);
  shape.ipOptions = new Uint8Array(4);
  assertEquals(plain(), [false, true]);
  shape.mtu6 = 1280;
  assertEquals(plain(), [false, false]);
  shape.mtu6 = 0;
  shape.headers6 = { ...NO_HEADERS6, hopByHop: new Uint8Array(8), destination: new Uint8Array(16) };
  assertEquals([shape.isPlain(6), headers6Len(shape.headers6)], [false, 24]);
});

Deno.test("a chosen flow label, 0 too, goes beside the traffic class", () => {
  for (const label of [0, 1, 0xfffff]) {
    const both = withFlowLabel(0xff, label);
    assertEquals([both & 0xff, chosenFlowLabel(both)], [0xff, label]);
  }
  assertEquals(chosenFlowLabel(0xff), -1);
});
