import { assert, assertEquals } from "@std/assert";
import { bytes16, GRANTED, option6, OTHER_ID, reply6, SERVER_ID, status6, u32 } from "./server6.ts";
import { DUID, IAID, PREFERENCE, World } from "./world6.ts";

const [SOLICIT, ADVERTISE, REQUEST, RENEW, REBIND, REPLY, RELEASE, DECLINE, INFORMATION] = //
  [1, 2, 3, 5, 6, 7, 8, 9, 11];
const RAPID = option6(14, []);

Deno.test("dhcp6: solicit, advertise, request, reply: bound (RFC 9915 18.2.1, 18.2.2)", () => {
  const world = new World();
  const solicit = world.takeOne();
  assertEquals([solicit.type, solicit.iaid, solicit.addresses], [SOLICIT, IAID, []]);
  assertEquals(solicit.options.get(1), DUID);
  assertEquals(solicit.options.get(8), Uint8Array.of(0, 0));
  assertEquals(solicit.options.has(14), true); // rapid commit
  const wanted = [...solicit.options.get(6)!];
  assertEquals(wanted, [0, 23, 0, 24, 0, 82]);
  world.answer(solicit, ADVERTISE);
  assertEquals(world.take(), []); // others may answer until the first timeout
  world.next();
  assert(world.nowUs >= 6e6 && world.nowUs <= 6.1e6, `${world.nowUs}`);
  const request = world.takeOne();
  assertEquals([request.type, request.addresses], [REQUEST, [GRANTED]]);
  assertEquals(request.options.get(2), SERVER_ID);
  assert(request.xid !== solicit.xid);
  world.answer(request, REPLY);
  assertEquals(world.events, [`bound ${GRANTED}`]);
  assertEquals(world.client.pollAtUs(), world.nowUs + 900e6);
});

Deno.test("dhcp6: a preference of 255 need not wait, else the best is taken (18.2.9)", () => {
  const world = new World();
  const solicit = world.takeOne();
  world.answer(solicit, ADVERTISE, { outer: PREFERENCE(3) });
  world.answer(solicit, ADVERTISE, { server: OTHER_ID, outer: PREFERENCE(9) });
  world.answer(solicit, ADVERTISE, { outer: PREFERENCE(9) });
  world.next();
  assertEquals(world.takeOne().options.get(2), OTHER_ID);
  const hasty = new World();
  hasty.answer(hasty.takeOne(), ADVERTISE, { outer: PREFERENCE(255) });
  assertEquals(hasty.takeOne().type, REQUEST);
});

Deno.test("dhcp6: rapid commit: one reply is all (18.2.1), if it says that it is one", () => {
  const world = new World();
  const solicit = world.takeOne();
  world.answer(solicit, REPLY);
  assertEquals(world.events, []);
  world.answer(solicit, REPLY, { outer: RAPID });
  assertEquals([world.events, world.take()], [[`bound ${GRANTED}`], []]);
});

Deno.test("dhcp6: no answer: at doubled intervals, a tenth of noise, at most an hour (15)", () => {
  const world = new World();
  for (let i = 0; i < 16; i++) world.next();
  const sent = world.take();
  assertEquals(sent.length, 17);
  assert(sent.every(({ type, xid }) => type === SOLICIT && xid === sent[0].xid));
  const gaps = sent.slice(1).map(({ atUs }, i) => (atUs - sent[i].atUs) / 1e6);
  assert(gaps[0] >= 1 && gaps[0] <= 1.1, `${gaps[0]}`); // never shorter: it is for collecting
  gaps.slice(1).forEach((gap, i) => {
    const doubled = 2 * gaps[i];
    const least = Math.min(0.95 * doubled - 0.001, 3600 * 0.9);
    assert(gap >= least && gap <= Math.min(1.05 * doubled + 0.001, 3600 * 1.1), `${i} ${gap}`);
  });
  assert(gaps[15] >= 3240, `${gaps[15]}`);
  const elapsed = sent[3].options.get(8)!;
  assertEquals(elapsed[0] << 8 | elapsed[1], Math.floor((sent[3].atUs - sent[0].atUs) / 1e4));
  assertEquals([...sent[16].options.get(8)!], [255, 255]);
});

