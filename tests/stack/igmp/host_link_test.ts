import { assertEquals } from "@std/assert";
import { Counters } from "../../../stack/mod.ts";
import { DEFAULT_IGMP_CONFIG } from "../../../stack/igmp/config.ts";
import { HostLink } from "../../../stack/igmp/host_link.ts";
import type { Sender } from "../../../stack/igmp/sender.ts";
import { IgmpHeader } from "../../../stack/wire/igmp.ts";

const ALL = { isInclude: false, sources: [] };

/** A link whose random delays are `share` of what they may be, and what it sends. */
function make(share = 0.5, robustness = DEFAULT_IGMP_CONFIG.robustness) {
  const sent: string[] = [];
  const sender: Pick<Sender, "report" | "leave" | "reportV3"> = {
    report: (_ifIndex, version, group) => sent.push(`v${version} ${group}`),
    leave: (_ifIndex, group) => sent.push(`leave ${group}`),
    reportV3: (_ifIndex, _nowUs, fill) => {
      const records: string[] = [];
      fill((type, group) => records.push(`${type}:${group}`));
      if (records.length > 0) sent.push(records.join(" "));
    },
  };
  const link = new HostLink(2, {
    sender: sender as Sender,
    counters: new Counters().igmp,
    random: () => (share * 2 ** 32) | 0,
    config: { ...DEFAULT_IGMP_CONFIG, robustness },
  });
  const query = (version: number, group: number, maxRespTenths: number, nowUs: number) =>
    link.query(Object.assign(new IgmpHeader(), { version, group, maxRespTenths }), [], nowUs);
  const at = (nowUs: number) => {
    link.poll(nowUs);
    return sent.splice(0);
  };
  return { link, query, at };
}

Deno.test("RFC 9776 5.2 rule 1: a general answer that comes sooner is enough", () => {
  const { link, query, at } = make();
  link.change(7, null, ALL);
  assertEquals([at(0), at(0.5e6)], [["4:7"], ["4:7"]]);
  query(3, 0, 20, 10e6);
  query(3, 7, 30, 10e6);
  assertEquals(link.pollAtUs(), 11e6);
  assertEquals([at(11e6), link.pollAtUs()], [["2:7"], Infinity]);
  query(3, 0, 30, 20e6);
  query(3, 7, 20, 20e6);
  assertEquals([at(21e6), at(21.5e6)], [["2:7"], ["2:7"]]);
});

Deno.test("a query's answer that waits is moved forward only", () => {
  const { link, query, at } = make();
  link.change(7, null, ALL);
  at(0);
  at(0.5e6);
  query(3, 7, 100, 10e6);
  query(3, 7, 10, 10e6);
  query(3, 7, 50, 10e6);
  assertEquals(link.pollAtUs(), 10.5e6);
});

Deno.test("what was told once waits for its time, whatever other groups do", () => {
  const { link, at } = make();
  link.change(7, null, ALL);
  assertEquals(at(0), ["4:7"]);
  link.change(8, null, ALL);
  assertEquals(at(0.2e6), ["4:8"]);
  assertEquals(link.pollAtUs(), 0.5e6);
  assertEquals([at(0.5e6), link.pollAtUs()], [["4:7 4:8"], Infinity]);
});

Deno.test("a version's end finds nothing of it left", () => {
  const { link, query, at } = make();
  query(2, 0, 10, 0);
  link.change(7, null, ALL);
  assertEquals([at(1), link.pollAtUs()], [["v2 7"], 5e6 + 1]);
  // Nobody looks for 300 s; by then it is version 3 again
  assertEquals([at(300e6), link.pollAtUs()], [[], Infinity]);
  link.change(7, ALL, null);
  assertEquals(at(300e6), ["3:7"]);
});

Deno.test("a leave in version 2 is told once, and by whoever reported last", () => {
  const { link, query, at } = make();
  query(2, 0, 10, 0);
  link.change(7, null, ALL);
  link.change(8, null, ALL);
  assertEquals(at(1), ["v2 7", "v2 8"]);
  link.heardReport(8);
  link.change(7, ALL, null);
  link.change(8, ALL, null);
  assertEquals([at(2), link.pollAtUs()], [["leave 7"], Infinity]);
});

Deno.test("RFC 2236 3: who hears another's report does not repeat his own", () => {
  const { link, query, at } = make(0.5, 4);
  query(2, 0, 10, 0);
  link.change(7, null, ALL);
  assertEquals(at(1), ["v2 7"]);
  link.heardReport(7);
  assertEquals([at(60e6), link.pollAtUs()], [[], Infinity]);
  query(2, 0, 10, 60e6);
  assertEquals([at(60.5e6), link.pollAtUs()], [["v2 7"], Infinity], "one answer is one answer");
});
