/**
 * Ratios and the table of the net bench.
 *
 * @module
 */
import { BAR_PATHS, type Path, type PeerPath } from "./lab.ts";
import type { Measure } from "./measure.ts";
import { median } from "./median.ts";

/** One figure of one round; null when the run failed (with the reason in `error`). */
export interface Sample {
  round: number;
  measure: string;
  path: Path | PeerPath;
  value: number | null;
  error?: string;
}

function values(samples: readonly Sample[], measure: string, path: Path | PeerPath): number[] {
  return samples.filter((s) => s.measure === measure && s.path === path && s.value !== null)
    .map((s) => s.value as number);
}

/** Median of the ratios to the native figure of the same round; NaN without such a pair. */
export function medianRatio(
  samples: readonly Sample[],
  measure: string,
  path: Path | PeerPath,
): number {
  const native = new Map(
    samples.filter((s) => s.measure === measure && s.path === "native" && s.value !== null)
      .map((s) => [s.round, s.value as number]),
  );
  const ratios = samples
    .filter((s) => s.measure === measure && s.path === path && s.value !== null)
    .flatMap((s) => native.has(s.round) ? [(s.value as number) / native.get(s.round)!] : []);
  return median(ratios);
}

/** A value for people; NaN: there is none. */
export function figure(value: number, unit: Measure["unit"]): string {
  if (Number.isNaN(value)) return "failed";
  if (unit === "of later") return value.toFixed(2);
  if (unit === "Gbit/s" || (unit === "ms" && value < 10)) return value.toFixed(1);
  return value >= 1000 ? `${(value / 1000).toFixed(1)} k` : value.toFixed(0);
}

/** What is said of a path's samples. */
export interface Row {
  readonly path: Path | PeerPath;
  /** Medians; NaN: no round gave one. */
  readonly value: number;
  readonly ratio: number;
}

/** What the measure's bar and goal are of: the ratio to native, or the value itself. */
function judged({ unit }: Measure, { value, ratio }: Row): number {
  return UPPER.includes(unit) || unit === "of later" ? value : ratio;
}

/** Units whose bars are upper limits. */
const UPPER: readonly Measure["unit"][] = ["µs", "ms", "MB"];

/** Of the paths with one nuse against a kernel's stack, or two by a PIPE; null: there is none. */
function best(measure: Measure, rows: readonly Row[]): Row | null {
  const eligible = rows.filter(({ path }) => BAR_PATHS.includes(path as Path));
  const sign = UPPER.includes(measure.unit) ? 1 : -1;
  const rank = (row: Row) => {
    const value = judged(measure, row) * sign;
    return Number.isNaN(value) ? Infinity : value;
  };
  return eligible.toSorted((a, b) => rank(a) - rank(b))[0] ?? null;
}

/** Whether the best path reaches the measure's bar; null: there is nothing to say. */
function verdict(measure: Measure, row: Row, isBest: boolean): string {
  if (measure.bar === null || !isBest) return "";
  const isUpper = UPPER.includes(measure.unit);
  const value = judged(measure, row);
  const isMet = isUpper ? value <= measure.bar : value >= measure.bar;
  const unit = isUpper ? ` ${measure.unit}` : "";
  return `${isUpper ? "≤" : "≥"} ${measure.bar}${unit} ${isMet ? "met" : "MISSED"}`;
}

/** A row a path that was measured. */
export function rowsOf(
  samples: readonly Sample[],
  measure: Measure,
  paths: readonly (Path | PeerPath)[],
): Row[] {
  return paths.filter((path) => samples.some((s) => s.measure === measure.name && s.path === path))
    .map((path) => ({
      path,
      value: median(values(samples, measure.name, path)),
      ratio: medianRatio(samples, measure.name, path),
    }));
}

/**
 * A text table: a row a measure and path that was measured, with the medians of the rounds that
 * gave a figure. The best path is held against the bar. Without the last columns when no measure
 * has a bar.
 */
export function table(
  samples: readonly Sample[],
  measures: readonly Measure[],
  paths: readonly (Path | PeerPath)[],
): string {
  const rows = [["", "unit", "native", "path", "nuse", "ratio", "bar", "goal"]];
  for (const m of measures) {
    const native = m.isNuseOnly ? "-" : figure(median(values(samples, m.name, "native")), m.unit);
    const ours = rowsOf(samples, m, paths);
    const bestRow = best(m, ours);
    for (const row of ours) {
      rows.push([
        m.name,
        m.unit,
        native,
        row.path.toUpperCase(),
        figure(row.value, m.unit),
        Number.isNaN(row.ratio) ? "-" : row.ratio.toFixed(2),
        verdict(m, row, row === bestRow),
        row === bestRow && m.goal !== undefined ? String(m.goal) : "",
      ]);
    }
  }
  if (measures.every((m) => m.bar === null)) rows.forEach((row) => row.splice(-2));
  const widths = rows[0].map((_, i) => Math.max(...rows.map((r) => r[i].length)));
  return rows.map((r) => r.map((cell, i) => cell.padEnd(widths[i])).join("  ").trimEnd()).join(
    "\n",
  );
}
