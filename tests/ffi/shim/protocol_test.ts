/** @module */
import { assert, assertEquals } from "@std/assert";
import * as protocol from "../../../ffi/shim/protocol.ts";
import * as header from "../../../stack/socket/datagram_header.ts";

const HEADER = `${import.meta.dirname}/../../../ffi/shim/protocol.h`;

/** NUSE_ constants of protocol.h. */
function constants(): Record<string, number | string> {
  const found: Record<string, number | string> = {};
  const text = Deno.readTextFileSync(HEADER);
  for (const [, name, value] of text.matchAll(/^#define (\w+) (\w+|".*")/gm)) {
    found[name] = value.startsWith('"') ? JSON.parse(value) : Number(value);
  }
  return found;
}

/** NUSE_DGRAM_* as the stack calls them. */
function datagramConstants(): Record<string, number> {
  const numbers = Object.entries(header).filter(([name]) => name.startsWith("DGRAM_"));
  return Object.fromEntries(numbers.map(([name, value]) => [`NUSE_${name}`, value as number]));
}

Deno.test("protocol.ts and the stack's datagram header say what protocol.h says", () => {
  const inC = constants();
  assert(Object.keys(inC).length > 90);
  assertEquals({ ...protocol, ...datagramConstants() } as Record<string, number | string>, inC);
});
