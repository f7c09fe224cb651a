/**
 * A mutant: one small fault put into one place of the code, which the tests must notice. Lists of
 * them are text, one block each:
 *
 *     # An RTT sample from a segment that was sent twice
 *     @ stack/tcp/input/ack.ts  tests/stack/tcp/input tests/scripts
 *     - if (segment.isRetransmitted) return;
 *     +
 *
 * The title says the fault; then the file and the tests, folders or files, that must notice it. The
 * pattern (`-`) occurs exactly once in the file, whatever the white space between its words, and
 * gives way to the replacement (`+`, may be empty). Either may have several lines.
 *
 * @module
 */

export interface Mutant {
  readonly title: string;
  readonly file: string;
  readonly tests: readonly string[];
  readonly pattern: string;
  readonly replacement: string;
}

/** Blocks are parted by empty lines. Throws Error with the block that makes no sense. */
export function parseMutants(text: string): Mutant[] {
  return text.split(/\n\s*\n/).filter((block) => block.trim() !== "").map(parseBlock);
}

function parseBlock(block: string): Mutant {
  const lines = block.trim().split("\n");
  const under = (mark: string) =>
    lines.filter((line) => line.startsWith(mark)).map((line) => line.slice(mark.length).trim());
  const [file, ...tests] = under("@").join(" ").split(/\s+/);
  const mutant = {
    title: under("#").join(" "),
    file,
    tests,
    pattern: under("-").join("\n"),
    replacement: under("+").join("\n"),
  };
  const isComplete = mutant.title !== "" && tests.length > 0 && mutant.pattern !== "" &&
    lines.every((line) => /^[#@+-]/.test(line)) && under("+").length > 0;
  if (!isComplete) throw new Error(`not a mutant:\n${block}`);
  return mutant;
}

export function formatMutant({ title, file, tests, pattern, replacement }: Mutant): string {
  const marked = (mark: string, text: string) =>
    text.split("\n").map((line) => `${mark} ${line}`.trimEnd());
  return [`# ${title}`, `@ ${file}  ${tests.join(" ")}`]
    .concat(marked("-", pattern), marked("+", replacement)).join("\n") + "\n";
}

/** Where the pattern lies in a source: start and end of each occurrence. */
export function occurrences(source: string, pattern: string): [number, number][] {
  const words = pattern.trim().split(/\s+/)
    .map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return [...source.matchAll(new RegExp(words.join("\\s+"), "g"))]
    .map((match) => [match.index, match.index + match[0].length]);
}

/** The source with the fault in it; null: the pattern does not occur exactly once. */
export function mutate(source: string, { pattern, replacement }: Mutant): string | null {
  const found = occurrences(source, pattern);
  if (found.length !== 1) return null;
  const [[start, end]] = found;
  return source.slice(0, start) + replacement + source.slice(end);
}
