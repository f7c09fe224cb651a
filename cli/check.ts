/**
 * `--check`: which way a program would be served, and what would be missing, before anything runs.
 *
 * @module
 */
import type { Program } from "./program.ts";

/** What the second door does not do (docs/guide.md). */
const MISSING = "control messages, the error queue, socket filters, MSG_MORE, Fast Open; " +
  "a reset reads as an end";

/** Lines for a person. `hasDoor`: there would be a second door. */
export function checkText(program: Program, hasDoor: boolean): string {
  const { argv, image, isSecure, obstacle } = program;
  const what = image === argv[0] ? image : `${argv[0]} (${image})`;
  const lines = obstacle === null
    ? [`${what}: the shim serves it`]
    : [`${what}: the second door serves it: it ${obstacle.why}`, `it does without ${MISSING}`];
  if (obstacle === null && isSecure) {
    lines.push("it gains rights: a copy of the shim is lent to it, which takes CAP_SYS_ADMIN");
  }
  const others = hasDoor ? "the second door serves" : "the host's network is used by";
  lines.push(`${others} what it starts without the shim: static, Go, musl programs, env -i`);
  return lines.map((line) => `${line}\n`).join("");
}
