/**
 * A neighbour that lies, on a real link: what it says is doubted, bounded, and said.
 *
 * @module
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { linkLocal6 } from "../lab/ipv6.ts";
import type { Running } from "../lab/netns.ts";
import { FAR, PREFIX, ROUTER, type RouterLab, withRouter } from "./router_lab.ts";

const LIAR = new URL("./liar.py", import.meta.url).pathname;

async function liar(lab: RouterLab, ...args: string[]): Promise<Running> {
  const running = lab.b.start(["python3", LIAR, "br0", ...args], { limitSec: 60 });
  await running.waitFor("ready");
  return running;
}

const network = withRouter("radvd", "python3");

network("every address that is asked for is claimed: one line, in bounded time", async (lab) => {
  await lab.radvd(`prefix ${PREFIX} { };`);
  const attacker = await liar(lab, "everything", "50");
  const r = await lab.nuse("auto6", ["true"]);
  attacker.kill();
  assertEquals(r.code, 2, r.stdout + r.stderr);
  assertMatch(r.stderr, /^nuse: fe80::\S+ is in use on va by 02:00:00:00:00:66: .*\n$/);
}, ["RAW"]);

network(
  "claims of the router's address, its lifetime 0, a thousand others: it is used on",
  async (lab) => {
    const router = await linkLocal6(lab.b, "br0");
    await lab.radvd(`prefix ${PREFIX} { };`);
    const script = `ping -6 -c 40 -i 0.1 ${ROUTER} | tail -n 2; ` +
      `for i in 1 2 3 4 5 6; do sleep 1; ping -6 -c 1 -W 1 ${FAR} && break; done; ` +
      "ip -6 addr show dev va | grep -c 'scope global'; ip -6 route | grep -c default";
    const running = lab.start("auto6", ["sh", "-c", `echo up; ${script}`]);
    await running.waitFor("up", 30);
    for (const lies of [["routers"], ["neighbour", ROUTER, router, "40"]]) {
      const attacker = await liar(lab, ...lies);
      await attacker.waitFor("done", 30);
    }
    const r = await running.done;
    assertMatch(r.stdout, /40 received, 0% packet loss/, r.stdout + r.stderr);
    assertMatch(r.stdout, /1 received, 0% packet loss/, r.stdout + r.stderr);
    const [addresses, routes] = r.stdout.trim().split("\n").slice(-2).map(Number);
    assert(addresses > 3 && addresses <= 16 && routes <= 8, r.stdout);
  },
  ["RAW"],
);
