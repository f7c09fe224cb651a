/**
 * The tables of docs/guide.md: variables and options, exit status.
 *
 * @module
 */
import { allForms, type Form, MACHINERY } from "../options.ts";
import { EXIT_STATUS } from "./man.ts";

type Cells = readonly string[];

function code(text: string | undefined): string {
  return text === undefined ? "" : text.split(", ").map((part) => `\`${part}\``).join(", ");
}

function row({ variable, option, meaning }: Form): Cells {
  return [code(variable), code(option), meaning];
}

/** Columns of one width each, as `deno fmt` leaves them. */
export function markdownTable(head: Cells, body: readonly Cells[]): string {
  const widths = head.map((_, i) => Math.max(...[head, ...body].map((r) => [...r[i]].length)));
  const line = (cells: Cells, fill = " ") =>
    `| ${cells.map((cell, i) => cell.padEnd(widths[i], fill)).join(" | ")} |`;
  return [line(head), line(head.map(() => ""), "-"), ...body.map((r) => line(r))].join("\n");
}

/** Every way to write every setting. */
export function settingsTable(): string {
  return markdownTable(["variable", "option", "meaning"], [...allForms(), ...MACHINERY].map(row));
}

/** What nuse's exit status tells. */
export function exitStatusTable(): string {
  return markdownTable(["status", "meaning"], EXIT_STATUS);
}

/** `page` with `text` between the lines that name `mark`. Throws when they are not there. */
export function replaceMarked(page: string, mark: string, text: string): string {
  const [start, end] = [`<!-- ${mark} -->`, `<!-- end of ${mark} -->`];
  const [from, to] = [page.indexOf(start), page.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`no ${start} … ${end}`);
  return `${page.slice(0, from)}${start}\n\n${text}\n\n${page.slice(to)}`;
}
