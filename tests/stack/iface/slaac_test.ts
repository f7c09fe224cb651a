import { assert, assertEquals } from "@std/assert";
import { DEFAULT_IP_CONFIG, Interface } from "../../../stack/iface/mod.ts";
import { FULL_PROBE, type ProbePlan } from "../../../stack/iface/address_probe.ts";
import { type AddressProbe, BuddyMemory } from "../../../stack/mod.ts";
import { InterfaceIds } from "../../../stack/iface/interface_id.ts";
import { Slaac } from "../../../stack/iface/slaac.ts";
import { FakeDevice, ip, NO_OFFLOAD } from "../net_fixture.ts";

const PREFIX = ip("2001:db8:5::");
const DAY_US = 86_400e6;
const SECRET = "2001:db8:1:2:3:4:5:6";

/** One interface's addresses, with the test as the rest of the stack. */
class World {
  nowUs = 1e6;
  readonly iface: Interface;
  readonly slaac: Slaac;
  readonly asked: string[] = [];
  /** Whether somebody has an address that is asked for. */
  isTaken = (_addr: string) => false;
  #state = 9;

  constructor(config: Partial<typeof DEFAULT_IP_CONFIG> = {}, plan: ProbePlan | null = FULL_PROBE) {
    const link = new FakeDevice(NO_OFFLOAD, 1500);
    const mac = Uint8Array.of(2, 0, 0, 0, 0, 2);
    this.iface = new Interface(
      2,
      { name: "eth0", mac, link },
      new BuddyMemory(new ArrayBuffer(1 << 18)),
      16,
    );
    const random = () => this.#state = (Math.imul(this.#state, 1103515245) + 12345) | 0;
    const all = { ...DEFAULT_IP_CONFIG, ...config };
    this.slaac = new Slaac(this.iface, plan, {
      config: all,
      ids: new InterfaceIds(all.addrGenMode, all.stableSecret, random),
      random,
      probe: (_iface, addr) => {
        this.asked.push(addr.toString());
        const holder = this.isTaken(addr.toString()) ? "02:00:00:00:00:99" : null;
        return { isOver: true, holder } as AddressProbe;
      },
      addAddress: (iface, addr, isTemporary) => {
        iface.addresses.push({ addr, prefixLen: 64, broadcast: null, isTemporary });
        return 0;
      },
      removeAddress: (iface, addr) => {
        iface.addresses.splice(iface.addresses.indexOf(iface.findAddress(addr)!), 1);
      },
    });
  }

  /** A router tells of the prefix, seconds. */
  tell(preferred: number, valid: number, prefix = PREFIX): void {
    const until = (seconds: number) => this.nowUs + seconds * 1e6;
    this.slaac.onPrefix(prefix, until(preferred), until(valid), this.nowUs);
    this.slaac.poll(this.nowUs);
  }

  /** Does what is due until then. */
  advance(us: number): void {
    const endUs = this.nowUs + us;
    for (let i = 0; this.slaac.dueAtUs() <= endUs; i++) {
      assert(i < 1000, "something is always due");
      this.nowUs = Math.max(this.nowUs, this.slaac.dueAtUs());
      this.slaac.poll(this.nowUs);
    }
    this.nowUs = endUs;
  }

  get temporary(): string[] {
    const all = this.iface.addresses.filter(({ isTemporary }) => isTemporary);
    return all.map(({ addr, isDeprecated }) => `${addr}${isDeprecated ? " deprecated" : ""}`);
  }

  get stable(): string[] {
    return this.iface.addresses.filter(({ isTemporary }) => !isTemporary)
      .map(({ addr }) => addr.toString());
  }
}

Deno.test("slaac: an opaque address that is taken: others, thrice at most (RFC 7217 6)", () => {
  const world = new World({ stableSecret: SECRET });
  world.isTaken = () => world.asked.length <= 2;
  world.tell(1800, 3600);
  world.advance(1e6);
  assertEquals([world.asked.length, world.slaac.taken], [3, 2]);
  assertEquals(world.stable, [world.asked[2]]);
  assertEquals(new Set(world.asked).size, 3);
  const attacked = new World({ stableSecret: SECRET });
  attacked.isTaken = () => true;
  for (let i = 0; i < 50; i++) {
    attacked.tell(1800, 3600);
    attacked.advance(1e6);
  }
  assertEquals([attacked.asked.length, attacked.slaac.taken, attacked.stable], [4, 4, []]);
  assertEquals(attacked.slaac.isSettled, true);
});