Deno.test("dhcp6: who has nothing is not asked, but its SOL_MAX_RT is heard (18.2.9)", () => {
  const world = new World();
  const solicit = world.takeOne();
  world.answer(solicit, ADVERTISE, {
    addresses: [],
    inner: status6(2),
    outer: [...PREFERENCE(255), ...option6(82, u32(70))],
  });
  world.answer(solicit, ADVERTISE, { addresses: [], outer: PREFERENCE(255) });
  world.answer(solicit, ADVERTISE, { t1: 90, t2: 80, outer: PREFERENCE(255) }); // 21.4
  assertEquals([world.take(), world.client.servers.refusals], [[], 3]);
  world.answer(solicit, ADVERTISE, { outer: [...option6(82, u32(5))] }); // out of bounds
  assertEquals(world.client.servers.solicitMaxUs, 70e6);
});

Deno.test("dhcp6: what is for others, or comes at the wrong time, is left alone (16)", () => {
  const world = new World();
  const solicit = world.takeOne();
  const urgent = { outer: PREFERENCE(255) };
  world.answer(solicit, ADVERTISE, { ...urgent, xid: solicit.xid ^ 1 });
  world.answer(solicit, ADVERTISE, { ...urgent, clientId: OTHER_ID });
  world.answer(solicit, ADVERTISE, { ...urgent, iaid: 5 });
  world.answer(solicit, REQUEST, urgent);
  world.client.input(Uint8Array.of(2, 0, 0), world.nowUs);
  assertEquals(world.take(), []);
  world.answer(solicit, ADVERTISE, urgent);
  const request = world.takeOne();
  world.answer(request, REPLY, { server: OTHER_ID });
  world.answer(request, ADVERTISE, urgent);
  assertEquals([world.take(), world.events], [[], []]);
});

Deno.test("dhcp6: one that advertises and does not reply: after three requests the other", () => {
  const world = new World();
  world.answer(world.takeOne(), ADVERTISE, { outer: PREFERENCE(255) });
  for (let i = 0; i < 3; i++) world.next();
  const sent = world.take();
  assertEquals(sent.map(({ type }) => type), [REQUEST, REQUEST, REQUEST, SOLICIT]);
  world.answer(sent[3], ADVERTISE, { outer: PREFERENCE(255) }); // it again
  world.answer(sent[3], ADVERTISE, { server: OTHER_ID });
  world.next();
  assertEquals(world.takeOne().options.get(2), OTHER_ID);
});

Deno.test("dhcp6: a request refused: another is sought; a failure without name: waited", () => {
  for (const code of [2, 4]) {
    const world = new World();
    world.answer(world.takeOne(), ADVERTISE, { outer: PREFERENCE(255) });
    world.answer(world.takeOne(), REPLY, { addresses: [], inner: status6(code) });
    assertEquals(world.takeOne().type, SOLICIT);
  }
  const world = new World();
  world.answer(world.takeOne(), ADVERTISE, { outer: PREFERENCE(255) });
  const request = world.takeOne();
  world.answer(request, REPLY, { outer: status6(1) });
  world.next();
  assertEquals([world.takeOne().xid, world.events], [request.xid, []]);
});

Deno.test("dhcp6: an address that somebody has is declined, at most four times (18.2.8)", () => {
  const world = new World();
  world.holders = { [GRANTED]: "02:00:00:00:00:99", "2001:db8::78": null };
  world.answer(world.takeOne(), ADVERTISE, { outer: PREFERENCE(255) });
  world.answer(world.takeOne(), REPLY);
  world.next();
  assertEquals([world.events, world.client.declines], [[], 1]);
  for (let i = 0; i < 4; i++) world.next();
  const declines = world.take();
  assertEquals(declines.map(({ type }) => type), [DECLINE, DECLINE, DECLINE, DECLINE]);
  assertEquals([declines[0].addresses, declines[0].options.has(6)], [[GRANTED], false]);
  world.next(); // a second later
  const solicit = world.takeOne();
  assertEquals(solicit.type, SOLICIT);
  world.answer(solicit, ADVERTISE, { outer: PREFERENCE(255) });
  world.answer(world.takeOne(), REPLY, { addresses: [{}, { addr: "2001:db8::78" }] });
  world.next();
  assertEquals(world.events, ["bound 2001:db8::78"]);
  world.answer(world.takeOne(), REPLY, { isBare: true });
  assertEquals(world.client.state, "bound");
});

