/**
 * The end-to-end tests' network, once for each VIF:
 *
 *     RAW     ns a: va (bare) ── veth ── vb 198.18.0.1/24 in ns b        nuse runs in a
 *     TAP     ns b: nuse-tap 198.18.0.1/24, given by nuse                 nuse runs in b
 *     NETMAP  as RAW, with the simulated netmap of tests/lab/netmap between nuse and va
 *
 * `deno task test:netmap` runs NETMAP alone, over the module of this machine: over va itself, or,
 * with `vale`, over a port of a switch that va is attached to.
 *
 * Whichever, the program is 198.18.0.2 and the kernel peer is 198.18.0.1 in b; in a test of IPv6
 * 2001:db8:1::2 and 2001:db8:1::1.
 *
 * @module
 */
import { attach, detach } from "../lab/netmap/attach.ts";
import { canSimulateNetmap, HAS_MODULE, type NetmapLab, provideNetmap } from "../lab/netmap/lab.ts";
import type { ModuleOptions } from "../lab/netmap/sim_module.ts";
import { addAddress6, allowIpv6, whyNoFamily } from "../lab/ipv6.ts";
import { canMakeNetns, Netns, type Running, type RunOptions, veth } from "../lab/netns.ts";
import { NUSE } from "../lab/nuse.ts";
import { patience } from "../lab/patience.ts";
import { isInstalled } from "../lab/setup.ts";
import type { Family } from "../support/families.ts";

export { NUSE };
export const SELF = "198.18.0.2";
export const PEER = "198.18.0.1";
const SELF6 = "2001:db8:1::2";
const PEER6 = "2001:db8:1::1";
export type Vif = "RAW" | "TAP" | "NETMAP";
/** With the machine's own netmap, only what runs over that. */
export const VIFS: readonly Vif[] = HAS_MODULE ? ["NETMAP"] : ["RAW", "TAP", "NETMAP"];

/** Over the machine's own netmap: nuse is on a switch. */
const IS_ON_SWITCH = HAS_MODULE && Deno.env.get("TEST_PORT") === "vale";
const SWITCH = "vale3";

export class Fixture {
  #twins = 0;

  private constructor(
    readonly vif: Vif,
    readonly a: Netns,
    readonly b: Netns,
    readonly netmap: NetmapLab | null,
    readonly family: Family,
  ) {}

  /** What nuse has by NETMAP. */
  get port(): string {
    return IS_ON_SWITCH ? `${SWITCH}:n` : "va";
  }

  /** `simulated`: how the simulated netmap is to be. */
  static async create(
    vif: Vif,
    simulated: Partial<ModuleOptions> = {},
    family: Family = 4,
  ): Promise<Fixture> {
    const a = await Netns.create("e2a");
    const b = await Netns.create("e2b");
    try {
      if (family === 6) await allowIpv6(b);
      const address = family === 4 ? `${PEER}/24` : null;
      if (vif !== "TAP") await veth(a, "va", null, b, "vb", address);
      if (vif !== "TAP" && family === 6) await addAddress6(b, "vb", `${PEER6}/64`);
      const netmap = vif === "NETMAP" ? await provideNetmap(a, simulated) : null;
      if (IS_ON_SWITCH) await attach(a, `${SWITCH}:va`);
      return new Fixture(vif, a, b, netmap, family);
    } catch (error) {
      await new Fixture(vif, a, b, null, family).close();
      throw error;
    }
  }

  /** Where nuse runs. */
  get ns(): Netns {
    return this.vif === "TAP" ? this.b : this.a;
  }

  /** The program's address, and the peer's. */
  get self(): string {
    return this.family === 4 ? SELF : SELF6;
  }

  get other(): string {
    return this.family === 4 ? PEER : PEER6;
  }

  /** The peer's as it stands in a URL. */
  get otherHost(): string {
    return this.family === 4 ? PEER : `[${PEER6}]`;
  }

  get selfHost(): string {
    return this.family === 4 ? SELF : `[${SELF6}]`;
  }

  get env(): Record<string, string> {
    if (this.family === 6) return this.#env6;
    if (this.vif === "NETMAP") {
      return { NUSEVIF: "NETMAP", NUSEDEV: this.port, [`nuse-${this.port}`]: `${SELF}/24` };
    }
    return this.vif === "RAW"
      ? { NUSEDEV: "va", "nuse-va": SELF }
      : { NUSEVIF: "TAP", NUSEDEV: "tap", "nuse-tap": `${SELF}/24`, "nuse-tap-host": `${PEER}/24` };
  }

