/**
 * The shape of a command of the script language.
 *
 * @module
 */
import type { World } from "./world.ts";

/** A number (negative: -errno) or a word. */
export type Answer = number | string;

export interface Call {
  /** What it gives when the line has no "->"; a function of the arguments. */
  readonly expected: (args: readonly string[]) => string;
  /** It only looks: frames that wait to be expected do not matter. */
  readonly isLooking?: boolean;
  readonly run: (world: World, target: string | null, args: readonly string[]) => Answer;
}
