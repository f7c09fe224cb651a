import { assert, assertEquals } from "@std/assert";
import { EINVAL, EPERM } from "../../../stack/mod.ts";
import {
  compileIpOptions,
  echoIpOptions,
  IpOptions,
  receivedIpOptions,
} from "../../../stack/socket/ip_options.ts";
import { ip } from "../net_fixture.ts";

const SRC = ip("10.0.0.1").w3;
const DST = ip("10.0.0.9").w3;
const NOON = 43_200_000;

function packet(option: number[], mayRaw = false): number[] {
  const compiled = compileIpOptions(Uint8Array.from(option), mayRaw);
  assert(compiled instanceof IpOptions, String(compiled));
  return [...compiled.ofPacket(SRC, DST, NOON, () => false)];
}

function refused(option: number[], mayRaw = false): boolean {
  return compileIpOptions(Uint8Array.from(option), mayRaw) === -EINVAL;
}

Deno.test("record route: we are the first", () => {
  assertEquals(packet([7, 11, 4, 0, 0, 0, 0, 0, 0, 0, 0]), [7, 11, 8, 10, 0, 0, 1, 0, 0, 0, 0, 0]);
  assertEquals(packet([7, 3, 4, 0]), [7, 3, 4, 0], "full already");
});

Deno.test("timestamps: times, or addresses and times", () => {
  assertEquals(packet([68, 8, 5, 0, 9, 9, 9, 9]), [68, 8, 9, 0, 2, 147, 46, 0]);
  const both = packet([68, 12, 5, 1, 0, 0, 0, 0, 0, 0, 0, 0]);
  assertEquals(both, [68, 12, 13, 1, 10, 0, 0, 1, 2, 147, 46, 0]);
});

Deno.test("a source route begins with the first hop and ends with the destination", () => {
  const option = [131, 11, 4, 10, 0, 0, 2, 10, 0, 0, 3];
  assertEquals(compileIpOptions(Uint8Array.from(option), false), -EPERM);
  const compiled = compileIpOptions(Uint8Array.from(option), true) as IpOptions;
  assertEquals([compiled.firstHop, compiled.isStrict], [ip("10.0.0.2").w3, false]);
  assertEquals(packet(option, true), [131, 11, 4, 10, 0, 0, 3, 10, 0, 0, 9, 0]);
  const strict = compileIpOptions(Uint8Array.of(137, 7, 4, 10, 0, 0, 2), true) as IpOptions;
  assertEquals(strict.isStrict, true);
});

Deno.test("what Linux refuses", () => {
  for (
    const option of [
      [7, 2, 4], // shorter than it can be
      [7, 7, 3, 0, 0, 0, 0], // the pointer points into the option itself
      [7, 6, 4, 0, 0, 0], // room for a part of an address
      [7, 7, 4, 0, 0, 0, 0, 7, 7, 4, 0, 0, 0, 0], // twice
      [7, 12, 4, 0], // longer than there is
      [68, 8, 5, 1, 0, 0, 0, 0], // no room for both
      [131, 7, 8, 1, 2, 3, 4], // begun
      [131, 3, 4], // to nowhere
      [131, 7, 4, 1, 2, 3, 4, 137, 7, 4, 1, 2, 3, 4], // two source routes
      [130, 4, 0, 0], // security: of the privileged
      [148, 3, 0],
    ]
  ) assert(refused(option, option[0] !== 130), String(option));
  assert(!refused([130, 4, 0, 0], true));
  const noFlag = [68, 8, 5, 2, 0, 0, 0, 0];
  assertEquals([refused(noFlag), refused(noFlag, true)], [true, false]);
  assertEquals(compileIpOptions(new Uint8Array(0), false), null);
  assertEquals(packet([1, 0, 9, 9]), [1, 0, 0, 0], "nothing is behind the end");
  assertEquals(packet([148, 4, 0, 0]), [148, 4, 0, 0]);
});

Deno.test("received options have us recorded; an answer's leave room for the next", () => {
  const header = new Uint8Array(32);
  header[0] = 0x48;
  header.set([7, 11, 4, 0, 0, 0, 0, 0, 0, 0, 0, 1], 20);
  const seen = receivedIpOptions(header, DST, 0, () => true);
  assertEquals([...seen], [7, 11, 8, 10, 0, 0, 9, 0, 0, 0, 0, 1]);
  assertEquals([...echoIpOptions(seen)], [7, 11, 12, 10, 0, 0, 9, 0, 0, 0, 0, 0]);
});