Deno.test("dhcp6: whoever claims all that is granted: asked for once a minute, no more", () => {
  const world = new World();
  world.holders = { [GRANTED]: "02:00:00:00:00:99" };
  for (let i = 0; i < 200; i++) {
    for (const seen of world.take()) {
      if (seen.type === SOLICIT) world.answer(seen, REPLY, { outer: RAPID });
      else world.answer(seen, REPLY, { isBare: true });
    }
    world.next();
  }
  assert(world.client.declines > 40);
  assert(world.nowUs > 60e6 * (world.client.declines - 5), `${world.nowUs}`);
});

Deno.test("dhcp6: T1: its server is asked; the answer counts from the request (18.2.4)", () => {
  const world = new World();
  world.bind({ t1: 100, t2: 200 });
  world.next();
  const renew = world.takeOne();
  assertEquals([renew.type, renew.addresses], [RENEW, [GRANTED]]);
  assertEquals([renew.options.get(2), renew.atUs], [SERVER_ID, 105e6]);
  world.nowUs += 2e6;
  world.answer(renew, REPLY, { t1: 100, t2: 200 });
  assertEquals(world.client.pollAtUs(), 205e6);
  assertEquals(world.events, [`bound ${GRANTED}`, `bound ${GRANTED}`]);
});

Deno.test("dhcp6: T2: any server is asked, then the lease is lost (18.2.5)", () => {
  const world = new World();
  world.bind({ t1: 100, t2: 200, addresses: [{ preferred: 200, valid: 400 }] });
  while (world.events.length === 1) world.next();
  const sent = world.take();
  const kinds = sent.map(({ type }) => type);
  const [renews, rebinds] = [RENEW, REBIND].map((kind) => sent.filter((s) => s.type === kind));
  assertEquals(kinds.at(-1), SOLICIT);
  assertEquals([renews[0].atUs, rebinds[0].atUs, sent.at(-1)!.atUs], [105e6, 205e6, 405e6]);
  const gap = (renews[1].atUs - renews[0].atUs) / 1e6;
  assert(gap >= 9 && gap <= 11, `${gap}`);
  assertEquals(rebinds[0].options.has(2), false);
  assertEquals(
    world.events[1].split(":").at(-1),
    " its lifetime is over and no server has answered",
  );
  const other = new World();
  other.bind({ t1: 100, t2: 200 });
  while (other.client.state !== "rebinding") other.next();
  other.answer(other.take().at(-1)!, REPLY, { server: OTHER_ID, t1: 50, t2: 80 });
  other.next();
  assertEquals(other.takeOne().options.get(2), OTHER_ID);
});

Deno.test("dhcp6: NoBinding: the addresses are requested anew (18.2.10.1)", () => {
  const world = new World();
  world.bind({ t1: 100, t2: 200 });
  world.next();
  world.answer(world.takeOne(), REPLY, { addresses: [], inner: status6(3) });
  const request = world.takeOne();
  assertEquals([request.type, request.addresses], [REQUEST, [GRANTED]]);
  world.answer(request, REPLY);
  assertEquals(world.client.state, "bound");
  assertEquals(world.events.some((text) => text.startsWith("lost")), false);
});

Deno.test("dhcp6: a renewal adds, takes back, and leaves alone what it does not name", () => {
  const world = new World();
  world.bind({ t1: 100, t2: 200, addresses: [{}, { addr: "2001:db8::78" }] });
  world.next();
  const taken = { addr: GRANTED, preferred: 0, valid: 0 };
  world.answer(world.takeOne(), REPLY, {
    t1: 100,
    t2: 200,
    addresses: [taken, { addr: "2001:db8::79" }],
  });
  assertEquals(world.events.at(-1), "bound 2001:db8::79 2001:db8::78");
  world.next();
  const all = ["2001:db8::78", "2001:db8::79"].map((addr) => ({ ...taken, addr }));
  world.answer(world.takeOne(), REPLY, { addresses: all });
  assertEquals(world.events.at(-1)!.split(": ").at(-1), "the server has taken it back");
  assertEquals(world.takeOne().type, SOLICIT);
});

Deno.test("dhcp6: times of 0 are up to us: parts of the preferred lifetime (14.2)", () => {
  const world = new World();
  world.bind({ addresses: [{ preferred: 1000, valid: 2000 }] });
  assertEquals(world.client.lease!.renewAtUs, 505e6);
  assertEquals(world.client.lease!.rebindAtUs, 805e6);
  const forever = new World();
  forever.bind({ addresses: [{ preferred: 0xffffffff, valid: 0xffffffff }] });
  assertEquals(forever.client.pollAtUs(), Infinity);
});

