/**
 * The ratios of a run of the net bench as one SVG: a line a row, a mark a path, the kernel's own
 * path at 1, further to the right is better. Round trips are drawn as kernel divided by nuse, so
 * that this holds for them as well; rows whose bars are not of the kernel's figure are left to the
 * table.
 *
 * @module
 */
import type { Measure } from "./measure.ts";
import { median } from "./median.ts";
import { rowsOf, type Sample } from "./table.ts";

const WIDTH = 860;
const LEFT = 220;
const RIGHT = 30;
const ROW = 22;
const TOP = 92;
const BOTTOM = 46;
/** The scale is logarithmic, between these ratios. */
const LEAST = 0.05;
const MOST = 5;
const TICKS = [0.05, 0.1, 0.2, 0.5, 1, 2, 5];

interface Style {
  readonly label: string;
  readonly colour: string;
  /** An outline only: of others. */
  readonly isHollow?: boolean;
}

const STYLES: Readonly<Partial<Record<Sample["path"], Style>>> = {
  raw: { label: "nuse, RAW", colour: "#0969da" },
  tap: { label: "nuse, TAP", colour: "#bc4c00" },
  pipe: { label: "two nuse, PIPE", colour: "#8250df" },
  gvisor: { label: "gVisor", colour: "#57606a", isHollow: true },
  lwip: { label: "lwIP", colour: "#1a7f37", isHollow: true },
};
type Drawn = keyof typeof STYLES;
const PATHS = Object.keys(STYLES) as Drawn[];

/** Units of rows that are a comparison with the kernel. */
const COMPARED: readonly Measure["unit"][] = ["Gbit/s", "1/s", "µs"];

/** Where a ratio lies, pixels; what is beyond the scale lies at its end. */
function x(ratio: number): number {
  const bounded = Math.min(MOST, Math.max(LEAST, ratio));
  const share = Math.log(bounded / LEAST) / Math.log(MOST / LEAST);
  return Math.round((LEFT + share * (WIDTH - LEFT - RIGHT)) * 10) / 10;
}

function text(at: readonly [number, number], words: string, attributes = ""): string {
  const escaped = words.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
  return `<text x="${at[0]}" y="${at[1]}" ${attributes}>${escaped}</text>`;
}

function mark(at: readonly [number, number], { colour, isHollow }: Style): string {
  const fill = isHollow ? "#ffffff" : colour;
  return `<circle cx="${at[0]}" cy="${at[1]}" r="4.5" fill="${fill}" stroke="${colour}" ` +
    'stroke-width="1.5"/>';
}

/** What a limit of the measure is as a ratio; NaN: there is none. */
function limitRatio(measure: Measure, limit: number | null | undefined, native: number): number {
  if (limit === null || limit === undefined) return NaN;
  return measure.unit === "µs" ? native / limit : limit;
}

/** A tick at a bar (solid) or a goal. */
function limitMark(ratio: number, y: number, isBar: boolean): string {
  if (Number.isNaN(ratio)) return "";
  const dash = isBar ? "" : ' stroke-dasharray="2 2"';
  const at = x(ratio);
  return `<line x1="${at}" y1="${y - 9}" x2="${at}" y2="${y + 9}" stroke="#1f2328" ` +
    `stroke-width="1.5"${dash}/>`;
}

function rowOf(samples: readonly Sample[], measure: Measure, y: number): string {
  const native = median(
    samples.filter((s) => s.measure === measure.name && s.path === "native" && s.value !== null)
      .map(({ value }) => value!),
  );
  const marks = rowsOf(samples, measure, PATHS).map(({ path, ratio }) => {
    const shown = measure.unit === "µs" ? 1 / ratio : ratio;
    return Number.isNaN(shown) ? "" : mark([x(shown), y], STYLES[path]!);
  });
  return [
    `<line x1="${LEFT}" y1="${y}" x2="${WIDTH - RIGHT}" y2="${y}" stroke="#eaeef2"/>`,
    text([LEFT - 12, y + 4], measure.name, 'text-anchor="end"'),
    limitMark(limitRatio(measure, measure.bar, native), y, true),
    limitMark(limitRatio(measure, measure.goal, native), y, false),
    ...marks.reverse(), // nuse's own above the others
  ].join("\n");
}

/** The paths that have been measured, each with its mark. */
function legend(samples: readonly Sample[], y: number): string {
  let at = LEFT;
  const parts: string[] = [];
  for (const path of PATHS.filter((path) => samples.some((s) => s.path === path))) {
    const style = STYLES[path]!;
    parts.push(mark([at + 5, y - 4], style), text([at + 14, y], style.label));
    at += 30 + style.label.length * 7;
  }
  parts.push(
    `<line x1="${at + 4}" y1="${y - 12}" x2="${at + 4}" y2="${y + 3}" stroke="#1f2328" ` +
      'stroke-width="1.5"/>',
    text([at + 12, y], "bar"),
    `<line x1="${at + 48}" y1="${y - 12}" x2="${at + 48}" y2="${y + 3}" stroke="#1f2328" ` +
      'stroke-width="1.5" stroke-dasharray="2 2"/>',
    text([at + 56, y], "goal"),
  );
  return parts.join("\n");
}

function axis(height: number): string {
  return TICKS.map((ratio) => {
    const colour = ratio === 1 ? "#1f2328" : "#d0d7de";
    const bottom = height - BOTTOM + 4;
    return `<line x1="${x(ratio)}" y1="${TOP - 18}" x2="${x(ratio)}" y2="${bottom}" ` +
      `stroke="${colour}"/>\n` + text([x(ratio), TOP - 24], `${ratio}`, 'text-anchor="middle"');
  }).join("\n");
}

/** `about`: which run it is. */
export function plot(
  samples: readonly Sample[],
  measures: readonly Measure[],
  about: string,
): string {
  const drawn = measures.filter((m) =>
    COMPARED.includes(m.unit) &&
    rowsOf(samples, m, PATHS).some(({ ratio }) => !Number.isNaN(ratio))
  );
  const height = TOP + drawn.length * ROW + BOTTOM;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" ` +
    `viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="12" fill="#1f2328">
<rect width="${WIDTH}" height="${height}" fill="#ffffff"/>
${text([16, 24], "Speed through nuse, of the speed through the kernel", 'font-size="15"')}
${legend(samples, 48)}
${axis(height)}
${drawn.map((m, i) => rowOf(samples, m, TOP + i * ROW)).join("\n")}
${text([16, height - 14], `Further right is better. ${about}`, 'fill="#57606a" font-size="11"')}
</svg>
`;
}
