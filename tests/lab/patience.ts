/**
 * How long a wait of the tests may last. A limit ends a hang, it judges no speed: it is long, and
 * longer where the machine has more work than processors.
 *
 * @module
 */

/** What an idle machine gets of a limit that was thought of for an idle machine. */
const LEAST = 3;
/** A load that no test is worth waiting for. */
const MOST = 20;

/** Of the load (Linux's average of a minute) and the number of processors. */
export function patienceAt(load: number, processors: number): number {
  return Math.min(MOST, LEAST * Math.max(1, load / processors));
}

/** By what limits are to be multiplied now. */
export function patience(): number {
  return patienceAt(Deno.loadavg()[0], navigator.hardwareConcurrency);
}
