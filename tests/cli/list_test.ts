import { assertEquals } from "@std/assert";
import { listJson, listText } from "../../cli/list.ts";
import type { RunView } from "../../io/app/mod.ts";

const VIEW: RunView = {
  version: "1",
  name: "lab",
  pid: 4711,
  frontPid: null,
  command: "iperf3 -s",
  since: "2026-01-02T03:04:05.678Z",
  isKept: true,
  isNetworkShared: false,
  names: { hostname: null, nameservers: [], search: [] },
  interfaces: [{ name: "eth0", addresses: ["198.18.0.2/24", "198.18.1.2/24"] }],
  sockets: 3,
  joined: 1,
  nameservers: [],
  searchDomains: [],
};

Deno.test("a table: a line for each run below a head, nothing that orders a terminal", () => {
  const bare = { ...VIEW, name: null, pid: 5, interfaces: [], command: "a\x1b[31m\nb" };
  const [head, first, second, ...rest] = listText([VIEW, bare]).split("\n");
  assertEquals(rest, [""]);
  assertEquals(head.split(/\s{2,}/), [
    "NAME",
    "PID",
    "SINCE",
    "SOCKETS",
    "JOINED",
    "INTERFACES",
    "PROGRAM",
  ]);
  const interfaces = "eth0 198.18.0.2/24 198.18.1.2/24";
  const [name, pid, since, ...others] = first.split(/\s{2,}/);
  assertEquals([name, pid, ...others], ["lab", "4711", "3", "1", interfaces, "iperf3 -s"]);
  assertEquals(new Date(since).toISOString(), "2026-01-02T03:04:05.000Z");
  assertEquals(second.indexOf("a?[31m?b"), first.indexOf("iperf3"));
  assertEquals(second.startsWith("-     5 "), true);
});

Deno.test("JSON: one array, with what the table has", () => {
  const [{ version, keep, name, interfaces }] = JSON.parse(listJson([VIEW]));
  assertEquals({ version, keep, name, interfaces }, {
    version: "1",
    keep: true,
    name: "lab",
    interfaces: VIEW.interfaces,
  });
  assertEquals(JSON.parse(listJson([])), []);
});
