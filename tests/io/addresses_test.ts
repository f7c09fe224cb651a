/** @module */
import { assertEquals, assertThrows } from "@std/assert";
import { SysError } from "../../ffi/errno.ts";
import { AddressClaims, addressOf } from "../../io/addresses.ts";
import type { DadKind, InterfaceConfig } from "../../io/config.ts";
import type { EventLoop } from "../../io/loop/loop.ts";
import { EADDRINUSE, FULL_PROBE, IpAddress, QUICK_PROBE, type Stack } from "../../stack/mod.ts";

const OURS = { address: "198.18.7.2", prefixLen: 24 };
const OURS6 = { address: "2001:db8::2", prefixLen: 64 };
const LINK_LOCAL = IpAddress.parse("fe80::2")!;
let interfaces = 0;

function configOf(dad: DadKind, ...addresses: InterfaceConfig["addresses"]): InterfaceConfig {
  // A name of its own, whose addresses nobody else has locked
  const hostName = `adr-${Deno.pid}.${interfaces++}`;
  const place = { name: "eth0", hostName, vlan: null, pipePath: null };
  return { ...place, dad, addresses } as unknown as InterfaceConfig;
}

/** A stack that finds out about addresses when the loop has taken three turns. */
class World {
  readonly done: string[] = [];
  readonly probes: { addr: string; isOver: boolean; holder: string | null }[] = [];
  turns = 0;
  readonly claims: AddressClaims;

  constructor(holders: Record<string, string> = {}) {
    const stack = {
      probeAddress: (ifIndex: number, addr: IpAddress, plan: unknown) => {
        const which = plan === QUICK_PROBE ? "quick" : plan === FULL_PROBE ? "full" : "?";
        this.done.push(`probe ${ifIndex} ${addr} ${which}`);
        const probe = { addr: `${addr}`, isOver: false, holder: null };
        this.probes.push(probe);
        return probe;
      },
      addAddress: (ifIndex: number, addr: IpAddress, prefixLen: number, nowUs: number) => {
        this.done.push(`add ${ifIndex} ${addr}/${prefixLen} ${nowUs}`);
        return 0;
      },
      disableIpv6: (ifIndex: number) => this.done.push(`no IPv6 on ${ifIndex}`),
      poll: () => this.done.push("poll"),
      flush: () => this.done.push("flush"),
    };
    const loop = {
      nowUs: 55,
      add: () => 0,
      step: () => {
        if (++this.turns < 3) return;
        for (const probe of this.probes) {
          probe.isOver = true;
          probe.holder = holders[probe.addr] ?? null;
        }
      },
    };
    this.claims = new AddressClaims(stack as unknown as Stack, loop as unknown as EventLoop);
  }
}

Deno.test("addresses: all are asked for at once, the link's own first, then taken", () => {
  const world = new World();
  world.claims.begin(2, configOf("quick", OURS, OURS6), LINK_LOCAL, 1);
  world.claims.begin(3, configOf("full", { address: "198.18.8.2", prefixLen: 16 }), null, 1);
  assertEquals(world.done.splice(0), [
    "probe 2 fe80::2 quick",
    "probe 2 198.18.7.2 quick",
    "probe 2 2001:db8::2 quick",
    "poll",
    "flush",
    "probe 3 198.18.8.2 full",
    "poll",
    "flush",
  ]);
  world.claims.settle();
  assertEquals([world.turns, world.claims.notes], [3, []]);
  assertEquals(world.done, [
    "add 2 fe80::2/64 55",
    "add 2 198.18.7.2/24 55",
    "add 2 2001:db8::2/64 55",
    "add 3 198.18.8.2/16 55",
  ]);
});

Deno.test("addresses: with dad=off they are taken without asking", () => {
  const world = new World();
  world.claims.begin(2, configOf("off", OURS), null, 1);
  world.claims.settle();
  assertEquals([world.turns, world.done], [0, ["poll", "flush", "add 2 198.18.7.2/24 55"]]);
});

Deno.test("addresses: one that somebody has ends the run, the link's own is done without", () => {
  const taken = new World({ "198.18.7.2": "02:00:00:00:00:09" });
  taken.claims.begin(2, configOf("quick", OURS6, OURS), LINK_LOCAL, 1);
  taken.done.length = 0;
  assertThrows(
    () => taken.claims.settle(),
    SysError,
    "198.18.7.2 is in use on eth0 by 02:00:00:00:00:09",
  );
  assertEquals(taken.done, [], "none is taken");
  const local = new World({ "fe80::2": "02:00:00:00:00:09" });
  local.claims.begin(2, configOf("quick", OURS), LINK_LOCAL, 1);
  local.claims.settle();
  assertEquals(local.done.slice(-2), ["no IPv6 on 2", "add 2 198.18.7.2/24 55"]);
  assertEquals(local.done.some((what) => what.startsWith("add 2 fe80")), false);
  assertEquals(local.claims.notes, [
    "fe80::2 is in use on eth0 by 02:00:00:00:00:09: there is no IPv6 on eth0",
  ]);
});

Deno.test("addresses: no IPv6 where it is wanted ends the run (RFC 4862 5.4.5)", () => {
  const wanted = [
    configOf("quick", OURS6),
    { ...configOf("quick"), dynamic: "auto6" as const },
    { ...configOf("quick"), dynamic: "dhcp6" as const },
  ];
  for (const config of wanted) {
    const world = new World({ "fe80::2": "02:00:00:00:00:09" });
    world.claims.begin(2, config, LINK_LOCAL, 1);
    assertThrows(
      () => world.claims.settle(),
      SysError,
      "fe80::2 is in use on eth0 by 02:00:00:00:00:09: there can be no IPv6",
    );
  }
});

Deno.test("addresses: another nuse on the interface may not have the same", () => {
  const config = configOf("quick", OURS);
  new World().claims.begin(2, config, null, 1);
  const error = assertThrows(() => new World().claims.begin(2, config, null, 1), SysError);
  assertEquals(error.errno, EADDRINUSE);
});

Deno.test("addresses: of a configuration, with the prefix; what is none is a fault of ours", () => {
  assertEquals([`${addressOf(OURS).addr}`, addressOf(OURS6).prefixLen], ["198.18.7.2", 64]);
  assertThrows(() => addressOf({ address: "x", prefixLen: 1 }), TypeError);
});
