import { assertEquals } from "@std/assert";
import { DROP_NDP_FORMAT } from "../../../stack/base/drop_reason.ts";
import {
  emitNdpSixBytes,
  LIFETIME_FOREVER,
  lifetimeEndUs,
  NDP_OPTION_NONCE,
  NDP_OPTION_SOURCE_LINK,
  NdpOptions,
  parseNdpOptions,
  PrefixOption,
  readPrefixOption,
  readRouterAdvertisement,
  RouterAdvertisement,
} from "../../../stack/wire/ndp.ts";
import { assertEmits, hex, view } from "./golden.ts";

function parse(text: string) {
  const bytes = hex(text);
  const out = new NdpOptions();
  return { reason: parseNdpOptions(view(bytes), 0, bytes.length, out), out };
}

Deno.test("ndp: the addresses of source and target, and a nonce", () => {
  const { reason, out } = parse("0101 02000000000a  0e01 a1a2a3a4a5a6  0201 02000000000b");
  assertEquals(reason, 0);
  assertEquals([out.hasSourceLink, out.sourceHi, out.sourceLo], [true, 0x0200, 0x0a]);
  assertEquals([out.hasTargetLink, out.targetHi, out.targetLo], [true, 0x0200, 0x0b]);
  assertEquals([out.hasNonce, out.nonceHi, out.nonceLo], [true, 0xa1a2, 0xa3a4a5a6 | 0]);
});

Deno.test("ndp: a lifetime ends, but for the longest", () => {
  assertEquals(lifetimeEndUs(0, 5), 5);
  assertEquals(lifetimeEndUs(LIFETIME_FOREVER - 1, 5), (LIFETIME_FOREVER - 1) * 1e6 + 5);
  assertEquals(lifetimeEndUs(LIFETIME_FOREVER, 5), Infinity);
});

Deno.test("ndp: what is not known is passed over, and what was there before is forgotten", () => {
  const out = new NdpOptions();
  const first = hex("0101 02000000000a 0201 02000000000b 0e01 a1a2a3a4a5a6");
  parseNdpOptions(view(first), 0, first.length, out);
  const second = hex(`7f02 ${"00".repeat(14)} 0202 ${"00".repeat(14)}`);
  assertEquals(parseNdpOptions(view(second), 0, second.length, out), 0);
  assertEquals([out.hasSourceLink, out.hasTargetLink, out.hasNonce], [false, false, false]);
});

Deno.test("ndp: an option of no length, or one that is cut off, spoils the message", () => {
  for (const text of ["01", "0100 02000000000a", "0102 02000000000a", "0101 0200"]) {
    assertEquals(parse(text).reason, DROP_NDP_FORMAT, text);
  }
});

Deno.test("ndp: options are written", () => {
  assertEmits(
    hex("0101 02000000000a"),
    (dv, off) => emitNdpSixBytes(dv, off, NDP_OPTION_SOURCE_LINK, 0x0200, 0x0a),
  );
  assertEmits(
    hex("0e01 a1a2a3a4a5a6"),
    (dv, off) => emitNdpSixBytes(dv, off, NDP_OPTION_NONCE, 0xa1a2, 0xa3a4a5a6 | 0),
  );
});

Deno.test("ndp: a router's advertisement, and its prefix", () => {
  const option = `03 04 40 c0 00000e10 00000708 00000000 20010db8000500000000000000000000`;
  const bytes = hex(`8600 0000 40 88 0708 00000000 00000000 ${option}`);
  const out = new RouterAdvertisement();
  assertEquals(readRouterAdvertisement(view(bytes), 0, bytes.length, out), true);
  assertEquals([out.lifetimeSeconds, out.preference, out.optionsOff], [1800, 1, 16]);
  assertEquals([out.isManaged, out.hasOther], [true, false]);
  const prefix = new PrefixOption();
  assertEquals(readPrefixOption(view(bytes), 16, prefix), true);
  assertEquals([prefix.prefixLen, prefix.isOnLink, prefix.isAutonomous], [64, true, true]);
  assertEquals([prefix.validSeconds, prefix.preferredSeconds], [3600, 1800]);
  assertEquals(prefix.prefix.toString(), "2001:db8:5::");
  assertEquals(readRouterAdvertisement(view(bytes), 0, 15, out), false);
  assertEquals(readRouterAdvertisement(view(bytes), 0, bytes.length - 8, out), false);
  bytes[17] = 3;
  assertEquals(readPrefixOption(view(bytes), 16, prefix), false);
});
