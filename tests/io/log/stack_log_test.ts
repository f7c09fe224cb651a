import { assertEquals } from "@std/assert";
import type { LogEntry } from "../../../io/log/event.ts";
import { thresholdsOf } from "../../../io/log/levels.ts";
import { StackLog } from "../../../io/log/stack_log.ts";
import { IpAddress, LogEvent } from "../../../stack/mod.ts";

const V4 = IpAddress.parse("198.18.0.1")!;
const V6 = IpAddress.parse("2001:db8::1")!;

class Heard {
  readonly entries: LogEntry[] = [];
  readonly log = new StackLog({
    thresholds: thresholdsOf(() => "trace"),
    clockUs: () => 1e6,
    startUs: 0,
    onEntry: (entry) => this.entries.push(entry),
  });

  /** Subject, values and message of the only entry. */
  take() {
    assertEquals(this.entries.length, 1);
    const [{ subject, values, message }] = this.entries.splice(0);
    return { subject, values, message };
  }
}

Deno.test("about an address, on an interface whose name is known", () => {
  const heard = new Heard();
  heard.log.nameOf = (ifIndex) => ifIndex === 2 ? "va" : null;
  heard.log.address(LogEvent.ARP_LEARNED, 2, V4, 0x020000000001);
  assertEquals(heard.take(), {
    subject: { interface: "va", address: "198.18.0.1" },
    values: { mac: "02:00:00:00:00:01" },
    message: "198.18.0.1 is at 02:00:00:00:00:01",
  });
});

Deno.test("about two ends, of either family; an unknown interface is left out", () => {
  const heard = new Heard();
  const ends = { local: V4, remote: V6, localPort: 53, remotePort: 4000 };
  heard.log.connection(LogEvent.UDP_NO_PORT, 9, ends, 100);
  assertEquals(heard.take(), {
    subject: { local: "198.18.0.1:53", remote: "[2001:db8::1]:4000" },
    values: { lenBytes: 100 },
    message: "nobody has this port; a datagram of 100 bytes is refused",
  });
});

Deno.test("about neither; numbers that were left out are 0", () => {
  const heard = new Heard();
  heard.log.plain(LogEvent.IP_DROP, 0);
  assertEquals(heard.take(), {
    subject: {},
    values: { reason: "none" },
    message: "a packet is thrown away: none",
  });
});

Deno.test("the stack's events are on as their thresholds say", () => {
  const log = new StackLog({
    thresholds: thresholdsOf((category) => category === "arp" ? "debug" : "off"),
    clockUs: () => 0,
    startUs: 0,
    onEntry() {},
  });
  assertEquals(log.isOn[LogEvent.ARP_ASK], 1);
  assertEquals(log.isOn[LogEvent.ARP_CONFLICT], 1);
  assertEquals(log.isOn[LogEvent.IP_NO_ROUTE], 0);
});
