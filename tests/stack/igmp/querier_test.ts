import { assertEquals } from "@std/assert";
import { DEFAULT_IGMP_CONFIG } from "../../../stack/igmp/config.ts";
import { Querier } from "../../../stack/igmp/querier.ts";
import { IgmpHeader } from "../../../stack/wire/igmp.ts";

function query(version: number, fields: Partial<IgmpHeader> = {}): IgmpHeader {
  return Object.assign(new IgmpHeader(), { version, maxRespTenths: 10 }, fields);
}

Deno.test("an old querier is believed for robustness * interval + ten seconds", () => {
  const querier = new Querier(DEFAULT_IGMP_CONFIG);
  assertEquals(querier.version(0), 3);
  assertEquals(querier.hear(query(2), 0), true);
  assertEquals([querier.version(260e6 - 1), querier.version(260e6)], [2, 3]);
  assertEquals(querier.hear(query(1), 100e6), true);
  assertEquals(querier.hear(query(2), 200e6), false); // version 1 goes before it
  assertEquals([querier.version(359e6), querier.version(361e6)], [1, 2]);
});

Deno.test("its timing is that of the latest querier of version 3", () => {
  const querier = new Querier(DEFAULT_IGMP_CONFIG);
  querier.hear(query(3, { robustness: 3, intervalSec: 20 }), 0);
  assertEquals(querier.robustness, 3);
  querier.hear(query(2), 0);
  assertEquals([querier.version(70e6 - 1), querier.version(70e6)], [2, 3]);
  querier.hear(query(3, { robustness: 7, intervalSec: 9 }), 1e6);
  assertEquals(querier.robustness, 3); // as Linux: not while an older one is there
  querier.hear(query(3), 80e6);
  assertEquals(querier.robustness, 2); // 0: the default
});

Deno.test("how long answers and reports may wait", () => {
  const querier = new Querier(DEFAULT_IGMP_CONFIG);
  assertEquals(querier.maxDelayUs(query(3), 0), 1e6);
  assertEquals(querier.maxDelayUs(query(3, { maxRespTenths: 0 }), 0), 1e5);
  assertEquals(querier.reportIntervalUs(0), 1e6);
  querier.hear(query(2), 0);
  assertEquals(querier.reportIntervalUs(0), 10e6);
  querier.hear(query(1, { maxRespTenths: 0 }), 0);
  assertEquals(querier.maxDelayUs(query(2), 0), 10e6);
});

Deno.test("force_igmp_version", () => {
  const of = (forceVersion: number) => new Querier({ ...DEFAULT_IGMP_CONFIG, forceVersion });
  const versions = [0, 1, 2, 3].map((version) => of(version).version(0));
  assertEquals(versions, [3, 1, 2, 3]);
  const second = of(2);
  second.hear(query(1), 0);
  assertEquals(second.version(0), 1);
});
