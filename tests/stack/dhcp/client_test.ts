import { assert, assertEquals } from "@std/assert";
import { DhcpClient } from "../../../stack/dhcp/client.ts";
import type { Lease } from "../../../stack/dhcp/lease.ts";
import type { AddressProbe, IpAddress } from "../../../stack/mod.ts";
import {
  DHCPACK,
  DHCPDECLINE,
  DHCPDISCOVER,
  DHCPNAK,
  DHCPOFFER,
  DHCPRELEASE,
  DHCPREQUEST,
} from "../../../stack/wire/dhcp.ts";
import {
  address,
  type Answer,
  OFFERED,
  readRequest,
  reply,
  seconds,
  type Seen,
  SERVER,
} from "./server.ts";

const MAC = Uint8Array.of(2, 0, 0, 0, 0, 7);
const EVERYBODY = "255.255.255.255";

interface Sent extends Seen {
  readonly to: string;
  readonly atUs: number;
}

/** A client alone, with virtual time and the test as its stack. */
class World {
  nowUs = 5e6;
  readonly sent: Sent[] = [];
  readonly events: string[] = [];
  probe: AddressProbe | null = null;
  readonly client: DhcpClient;
  #state = 7;

  constructor(hostname = "") {
    this.client = new DhcpClient({
      send: (message: Uint8Array, dst: IpAddress, nowUs: number) => {
        this.sent.push({ ...readRequest(message), to: dst.toString(), atUs: nowUs });
      },
      probe: () => this.probe,
      bound: (lease: Lease) => this.events.push(`bound ${lease.addr}`),
      lost: (lease: Lease, why: string) => this.events.push(`lost ${lease.addr}: ${why}`),
    }, {
      mac: MAC,
      hostname,
      random: () => this.#state = (Math.imul(this.#state, 1103515245) + 12345) | 0,
    });
    this.client.start(this.nowUs);
  }

  /** What was sent since the last call. */
  take(): Sent[] {
    return this.sent.splice(0);
  }

  takeOne(): Sent {
    const [one, ...more] = this.take();
    assertEquals(more.length, 0);
    return one;
  }

  answer(to: Seen, type: number, answer?: Answer): void {
    this.client.input(reply(to, type, answer), this.nowUs);
  }

  /** Goes to the next time at which something is due. */
  next(): void {
    this.nowUs = this.client.pollAtUs();
    this.client.poll(this.nowUs);
  }

  /** From the start to the lease. */
  bind(answer?: Answer): Sent {
    this.answer(this.takeOne(), DHCPOFFER, answer);
    const request = this.takeOne();
    this.answer(request, DHCPACK, answer);
    assertEquals(this.client.state, "bound");
    return request;
  }
}

Deno.test("discover, offer, request, acknowledgment: bound (RFC 2131 3.1)", () => {
  const world = new World("box");
  const discover = world.takeOne();
  assertEquals([discover.type, discover.to, discover.wantsBroadcast], [
    DHCPDISCOVER,
    EVERYBODY,
    true,
  ]);
  assertEquals(discover.options.get(61), Uint8Array.of(1, ...MAC));
  assertEquals(new TextDecoder().decode(discover.options.get(12)), "box");
  const wanted = [...discover.options.get(55)!];
  for (const code of [1, 3, 6, 12, 15, 26, 51, 54, 58, 59, 119, 121]) assert(wanted.includes(code));
  assert(wanted.indexOf(121) < wanted.indexOf(3));
  world.answer(discover, DHCPOFFER);
  const request = world.takeOne();
  assertEquals([request.type, request.to, request.xid], [DHCPREQUEST, EVERYBODY, discover.xid]);
  assertEquals(request.options.get(50), address(OFFERED));
  assertEquals(request.options.get(54), address(SERVER));
  assertEquals(request.ciaddr, 0);
  world.answer(request, DHCPACK);
  assertEquals(world.events, [`bound ${OFFERED}`]);
  assertEquals(world.client.pollAtUs(), world.nowUs + 1800e6);
});

