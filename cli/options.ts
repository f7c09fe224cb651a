/**
 * The command line's own description: every option, every variable, once; the keys of `--dev` are
 * in config/keys.ts. From these tables come the parser (args.ts), `--help` (help.ts), the man page,
 * the completions of bash and zsh and the guide's table (cli/papers/). A new option is a row here
 * and its use in run.ts; then `deno task papers`.
 *
 * Texts are plain, but for `literals` in backticks, which each kind of paper shows in its way.
 *
 * @module
 */
import { CATEGORIES, LEVELS, LOG_FORMATS } from "../io/log/levels.ts";
import { SYSCTLS } from "../stack/sysctl.ts";
import { DEVICE_ROWS } from "./config/keys.ts";

/** One way to write a setting: a row of the guide's table. */
export interface Form {
  /** As a variable, with an example of a value: "NUSEDEV=eth0". */
  readonly variable?: string;
  /** On the command line, with the same value. */
  readonly option?: string;
  readonly meaning: string;
}

/** What a completion may offer for a value. */
export type Completion = "device" | "file" | "run" | readonly string[];

interface Common {
  /** Without the dashes. */
  readonly name: string;
  /** The line of --help: at most MEANING_MAX columns. */
  readonly meaning: string;
  /** What the man page says besides, a paragraph each. */
  readonly details?: readonly string[];
}

export interface Switch extends Common {
  /** One letter. */
  readonly short?: string;
  readonly argument?: undefined;
}

export interface ValueOption extends Common {
  /** The value's shape, as --help shows it. */
  readonly argument: string;
  readonly isRepeatable: boolean;
  readonly completion?: Completion;
  readonly forms: readonly Form[];
}

export type Option = Switch | ValueOption;

/** A command line to learn from. */
export interface Example {
  readonly what: string;
  readonly command: string;
}

/** What a completion offers for `--log`. */
const LOG_WORDS = [...LEVELS, ...CATEGORIES.map((category) => `${category}=`)];

/** The same for `--sysctl`. */
const SYSCTL_WORDS = SYSCTLS.map(({ name }) => `${name}=`);

/** Columns that --help has for a meaning. */
export const MEANING_MAX = 46;

