import { assertEquals } from "@std/assert";
import { DROP_MLD_SHORT } from "../../../stack/base/drop_reason.ts";
import { IpAddress } from "../../../stack/base/ip_address.ts";
import { emitMldRecord, MldQuery, parseMldQuery } from "../../../stack/wire/mld.ts";
import { assertEmits, hex, view } from "./golden.ts";

const GROUP = "ff0500000000000000000000000000aa";
const SOURCE = "20010db8000000000000000000000001";

function parse(text: string) {
  const bytes = hex(text);
  const out = new MldQuery();
  return { reason: parseMldQuery(view(bytes), 0, bytes.length, out), out };
}

Deno.test("mld: a query of version 1 has its time in milliseconds as it is", () => {
  const { reason, out } = parse(`8200 0000 2710 0000 ${GROUP}`);
  assertEquals([reason, out.version, out.maxResponseMs, out.groupOff], [0, 1, 10_000, 8]);
  assertEquals(out.sourceCount, 0);
});

Deno.test("mld: codes of a version 2 query that stand for more (RFC 3810 5.1.3)", () => {
  const { reason, out } = parse(`8200 0000 9234 0000 ${GROUP} 02 8a 0001 ${SOURCE}`);
  assertEquals([reason, out.version], [0, 2]);
  assertEquals(out.maxResponseMs, 0x1234 << 4);
  assertEquals([out.robustness, out.intervalSeconds], [2, 0x1a << 3]);
  assertEquals([out.sourceCount, out.sourcesOff], [1, 28]);
  assertEquals(parse(`8200 0000 03e8 0000 ${GROUP} 02 7d 0000`).out.intervalSeconds, 125);
});

Deno.test("mld: queries that end too early", () => {
  assertEquals(parse(`8200 0000 03e8 0000 ${GROUP.slice(2)}`).reason, DROP_MLD_SHORT);
  assertEquals(parse(`8200 0000 03e8 0000 ${GROUP} 02 7d`).reason, DROP_MLD_SHORT);
  assertEquals(parse(`8200 0000 03e8 0000 ${GROUP} 02 7d 0002 ${SOURCE}`).reason, DROP_MLD_SHORT);
});

Deno.test("mld: a record", () => {
  const group = IpAddress.parse("ff05::aa")!;
  const sources = ["2001:db8::9", "2001:db8::1"].map((text) => IpAddress.parse(text)!);
  assertEmits(
    hex(`06 00 0001 ${GROUP} ${SOURCE}`),
    (dv, off) => assertEquals(emitMldRecord(dv, off, 6, group, sources, 1, 2), 36),
  );
});
