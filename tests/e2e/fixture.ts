/**
 * The end-to-end tests' network, once for RAW and once for TAP:
 *
 *     RAW   ns a: va (bare) ── veth ── vb 198.18.0.1/24 in ns b          nuse runs in a
 *     TAP   ns b: nuse-tap 198.18.0.1/24, given by nuse                   nuse runs in b
 *
 *     NETMAP  as RAW, over netmap: only when asked for (`deno task test:netmap`)
 *
 * Either way the program is 198.18.0.2 and the kernel peer is 198.18.0.1 in b.
 *
 * @module
 */
import { canMakeNetns, Netns, type Running, type RunOptions, veth } from "../lab/netns.ts";
import { NUSE } from "../lab/nuse.ts";
import { isInstalled } from "../lab/setup.ts";

export { NUSE };
export const SELF = "198.18.0.2";
export const PEER = "198.18.0.1";
export type Vif = "RAW" | "TAP" | "NETMAP";
export const VIFS: Vif[] = ["RAW", "TAP"];
/** Whether the tests are to run over netmap, and only those that are not about RAW or TAP. */
const IS_NETMAP = Deno.env.get("NUSE_TEST_VIF") === "NETMAP";

export class Fixture {
  private constructor(readonly vif: Vif, readonly a: Netns, readonly b: Netns) {}

  static async create(vif: Vif): Promise<Fixture> {
    const a = await Netns.create("e2a");
    const b = await Netns.create("e2b");
    const fixture = new Fixture(vif, a, b);
    try {
      if (vif !== "TAP") await veth(a, "va", null, b, "vb", `${PEER}/24`);
      return fixture;
    } catch (error) {
      await fixture.close();
      throw error;
    }
  }

  /** Where nuse runs. */
  get ns(): Netns {
    return this.vif === "TAP" ? this.b : this.a;
  }

  get env(): Record<string, string> {
    if (this.vif === "NETMAP") return { NUSEVIF: "NETMAP", NUSEDEV: "va", "nuse-va": `${SELF}/24` };
    return this.vif === "RAW"
      ? { NUSEDEV: "va", "nuse-va": SELF }
      : { NUSEVIF: "TAP", NUSEDEV: "tap", "nuse-tap": `${SELF}/24`, "nuse-tap-host": `${PEER}/24` };
  }

  /** The first words of a command that starts nuse from a shell, which drops names with a dash. */
  get command(): string[] {
    return ["env", ...Object.entries(this.env).map(([name, value]) => `${name}=${value}`), NUSE];
  }

  /** Starts `./nuse argv…`. */
  nuse(argv: string[], options: RunOptions = {}): Running {
    return this.ns.start([NUSE, ...argv], { ...options, env: { ...this.env, ...options.env } });
  }

  /** Starts a program on the peer's kernel stack. */
  peer(argv: string[], options: RunOptions = {}): Running {
    return this.b.start(argv, options);
  }

  async close(): Promise<void> {
    await this.a.close();
    await this.b.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

type Register = (
  name: string,
  body: (fixture: Fixture) => Promise<void>,
  vifs?: readonly Vif[],
) => void;

/** Why a test that runs `programs` cannot run here, as a part of its name; "": it can. */
function whyLeftOut(programs: readonly string[]): string {
  if (!canMakeNetns) return " (left out: needs root and iproute2)";
  const missing = programs.filter((program) => !isInstalled(program));
  return missing.length === 0 ? "" : ` (left out: no ${missing.join(", ")})`;
}

/**
 * Returns what registers tests that run `programs`: a test for each VIF (or those named). Without
 * root, or without a program, it is left out, with the reason in its name.
 */
export function e2eWith(...programs: string[]): Register {
  return (name, body, vifs = VIFS) => {
    for (const vif of !IS_NETMAP ? vifs : vifs === VIFS ? ["NETMAP" as const] : []) {
      const reason = whyLeftOut(programs);
      Deno.test({
        name: `${vif}: ${name}${reason}`,
        ignore: reason !== "",
        sanitizeOps: false,
        sanitizeResources: false,
        async fn() {
          await using fixture = await Fixture.create(vif);
          await body(fixture);
        },
      });
    }
  };
}

/** For tests that run only what every Debian has. */
export const e2e: Register = e2eWith();

/** The words of a process's command line; none when it is gone. */
export async function commandOf(pid: number): Promise<string> {
  const line = await Deno.readTextFile(`/proc/${pid}/cmdline`).catch(() => "");
  return line.split("\0").join(" ").trim();
}

/** The process below `pid` whose command line is `command`; throws when there is none. */
export async function descendant(pid: number, command: string): Promise<number> {
  const children = async (of: number) => {
    const list = await Deno.readTextFile(`/proc/${of}/task/${of}/children`).catch(() => "");
    return list.split(" ").filter((word) => word !== "").map(Number);
  };
  for (let level = await children(pid); level.length > 0;) {
    for (const child of level) if (await commandOf(child) === command) return child;
    level = (await Promise.all(level.map(children))).flat();
  }
  throw new Error(`no "${command}" below ${pid}`);
}

/** Polls until `probe` holds; throws after `limitSec`. */
export async function until(what: string, probe: () => Promise<boolean>, limitSec = 10) {
  const end = Date.now() + limitSec * 1000;
  while (!(await probe())) {
    if (Date.now() > end) throw new Error(`waited ${limitSec} s for: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