Deno.test("slaac: of the MAC address there is one; when it is taken there is none", () => {
  const world = new World();
  world.isTaken = () => true;
  world.tell(1800, 3600);
  world.advance(1e6);
  assertEquals([world.asked, world.stable], [["2001:db8:5::ff:fe00:2"], []]);
});

Deno.test("slaac: without asking the address is ours at once", () => {
  const world = new World({}, null);
  world.tell(1800, 3600);
  assertEquals([world.asked, world.stable], [[], ["2001:db8:5::ff:fe00:2"]]);
});

Deno.test("slaac: temporary addresses are not made unless asked for", () => {
  const world = new World();
  world.tell(604_800, 2_592_000);
  world.advance(1e6);
  assertEquals([world.stable.length, world.temporary], [1, []]);
});

Deno.test("slaac: a temporary address has a successor in time (RFC 8981 3.4)", () => {
  const world = new World({ useTempaddr: 2 });
  const tell = () => world.tell(604_800, 2_592_000);
  tell();
  world.advance(1e6);
  const [first] = world.temporary;
  assertEquals(world.temporary.length, 1);
  // Between 0.6 and 1 of a day: not all hosts at once.
  const changesAtUs = world.slaac.dueAtUs();
  assert(changesAtUs > 0.6 * DAY_US - 10e6 && changesAtUs < DAY_US, `${changesAtUs}`);
  world.advance(changesAtUs - world.nowUs + 1e6);
  assertEquals(world.temporary.length, 2);
  assertEquals(world.temporary[0], first); // still preferred, for a few seconds
  world.advance(5e6);
  assertEquals(world.temporary[0], `${first} deprecated`);
  for (let day = 0; day < 30; day++) {
    tell();
    world.advance(DAY_US);
    assert(world.temporary.length <= 5, `${world.temporary}`);
    assertEquals(world.temporary.filter((text) => !text.includes("deprecated")).length, 1);
  }
  assert(!world.temporary.some((text) => text.startsWith(first)));
});

Deno.test("slaac: a temporary address lives no longer than its prefix (RFC 8981 3.4 (1))", () => {
  const world = new World({ useTempaddr: 1 });
  world.tell(600, 1200);
  world.advance(1e6);
  assertEquals(world.temporary.length, 1);
  world.tell(0, 7300);
  assertEquals(world.temporary[0].endsWith("deprecated"), true);
  assertEquals(world.temporary.length, 1); // none is made of a prefix that is not preferred
  world.advance(7400e6);
  assertEquals([world.temporary, world.stable], [[], []]);
});

Deno.test("slaac: a prefix that is preferred for seconds makes no crowd of addresses", () => {
  const world = new World({ useTempaddr: 2 });
  for (let i = 0; i < 200; i++) {
    world.tell(7, 2_592_000);
    world.advance(7e6);
  }
  assert(world.temporary.length <= 16, `${world.temporary.length}`);
  const many = new World({ useTempaddr: 2 });
  for (let i = 0; i < 100; i++) many.tell(9000, 9000, ip(`2001:db8:${i + 16}::`));
  many.advance(1e6);
  assertEquals([many.stable.length, many.temporary.length], [16, 16]);
});

Deno.test("slaac: temporary addresses that are taken: thrice another (RFC 8981 3.4 (7))", () => {
  const world = new World({ useTempaddr: 2 });
  world.isTaken = (addr) => addr !== "2001:db8:5::ff:fe00:2";
  world.tell(9000, 9000);
  world.advance(1e6);
  assertEquals([world.stable.length, world.temporary, world.asked.length], [1, [], 1 + 4]);
  for (let i = 0; i < 20; i++) world.tell(9000, 9000);
  world.advance(1e6);
  assertEquals(world.asked.length, 5);
});
