/**
 * The program's environment: its own, and what makes the shim load and find the service.
 *
 * @module
 */
import { Failure } from "./base/failure.ts";
import { encode } from "./launcher.ts";
import type { Obstacle } from "./program.ts";

/** A part of the file name of every copy of the shim. */
const SHIM_NAMES = /(^|\/)(nuse_shim|libnuse-)[^/]*$/;

export interface ChildEnvSources {
  /** What the program would have had; byte strings. */
  readonly env: Readonly<Record<string, string>>;
  /** Path of the shim, or the bare name that a secure loader takes. */
  readonly shim: string;
  readonly socketPath: string;
  /** Of the nuse that serves it. */
  readonly servicePid: number;
  /** Of the nuse that starts it. */
  readonly parentPid: number;
  /** Why the program itself has no shim; null: it has. */
  readonly obstacle: Obstacle | null;
}

/** Byte strings. Throws Failure. */
export function childEnv(sources: ChildEnvSources): Record<string, string> {
  const { env, shim, socketPath, servicePid, parentPid, obstacle } = sources;
  const own = {
    NUSE_SOCK: encode(socketPath),
    NUSE_PPID: String(servicePid),
    // Taken away by the shim: without it there, a child's would take it for its own.
    ...obstacle === null ? { NUSE_PDEATHSIG: String(parentPid) } : {},
  };
  if (obstacle?.isPreloadFatal) {
    const { LD_PRELOAD: _, ...others } = env;
    return { ...others, ...own };
  }
  if (/[\s:]/.test(shim)) {
    throw new Failure(
      `cannot preload ${shim}: no blanks or colons there (set NUSE_CACHE to a plain path)`,
    );
  }
  // Under another nuse, its shim is already there.
  const others = (env.LD_PRELOAD ?? "").split(/[\s:]+/).filter((library) =>
    library !== "" && !SHIM_NAMES.test(library)
  );
  return {
    ...env,
    LD_PRELOAD: [encode(shim), ...others].join(":"),
    ...own,
  };
}