Deno.test("no answer: asked again, at growing intervals up to a minute, the seconds told", () => {
  const world = new World();
  for (let i = 0; i < 9; i++) world.next();
  const sent = world.take();
  assertEquals(sent.length, 10);
  assert(sent.every(({ type, xid }) => type === DHCPDISCOVER && xid === sent[0].xid));
  const gaps = sent.slice(1).map(({ atUs }, i) => (atUs - sent[i].atUs) / 1e6);
  gaps.forEach((gap, i) => {
    const nominal = Math.min(2 ** i, 64);
    assert(gap >= nominal * 0.75 && gap <= nominal * 1.25, `${i}: ${gap}`);
  });
  const last = sent.at(-1)!;
  assertEquals(last.secs, Math.floor((last.atUs - sent[0].atUs) / 1e6));
});

Deno.test("what is for others, or comes at the wrong time, is left alone", () => {
  const world = new World();
  const discover = world.takeOne();
  world.answer(discover, DHCPOFFER, { xid: discover.xid + 1 });
  world.answer(discover, DHCPOFFER, { mac: Uint8Array.of(2, 0, 0, 0, 0, 8) });
  world.answer(discover, DHCPACK);
  world.answer(discover, DHCPNAK);
  world.answer(discover, DHCPOFFER, { options: { 51: null } });
  world.client.input(new Uint8Array(50), world.nowUs);
  assertEquals([world.take().length, world.client.state], [0, "selecting"]);
  world.answer(discover, DHCPOFFER);
  world.answer(discover, DHCPOFFER, { yiaddr: "198.18.0.99" }); // a second server's: too late
  const request = world.takeOne();
  assertEquals(request.options.get(50), address(OFFERED));
});

Deno.test("an offer that is not acknowledged: three requests, then from the beginning", () => {
  const world = new World();
  const discover = world.takeOne();
  world.answer(discover, DHCPOFFER);
  for (let i = 0; i < 3; i++) world.next();
  assertEquals(world.take().map(({ type }) => type), [3, 3, 3, DHCPDISCOVER]);
  assertEquals(world.client.state, "selecting");
});

Deno.test("refused: begins again, but not at once", () => {
  const world = new World();
  world.answer(world.takeOne(), DHCPOFFER);
  world.answer(world.takeOne(), DHCPNAK);
  assertEquals([world.client.state, world.client.pollAtUs()], ["waiting", world.nowUs + 1e6]);
  world.next();
  assertEquals(world.takeOne().type, DHCPDISCOVER);
});

Deno.test("an address that somebody has is declined, another is asked for 10 s later", () => {
  const world = new World();
  world.probe = { isOver: false, holder: null } as AddressProbe;
  world.answer(world.takeOne(), DHCPOFFER);
  world.answer(world.takeOne(), DHCPACK);
  world.client.poll(world.nowUs);
  assertEquals([world.client.state, world.events.length], ["probing", 0]);
  world.probe.holder = "02:00:00:00:00:09";
  world.probe.isOver = true;
  world.client.poll(world.nowUs);
  const decline = world.takeOne();
  assertEquals([decline.type, decline.to, decline.ciaddr], [DHCPDECLINE, EVERYBODY, 0]);
  assertEquals(decline.options.get(50), address(OFFERED));
  assertEquals(decline.options.get(54), address(SERVER));
  assertEquals(world.client.declines, 1);
  world.next();
  assertEquals(world.nowUs, 15e6);
  world.probe = { isOver: true, holder: null } as AddressProbe;
  world.answer(world.takeOne(), DHCPOFFER, { yiaddr: "198.18.0.78" });
  world.answer(world.takeOne(), DHCPACK, { yiaddr: "198.18.0.78" });
  world.client.poll(world.nowUs);
  assertEquals(world.events, ["bound 198.18.0.78"]);
});

