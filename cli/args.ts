/**
 * The command line: nuse's own options, then the program and its arguments, which nobody touches.
 *
 * @module
 */
import { parseArgs } from "@std/cli/parse-args";
import { Failure } from "./failure.ts";

export interface CommandLine {
  readonly isHelp: boolean;
  readonly isVersion: boolean;
  readonly isVerbose: boolean;
  /** Values of --dev and --route, in order. */
  readonly devices: readonly string[];
  readonly routes: readonly string[];
  /** The program and its arguments. */
  readonly command: readonly string[];
}

const WITH_VALUE = ["dev", "route"] as const;
const WITHOUT_VALUE = ["help", "version", "verbose"] as const;

export const USAGE = "nuse [options] program [argument...]";

/** The full text of --help. */
export const HELP = `usage: ${USAGE}

Runs a program whose network traffic goes through nuse's own TCP/IP stack.

options
  --dev NAME=ADDRESS[/PREFIX][,KEY=VALUE...]
               attaches to interface NAME; may be given several times. Keys:
               vif=RAW|TAP|NETMAP   how (default RAW)
               host=ADDRESS[/PREFIX]  TAP: gives the host's side this address
               mac=own|interface|aa:bb:cc:dd:ee:ff  (default own)
               mtu=BYTES
  --route [DESTINATION/PREFIX=]GATEWAY
               a route; without a destination, the default route
  -v, --verbose  says on stderr what is done
  -h, --help     this text
  --version      the version

variables (an option wins over the variable of the same meaning)
  NUSEDEV=eth0               the interface (NAME of --dev)
  nuse-eth0=192.168.209.39   its address inside nuse; /24 unless said or known
  nuse-eth0-host= -vif= -mac= -mtu=   as the keys of --dev
  NUSEVIF=RAW|TAP|NETMAP     vif of every interface that does not say
  DEFAULTROUTE=192.168.0.1   the default gateway
Names with a dash cannot be exported by a shell: use env or sudo.

Without NUSEDEV and --dev: a TAP named nuse0, 198.18.0.2/24 inside, host .1.

examples
  sudo NUSEDEV=eth0 nuse-eth0=192.168.209.39 nuse ping 192.168.209.1
  sudo nuse --dev eth0=198.18.0.2/24,vif=TAP,host=198.18.0.1 iperf3 -s

exit status: the program's; 128+n when signal n ended it; 127 not found;
126 not executable; 2 wrong use or set-up; 70 nuse itself failed.
`;

/** How many leading arguments are nuse's own. */
function ownCount(args: readonly string[]): number {
  for (let i = 0; i < args.length; i++) {
    const arg = args[i];
    if (arg === "--" || arg === "-" || !arg.startsWith("-")) return i;
    const takesNext = WITH_VALUE.some((name) => arg === `--${name}`);
    if (takesNext) i++;
  }
  return args.length;
}

/** Throws Failure. */
export function parseCommandLine(args: readonly string[]): CommandLine {
  // parseArgs would take a `--` or a `true` that belongs to the program: it sees only what is ours.
  const own = Math.min(ownCount(args), args.length);
  const parsed = parseArgs(args.slice(0, own), {
    boolean: WITHOUT_VALUE,
    string: WITH_VALUE,
    collect: WITH_VALUE,
    alias: { h: "help", v: "verbose" },
    unknown: (arg) => {
      throw new Failure(`unknown option ${arg} (nuse --help shows what there is)`);
    },
  });
  for (const name of WITH_VALUE) {
    if (parsed[name].includes("")) throw new Failure(`--${name} needs a value (see nuse --help)`);
  }
  const rest = args.slice(own);
  return {
    isHelp: parsed.help,
    isVersion: parsed.version,
    isVerbose: parsed.verbose,
    devices: parsed.dev,
    routes: parsed.route,
    command: rest[0] === "--" ? rest.slice(1) : rest,
  };
}
