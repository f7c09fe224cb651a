/**
 * `--list`: the runs that this user may join, as a table or as JSON.
 *
 * @module
 */
import type { RunView } from "../io/app/join/messages.ts";
import type { RunDirSources } from "./run_dir.ts";
import { findRuns, viewOf } from "./runs.ts";

const HEAD = ["NAME", "PID", "SINCE", "SOCKETS", "JOINED", "INTERFACES", "PROGRAM"];
const NONE = "-";

/** All that answer, by their numbers. */
export function listRuns(sources: RunDirSources, version: string): RunView[] {
  return findRuns(sources).flatMap((run) => viewOf(run, version) ?? []);
}

/** What a process writes of itself is no order to a terminal. */
function plain(text: string): string {
  // deno-lint-ignore no-control-regex
  return text.replace(/[\x00-\x1f\x7f-\x9f]/g, "?");
}

function interfacesText({ interfaces }: RunView): string {
  const texts = interfaces.map(({ name, addresses }) => [name, ...addresses].join(" "));
  return texts.length === 0 ? NONE : texts.join(", ");
}

/** The local time, to the second. */
function sinceText(since: string): string {
  const date = new Date(since);
  if (Number.isNaN(date.getTime())) return NONE;
  const local = new Date(date.getTime() - date.getTimezoneOffset() * 60_000);
  return local.toISOString().slice(0, 19).replace("T", " ");
}

function rowOf(view: RunView): string[] {
  return [
    view.name ?? NONE,
    String(view.pid),
    sinceText(view.since),
    String(view.sockets),
    String(view.joined),
    interfacesText(view),
    view.command,
  ].map(plain);
}

/** A line for each and one above; the head alone when there is none. */
export function listText(views: readonly RunView[]): string {
  const rows = [HEAD, ...views.map(rowOf)];
  const widths = HEAD.map((_, i) => Math.max(...rows.map((row) => row[i].length)));
  const lines = rows.map((row) => row.map((cell, i) => cell.padEnd(widths[i])).join("  "));
  return lines.map((line) => `${line.trimEnd()}\n`).join("");
}

/** One array, an object for each. */
export function listJson(views: readonly RunView[]): string {
  const objects = views.map((view) => ({
    name: view.name,
    pid: view.pid,
    command: view.command,
    since: view.since,
    interfaces: view.interfaces,
    sockets: view.sockets,
    joined: view.joined,
    keep: view.isKept,
    version: view.version,
  }));
  return `${JSON.stringify(objects, null, 2)}\n`;
}
