/**
 * What `--help` prints: one screen of 80 columns and fewer than 30 lines, made from the table of
 * options. The whole of it is in the man page (docs/nuse.1).
 *
 * @module
 */
import { DEVICE_KEYS } from "./config/keys.ts";
import { EXAMPLES, MEANING_MAX, type Option, ROWS } from "./options.ts";

export const USAGE = "nuse [options] program [argument...]";

const COLUMNS = 80;

/** "-v, --verbose", "--dev NAME=ADDRESS[,KEY=VALUE]". */
export function spelling(option: Option): string {
  if (option.argument !== undefined) return `--${option.name} ${option.argument}`;
  return option.short === undefined ? `--${option.name}` : `-${option.short}, --${option.name}`;
}

function optionLine(option: Option): string {
  return `  ${spelling(option).padEnd(COLUMNS - MEANING_MAX - 2)}${option.meaning}`;
}

/** The keys of --dev, as many to a line as it takes. */
function keyLines(): string[] {
  const lines = ["  KEY=VALUE:"];
  for (const { name, argument } of DEVICE_KEYS) {
    const line = `${lines.at(-1)}  ${name}=${argument}`;
    if (line.length <= COLUMNS) lines[lines.length - 1] = line;
    else lines.push(`            ${name}=${argument}`);
  }
  return lines;
}

/** The full text of --help. */
export function helpText(): string {
  return `usage: ${USAGE}
Runs a program whose network traffic goes through nuse's own TCP/IP stack.
${ROWS.map(optionLine).join("\n")}
${keyLines().join("\n")}
  Variables: NUSEDEV NUSEVIF NUSECONF DEFAULTROUTE nuse-eth0 nuse-eth0-KEY
  With neither: a TAP named nuse0, 198.18.0.2/24; the host is 198.18.0.1.
example: ${EXAMPLES[0].command}
Exit status, limits and the rest: man -l docs/nuse.1
`;
}
