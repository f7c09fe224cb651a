import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { getOption, type Socket } from "../../stack/mod.ts";
import { intBytes } from "../../stack/socket/option_codec.ts";
import { bytesOf, Host, icmpFrame, parseIp, PEER_ADDR, udpFrame } from "./net_fixture.ts";
import { type StackConfig, stackConfig } from "../../stack/config.ts";
import { overridesOf, sysctlNamed, SYSCTLS } from "../../stack/sysctl.ts";
import { CONGESTION_NAMES } from "../../stack/tcp/congestion/mod.ts";

/** What a configuration has and no sysctl of Linux names. */
const WITHOUT = [
  "ip.loopbackBytes",
  "ip.loopbackFrames",
  "ip.routeCacheEntries",
  "ip.txRows",
  "icmp.hostErrorBurst",
  "udp.maxSegments",
  "socket.maxQueuedErrors",
  "tcp.assemblerIntervalMax",
  "tcp.defaultSmss",
  "tcp.delayedAckUs",
  "tcp.initialCwndSegments",
  "tcp.quickAckSegments",
  "tcp.rtoInitUs",
  "tcp.timeWaitUs",
];

function fieldsOf(config: StackConfig): Map<string, unknown> {
  return new Map(
    Object.entries(config).flatMap(([group, fields]) =>
      Object.entries(fields).map(([name, value]) => [`${group}.${name}`, value] as const)
    ),
  );
}

/** Another value that the row takes than `text`. */
function otherValue(name: string, text: string): string {
  const row = sysctlNamed(name)!;
  const numbers = text.split(" ").map(Number);
  const last = numbers.at(-1)!;
  const candidates = [
    [...numbers.slice(0, -1), last - 1].join(" "),
    [...numbers.slice(0, -1), last + 1].join(" "),
    "reno",
    "2001:db8::1",
  ];
  const found = candidates.find((value) => value !== text && row.parse(value) !== null);
  assert(found !== undefined, name);
  return found;
}

Deno.test("names are unique, and each default reads back to the default", () => {
  assertEquals(new Set(SYSCTLS.map(({ name }) => name)).size, SYSCTLS.length);
  const standard = stackConfig();
  for (const { name, show } of SYSCTLS) {
    assertEquals(stackConfig(overridesOf({ [name]: show(standard) })), standard, name);
  }
});

Deno.test("each changes a field and shows what it was given; every field has its sysctl", () => {
  const standard = stackConfig();
  const changed = new Set<string>();
  for (const { name, show } of SYSCTLS) {
    const pairs = [show(standard)].flatMap((text) => {
      const numbers = text.split(" ");
      // Of several numbers each in turn
      return numbers.length < 2 ? [otherValue(name, text)] : [
        [...numbers.slice(0, -2), Number(numbers.at(-2)) + 1, numbers.at(-1)].join(" "),
        otherValue(name, text),
      ];
    });
    for (const value of pairs) {
      const config = stackConfig(overridesOf({ [name]: value }));
      assertNotEquals(config, standard, `${name} ${value}`);
      assertEquals(show(config), value, name);
      const before = fieldsOf(standard);
      for (const [field, now] of fieldsOf(config)) {
        if (now !== before.get(field)) changed.add(field);
      }
    }
  }
  const without = [...fieldsOf(standard).keys()].filter((field) => !changed.has(field));
  assertEquals(without.sort(), [...WITHOUT].sort());
});

Deno.test("several at once; those of one group do not undo each other", () => {
  const config = stackConfig(overridesOf({
    "net.ipv4.tcp_sack": "0",
    "net.ipv4.tcp_rmem": "4096 65536 1048576",
    "net.ipv4.ip_default_ttl": "32",
    "net.ipv4.ip_local_port_range": "40000 40009",
  }));
  const { tcp, ip, udp } = config;
  assertEquals([tcp.sack, tcp.rcvBufInitBytes, tcp.rcvBufMaxBytes], [false, 65536, 1048576]);
  assertEquals([tcp.ttl, ip.defaultTtl], [32, 32]);
  assertEquals([tcp.portMin, tcp.portMax, udp.portMin, udp.portMax], [40000, 40009, 40000, 40009]);
});

