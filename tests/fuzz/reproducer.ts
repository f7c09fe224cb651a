/**
 * A failing session in a file: what it was, the world it happened in, its steps with a line of
 * explanation each. The files in corpus/ are bugs that were found; every test run replays them.
 *
 * @module
 */
import type { Failure } from "./failure.ts";
import type { Setting } from "./setting.ts";
import { type Step, stepFromJson, stepToJson } from "./steps.ts";

export interface Reproducer {
  /** What went wrong, in words. */
  readonly what: string;
  readonly setting: Setting;
  readonly steps: readonly Step[];
}

export function reproducerOf(
  failure: Failure,
  setting: Setting,
  steps: readonly Step[],
): Reproducer {
  return { what: failure.message.split("\n").slice(0, 4).join("\n"), setting, steps };
}

/** JSON with one step a line, so that a person can read it. */
export function writeReproducer({ what, setting, steps }: Reproducer): string {
  const lines = steps.map((step) => `    ${JSON.stringify(stepToJson(step))}`);
  return [
    "{",
    `  "what": ${JSON.stringify(what)},`,
    `  "setting": ${JSON.stringify(setting)},`,
    `  "steps": [`,
    lines.join(",\n"),
    "  ]",
    "}",
    "",
  ].join("\n");
}

export function readReproducer(text: string): Reproducer {
  const { what, setting, steps } = JSON.parse(text);
  return { what, setting, steps: steps.map(stepFromJson) };
}