  get #env6(): Record<string, string> {
    const { vif, port } = this;
    if (vif !== "TAP") return { NUSEVIF: vif, NUSEDEV: port, [`nuse-${port}`]: `${SELF6}/64` };
    const host = { "nuse-tap-host": `${PEER6}/64` };
    return { NUSEVIF: "TAP", NUSEDEV: "tap", "nuse-tap": `${SELF6}/64`, ...host };
  }

  /** The first words of a command that starts nuse from a shell, which drops names with a dash. */
  get command(): string[] {
    return this.commandWith({});
  }

  /** As `command`, with more in the environment. */
  commandWith(env: Record<string, string>): string[] {
    const settings = Object.entries({ ...this.env, ...env });
    const enter = this.netmap?.enter ?? [];
    return [...enter, "env", ...settings.map(([name, value]) => `${name}=${value}`), NUSE];
  }

  /** Starts `./nuse argv…`. */
  nuse(argv: string[], options: RunOptions = {}): Running {
    return this.ns.start([...this.commandWith(options.env ?? {}), ...argv], {
      ...options,
      env: undefined,
    });
  }

  /** Starts a program on the peer's kernel stack. */
  peer(argv: string[], options: RunOptions = {}): Running {
    return this.b.start(argv, options);
  }

  /** Makes a namespace whose kernel has what nuse has over RAW: `va` with SELF, on a wire to b. */
  async twin(): Promise<Netns> {
    const twin = await Netns.create("e2k");
    try {
      // The end of one that has been closed stays a moment longer
      const end = `vk${this.#twins++}`;
      await veth(twin, "va", null, this.b, end, null);
      await this.b.ip(`link set dev ${end} up`);
      await twin.ip(`addr add ${SELF}/24 brd + dev va`);
      return twin;
    } catch (error) {
      await twin.close();
      throw error;
    }
  }

  async close(): Promise<void> {
    if (IS_ON_SWITCH) await detach(this.a, `${SWITCH}:va`).catch(() => {}); // not attached yet
    await this.a.close();
    await this.b.close();
    await this.netmap?.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

type Register = (
  name: string,
  body: (fixture: Fixture) => Promise<void>,
  vifs?: readonly Vif[],
  families?: readonly Family[],
) => void;

/** What tests of traffic are written for. */
export const BOTH: readonly Family[] = [4, 6];

/** Why a test that runs `programs` cannot run here, as a part of its name; "": it can. */
export function whyLeftOut(vif: Vif, programs: readonly string[], family: Family = 4): string {
  if (!canMakeNetns) return " (left out: needs root and iproute2)";
  if (whyNoFamily(family) !== "") return whyNoFamily(family);
  if (vif === "NETMAP" && !HAS_MODULE && !canSimulateNetmap) {
    return " (left out: the simulated netmap needs Linux 6.9 with FUSE)";
  }
  const missing = programs.filter((program) => !isInstalled(program));
  return missing.length === 0 ? "" : ` (left out: no ${missing.join(", ")})`;
}

/**
 * Returns what registers tests that run `programs`: a test for each VIF (or those named). Without
 * root, or without a program, it is left out, with the reason in its name.
 */
export function e2eWith(...programs: string[]): Register {
  return (name, body, vifs = VIFS, families = [4]) => {
    const all = vifs.filter((vif) => VIFS.includes(vif)).flatMap((vif) =>
      families.map((family) => ({ vif, family }))
    );
    for (const { vif, family } of all) {
      const reason = whyLeftOut(vif, programs, family);
      Deno.test({
        name: `${vif}${family === 6 ? " v6" : ""}: ${name}${reason}`,
        ignore: reason !== "",
        sanitizeOps: false,
        sanitizeResources: false,
        async fn() {
          await using fixture = await Fixture.create(vif, {}, family);
          await body(fixture);
        },
      });
    }
  };
}

/**
 * Leaves NETMAP out: for files of tests about what lies above the device (descriptors, rights, log,
 * names), which say no more when they are run a third time.
 */
export function withoutNetmap(register: Register): Register {
  return (name, body, vifs = ["RAW", "TAP"], families) => register(name, body, vifs, families);
}

/** Both families, over every VIF: for files of tests about traffic. */
export function inBoth(register: Register): Register {
  return (name, body, vifs, families = BOTH) => register(name, body, vifs, families);
}

/** For tests that run only what every Debian has. */
export const e2e: Register = e2eWith();

/** The words of a process's command line; none when it is gone. */
export async function commandOf(pid: number): Promise<string> {
  const line = await Deno.readTextFile(`/proc/${pid}/cmdline`).catch(() => "");
  return line.split("\0").join(" ").trim();
}

export async function parentOf(pid: number): Promise<number> {
  const status = await Deno.readTextFile(`/proc/${pid}/status`);
  return Number(status.match(/PPid:\s+(\d+)/)![1]);
}

/** The process below `pid` whose command line is `command`; throws when there is none. */
export async function descendant(pid: number, command: string): Promise<number> {
  let found = 0; // the stack may answer a moment before
  await until(`"${command}" below ${pid}`, async () => {
    found = await findBelow(pid, command);
    return found > 0;
  });
  return found;
}

/** As `descendant`, of what is there now; 0: there is none. */
export async function findBelow(pid: number, command: string): Promise<number> {
  const children = async (of: number) => {
    const list = await Deno.readTextFile(`/proc/${of}/task/${of}/children`).catch(() => "");
    return list.split(" ").filter((word) => word !== "").map(Number);
  };
  for (let level = await children(pid); level.length > 0;) {
    for (const child of level) if (await commandOf(child) === command) return child;
    level = (await Promise.all(level.map(children))).flat();
  }
  return 0;
}

/** Polls until `probe` holds; throws after `limitSec`, later on a busy machine. */
export async function until(what: string, probe: () => Promise<boolean>, limitSec = 10) {
  const limitMs = limitSec * patience() * 1000;
  const beganMs = performance.now();
  while (!(await probe())) {
    if (performance.now() - beganMs > limitMs) throw new Error(`waited in vain for: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
