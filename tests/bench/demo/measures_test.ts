import { assert, assertEquals } from "@std/assert";
import { csvRate, DEMO_MEASURES } from "../../../bench/demo/measures.ts";

Deno.test("the rate is the last field of iperf 2's last report", () => {
  const line = (rate: number) =>
    `19700101000000,198.18.0.2,5001,198.18.0.1,4,1,0.0-1.0,9,${rate}\n`;
  assertEquals(csvRate(line(23646542711)), 23646542711);
  assertEquals(csvRate(line(1) + line(2)), 2);
  assertEquals(csvRate(""), NaN);
  assertEquals(csvRate("connect failed: Connection refused\n"), NaN);
});

Deno.test("the demo judges nothing, and names every command", () => {
  for (const m of DEMO_MEASURES) assert(m.bar === null && m.command.includes("HOST"), m.name);
});
