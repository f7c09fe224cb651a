import { assertEquals } from "@std/assert";
import { EINVAL, ENOBUFS, EPERM } from "../../../stack/mod.ts";
import { Ancillary, controlMessage } from "../../../stack/socket/ancillary.ts";
import { concat } from "../v6_fixture.ts";

const HEADER = Uint8Array.of(0, 0, 1, 4, 0, 0, 0, 0);

function read(messages: Uint8Array, mayRaw = true): [number, Ancillary] {
  const said = new Ancillary();
  const dv = new DataView(messages.buffer, messages.byteOffset, messages.length);
  return [said.read(dv, 0, messages.length, mayRaw), said];
}

Deno.test("control messages lie as cmsg(3) has them", () => {
  const message = controlMessage(41, 11, Uint8Array.of(1, 2, 3));
  assertEquals([...message], [
    19,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
    41,
    0,
    0,
    0,
    11,
    0,
    0,
    0,
    1,
    2,
    3,
    0,
    0,
    0,
    0,
    0,
  ]);
});

Deno.test("headers, flow labels and flags of one datagram", () => {
  const [result, said] = read(concat(
    controlMessage(41, 54, HEADER),
    controlMessage(41, 4, HEADER), // IPV6_2292DSTOPTS
    controlMessage(41, 11, Uint8Array.of(0xff, 0xf1, 2, 3)),
    controlMessage(41, 62, Uint8Array.of(1, 0, 0, 0)),
    controlMessage(0, 7, Uint8Array.of(1)),
    controlMessage(1, 36, Uint8Array.of(1, 0, 0, 0)), // SO_MARK: nothing to us
  ));
  assertEquals(result, 0);
  assertEquals([said.headers6.hopByHop, said.headers6.destination], [HEADER, HEADER]);
  assertEquals([said.flowLabel, said.dontFrag, said.namedFlowLabel], [0x10203, 1, -1]);
  assertEquals([...said.ipOptions!.bytes], [1, 0, 0, 0]);
  said.reset();
  assertEquals([said.flowLabel, said.ipOptions, said.headers6.hopByHop], [-1, null, null]);
});

Deno.test("what is refused", () => {
  assertEquals(read(controlMessage(41, 54, HEADER), false)[0], -EPERM);
  assertEquals(read(controlMessage(41, 54, HEADER.subarray(0, 7)))[0], -EINVAL);
  assertEquals(read(controlMessage(41, 57, HEADER))[0], -EINVAL, "routing headers");
  const twice = concat(controlMessage(41, 59, HEADER), controlMessage(41, 59, HEADER));
  assertEquals(read(twice)[0], -EINVAL);
  const long = new Uint8Array(56);
  long[1] = 6;
  assertEquals(read(controlMessage(41, 54, long))[0], -ENOBUFS);
  const cut = controlMessage(41, 54, HEADER).subarray(0, 20);
  assertEquals(read(cut.slice())[0], -EINVAL);
});
