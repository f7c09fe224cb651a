/**
 * The Internet checksum, by length.
 *
 * @module
 */
import { sum } from "../../stack/wire/checksum.ts";
import { keep } from "./measure.ts";

const u8 = new Uint8Array(1 << 16);
const dv = new DataView(u8.buffer);
for (let i = 0; i < u8.length; i++) u8[i] = i * 31;

for (const [lenBytes, what] of [[40, "40 B"], [1460, "1,460 B"], [1 << 16, "64 KiB"]] as const) {
  Deno.bench({
    name: what,
    group: "checksum",
    baseline: lenBytes === 1460,
    fn: () => keep(sum(dv, 0, lenBytes, 0)),
  });
}