export const OPTIONS = [
  {
    name: "dev",
    argument: "NAME=ADDRESS[,KEY=VALUE]",
    isRepeatable: true,
    completion: "device",
    meaning: "the interface, and nuse's address on it",
    details: [
      "Without a prefix length (`/24`) it is that of the host's own address on the interface, if " +
      "its subnet holds the address; else, with TAP, that of `host=`; else /24. With neither " +
      "`--dev` nor `NUSEDEV`, nuse makes a TAP `nuse0`: 198.18.0.2/24, the host 198.18.0.1. " +
      "In IPv6 they are fd6e:7573:6500::2/64 and fd6e:7573:6500::1.",
    ],
    forms: [
      {
        variable: "NUSEDEV=eth0",
        option: "--dev eth0",
        meaning: "the interface to attach to",
      },
      {
        variable: "nuse-eth0=192.168.209.39",
        option: "--dev eth0=192.168.209.39",
        meaning: "its address inside nuse, with a prefix length (`/24`) or without",
      },
      {
        variable: "nuse-eth0=198.18.0.2/24,2001:db8::2/64",
        option: "--dev eth0=198.18.0.2/24,2001:db8::2/64",
        meaning: "several of them, IPv4 and IPv6",
      },
      {
        variable: "nuse-eth0=dhcp",
        option: "--dev eth0=dhcp",
        meaning: "an address of a DHCP server's; or `auto`, `auto6`, `dhcp6`, `linklocal`, …",
      },
    ],
  },
  {
    name: "route",
    argument: "[NETWORK=]GATEWAY",
    isRepeatable: true,
    meaning: "a route; without a network, the default one",
    forms: [
      {
        variable: "DEFAULTROUTE=192.168.0.1",
        option: "--route 192.168.0.1",
        meaning: "the default gateway",
      },
      {
        variable: "DEFAULTROUTE6=fe80::1",
        option: "--route fe80::1",
        meaning: "that of IPv6; of several links, `fe80::1%eth0` names one",
      },
      { option: "--route 10.0.0.0/8=192.168.0.9", meaning: "any other route" },
    ],
  },
  {
    name: "config",
    argument: "FILE",
    isRepeatable: false,
    completion: "file",
    meaning: "interfaces, routes and settings, from a file",
    details: [
      "Its format is that of the original, and more: docs/configuration.md. Variables override " +
      "what it says, options override both.",
    ],
    forms: [
      {
        variable: "NUSECONF=nuse.conf",
        option: "--config nuse.conf",
        meaning: "a file with interfaces, routes and settings: docs/configuration.md",
      },
      {
        variable: "NUSE_NAMESERVER=198.18.0.53",
        meaning: "whom the program asks for names, by the stack; several with blanks between",
      },
    ],
  },
  {
    name: "sysctl",
    argument: "NAME=VALUE",
    isRepeatable: true,
    completion: SYSCTL_WORDS,
    meaning: "a setting of the stack, by Linux's name",
    details: ["docs/configuration.md lists them."],
    forms: [
      {
        option: "--sysctl net.ipv4.tcp_sack=0",
        meaning: "a setting of the stack, by Linux's name",
      },
    ],
  },
  {
    name: "show-config",
    meaning: "what all this comes to, as a file; no program",
  },
  {
    name: "check",
    meaning: "how PROGRAM would be served; nothing runs",
    details: [
      "Which door it would use, by its ELF file or its interpreter's, and what would be missing. " +
      "Exit status 2: neither.",
    ],
  },
  {
    name: "log",
    argument: "[CATEGORY=]LEVEL,...",
    isRepeatable: true,
    completion: LOG_WORDS,
    meaning: "log what happens in the stack",
    details: [
      `Levels: \`${LEVELS.join("\`, \`")}\`, \`off\`. Categories, one for each layer: ` +
      `\`${CATEGORIES.join("\`, \`")}\`. A level alone is for all of them. What each event ` +
      "means is in docs/logging.md.",
    ],
    forms: [
      {
        variable: "NUSE_LOG=info",
        option: "--log info",
        meaning: "log what happens in the stack, on standard error",
      },
      {
        variable: "NUSE_LOG=tcp=debug,arp=info",
        option: "--log tcp=debug,arp=info",
        meaning: "the same, by layers",
      },
    ],
  },
  {
    name: "log-file",
    argument: "FILE",
    isRepeatable: false,
    completion: "file",
    meaning: "where to: a file, made anew",
    forms: [{ option: "--log-file nuse.log", meaning: "the log goes to a file" }],
  },
  {
    name: "log-format",
    argument: LOG_FORMATS.join("|"),
    isRepeatable: false,
    completion: LOG_FORMATS,
    meaning: "text, or one JSON object a line",
    forms: [{ option: "--log-format json", meaning: "lines of the log are JSON objects" }],
  },
  {
    name: "switch",
    argument: "PATH",
    isRepeatable: false,
    completion: "file",
    meaning: "no program: a switch for PIPEs at PATH",
    details: [
      "Joins any number of nuse whose interfaces say `pipe=PATH`, as a learning Ethernet switch. " +
      "It runs until a signal ends it; `SIGUSR1` makes it tell its counters.",
    ],
    forms: [{
      option: "--switch /tmp/lan",
      meaning: "a switch that PIPEs join, instead of a program",
    }],
  },
  {
    name: "no-ipv6",
    meaning: "no IPv6: addresses, sockets and packets",
  },
  {
    name: "name",
    argument: "NAME",
    isRepeatable: false,
    meaning: "what others call this run, to join it",
    details: ["A letter, then up to 31 letters, digits, `.`, `_` or `-`. A run has it for itself."],
    forms: [{ option: "--name lab", meaning: "what others call this run, to join it" }],
  },
  {
    name: "keep",
    meaning: "stay until the last joined program ends",
    details: [
      "Without it a joined program keeps nuse as any that the first one has left behind: as long " +
      "as it has sockets. A second after nuse has ended, what has joined gets `SIGHUP`, another " +
      "second later `SIGKILL`.",
    ],
  },
  {
    name: "join",
    argument: "NAME|PID",
    isRepeatable: false,
    completion: "run",
    meaning: "PROGRAM shares the network of that run",
    details: [
      "PID is that of a nuse, or of any process under it. Only its user and root may join.",
    ],
    forms: [{ option: "--join lab", meaning: "the program shares the network of that run" }],
  },
  {
    name: "list",
    meaning: "the runs that can be joined; no program",
  },
  { name: "json", meaning: "with --list: as JSON" },
  {
    name: "host-network",
    meaning: "leave the host's network to what nuse misses",
    details: [
      "Without it the program runs in an empty network namespace, and what goes past the C " +
      "library's calls (a static program, one with an empty environment) is served by a second " +
      "door. With it, that uses the host's network.",
    ],
  },
  {
    name: "verbose",
    short: "v",
    meaning: "say on stderr what is done, and the counters",
  },
  { name: "help", short: "h", meaning: "show this help" },
  { name: "version", meaning: "show the version, and Deno's" },
] as const satisfies readonly Option[];

