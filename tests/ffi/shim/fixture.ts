/**
 * Builds the shim, the fake service and the case program, once for a test file, and runs them.
 *
 * @module
 */
import { findNative } from "../../../ffi/build_native.ts";
import { SHIM_LIBRARY } from "../../../ffi/shim/library.ts";

const FOLDER = import.meta.dirname!;
const CFLAGS = ["-std=c11", "-D_GNU_SOURCE", "-O1", "-Wall", "-Wextra", "-Werror"];
const PROTOCOL = `${FOLDER}/../../../ffi/shim/protocol.h`;
const RUN_LIMIT_MS = 30_000;

export interface Programs {
  readonly dir: string;
  readonly shim: string;
  readonly cases: string;
  readonly fake: string;
}

export interface Output {
  readonly code: number;
  readonly text: string;
}

function sourcesOf(pattern: RegExp): string[] {
  const names = [...Deno.readDirSync(FOLDER)].map((entry) => entry.name);
  return names.filter((name) => pattern.test(name)).sort().map((name) => `${FOLDER}/${name}`);
}

export async function compile(sources: string[], outFile: string): Promise<void> {
  const command = new Deno.Command("cc", {
    args: [...CFLAGS, "-o", outFile, ...sources, "-lpthread"],
    signal: AbortSignal.timeout(60_000),
  });
  const { success, stderr } = await command.output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
}

/** As `compile`, or a copy of what was made of the same files before, where a cache is named. */
async function compileOnce(sources: string[], outFile: string): Promise<void> {
  const cacheDir = Deno.env.get("NUSE_CACHE");
  if (cacheDir === undefined) return await compile(sources, outFile);
  const files = [...sources, ...sourcesOf(/\.h$/), PROTOCOL].map((path) => Deno.readFileSync(path));
  const digests = await Promise.all(files.map((file) => crypto.subtle.digest("SHA-256", file)));
  const key = await crypto.subtle.digest("SHA-256", await new Blob(digests).arrayBuffer());
  const cached = `${cacheDir}/tests-${new Uint8Array(key).toHex()}`;
  if (await Deno.stat(cached).catch(() => null) === null) {
    await compile(sources, outFile);
    await Deno.copyFile(outFile, `${cached}.${Deno.pid}`);
    await Deno.rename(`${cached}.${Deno.pid}`, cached);
  }
  await Deno.copyFile(cached, outFile);
}

/** Everything compiled in a directory of its own, which `use` finds and which is removed after. */
export async function withPrograms(use: (programs: Programs) => Promise<void>): Promise<void> {
  const dir = await Deno.makeTempDir({ prefix: "nuse-shim-" });
  try {
    // Programs that drop their privileges look for nothing in here, but the loader does.
    await Deno.chmod(dir, 0o755);
    const programs = {
      dir,
      shim: `${dir}/nuse_shim.so`,
      cases: `${dir}/cases`,
      fake: `${dir}/fake_service`,
    };
    // Where the cache is, programs that become somebody else may not read.
    await Deno.copyFile(findNative(SHIM_LIBRARY.name, SHIM_LIBRARY.sources), programs.shim);
    await Promise.all([
      compileOnce(sourcesOf(/^(check|modes|.*_cases)\.c$/), programs.cases),
      compileOnce(sourcesOf(/^fake_.*\.c$/), programs.fake),
    ]);
    await use(programs);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

/** A fake service: where it listens, its pid, and how to end it. */
export class FakeService {
  readonly path: string;
  readonly pid: number;
  readonly #child: Deno.ChildProcess;

  private constructor(path: string, child: Deno.ChildProcess) {
    this.path = path;
    this.pid = child.pid;
    this.#child = child;
  }

  /** `uid`: whose process it is, by default ours. */
  static async start(programs: Programs, uid?: number): Promise<FakeService> {
    const dir = await Deno.makeTempDir({ dir: programs.dir });
    await Deno.chmod(dir, 0o777);
    const path = `${dir}/sock`;
    const child = new Deno.Command(programs.fake, {
      args: [path],
      uid,
      cwd: "/", // another user may not go where the tests run
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    const reader = child.stdout.getReader();
    const { value } = await reader.read();
    await reader.cancel();
    if (value === undefined) throw new Error("the fake service did not start");
    return new FakeService(path, child);
  }

  /** What it is sent from now on stays unread. */
  pause(): void {
    this.#child.kill("SIGSTOP");
  }

  /** Ends it as `kill -9` would, so that nothing is said to its clients. */
  async stop(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#child.status;
    await this.#child.stdin.close().catch(() => {});
  }
}

/** Runs a program under the shim; both its outputs as one text. */
export async function runPreloaded(
  programs: Programs,
  args: string[],
  env: Record<string, string>,
): Promise<Output> {
  const command = new Deno.Command(args[0], {
    args: args.slice(1),
    env: { LD_PRELOAD: programs.shim, ...env },
    signal: AbortSignal.timeout(RUN_LIMIT_MS),
  });
  const { code, stdout, stderr } = await command.output();
  const decoder = new TextDecoder();
  return { code, text: decoder.decode(stdout) + decoder.decode(stderr) };
}

/** The environment that makes the shim find `fake`. */
export function envOf(fake: FakeService): Record<string, string> {
  return { NUSE_SOCK: fake.path, NUSE_PPID: String(fake.pid) };
}
