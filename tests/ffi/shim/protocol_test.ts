/** @module */
import { assert, assertEquals } from "@std/assert";
import * as protocol from "../../../ffi/shim/protocol.ts";
import * as api from "../../../stack/socket/api.ts";

const HEADER = `${import.meta.dirname}/../../../ffi/shim/protocol.h`;

/** NUSE_ constants of protocol.h. */
function constants(): Record<string, number> {
  const found: Record<string, number> = {};
  for (const [, name, value] of Deno.readTextFileSync(HEADER).matchAll(/^#define (\w+) (\w+)/gm)) {
    found[name] = Number(value);
  }
  return found;
}

Deno.test("protocol.ts says what protocol.h says", () => {
  const inC = constants();
  assert(Object.keys(inC).length > 90);
  assertEquals({ ...protocol }, inC as unknown as typeof protocol);
});

Deno.test("the datagram header is the stack's", () => {
  const pairs: [number, number][] = [
    [protocol.NUSE_DGRAM_LEN, api.DGRAM_HEADER_LEN],
    [protocol.NUSE_DGRAM_MAGIC, api.DGRAM_MAGIC],
    [protocol.NUSE_DGRAM_HAS_ADDR, api.DGRAM_HAS_ADDR],
    [protocol.NUSE_DGRAM_ERROR, api.DGRAM_ERROR],
    [protocol.NUSE_DGRAM_DONTROUTE, api.DGRAM_DONTROUTE],
    [protocol.NUSE_DGRAM_HAS_TTL, api.DGRAM_HAS_TTL],
    [protocol.NUSE_DGRAM_HAS_TOS, api.DGRAM_HAS_TOS],
    [protocol.NUSE_DGRAM_HAS_PKTINFO, api.DGRAM_HAS_PKTINFO],
  ];
  for (const [ours, theirs] of pairs) assertEquals(ours, theirs);
});
