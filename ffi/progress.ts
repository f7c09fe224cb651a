/**
 * What takes long at a first start, said on stderr: on a terminal in a line that disappears when it
 * is done, else in a line that stays. The launcher says what it installs in the same form.
 *
 * @module
 */

const ERASE_LINE = "\r\x1b[K";

export interface Screen {
  isTerminal(): boolean;
  writeSync(bytes: Uint8Array): number;
}

/** Says `text` (short: a line that wraps is not erased whole) while `work` goes on. */
export function withProgress<T>(text: string, work: () => T, screen: Screen = Deno.stderr): T {
  const write = (line: string) => screen.writeSync(new TextEncoder().encode(line));
  if (!screen.isTerminal()) {
    write(`nuse: ${text}\n`);
    return work();
  }
  write(`${ERASE_LINE}nuse: ${text}`);
  try {
    return work();
  } finally {
    write(ERASE_LINE);
  }
}