Deno.test("the least and the greatest that are taken", () => {
  const bounds: [string, number, number][] = [
    ["net.core.somaxconn", 0, 65535],
    ["net.ipv4.conf.all.force_igmp_version", 0, 3],
    ["net.ipv4.igmp_qrv", 1, 255],
    ["net.ipv4.ip_default_ttl", 1, 255],
    ["net.ipv4.route.min_pmtu", 68, 65535],
    ["net.ipv4.tcp_challenge_ack_limit", 1, 0x7fffffff],
    ["net.ipv4.tcp_ecn", 0, 2],
    ["net.ipv4.tcp_fastopen", 0, 0x7fffffff],
    ["net.ipv4.tcp_keepalive_probes", 1, 255],
    ["net.ipv4.tcp_min_snd_mss", 48, 65535],
    ["net.ipv4.tcp_notsent_lowat", 0, 0xffffffff],
    ["net.ipv4.tcp_syn_retries", 1, 127],
    ["net.ipv4.tcp_syncookies", 0, 2],
  ];
  for (const [name, least, greatest] of bounds) {
    const row = SYSCTLS.find((each) => each.name === name)!;
    const isTaken = (n: number) => row.parse(`${n}`) !== null;
    const asked = [least - 1, least, greatest, greatest + 1];
    assertEquals(asked.map(isTaken), [false, true, true, false], name);
  }
});

Deno.test("units are Linux's", () => {
  const tcp = (name: string, value: string) => stackConfig(overridesOf({ [name]: value })).tcp;
  assertEquals(tcp("net.ipv4.tcp_keepalive_time", "10").keepIdleUs, 10e6);
  assertEquals(tcp("net.ipv4.tcp_invalid_ratelimit", "20").invalidAckIntervalUs, 20e3);
  assertEquals(tcp("net.ipv4.tcp_rto_min_us", "5000").rtoMinUs, 5000);
  assertEquals(tcp("net.ipv4.tcp_orphan_retries", "0").orphanRetries, 8);
  const { icmp } = stackConfig(overridesOf({ "net.ipv4.icmp_ratelimit": "250" }));
  assertEquals(icmp.hostErrorsPerSecond, 4);
});

Deno.test("ip_default_ttl: in datagrams, echo replies, errors, and in IP_TTL", () => {
  const host = new Host({ config: overridesOf({ "net.ipv4.ip_default_ttl": "42" }) });
  const socket = host.datagram(2, 0);
  host.send(socket, bytesOf(1), PEER_ADDR, 7);
  host.inject(icmpFrame(8, 0, 1, bytesOf(8)));
  host.inject(udpFrame(1000, 9, bytesOf(1)));
  host.flush();
  assertEquals(host.sent().map((frame) => parseIp(frame).header.ttl), [42, 42, 42]);
  for (const one of [socket, host.stack.socket(2, 1, 0) as Socket]) {
    assertEquals(getOption(one, 0, 2, 4, host.nowUs), intBytes(42));
  }
});

Deno.test("what is no value of its row", () => {
  const wrong: [string, string[]][] = [
    ["net.ipv4.tcp_sack", ["", "2", "yes", "-1", "0 1", "01"]],
    ["net.ipv4.ip_default_ttl", ["0", "256", "1.5", "1e2", "0x40"]],
    ["net.ipv4.tcp_congestion_control", ["vegas", "CUBIC", ""]],
    ["net.ipv4.ip_local_port_range", ["1", "1 2 3", "2 1", "0 5", "1 65536"]],
    ["net.ipv4.tcp_rmem", ["4096 65536", "1 65536 65536", "4096 65536 1000", "65536"]],
    ["net.ipv4.tcp_mtu_probing", ["2"]],
    ["net.ipv4.icmp_ratelimit", ["0"]],
  ];
  for (const [name, values] of wrong) {
    for (const value of values) assertEquals(sysctlNamed(name)!.parse(value), null, value);
  }
  assertEquals(sysctlNamed("tcp_sack"), null);
  assertEquals(overridesOf({ "net.ipv4.tcp_sack": "2", nothing: "1" }), {});
});

Deno.test("the congestion controls are those of the stack", () => {
  const row = sysctlNamed("net.ipv4.tcp_congestion_control")!;
  assertEquals(row.values.split(", "), CONGESTION_NAMES);
});
