import { assertEquals } from "@std/assert";
import { rootQdisc } from "../../../../io/devices/netmap/qdisc.ts";
import { canMakeNetns, Netns } from "../../../lab/netns.ts";

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

Deno.test({
  name: "qdiscBefore: waits for what an earlier nuse's keeper undoes",
  ignore: !canMakeNetns,
  async fn() {
    await using ns = await Netns.create("nuse-qdisc");
    await ns.ip("link add d0 type veth peer name d1");
    await ns.ip("link set d0 up");
    await ns.run("tc qdisc add dev d0 root pfifo".split(" "));
    const before = `
      import { qdiscBefore } from "${
      import.meta.resolve("../../../../io/devices/netmap/qdisc.ts")
    }";
      console.log(JSON.stringify(qdiscBefore("d0")));`;
    const see = async () => JSON.parse((await ns.run([Deno.execPath(), "eval", before])).stdout);
    assertEquals(await see(), { kind: "pfifo", isDefault: false }, "somebody's own");
    const undo = 'sleep 0.5; tc qdisc del dev "$1" root';
    const [seen] = await Promise.all([see(), ns.run(["sh", "-c", undo, "nuse-qdisc", "d0"])]);
    assertEquals(seen.isDefault, true);
  },
});
