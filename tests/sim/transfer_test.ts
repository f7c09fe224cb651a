/**
 * Transfers between two simulated hosts: clean, lossy, reordering, corrupting links;
 * request/response; many connections; and 200 seeds of everything going wrong (10,000: seeds.ts).
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { connect, Echo, listen, openStream, Requester } from "./apps.ts";
import type { Family } from "../support/families.ts";
import { checkAftermath, runScenario } from "./scenario.ts";
import { type LinkOptions, Simulator } from "./simulator.ts";
import { Transfer } from "./transfer.ts";

const MIB = 1 << 20;
const PORT = 80;

interface Result {
  readonly sim: Simulator;
  readonly seconds: number;
  readonly client: Transfer;
  readonly server: Transfer;
  readonly channels: ReturnType<Simulator["connect"]>["channels"];
}

/** Both ends send `bytes` at the same time (or only the client when `isOneWay`). */
function transfer(
  seed: number,
  bytes: number,
  link: Partial<LinkOptions>,
  isOneWay = false,
  family: Family = 4,
): Result {
  const sim = new Simulator(seed);
  // close() leaves data to be delivered without us: an unlucky path must not end that early.
  const config = { tcp: { orphanRetries: 15 } };
  const a = sim.addHost("a", { config, family });
  const b = sim.addHost("b", { config, family });
  const { ends, channels } = sim.connect(a, b, link);
  const back = isOneWay ? 0 : bytes;
  let server: Transfer | null = null;
  const listener = listen(sim, b, PORT, 5, (socket) => {
    const options = { sendKey: 2, recvKey: 1, sendBytes: back, recvBytes: bytes };
    server = new Transfer(sim, b, socket, options);
  });
  const socket = openStream(a);
  const options = { sendKey: 1, recvKey: 2, sendBytes: bytes, recvBytes: back };
  const client = new Transfer(sim, a, socket, options);
  connect(sim, socket, ends[1].options.addr, PORT);
  a.turn(sim.nowUs);
  sim.run(() => client.isOver && server !== null && server.isOver);
  assert(server !== null);
  const { received, lastByteUs } = server as Transfer;
  assertEquals(received, bytes);
  assertEquals(client.received, back);
  listener.socket.close(sim.nowUs);
  b.turn(sim.nowUs);
  checkAftermath(sim, [a, b]);
  return { sim, seconds: (lastByteUs - sim.startUs) / 1e6, client, server, channels };
}

const ONE_GIG: Partial<LinkOptions> = { rateBps: 1e9, delayUs: 500, queueBytes: 1 << 20 };

for (const family of [4, 6] as const) {
  Deno.test(`sim, IPv${family}: 4 MiB both ways over a clean link`, () => {
    const { seconds, channels } = transfer(1, 4 * MIB, ONE_GIG, false, family);
    assert(seconds < 0.2, `took ${seconds} s`);
    assertEquals(channels[0].lost, 0);
  });

  Deno.test(`sim, IPv${family}: 4 MiB with offloads on both sides: 64 KiB frames cross`, () => {
    const { channels } = transfer(2, 4 * MIB, { ...ONE_GIG, offload: [true, true] }, true, family);
    const mean = channels[0].sentBytes / channels[0].sentFrames;
    assert(mean > 10_000, `mean frame ${mean} bytes`);
  });

  Deno.test(`sim, IPv${family}: 4 MiB from a side with offloads to one that coalesces`, () => {
    transfer(3, 4 * MIB, { ...ONE_GIG, offload: [true, false], gro: true }, false, family);
  });

  for (const rate of [0.001, 0.01, 0.05]) {
    Deno.test(`sim, IPv${family}: 1 MiB both ways at ${rate * 100}% loss`, () => {
      const loss = { kind: "bernoulli", rate } as const;
      const { channels } = transfer(
        4,
        2 * MIB,
        { rateBps: 100e6, delayUs: 5_000, loss },
        false,
        family,
      );
      assert(channels[0].lost + channels[1].lost > 0);
    });
  }

  Deno.test(`sim, IPv${family}: 1 MiB both ways with bursts of loss (Gilbert-Elliott)`, () => {
    const loss = {
      kind: "gilbert",
      goodToBad: 0.005,
      badToGood: 0.3,
      lossGood: 0,
      lossBad: 0.8,
    } as const;
    transfer(5, MIB, { rateBps: 100e6, delayUs: 5_000, loss }, false, family);
  });

  Deno.test(`sim, IPv${family}: 1 MiB both ways with a tenth of the frames overtaken`, () => {
    const link = { rateBps: 100e6, delayUs: 5_000, reorderRate: 0.1, reorderUs: 2_000 };
    const { channels } = transfer(6, MIB, link, false, family);
    assert(channels[0].reordered > 10);
  });

  Deno.test(`sim, IPv${family}: a tenth of the frames doubled, a twentieth damaged`, () => {
    const link = { rateBps: 100e6, delayUs: 5_000, duplicateRate: 0.1, corruptRate: 0.05 };
    const { channels } = transfer(7, MIB, link, false, family);
    assert(channels[0].duplicated > 10 && channels[0].corrupted > 10);
  });
}

