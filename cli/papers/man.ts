/**
 * docs/nuse.1, the man page: options, keys and variables from the table (cli/options.ts), the rest
 * from here. The macros are those of man(7).
 *
 * @module
 */
import { spelling } from "../help.ts";
import { DEVICE_KEYS, type DeviceKey } from "../config/keys.ts";
import { allForms, EXAMPLES, type Form, MACHINERY, type Option, ROWS } from "../options.ts";

const DESCRIPTION = [
  "`nuse` runs a program whose network traffic goes through a TCP/IP stack of its own, outside " +
  "the kernel. The program is not changed. The stack has its own MAC and IP address, and puts " +
  "frames on the wire through an AF_PACKET socket, a TAP device, netmap, or a pipe to another " +
  "nuse.",
  "Everything after the program's name belongs to the program. Standard input, output and error, " +
  "the terminal, job control and the exit status are the program's; nuse writes nothing on " +
  "standard output, and nothing on standard error unless something is wrong or `-v` is given.",
];

const CONFIGURATION = [
  "By variables, by a file, or by options. What an option leaves out is taken from the variable, " +
  "what both leave out from the file; where several say something, the option wins, then the " +
  "variable. The format of the file is told in docs/configuration.md. In the names below `eth0` " +
  "stands for any interface. A name with a dash cannot be exported by a shell: write " +
  "`env nuse-eth0=ADDRESS nuse PROGRAM`, or the same with sudo.",
];

const LIMITS = [
  "Programs that are linked dynamically with glibc, and what they start, have everything: nuse " +
  "preloads a library into them. Static ones, Go, musl, and any with an empty environment are " +
  "served by a second door, with a few limits; other architectures are refused. All run in an " +
  "empty network namespace. Names are asked of the " +
  "configuration's, DHCP's or the host's servers, through the stack.",
];

/** Also the guide's. */
export const EXIT_STATUS: readonly (readonly [status: string, meaning: string])[] = [
  ["the program's", "it ran"],
  [
    "128+n",
    "signal n ended it; after Ctrl-C nuse ends by SIGINT itself, so that a shell's loop stops",
  ],
  ["127", "the program was not found"],
  ["126", "it was found but cannot be executed"],
  ["2", "wrong use or set-up: one line says what, and what to do about it"],
  ["70", "nuse itself failed (`-v` shows where)"],
];

const SIGNALS = [
  "Signals from the terminal reach the program as without nuse. A signal sent to nuse alone is " +
  "passed on to the program. When the program has ended, nuse stays until its TCP connections " +
  "have delivered what they hold (60 seconds at most); Ctrl-C, or SIGTERM to nuse, ends the wait.",
];

/** Text for roff: its own characters escaped, `literals` in bold. */
export function roff(text: string): string {
  return text.replaceAll("\\", "\\e").replaceAll("-", "\\-").replaceAll("…", "...")
    .replaceAll(/`([^`]+)`/g, "\\fB$1\\fR")
    .replaceAll(/^([.'])/gm, "\\&$1");
}

/** A heading, then paragraphs. */
function section(title: string, paragraphs: readonly string[]): string[] {
  return [`.SH ${title}`, ...paragraphs.flatMap((text, i) => i === 0 ? [text] : [".PP", text])];
}

/** A list's item: what it is, and what is said about it, a paragraph each. */
function item(what: string, said: readonly string[]): string[] {
  return [".TP", `\\fB${roff(what)}\\fR`, ...said.flatMap((s, i) => i === 0 ? [s] : [".IP", s])];
}

function sentence(text: string): string {
  return roff(text[0].toUpperCase() + text.slice(1)) + ".";
}

function optionItem(option: Option): string[] {
  const said = [sentence(option.meaning), ...(option.details ?? []).map(roff)];
  const keys = option.name === "dev" ? [".RS", ...DEVICE_KEYS.flatMap(keyItem), ".RE"] : [];
  return [...item(spelling(option), said), ...keys];
}

function keyItem({ name, argument, meaning }: DeviceKey): string[] {
  return item(`${name}=${argument}`, [sentence(meaning)]);
}

function variableItem({ variable, option, meaning }: Form): string[] {
  const same = option === undefined ? "" : ` As \\fB${roff(option)}\\fR.`;
  return item(variable!, [sentence(meaning) + same]);
}

/** The whole page. */
export function manPage(version: string): string {
  const lines = [
    `.\\" Made by "deno task papers" from cli/options.ts and cli/papers/man.ts.`,
    `.TH NUSE 1 "" "nuse ${version}" "User Commands"`,
    ...section("NAME", ["nuse \\- run a program on a TCP/IP stack of its own"]),
    ...section("SYNOPSIS", [
      "\\fBnuse\\fR [\\fIoptions\\fR] \\fIprogram\\fR [\\fIargument\\fR...]",
    ]),
    ...section("DESCRIPTION", DESCRIPTION.map(roff)),
    ".SH OPTIONS",
    ...ROWS.flatMap(optionItem),
    ...section("ENVIRONMENT", CONFIGURATION.map(roff)),
    ...allForms().filter((form) => form.variable !== undefined).flatMap(variableItem),
    ...MACHINERY.flatMap(variableItem),
    ".SH EXIT STATUS",
    ...EXIT_STATUS.flatMap(([status, meaning]) => item(status, [sentence(meaning)])),
    ...section("SIGNALS", SIGNALS.map(roff)),
    ...section("LIMITS", LIMITS.map(roff)),
    ".SH EXAMPLES",
    ...EXAMPLES.flatMap((
      { what, command },
    ) => [".PP", sentence(what), ".EX", `  ${roff(command)}`, ".EE"]),
    ...section("SEE ALSO", [
      "\\fBip\\fR(8), \\fBld.so\\fR(8), \\fBpacket\\fR(7), \\fBnetwork_namespaces\\fR(7); " +
      "docs/guide.md beside the sources.",
    ]),
  ];
  return lines.join("\n") + "\n";
}
