import { assertEquals, assertNotEquals } from "@std/assert";
import { SysError } from "../../ffi/errno.ts";
import { Arena } from "../../ffi/arena.ts";
import { DynamicAddresses } from "../../io/dynamic_addresses.ts";
import type { InterfaceConfig } from "../../io/config.ts";
import { StackLog } from "../../io/log/stack_log.ts";
import { thresholdsOf } from "../../io/log/levels.ts";
import { EventLoop } from "../../io/loop/loop.ts";
import { BuddyMemory, type DhcpClient, Stack } from "../../stack/mod.ts";
import { LEASE } from "./leases.ts";

const CONFIG: InterfaceConfig = {
  name: "dyn0",
  kind: "RAW",
  hostName: `dyn-${Deno.pid}`,
  vlan: null,
  addresses: [],
  dynamic: "dhcp",
  pipePath: null,
  hostAddress: null,
  bridge: null,
  mac: "own",
  dad: "quick",
  mtu: null,
};

function silentLog(): StackLog {
  const options = { thresholds: thresholdsOf(() => "off"), startUs: 0, clockUs: () => 0 };
  return new StackLog({ ...options, onEntry: () => {} });
}

function dynamicAddresses(): DynamicAddresses {
  const arena = Arena.map();
  const memory = new BuddyMemory(arena.buffer);
  const stack = new Stack({ memory, random: () => 7, nowUs: 0 });
  return new DynamicAddresses(stack, new EventLoop(arena, memory, stack), silentLog(), "");
}

type Story = Record<number, Partial<Pick<DhcpClient, "lease" | "declines" | "offers">>>;

/** Each has an interface of its own, whose addresses nobody else has locked. */
let worlds = 0;

/**
 * Waits for an address by DHCP, in virtual time: after how many seconds what came of it.
 * `story`: what the client has come to in which second.
 */
function settle(story: Story): string {
  const client = { lease: null, declines: 0, offers: 0 };
  const loop = {
    nowUs: 0,
    step(untilUs: number): void {
      loop.nowUs = untilUs;
      Object.assign(client, story[Math.floor(untilUs / 1e6)]);
    },
    add: () => 0,
  };
  const stack = { dhcp: { start: () => client }, poll: () => {}, flush: () => {} };
  const [ofStack, ofLoop] = [stack as unknown as Stack, loop as unknown as EventLoop];
  const addresses = new DynamicAddresses(ofStack, ofLoop, silentLog(), "");
  addresses.begin(2, { ...CONFIG, hostName: `${CONFIG.hostName}.${worlds++}` }, 0);
  try {
    addresses.settle();
    return `${loop.nowUs / 1e6}: settled`;
  } catch (error) {
    return `${loop.nowUs / 1e6}: ${(error as SysError).message.split(":")[0]}`;
  }
}

Deno.test("how long a server is waited for; a decline begins that anew, the third ends it", () => {
  assertEquals(settle({ 14: { lease: LEASE } }), "14: settled");
  assertEquals(settle({}), "15: no DHCP server has answered on dyn0 within 15 s");
  assertEquals(
    settle({ 3: { offers: 1 } }),
    "15: the DHCP server on dyn0 offers an address, but does not acknowledge it",
  );
  const twice: Story = { 10: { declines: 1 }, 20: { declines: 2 } };
  assertEquals(settle({ ...twice, 34: { lease: LEASE } }), "34: settled");
  assertEquals(settle(twice).slice(0, 4), "35: ");
  assertEquals(
    settle({ ...twice, 30: { declines: 3 } }),
    "30: every address that the DHCP server on dyn0 gave is in use already",
  );
});

Deno.test("each nuse on an interface makes its MAC address of another number", () => {
  const [one, other] = [dynamicAddresses(), dynamicAddresses()];
  const seed = one.macSeed(CONFIG);
  assertEquals(seed, "dhcp 0");
  assertNotEquals(other.macSeed(CONFIG), seed);
  assertEquals(other.macSeed({ ...CONFIG, hostName: `${CONFIG.hostName}b` }), seed);
  // With a MAC or an address of its own it need not.
  assertEquals(one.macSeed({ ...CONFIG, mac: "02:00:00:00:00:01" }), undefined);
  assertEquals(one.macSeed({ ...CONFIG, dynamic: null }), undefined);
});
