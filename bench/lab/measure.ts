/**
 * One measurement of the net bench, and what several of them do.
 *
 * @module
 */
import type { Lab, Path } from "./lab.ts";
import type { Family } from "../../tests/support/families.ts";
import type { Running, RunResult } from "../../tests/lab/netns.ts";

export interface Measure {
  readonly name: string;
  /** "of later": a rate at the beginning, divided by the later one. */
  readonly unit: "Gbit/s" | "1/s" | "µs" | "ms" | "MB" | "of later";
  /**
   * What must be reached: of the ratio to native; µs, ms, MB: an upper limit; "of later": a lower
   * one. null: nothing.
   */
  readonly bar: number | null;
  /** What is wanted beyond the bar. */
  readonly goal?: number;
  /** The kernel has nothing to compare it with. */
  readonly isNuseOnly?: boolean;
  /** Takes so many seconds, whatever the others take, and is measured in the first round alone. */
  readonly onceSec?: number;
  /** 6: it is left out where this machine has no IPv6; 4 when not given. */
  readonly family?: Family;
  /** Programs that it takes. */
  readonly programs?: readonly string[];
  readonly run: (lab: Lab, path: Path, secs: number) => Promise<number>;
}

let lastPort = 20_000;

/** A port that no measure has had yet. */
export function newPort(): string {
  return String(lastPort++);
}

/**
 * Time for a program beyond what it measures: start, handshake, the last datagrams. On a machine
 * with a load of 20 nuse alone takes ten seconds to start; what hangs is found all the same.
 */
export const MARGIN_SEC = 90;

/** The JSON that `load` ends with. */
export function lastJson(result: RunResult): { rate: number } {
  const line = result.stdout.trimEnd().split("\n").at(-1) ?? "";
  if (!line.startsWith("{")) {
    throw new Error(`exit ${result.code}: ${result.stdout}${result.stderr}`);
  }
  return JSON.parse(line);
}

/** A server that has done its work; so that nothing of one measure runs on into the next. */
export async function stop(server: Running): Promise<void> {
  server.kill();
  await server.done;
}

/** A program that is just there, so that its nuse is; it says READY. */
export const IDLE: readonly string[] = ["sh", "-c", "echo READY; exec sleep 600"];
