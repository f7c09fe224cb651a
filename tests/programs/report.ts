/**
 * The results of `deno task programs`: tests/programs/results.jsonl, a line for each program, and
 * what is written from it, docs/programs.md.
 *
 * @module
 */
import { markdownTable } from "../../cli/papers/guide.ts";

const ROOT = `${import.meta.dirname}/../..`;
export const RESULTS = `${ROOT}/tests/programs/results.jsonl`;
export const PAGE = `${ROOT}/docs/programs.md`;

/** "yes", why not, or null where there is nothing to be tried. */
export type Answer = string | null;

export interface Result {
  readonly name: string;
  /** Debian's, of the first package; "" when it could not be installed. */
  readonly version: string;
  readonly door: "shim" | "second" | "";
  readonly client: Answer;
  readonly server: Answer;
}

export const WORKS = "yes";

export function worksFully({ client, server }: Result): boolean {
  return [client, server].every((answer) => answer === null || answer === WORKS);
}

export function readResults(text: string): Result[] {
  return text.split("\n").filter((line) => line !== "").map((line) => JSON.parse(line));
}

/** Sorted by name, one a line. */
export function resultsText(results: readonly Result[]): string {
  const sorted = results.toSorted((a, b) => a.name < b.name ? -1 : 1);
  return sorted.map((result) => `${JSON.stringify(result)}\n`).join("");
}

/** What a cell of a table may hold. */
function plain(text: string): string {
  return text.replace(/\s+/g, " ").replace(/[|\\`*_<>[\]]/g, (c) => `\\${c}`).trim();
}

function cell(answer: Answer): string {
  return answer === null ? "" : answer === WORKS ? WORKS : "no";
}

function reasons({ client, server }: Result): string {
  return [["client", client], ["server", server]]
    .flatMap(([role, answer]) => answer === null || answer === WORKS ? [] : [`${role}: ${answer}`])
    .join("; ");
}

/** docs/programs.md. */
export function pageText(results: readonly Result[]): string {
  const rows = readResults(resultsText(results)).map((r) => [
    plain(r.name),
    plain(r.version),
    r.door,
    cell(r.client),
    cell(r.server),
    worksFully(r) ? "works" : plain(reasons(r)),
  ]);
  const works = results.filter(worksFully).length;
  return `# Programs

Written by \`deno task programs\`, which installs these programs of Debian 12 and runs each under
nuse, as a client, as a server or as both; the other side is a program on the kernel's stack in
another network namespace. What is asked and what must be seen: \`tests/programs/cases/\`. The door:
[which programs](guide.md#which-programs).

${results.length} programs, ${works} of them without any fault.

${markdownTable(["program", "version", "door", "as client", "as server", "result"], rows)}
`;
}
