/**
 * `--check`: which way a program would be served, and what would be missing, before anything runs.
 *
 * @module
 */
import type { Finding } from "./imports.ts";
import type { Program } from "./program.ts";

/** What the second door does not do (docs/guide.md). */
const MISSING = "MSG_MORE and TCP_INQ of streams, MSG_FASTOPEN, POLLERR of datagrams";

/**
 * Lines for a person. `hasDoor`: there would be a second door; `findings`: what the program imports
 * and nuse does not serve.
 */
export function checkText(
  program: Program,
  hasDoor: boolean,
  findings: readonly Finding[] = [],
): string {
  const { argv, image, isSecure, obstacle } = program;
  const what = image === argv[0] ? image : `${argv[0]} (${image})`;
  const lines = obstacle === null
    ? [`${what}: the shim serves it`]
    : [`${what}: the second door serves it: it ${obstacle.why}`, `it does without ${MISSING}`];
  if (obstacle === null && isSecure) {
    lines.push("it gains rights: a copy of the shim is lent to it, which takes CAP_SYS_ADMIN");
  }
  for (const { symbol, library, what, isOfShim } of findings) {
    if (isOfShim && obstacle !== null) continue;
    lines.push(`it imports ${symbol}${library === "" ? "" : ` (${library})`}: that ${what}`);
  }
  const others = hasDoor ? "the second door serves" : "the host's network is used by";
  lines.push(`${others} what it starts without the shim: static, Go, musl programs, env -i`);
  return lines.map((line) => `${line}\n`).join("");
}
