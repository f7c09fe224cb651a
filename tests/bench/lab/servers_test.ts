import { assertEquals, assertThrows } from "@std/assert";
import { redisRate, redisStart, wrkRate } from "../../../bench/lab/servers.ts";

Deno.test("wrk's rate; none when a request failed", () => {
  const rate = "Requests/sec:  12345.67\nTransfer/sec:     14.55MB\n";
  assertEquals(wrkRate(rate), 12345.67);
  assertThrows(() => wrkRate(`  Non-2xx or 3xx responses: 3\n${rate}`));
  assertThrows(() => wrkRate(`  Socket errors: connect 0, read 1, write 0, timeout 0\n${rate}`));
  assertThrows(() => wrkRate("unable to connect to 198.18.0.1:80 Connection refused\n"));
});

Deno.test("the rate of redis-benchmark, of the command that was asked for", () => {
  const line = "SET: 98039.22 requests per second, p50=0.255 msec                   \n";
  assertEquals(redisRate(line, "SET"), 98039.22);
  assertThrows(() => redisRate(line, "GET"));
});

Deno.test("its first rate of the median of the later ones", () => {
  const told = [40, 90, 100, 110, 100, 30].map((rate) =>
    `\rSET: rps=${rate}.0 (overall: 1.0) avg_msec=0.5 (overall: 0.5)`
  );
  assertEquals(redisStart(`\rSET: rps=0.0 (overall: nan)${told.join("")}`), 0.4);
  assertThrows(() => redisStart(told.slice(0, 3).join("")));
});