Deno.test("sim: 25% loss, 2 s delay and 50% duplication still deliver a file intact", () => {
  const link: Partial<LinkOptions> = {
    delayUs: 1_000_000,
    loss: { kind: "bernoulli", rate: 0.25 },
    duplicateRate: 0.5,
  };
  transfer(8, 64 * 1024, link, true);
});

Deno.test("sim: path MTU discovery by ICMP", () => {
  const { channels } = transfer(9, MIB, { ...ONE_GIG, pathMtu: 1300 }, true);
  assert(channels[0].tooBig > 0 && channels[0].tooBig < 50, `${channels[0].tooBig} too big`);
});

Deno.test("sim: the same seed gives the same run", () => {
  const link: Partial<LinkOptions> = {
    rateBps: 50e6,
    delayUs: 3_000,
    loss: { kind: "bernoulli", rate: 0.02 },
  };
  const [one, two] = [transfer(10, 200_000, link), transfer(10, 200_000, link)];
  assertEquals(one.sim.steps, two.sim.steps);
  assertEquals(one.sim.nowUs, two.sim.nowUs);
});

Deno.test("sim: 1,000 echoes of one byte take 1,000 round trips", () => {
  const sim = new Simulator(11);
  const a = sim.addHost("a");
  const b = sim.addHost("b");
  const { ends } = sim.connect(a, b, { delayUs: 100 });
  const listener = listen(sim, b, PORT, 5, (socket) => {
    new Echo(b, socket);
  });
  const socket = openStream(a);
  const client = new Requester(a, socket, 1000, 1);
  connect(sim, socket, ends[1].options.addr, PORT);
  a.turn(sim.nowUs);
  sim.run(() => client.isClosed);
  const roundTrips = (sim.nowUs - sim.startUs) / 200;
  assert(roundTrips < 1010, `${roundTrips} round trips`);
  listener.socket.close(sim.nowUs);
  checkAftermath(sim, [a, b]);
});

Deno.test("sim: 50 connections at once over a narrow link", () => {
  const sim = new Simulator(12);
  const a = sim.addHost("a");
  const b = sim.addHost("b");
  const { ends } = sim.connect(a, b, { rateBps: 20e6, delayUs: 5_000, queueBytes: 60_000 });
  const bytes = 40_000;
  const servers: Transfer[] = [];
  const listener = listen(sim, b, PORT, 100, (socket) => {
    const server = new Transfer(sim, b, socket, { recvKey: 1, recvBytes: bytes });
    servers.push(server);
  });
  const clients = Array.from({ length: 50 }, () => {
    const socket = openStream(a);
    const client = new Transfer(sim, a, socket, { sendKey: 1, sendBytes: bytes });
    connect(sim, socket, ends[1].options.addr, PORT);
    return client;
  });
  a.turn(sim.nowUs);
  sim.run(() => clients.every((c) => c.isOver) && servers.length === 50);
  assertEquals(servers.reduce((sum, s) => sum + s.received, 0), 50 * bytes);
  listener.socket.close(sim.nowUs);
  checkAftermath(sim, [a, b]);
});

for (const family of [4, 6] as const) {
  Deno.test(`sim, IPv${family}: 200 seeds of everything going wrong`, () => {
    for (let seed = 1; seed <= 200; seed++) runScenario(seed, {}, undefined, family);
  });
}
