/**
 * A file through a link, out of nuse and into nuse at the same time, each checked by its SHA-256.
 * For the end-to-end tests of what is bad, and for `deno task bench:bad`.
 *
 * @module
 */
import type { Netns } from "../netns.ts";
import { LOSSY_PEER } from "./lossy_link.ts";

const OUT_PORT = 4000;
const IN_PORT = 4001;

/** A `LossyLink`, or the like. */
export interface Link {
  readonly a: Netns;
  readonly b: Netns;
  /** The address of b; the one in IPv4 if it is not said. */
  readonly peer?: string;
  /** Starts nuse in `a`. */
  readonly command: readonly string[];
}

export interface FileResult {
  readonly sha256: string;
  /** Of what arrived: sent by nuse, and sent by the kernel. */
  readonly outSha256: string;
  readonly inSha256: string;
  /** Until both had arrived and nuse had ended. */
  readonly seconds: number;
  readonly stderr: string;
  readonly code: number;
}

async function sha256(path: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", await Deno.readFile(path));
  return new Uint8Array(digest).toHex();
}

/** `crypto.getRandomValues` gives 64 KiB at most. */
function randomBytes(count: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(count);
  for (let at = 0; at < count; at += 65_536) {
    crypto.getRandomValues(bytes.subarray(at, at + 65_536));
  }
  return bytes;
}

/** Sends `bytes` random bytes each way; the link is set up already. */
export async function transferFile(
  link: Link,
  bytes: number,
  limitSec: number,
): Promise<FileResult> {
  const dir = await Deno.makeTempDir({ prefix: "nuse-file-" });
  try {
    await Deno.writeFile(`${dir}/file`, randomBytes(bytes));
    const { peer = LOSSY_PEER } = link;
    const family = peer.includes(":") ? "-6" : "-4";
    const sink = link.b.start(["sh", "-c", `nc ${family} -l -p ${OUT_PORT} > ${dir}/out`], {
      limitSec,
    });
    const give = `nc ${family} -N -l -p ${IN_PORT} < ${dir}/file`;
    const source = link.b.start(["sh", "-c", give], { limitSec });
    const begin = performance.now();
    const script = `nc -N ${peer} ${OUT_PORT} < ${dir}/file & ` +
      `nc -d ${peer} ${IN_PORT} > ${dir}/in & wait`;
    const argv = [...link.command, "sh", "-c", script];
    const { code, stderr } = await link.a.start(argv, { limitSec }).done;
    await Promise.all([sink.done, source.done]);
    return {
      sha256: await sha256(`${dir}/file`),
      outSha256: await sha256(`${dir}/out`),
      inSha256: await sha256(`${dir}/in`),
      seconds: (performance.now() - begin) / 1000,
      stderr,
      code,
    };
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}
