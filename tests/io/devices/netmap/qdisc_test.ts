import { assertEquals } from "@std/assert";
import { rootQdisc } from "../../../../io/devices/netmap/qdisc.ts";

Deno.test("rootQdisc: the kernel's default, netmap's own, and somebody's", () => {
  const cases: [shown: string, kind: string, isDefault: boolean][] = [
    ["qdisc noqueue 0: root refcnt 2 \n", "noqueue", true],
    ["qdisc mq 0: root \nqdisc fq_codel 0: parent :1 limit 10240p\n", "mq", true],
    ["qdisc netmapemu 8001: root refcnt 2 \n", "netmapemu", false],
    ["qdisc mq 12: root \nqdisc netmapemu 8002: parent 12:1 \n", "mq", false],
    ["qdisc pfifo 8003: root refcnt 2 limit 1000p\n", "pfifo", false],
    ["qdisc ingress ffff: parent ffff:fff1 \nqdisc htb 1: root refcnt 2 r2q 10\n", "htb", false],
  ];
  for (const [shown, kind, isDefault] of cases) {
    assertEquals(rootQdisc(shown), { kind, isDefault }, shown);
  }
  assertEquals(rootQdisc(""), null);
});
