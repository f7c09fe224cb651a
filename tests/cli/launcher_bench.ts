/**
 * A launcher of a test's own, with fakes of what it starts.
 *
 * @module
 */
import { fromFileUrl } from "@std/path";

/** As the launcher names this kind of machine. */
export const ARCH = Deno.build.arch === "x86_64" ? "x64" : "arm64";
const LAUNCHER = fromFileUrl(new URL("../../nuse", import.meta.url));

/** A copy of the launcher beside a main.ts of its own, and fakes in a folder for PATH. */
export class Bench implements AsyncDisposable {
  private constructor(readonly dir: string) {}

  static async create(): Promise<Bench> {
    const bench = new Bench(await Deno.makeTempDir({ prefix: "nuse launcher " }));
    await Deno.mkdir(`${bench.dir}/bin`);
    await Deno.mkdir(`${bench.dir}/home`);
    await Deno.copyFile(LAUNCHER, `${bench.dir}/home/nuse`);
    await Deno.writeTextFile(`${bench.dir}/home/deno.lock`, "lock");
    await Deno.mkdir(`${bench.dir}/home/node_modules`);
    await Deno.writeTextFile(`${bench.dir}/home/node_modules/.nuse-ready`, "lock");
    return bench;
  }

  /** Forgets that the libraries were fetched. */
  async forgetLibraries(): Promise<void> {
    await Deno.remove(`${this.dir}/home/node_modules/.nuse-ready`);
  }

  /** Deno as npm installs it. */
  get installed(): string {
    return `${this.dir}/home/deno/${ARCH}/node_modules/@deno/linux-fake`;
  }

  /** A shell script in PATH. */
  async fake(name: string, body: string, folder = `${this.dir}/bin`): Promise<void> {
    await Deno.mkdir(folder, { recursive: true });
    await Deno.writeTextFile(`${folder}/${name}`, `#!/bin/sh\n${body}\n`, { mode: 0o755 });
  }

  /** A fake Deno of that version: not a script to the launcher, it prints how it was called. */
  async fakeDeno(version: string, folder?: string): Promise<void> {
    const shell = 'case $1 in -V) echo "deno VERSION";; eval) echo "$0";; *) echo "ran $*";; esac';
    await this.fake("deno", shell.replace("VERSION", version), folder);
  }

  async run(
    args: string[],
    { path = `${this.dir}/bin:/usr/bin:/bin`, nuse = `${this.dir}/home/nuse`, env = {} } = {},
  ) {
    const output = await new Deno.Command("env", {
      args: [...Object.entries({ PATH: path, ...env }).map(([k, v]) => `${k}=${v}`), nuse, ...args],
      clearEnv: true,
      stdin: "null",
    }).output();
    const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    return { code: output.code, stdout: text(output.stdout), stderr: text(output.stderr) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.dir, { recursive: true });
  }
}
