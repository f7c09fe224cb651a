/**
 * docs/session.svg, the README's picture: what a terminal showed, word for word, as text. The
 * session is docs/session.txt, captured in tmux.
 *
 * @module
 */
const COLUMNS = 92;
/** Pixels. A monospaced letter is 0.6 of its height wide; textLength holds every font to it. */
const FONT = 14;
const CELL = 8.4;
const LINE = 19;
const MARGIN = 16;
const BAR = 30;

const FONTS = "ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace";

const BACKGROUND = "#16181d";
const BAR_COLOUR = "#2a2e37";
const TEXT = "#d7dae0";
const COMMAND = "#8fd18a";
const OWN = "#e5c07b";

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

/** Commands, nuse's own lines, and what programs say. */
function colourOf(line: string): string {
  if (line.startsWith("# ")) return COMMAND;
  return line.startsWith("nuse: ") ? OWN : TEXT;
}

function textLine(line: string, i: number): string {
  const y = BAR + MARGIN + FONT + i * LINE;
  const width = ([...line].length * CELL).toFixed(1);
  return `<text x="${MARGIN}" y="${y}" fill="${colourOf(line)}" textLength="${width}" ` +
    `lengthAdjust="spacingAndGlyphs">${escape(line)}</text>`;
}

/** The picture of a session, one line of the terminal a line. */
export function sessionPicture(session: string): string {
  const lines = session.trimEnd().split("\n");
  const width = Math.ceil(COLUMNS * CELL + 2 * MARGIN);
  const height = BAR + 2 * MARGIN + lines.length * LINE;
  const dots = [22, 42, 62].map((x) => `<circle cx="${x}" cy="${BAR / 2}" r="5"/>`).join("");
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" ` +
    `width="${width}" height="${height}" role="img">
<title>A terminal: ping and iperf3 run under nuse</title>
<rect width="${width}" height="${height}" rx="8" fill="${BACKGROUND}"/>
<path d="M0 ${BAR}V8a8 8 0 0 1 8-8H${width - 8}a8 8 0 0 1 8 8V${BAR}z" fill="${BAR_COLOUR}"/>
<g fill="#5c6370">${dots}</g>
<g font-family="${FONTS}" font-size="${FONT}" xml:space="preserve">
${lines.map(textLine).filter((text) => !text.includes("></text>")).join("\n")}
</g>
</svg>
`;
}