Deno.test("dhcp6: the end: given back, until a server knows or four times (18.2.7)", () => {
  const world = new World();
  world.bind();
  world.client.release(world.nowUs);
  const release = world.takeOne();
  assertEquals([release.type, release.addresses], [RELEASE, [GRANTED]]);
  assertEquals(release.options.get(2), SERVER_ID);
  world.answer(release, REPLY, { isBare: true });
  assertEquals([world.client.state, world.client.pollAtUs()], ["stopped", Infinity]);
  const silent = new World();
  silent.bind();
  silent.client.release(silent.nowUs);
  for (let i = 0; i < 4; i++) silent.next();
  assertEquals([silent.take().length, silent.client.state], [4, "stopped"]);
  const nothing = new World();
  nothing.take();
  nothing.client.release(nothing.nowUs);
  assertEquals([nothing.take(), nothing.client.state], [[], "stopped"]);
});

Deno.test("dhcp6: without addresses: names, refreshed in time (18.2.6, 21.23)", () => {
  const world = new World(false);
  const asked = world.takeOne();
  assertEquals([asked.type, asked.iaid, asked.options.has(2)], [INFORMATION, null, false]);
  assertEquals([...asked.options.get(6)!], [0, 23, 0, 24, 0, 32, 0, 83]);
  const names = [
    ...option6(23, [...bytes16("2001:db8::53"), ...bytes16("fe80::53"), ...bytes16("ff02::1")]),
    ...option6(24, [3, 108, 97, 98, 4, 116, 101, 115, 116, 0]),
  ];
  world.answer(asked, REPLY, { isBare: true, outer: [...names, ...option6(32, u32(700))] });
  assertEquals(world.events, ["informed 2001:db8::53,fe80::53 lab.test"]);
  assertEquals(world.client.pollAtUs(), world.nowUs + 700e6);
  world.next();
  world.answer(world.takeOne(), REPLY, { isBare: true, outer: option6(32, u32(1)) });
  assertEquals(world.client.pollAtUs(), world.nowUs + 600e6); // IRT_MINIMUM
  world.next();
  world.answer(world.takeOne(), REPLY, { isBare: true });
  assertEquals(world.client.pollAtUs(), world.nowUs + 86_400e6); // IRT_DEFAULT
  world.client.start(true, world.nowUs); // a router has other news
  assertEquals(world.takeOne().type, SOLICIT);
});

Deno.test("dhcp6: a server that leads in circles gets no flood of messages (14.1)", () => {
  const world = new World();
  let answered = 0;
  for (let i = 0; i < 1000; i++) {
    for (const seen of world.take()) {
      answered++;
      const server = Uint8Array.of(0, 3, 0, 1, i >> 8, i);
      if (seen.type === SOLICIT) {
        world.answer(seen, ADVERTISE, { server, outer: PREFERENCE(255) });
      } else {
        const own = seen.options.get(2);
        world.answer(seen, REPLY, { server: own, addresses: [], inner: status6(2) });
      }
    }
    if (world.client.pollAtUs() <= world.nowUs + 10) world.next();
    world.nowUs += 1000; // one second in all
  }
  assert(answered <= 22, `${answered}`);
});

Deno.test("dhcp6: whatever a message says, nothing is thrown and little is kept", () => {
  let state = 4711;
  const random = (n: number) => {
    state = (Math.imul(state, 1103515245) + 12345) | 0;
    return (state >>> 8) % n;
  };
  for (let round = 0; round < 300; round++) {
    const world = new World(random(4) > 0);
    for (let i = 0; i < 30; i++) {
      const seen = world.take().at(-1);
      if (seen !== undefined) {
        const addresses = [{ preferred: random(3) * 50, valid: random(3) * 100 }, {
          addr: `2001:db8::${random(9) + 1}`,
        }];
        const outer = [[], RAPID, PREFERENCE(255), status6(random(7)), option6(random(90), [0])];
        const answer = { addresses, outer: outer[random(5)], inner: [[], status6(3)][random(2)] };
        const message = reply6(seen, random(2) === 0 ? ADVERTISE : REPLY, answer);
        // Some of it changed, some of it cut off.
        for (let n = random(3); n > 0; n--) message[random(message.length)] = random(256);
        const len = random(5) === 0 ? random(message.length + 1) : message.length;
        world.client.input(message.slice(0, len), world.nowUs);
      }
      if (random(3) === 0 && world.client.pollAtUs() < Infinity) world.next();
    }
    assert((world.client.lease?.addresses.length ?? 0) <= 16);
    assert(world.sent.length <= 60);
  }
});