Deno.test("T1: the server is asked alone; the answer counts from the request", () => {
  const world = new World();
  world.bind();
  world.next();
  const renewal = world.takeOne();
  assertEquals([renewal.type, renewal.to, renewal.atUs], [DHCPREQUEST, SERVER, 5e6 + 1800e6]);
  assertEquals([renewal.wantsBroadcast, renewal.ciaddr], [false, 0xc612004d | 0]);
  assertEquals([renewal.options.has(50), renewal.options.has(54)], [false, false]);
  assertEquals(world.client.state, "renewing");
  world.nowUs += 3e6;
  world.answer(renewal, DHCPACK);
  assertEquals([world.client.state, world.events.length], ["bound", 1]);
  assertEquals(world.client.pollAtUs(), renewal.atUs + 1800e6);
});

Deno.test("T2 and the end: at half of what is left, a minute at least, then lost", () => {
  const world = new World();
  world.bind();
  while (world.client.lease !== null) world.next();
  const sent = world.take().map(({ type, to, atUs }) => `${type} ${to} ${(atUs - 5e6) / 1e6}`);
  assertEquals(sent, [
    `3 ${SERVER} 1800`,
    `3 ${SERVER} 2475`,
    `3 ${SERVER} 2812.5`,
    `3 ${SERVER} 2981.25`,
    `3 ${SERVER} 3065.625`,
    `3 ${SERVER} 3125.625`,
    `3 ${EVERYBODY} 3150`,
    `3 ${EVERYBODY} 3375`,
    `3 ${EVERYBODY} 3487.5`,
    `3 ${EVERYBODY} 3547.5`,
    `1 ${EVERYBODY} 3600`,
  ]);
  assertEquals(world.events[1], `lost ${OFFERED}: the lease is over and no server has answered`);
  assertEquals(world.client.state, "selecting");
});

Deno.test("rebinding: another server may go on with the lease", () => {
  const world = new World();
  world.bind();
  while (world.client.state !== "rebinding") world.next();
  const asked = world.take().at(-1)!;
  assertEquals(asked.to, EVERYBODY);
  world.answer(asked, DHCPACK, { options: { 54: address("198.18.0.3") } });
  assertEquals([world.client.state, world.client.lease?.server.toString()], [
    "bound",
    "198.18.0.3",
  ]);
  assertEquals(world.events.length, 1);
});

Deno.test("a renewal refused: the address is lost and another asked for at once", () => {
  const world = new World();
  world.bind();
  world.next();
  world.answer(world.takeOne(), DHCPNAK);
  assertEquals(world.events[1], `lost ${OFFERED}: the server has taken it back`);
  world.next();
  assertEquals(world.takeOne().type, DHCPDISCOVER);
});

Deno.test("a renewal of another address is not what was asked for", () => {
  const world = new World();
  world.bind();
  world.next();
  world.answer(world.takeOne(), DHCPACK, { yiaddr: "198.18.0.5" });
  assertEquals([world.client.state, world.events.length], ["renewing", 1]);
});

Deno.test("for ever: never asked again", () => {
  const world = new World();
  world.bind({ options: { 51: Uint8Array.of(255, 255, 255, 255) } });
  assertEquals(world.client.pollAtUs(), Infinity);
});

Deno.test("the end: the address is given back, once", () => {
  const world = new World();
  world.bind({ options: { 51: seconds(600) } });
  world.client.release(world.nowUs);
  const release = world.takeOne();
  assertEquals([release.type, release.to, release.ciaddr], [DHCPRELEASE, SERVER, 0xc612004d | 0]);
  assertEquals(release.options.get(54), address(SERVER));
  world.client.release(world.nowUs);
  assertEquals([world.take().length, world.client.pollAtUs()], [0, Infinity]);
  const early = new World();
  early.take();
  early.client.release(early.nowUs);
  assertEquals([early.take().length, early.client.pollAtUs()], [0, Infinity]);
});
