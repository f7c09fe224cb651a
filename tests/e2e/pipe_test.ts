/**
 * PIPE end to end, without any privilege: every nuse here runs without a single capability.
 *
 * @module
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { type Running, start } from "../lab/netns.ts";
import type { Family } from "../support/families.ts";
import { BOTH } from "./fixture.ts";
import { giveToNobody, OPEN_ROOT, POWERLESS } from "../lab/nobody.ts";

const NUSE = `${OPEN_ROOT}/nuse`;

class Cable {
  readonly #folder = Deno.makeTempDirSync();
  readonly path = `${this.#folder}/cable`;
  /** A copy of ping without its file capabilities, which would make exec fail or drop the shim. */
  readonly ping = `${this.#folder}/ping`;
  readonly #running: Running[] = [];

  constructor(readonly family: Family = 4) {
    Deno.copyFileSync("/usr/bin/ping", this.ping);
    giveToNobody(this.#folder);
  }

  /** The address of a nuse. */
  address(host: number): string {
    return this.family === 4 ? `198.18.0.${host}` : `2001:db8:9::${host}`;
  }

  /** `./nuse argv…` at the address of `host`. */
  nuse(host: number, argv: string[], limitSec = 30): Running {
    const prefixLen = this.family === 4 ? 24 : 64;
    const dev = `p=${this.address(host)}/${prefixLen},pipe=${this.path}`;
    return this.#start([NUSE, "--dev", dev, ...argv], limitSec);
  }

  /** One that is just there, once it is. */
  async up(host: number): Promise<Running> {
    const running = this.nuse(host, ["sh", "-c", "echo here; exec sleep 600"], 60);
    await running.waitFor("here");
    return running;
  }

  async switch(): Promise<Running> {
    const argv = ["sh", "-c", 'exec "$0" --switch "$1" 2>&1', NUSE, this.path];
    const running = this.#start(argv, 60);
    await running.waitFor("switch at");
    return running;
  }

  #start(argv: string[], limitSec: number): Running {
    const running = start([...POWERLESS, ...argv], { limitSec });
    this.#running.push(running);
    return running;
  }

  async [Symbol.asyncDispose]() {
    for (const running of this.#running) running.kill();
    await Promise.all(this.#running.map(({ done }) => done));
    await Deno.remove(this.#folder, { recursive: true });
  }
}

/** Pings until it is answered: the other end may be on its way. */
async function expectAnswer(cable: Cable, from: number, to: number): Promise<void> {
  const argv = [cable.ping, "-c", "1", "-W", "1", cable.address(to)];
  const loop = [
    "sh",
    "-c",
    `for i in 1 2 3 4 5 6 7 8; do ${argv.join(" ")} && exit 0; done; exit 1`,
  ];
  const { code, stdout, stderr } = await cable.nuse(from, loop).done;
  assertEquals(code, 0, stdout + stderr);
}

function inBoth(name: string, body: (cable: Cable) => Promise<void>): void {
  for (const family of BOTH) {
    Deno.test(`PIPE${family === 6 ? " v6" : ""}: ${name}`, async () => {
      await using cable = new Cable(family);
      await body(cable);
    });
  }
}

inBoth("two nuse without privilege ping each other", async (cable) => {
  await cable.up(1);
  await expectAnswer(cable, 2, 1);
});

inBoth("iperf3 between two nuse, both directions", async (cable) => {
  const server = cable.nuse(1, ["iperf3", "-s", "--forceflush"]);
  await server.waitFor("Server listening");
  for (const direction of [[], ["-R"]]) {
    const client = cable.nuse(2, ["iperf3", "-c", cable.address(1), "-n", "64M", ...direction]);
    const { code, stdout, stderr } = await client.done;
    assertEquals(code, 0, stdout + stderr);
    assertMatch(stdout, /receiver/);
  }
});

Deno.test("PIPE: either end restarts, the other goes on", async () => {
  await using cable = new Cable();
  const [first, old] = [await cable.up(1), await cable.up(2)];
  // Whoever of them listens, one after the other is replaced
  await murder(old);
  await expectAnswer(cable, 2, 1);
  const second = await cable.up(2);
  // The one that listens goes: the other takes the path over
  await murder(first);
  await expectAnswer(cable, 1, 2);
  await murder(second);
});

inBoth("a switch joins three, and comes back after SIGKILL", async (cable) => {
  const first = await cable.switch();
  await cable.up(1);
  await cable.up(2);
  await expectAnswer(cable, 3, 1);
  await expectAnswer(cable, 3, 2);
  await murder(first);
  const second = await cable.switch();
  await expectAnswer(cable, 3, 1);
  await expectAnswer(cable, 3, 2);
  second.kill("SIGTERM");
  const { code, stdout } = await second.done;
  assertEquals(code, 0, stdout);
  assertMatch(stdout, /switch: ports \d+, addresses \d+, portsJoined [3-9]/);
});

Deno.test("PIPE: a third without a switch is told so", async () => {
  await using cable = new Cable();
  await cable.up(1);
  await cable.up(2);
  const { code, stderr } = await cable.nuse(3, ["true"]).done;
  assertEquals(code, 2, stderr);
  assertMatch(stderr, /^nuse: .*joins two already.*\(nuse --switch joins more\)\n$/);
  assert(!stderr.slice(0, -1).includes("\n"));
});

/** SIGKILL for nuse itself: what runs is timeout, and its one child nuse. */
async function murder(running: Running): Promise<void> {
  const children = `/proc/${running.pid}/task/${running.pid}/children`;
  const pid = Number(Deno.readTextFileSync(children).trim());
  assert(pid > 1, "timeout has a child");
  Deno.kill(pid, "SIGKILL");
  await running.done;
}
