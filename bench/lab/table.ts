/**
 * Medians, ratios and the table of the net bench.
 *
 * @module
 */
import { PAIR_PATHS, type Path } from "./lab.ts";
import type { Measure } from "./measures.ts";

/** One figure of one round; null when the run failed (with the reason in `error`). */
export interface Sample {
  round: number;
  measure: string;
  path: Path;
  value: number | null;
  error?: string;
}

/** NaN: of nothing. */
export function median(values: readonly number[]): number {
  if (values.length === 0) return NaN;
  const sorted = values.toSorted((a, b) => a - b);
  const mid = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[mid] : (sorted[mid - 1] + sorted[mid]) / 2;
}

function values(samples: readonly Sample[], measure: string, path: Path): number[] {
  return samples.filter((s) => s.measure === measure && s.path === path && s.value !== null)
    .map((s) => s.value as number);
}

/** Median of the ratios to the native figure of the same round; NaN without such a pair. */
export function medianRatio(samples: readonly Sample[], measure: string, path: Path): number {
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
  if (unit === "Gbit/s") return value.toFixed(1);
  return value >= 1000 ? `${(value / 1000).toFixed(1)} k` : value.toFixed(0);
}

/** The bars are of one nuse against a kernel's stack. */
function verdict(measure: Measure, path: Path, ratio: number, value: number): string {
  if (measure.bar === null || PAIR_PATHS.includes(path)) return "";
  const isMet = measure.unit === "µs" ? value <= measure.bar : ratio >= measure.bar;
  const bar = measure.unit === "µs" ? `≤ ${measure.bar} µs` : `≥ ${measure.bar}`;
  return `${bar} ${isMet ? "met" : "MISSED"}`;
}

/**
 * A text table: a row a measure and path, with the medians of the rounds that gave a figure.
 * Without the last column when no measure has a bar.
 */
export function table(
  samples: readonly Sample[],
  measures: readonly Measure[],
  paths: readonly Path[],
): string {
  const rows = [["", "unit", "native", "path", "nuse", "ratio", "bar"]];
  for (const m of measures) {
    const native = values(samples, m.name, "native");
    for (const path of paths) {
      const ours = values(samples, m.name, path);
      const ratio = medianRatio(samples, m.name, path);
      const value = median(ours);
      rows.push([
        m.name,
        m.unit,
        figure(median(native), m.unit),
        path.toUpperCase(),
        figure(value, m.unit),
        Number.isNaN(ratio) ? "-" : ratio.toFixed(2),
        verdict(m, path, ratio, value),
      ]);
    }
  }
  if (measures.every((m) => m.bar === null)) rows.forEach((row) => row.pop());
  const widths = rows[0].map((_, i) => Math.max(...rows.map((r) => r[i].length)));
  return rows.map((r) => r.map((cell, i) => cell.padEnd(widths[i])).join("  ").trimEnd()).join(
    "\n",
  );
}
