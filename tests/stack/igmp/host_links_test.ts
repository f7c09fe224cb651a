import { assertEquals } from "@std/assert";
import { Counters } from "../../../stack/mod.ts";
import { Alarm, UNKNOWN } from "../../../stack/base/alarm.ts";
import { DEFAULT_IGMP_CONFIG } from "../../../stack/igmp/config.ts";
import { HostLinks } from "../../../stack/igmp/host_links.ts";

const ALL = { isInclude: false, sources: [] };

Deno.test("host links: each interface's changes are told there, by all of them together", () => {
  const told: string[] = [];
  const alarm = new Alarm();
  const links = new HostLinks({
    sender: {
      report: () => {},
      leave: () => {},
      reportV3: (ifIndex, _nowUs, fill) => fill((_, group) => told.push(`${ifIndex}:${group}`)),
    },
    counters: new Counters().igmp,
    random: () => 0,
    config: DEFAULT_IGMP_CONFIG,
  }, alarm);
  assertEquals([links.isQuiet(), links.pollAtUs()], [true, Infinity]);
  alarm.atUs = 5;
  links.of(2).change(7, null, ALL);
  assertEquals(alarm.atUs, UNKNOWN);
  links.of(3).change(8, null, ALL);
  assertEquals(links.of(2), links.of(2));
  assertEquals([links.isQuiet(), links.pollAtUs()], [false, 0]);
  links.poll(5);
  assertEquals([told, links.isQuiet()], [["2:7", "3:8"], true]);
});