/** Variables that no option sets: for packagers, and for machines where a default does not fit. */
export const MACHINERY: readonly Form[] = [
  {
    variable: "NUSE_CACHE",
    meaning: "where compiled libraries are kept; default `/var/cache/nuse` for root, else " +
      "`$XDG_CACHE_HOME/nuse` or `~/.cache/nuse`",
  },
  { variable: "CC", meaning: "the C compiler; default `cc`, else `gcc`, else `clang`" },
  { variable: "NUSE_NATIVE_DIR", meaning: "a folder of ready-made libraries" },
  {
    variable: "NUSE_RINGS",
    meaning: "what goes by memory that nuse shares with a program, of streams that carry much: " +
      "`1`, what it reads and writes (default); `send`, what it writes; `0`, nothing",
  },
  {
    variable: "NUSE_WITHOUT",
    meaning: "features of newer kernels to do without, even if this one has them: " +
      "`uso`, `tcx`, `big_tcp`, `ignore_outgoing`",
  },
];

export const EXAMPLES: readonly Example[] = [
  { what: "at once, on any machine", command: "sudo nuse ping 198.18.0.1" },
  {
    what: "over a real interface, by variables",
    command: "sudo NUSEDEV=eth0 nuse-eth0=192.168.209.39 nuse ping 192.168.209.1",
  },
  {
    what: "a server behind a TAP, for the host; by options",
    command: "sudo nuse --dev lab=198.18.4.2/24,vif=TAP,host=198.18.4.1 iperf3 -s",
  },
];

type Row = typeof OPTIONS[number];
export type ValueName = Extract<Row, { argument: string }>["name"];
export type SwitchName = Exclude<Row, { argument: string }>["name"];

/** The options as plain rows, where their names as types do not matter. */
export const ROWS: readonly Option[] = OPTIONS;

/** Every way to write every setting, in the order of the guide's table. */
export function allForms(): Form[] {
  return ROWS.flatMap((o) => o.argument === undefined ? [switchForm(o)] : valueForms(o));
}

function switchForm({ name, short, meaning }: Switch): Form {
  const option = short === undefined ? `--${name}` : `-${short}, --${name}`;
  return { option, meaning };
}

function valueForms(option: ValueOption): Form[] {
  return option.name === "dev" ? [...option.forms, ...deviceKeyForms()] : [...option.forms];
}

function deviceKeyForms(): Form[] {
  return DEVICE_ROWS.flatMap(({ name, example, meaning, forAll }) => {
    const own = {
      variable: `nuse-eth0-${name}=${example}`,
      option: `--dev eth0=…,${name}=${example}`,
      meaning,
    };
    const all = { variable: forAll, meaning: `\`${name}\` of every interface that does not say` };
    return forAll === undefined ? [own] : [own, all];
  });
}

/** Whether a variable sets something of nuse. `nuse-` alone is enough: a typo is to be found. */
export function isOwnVariable(name: string): boolean {
  return name.startsWith("nuse-") || FIXED_VARIABLES.has(name);
}

/** What nuse sets for the program, and its launcher for nuse. */
export const SET_FOR_PROGRAMS = ["NUSE_SOCK", "NUSE_PPID", "NUSE_PDEATHSIG", "NUSE_LAUNCHER"];

/** Variables of a fixed name: NUSEDEV, DEFAULTROUTE … */
export const FIXED_VARIABLES: ReadonlySet<string> = new Set(
  allForms().flatMap(({ variable }) => {
    const name = variable?.split("=")[0] ?? "";
    return name === "" || name.startsWith("nuse-") ? [] : [name];
  }),
);
