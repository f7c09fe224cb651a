import { assert, assertEquals } from "@std/assert";
import { IpAddress } from "../../../stack/base/ip_address.ts";
import { endsOf, LOG_EVENTS_MAX, SILENT_LOG } from "../../../stack/base/log.ts";
import { Packet } from "../../../stack/base/packet.ts";
import { runScenario } from "../../sim/scenario.ts";
import { ForbiddenLog, RecordingLog } from "../../support/recording_log.ts";

Deno.test("the silent log listens to nothing and takes anything", () => {
  assertEquals(SILENT_LOG.isOn.length, LOG_EVENTS_MAX);
  assert(SILENT_LOG.isOn.every((on) => on === 0));
  const addr = IpAddress.parse("198.18.0.1")!;
  SILENT_LOG.plain(0, 0);
  SILENT_LOG.address(0, 0, addr);
  SILENT_LOG.connection(0, 0, { local: addr, remote: addr, localPort: 1, remotePort: 2 });
});

Deno.test("the ends of a packet that came in: ours is its destination", () => {
  const pkt = new Packet();
  pkt.src2 = pkt.dst2 = 0xffff;
  pkt.src3 = 0xc6120001 | 0;
  pkt.dst3 = 0xc6120002 | 0;
  const { local, localPort, remote, remotePort } = endsOf(pkt, 80, 4000);
  assertEquals(`${local}:${localPort} ${remote}:${remotePort}`, "198.18.0.2:80 198.18.0.1:4000");
});

Deno.test("off, not one call reaches the log; on, the same run is told and does not change", () => {
  for (const seed of [3, 14, 15]) {
    const off = runScenario(seed, {}, new ForbiddenLog());
    const log = new RecordingLog();
    assertEquals(runScenario(seed, {}, log), off, `seed ${seed}`);
    assert(log.all.length > 0, `seed ${seed} tells nothing`);
  }
});
