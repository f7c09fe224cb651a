import { assertEquals } from "@std/assert";
import { durationText, textOf, valueOf } from "../../../io/log/stack_values.ts";
import { DROP_NAMES } from "../../../stack/mod.ts";

Deno.test("durations: three digits that matter", () => {
  const texts = [0, 7, 999, 1250, 12_345, 999_499, 999_500, 1_500_000, 61_234_567, 120e6];
  assertEquals(
    texts.map(durationText),
    ["0 µs", "7 µs", "999 µs", "1.25 ms", "12.3 ms", "999 ms", "1 s", "1.5 s", "61.2 s", "120 s"],
  );
});

Deno.test("a name says what its number is", () => {
  const cases: [string, number, string | number, string][] = [
    ["rtoUs", 400_000, 400_000, "400 ms"],
    ["lenBytes", 1460, 1460, "1460 bytes"],
    ["lenBytes", 1, 1, "1 byte"],
    ["errno", 110, "ETIMEDOUT", "ETIMEDOUT"],
    ["errno", 0, "no error", "no error"],
    ["mac", 0x020000c00901, "02:00:00:c0:09:01", "02:00:00:c0:09:01"],
    ["toState", 2, "SYN-SENT", "SYN-SENT"],
    ["reason", 1, DROP_NAMES[1], DROP_NAMES[1]],
    ["icmp", 3 << 8 | 1, "host unreachable", "host unreachable"],
    ["icmp", 5 << 8 | 1, "redirect", "redirect"],
    ["gateway", 0xc6120001, "198.18.0.1", "198.18.0.1"],
    ["icmp", 11 << 8, "time to live exceeded", "time to live exceeded"],
    ["icmp", 3 << 8 | 99, "ICMP type 3 code 99", "ICMP type 3 code 99"],
    ["protocol", 17, "UDP", "UDP"],
    ["protocol", 99, "protocol 99", "protocol 99"],
    ["attempt", 3, 3, "3"],
  ];
  for (const [name, n, value, text] of cases) {
    assertEquals([valueOf(name, n), textOf(name, n)], [value, text], name);
  }
});
