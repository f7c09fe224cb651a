/**
 * The bench's network: two namespaces with the kernel's own path between them, and beside it the paths that
 * nuse takes to the same peer.
 *
 *     ns a (program)                      ns b (kernel peer)
 *       va0 198.18.0.1  ── veth ──  vb0 198.18.0.2     native
 *       va1 (bare, RAW) ── veth ──  vb1 198.18.1.2     nuse at 198.18.1.10
 *                                   nuse-tap 198.18.2.2   nuse at 198.18.2.10 (nuse itself runs in b)
 *
 * @module
 */
import { fromFileUrl } from "@std/path";
import { must, Netns, type Running, type RunOptions, veth } from "../../tests/support/netns.ts";

export type Path = "native" | "raw" | "tap";

/** What a path's ends are called. */
interface Ends {
  /** Namespace in which the program runs. */
  ns: Netns;
  /** The program's own address, and the kernel peer's as the program sees it. */
  self: string;
  peer: string;
  env: Record<string, string>;
}

const NUSE = fromFileUrl(new URL("../../nuse", import.meta.url));
const LOAD_SOURCE = fromFileUrl(new URL("./load.c", import.meta.url));

export class Lab {
  readonly #ends: Record<Path, Ends>;

  private constructor(
    readonly a: Netns,
    readonly b: Netns,
    /** The compiled load program. */
    readonly load: string,
    readonly scratch: string,
  ) {
    this.#ends = {
      native: { ns: a, self: "198.18.0.1", peer: "198.18.0.2", env: {} },
      raw: {
        ns: a,
        self: "198.18.1.10",
        peer: "198.18.1.2",
        env: { NUSEDEV: "va1", "nuse-va1": "198.18.1.10/24" },
      },
      tap: {
        ns: b,
        self: "198.18.2.10",
        peer: "198.18.2.2",
        env: {
          NUSEVIF: "TAP",
          NUSEDEV: "tap",
          "nuse-tap": "198.18.2.10/24",
          "nuse-tap-host": "198.18.2.2/24",
        },
      },
    };
  }

  static async create(): Promise<Lab> {
    const scratch = await Deno.makeTempDir({ prefix: "nuse-bench-" });
    const load = `${scratch}/load`;
    await must(["cc", "-O2", "-Wall", "-Wextra", "-std=c11", "-o", load, LOAD_SOURCE]);
    const a = await Netns.create("bna");
    const b = await Netns.create("bnb");
    const lab = new Lab(a, b, load, scratch);
    try {
      await veth(a, "va0", "198.18.0.1/24", b, "vb0", "198.18.0.2/24");
      await veth(a, "va1", null, b, "vb1", "198.18.1.2/24");
      return lab;
    } catch (error) {
      await lab.close();
      throw error;
    }
  }

  /** Address of the kernel peer, as the program on `path` sees it. */
  peer(path: Path): string {
    return this.#ends[path].peer;
  }

  /** Address of the program on `path`. */
  self(path: Path): string {
    return this.#ends[path].self;
  }

  /** Starts a program on its path: bare for `native`, else behind `./nuse`. */
  program(path: Path, argv: string[], options: RunOptions = {}): Running {
    const { ns, env } = this.#ends[path];
    const command = path === "native" ? argv : [NUSE, ...argv];
    return ns.start(command, { ...options, env: { ...env, ...options.env } });
  }

  /** Starts a program on the kernel's side, in b. */
  kernel(argv: string[], options: RunOptions = {}): Running {
    return this.b.start(argv, options);
  }

  async close(): Promise<void> {
    await this.a.close();
    await this.b.close();
    await Deno.remove(this.scratch, { recursive: true });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
