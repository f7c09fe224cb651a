/**
 * The table of variables and options in docs/guide.md.
 *
 * @module
 */
import { allForms, type Form, MACHINERY } from "../options.ts";

const HEAD: readonly string[] = ["variable", "option", "meaning"];

function code(text: string | undefined): string {
  return text === undefined ? "" : text.split(", ").map((part) => `\`${part}\``).join(", ");
}

function row({ variable, option, meaning }: Form): string[] {
  return [code(variable), code(option), meaning];
}

/** Columns of one width each, as `deno fmt` leaves them. */
function markdownTable(rows: readonly (readonly string[])[]): string {
  const widths = HEAD.map((_, i) => Math.max(...rows.map((cells) => [...cells[i]].length)));
  const line = (cells: readonly string[], fill: string) =>
    `| ${cells.map((cell, i) => cell.padEnd(widths[i], fill)).join(" | ")} |`;
  const [head, ...body] = rows;
  return [line(head, " "), line(HEAD.map(() => ""), "-"), ...body.map((r) => line(r, " "))]
    .join("\n");
}

/** Every way to write every setting. */
export function settingsTable(): string {
  return markdownTable([HEAD, ...allForms().map(row), ...MACHINERY.map(row)]);
}

/** `page` with `text` between the lines that name `mark`. Throws when they are not there. */
export function replaceMarked(page: string, mark: string, text: string): string {
  const [start, end] = [`<!-- ${mark} -->`, `<!-- end of ${mark} -->`];
  const [from, to] = [page.indexOf(start), page.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`no ${start} … ${end}`);
  return `${page.slice(0, from)}${start}\n\n${text}\n\n${page.slice(to)}`;
}
