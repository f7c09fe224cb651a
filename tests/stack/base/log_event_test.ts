import { assert, assertEquals } from "@std/assert";
import * as drop from "../../../stack/base/drop_reason.ts";
import { LOG_EVENTS_MAX } from "../../../stack/base/log.ts";
import { DROP_EVENTS, LOG_EVENT_END, LogEvent } from "../../../stack/base/log_event.ts";

const CODES = Object.values(LogEvent).filter((code) => typeof code === "number");

Deno.test("the stack's codes leave room for its owner's", () => {
  assert(CODES.length > 0 && Math.max(...CODES) < LOG_EVENT_END);
  assert(LOG_EVENT_END < LOG_EVENTS_MAX);
});

Deno.test("every reason for a drop has its layer's event", () => {
  assertEquals(DROP_EVENTS.length, drop.DROP_NAMES.length);
  const expected: [number, LogEvent][] = [
    [drop.DROP_FRAME_NOT_FOR_US, LogEvent.DEVICE_DROP],
    [drop.DROP_ARP_FORMAT, LogEvent.ARP_DROP],
    [drop.DROP_NEIGHBOUR_FAILED, LogEvent.ARP_DROP],
    [drop.DROP_IPV4_CHECKSUM, LogEvent.IP_DROP],
    [drop.DROP_MARTIAN_OWN, LogEvent.IP_DROP],
    [drop.DROP_RAW_QUEUE_FULL, LogEvent.IP_DROP],
    [drop.DROP_ICMP_TYPE, LogEvent.ICMP_DROP],
    [drop.DROP_UDP_QUEUE_FULL, LogEvent.UDP_DROP],
    [drop.DROP_TCP_SEQUENCE, LogEvent.TCP_DROP],
    [drop.DROP_DEVICE_FULL, LogEvent.DEVICE_DROP],
  ];
  for (const [reason, event] of expected) {
    assertEquals(LogEvent[DROP_EVENTS[-reason]], LogEvent[event], drop.DROP_NAMES[-reason]);
  }
});
