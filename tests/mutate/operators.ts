/**
 * Makes mutants: all places of a source where a small, typical slip could be made. `draw` picks
 * some by a seed, so that a set can be drawn before anybody looks at the tests.
 *
 * @module
 */
import { Prng } from "../support/prng.ts";
import { type Mutant, occurrences } from "./mutant.ts";

/** One kind of slip: what it is called, what it turns into what. */
interface Operator {
  readonly name: string;
  readonly from: RegExp;
  /** What stands in the place of the match; null: this one is not for it. */
  readonly to: (match: string) => string | null;
}

const swap = (name: string, a: string, b: string): Operator => ({
  name,
  from: new RegExp(`${literal(a)}|${literal(b)}`, "g"),
  to: (match) => match === a ? b : a,
});

function literal(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

const OPERATORS: readonly Operator[] = [
  swap("a bound that is one off", " < ", " <= "),
  swap("a bound that is one off", " > ", " >= "),
  swap("a bound that is one off", "seqLt(", "seqLeq("),
  swap("a bound that is one off", "seqGt(", "seqGeq("),
  swap("the opposite", " === ", " !== "),
  swap("the opposite", " == ", " != "),
  swap("the opposite", "return true;", "return false;"),
  swap("and for or", " && ", " || "),
  swap("the lesser for the greater", "Math.min(", "Math.max("),
  { name: "one off", from: / [+-] 1\b(?!\d|\.)/g, to: () => "" },
  swap("plus for minus", " + ", " - "),
  { name: "a sign lost", from: /-(?=E[A-Z]{3,}\b)/g, to: () => "" },
  { name: "another number", from: /(?<=^const [A-Z_0-9]+ = )\d[\d_]*(?=;$)/g, to: twice },
  { name: "a statement lost", from: /^[#\w.!?[\]]+(\(.*\)|\+\+|--| [-+|&]?= .*);$/g, to: () => "" },
  { name: "a condition lost", from: /(?<=^if )\(.*\)(?= [a-z].*;$)/g, to: () => "(true)" },
];

function twice(number: string): string {
  return String(2 * Number(number.replaceAll("_", "")) || 1);
}

/** Lines in which an operator would hit text, types or imports. */
const NO_CODE =
  /^(\*|\/|import|export \{|\} from|#|readonly|declare|interface|type )|[`"'].*( [+<>-] |&&)/;

/** Lines of a class at its own depth: without a field's line nothing would compile. */
function fieldLines(source: string): Set<number> {
  const found = new Set<number>();
  let isInside = false;
  for (const [i, line] of source.split("\n").entries()) {
    if (/^(export )?(abstract )?class /.test(line)) isInside = true;
    else if (line === "}") isInside = false;
    else if (isInside && /^ {2}[#\w]/.test(line)) found.add(i);
  }
  return found;
}

/** All slips that can be made in a source, on lines that it has once. */
export function slips(file: string, source: string, tests: readonly string[]): Mutant[] {
  const fields = fieldLines(source);
  return source.split("\n").map((line) => line.trim()).flatMap((line, i) => {
    if (line === "" || NO_CODE.test(line) || occurrences(source, line).length !== 1) return [];
    if (fields.has(i) && line.endsWith(";")) return [];
    return OPERATORS.flatMap(({ name, from, to }) =>
      [...line.matchAll(from)].flatMap((match) => {
        const replaced = to(match[0]);
        if (replaced === null) return [];
        const end = match.index + match[0].length;
        const replacement = line.slice(0, match.index) + replaced + line.slice(end);
        return [{ title: `${name}, line ${i + 1}`, file, tests, pattern: line, replacement }];
      })
    );
  });
}

/** `count` of the mutants, no more than `perFile` of a file, any line as likely as another. */
export function draw(all: readonly Mutant[], count: number, seed: number, perFile = 2): Mutant[] {
  const prng = new Prng(seed);
  const left = [...all];
  const drawn: Mutant[] = [];
  while (drawn.length < count && left.length > 0) {
    const [mutant] = left.splice(prng.below(left.length), 1);
    if (drawn.filter(({ file }) => file === mutant.file).length < perFile) drawn.push(mutant);
  }
  return drawn;
}
