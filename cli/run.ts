/**
 * From the command line to the exit status: everything is checked before anything is set up.
 *
 * @module
 */
import denoConfig from "../deno.json" with { type: "json" };
import { hasCapabilities } from "../ffi/child.ts";
import type { RunFacts } from "../io/app/join/messages.ts";
import { OwnEvent } from "../io/log/own_events.ts";
import { type CommandLine, parseCommandLine } from "./args.ts";
import { checkText } from "./check.ts";
import { findUnserved } from "./imports.ts";
import { buildConfig, type Built, EMBEDDED_DEFAULT } from "./config/build.ts";
import { readConfigFile } from "./config/read_file.ts";
import { showConfig } from "./config/show.ts";
import { Failure, report, say } from "./base/failure.ts";
import { type Front, frontOf, stayInFront } from "./front.ts";
import { helpText, USAGE } from "./help.ts";
import {
  decode,
  FRONT,
  lastArguments,
  type Launched,
  parseEnvironment,
  softLimit,
} from "./launcher.ts";
import { asJoined, JoinedStack } from "./joined_stack.ts";
import { listJson, listRuns, listText } from "./list.ts";
import { OwnStack } from "./own_stack.ts";
import { runDirSources } from "./run_dir.ts";
import { checkList, runRequest } from "./run_request.ts";
import type { HostAddress } from "./config/networks.ts";
import { isOwnVariable } from "./options.ts";
import { parseLogRequest } from "./log_request.ts";
import { type Program, resolveProgram } from "./program.ts";
import { RunLog } from "./run_log.ts";
import { runSwitch } from "./switch.ts";
import { parsePipePath } from "./config/values.ts";
import { leave, type Outcome, Session } from "./session.ts";
import { strangeDevices, strangeNames } from "./strange_variables.ts";

/** Of the program and its arguments, in a list of runs. */
const COMMAND_SHOWN_MAX = 1024;

/** The host's own addresses. */
function hostAddresses(): HostAddress[] {
  return Deno.networkInterfaces().map(({ name, address, cidr }) => ({
    name,
    address,
    prefixLen: Number((cidr ?? "").split("/")[1] ?? 0),
  }));
}

/** The variables that mean something to nuse, as text. */
function ownVariables(launched: Launched): Record<string, string> {
  const own = Object.entries(launched.env).filter(([name]) => isOwnVariable(name));
  return Object.fromEntries(own.map(([name, value]) => [decode(name), decode(value)]));
}

/** What main.ts has found and begun. */
export interface Boot {
  /** This process is to stay in front of the one that runs the program (isFrontNeeded). */
  readonly isFront: boolean;
  /** The stack's or the switch's; to be asked for once. */
  readonly worker: () => Worker;
}

/** Runs `nuse` with these arguments and ends the process as the program ended. */
export async function main(args: readonly string[], { isFront, worker }: Boot): Promise<never> {
  let isVerbose = false;
  try {
    const line = parseCommandLine(args);
    isVerbose = line.switches.has("verbose");
    if (line.switches.has("help") || line.switches.has("version")) {
      const version = `nuse ${denoConfig.version} (Deno ${Deno.version.deno})\n`;
      const text = line.switches.has("help") ? helpText() : version;
      await Deno.stdout.write(new TextEncoder().encode(text));
      Deno.exit(0);
    }
    if (line.values.switch.length > 0) {
      await runSwitch(switchPath(line), worker());
      Deno.exit(0);
    }
    if (line.switches.has("show-config")) {
      const text = showConfig(checkedConfig(line, readLaunched(null)));
      await Deno.stdout.write(new TextEncoder().encode(text));
      Deno.exit(0);
    }
    if (line.switches.has("list")) {
      checkList(line);
      const views = listRuns(runDirSources(readLaunched(null).env), denoConfig.version);
      const text = line.switches.has("json") ? listJson(views) : listText(views);
      await Deno.stdout.write(new TextEncoder().encode(text));
      Deno.exit(0);
    }
    if (line.command.length === 0) throw new Failure(`no program given (usage: ${USAGE})`);
    if (line.switches.has("check")) {
      const hasDoor = !line.switches.has("host-network");
      const program = findCommand(line, readLaunched(null), hasDoor);
      const text = checkText(program, hasDoor, findUnserved(program.image));
      await Deno.stdout.write(new TextEncoder().encode(text));
      Deno.exit(0);
    }
    if (isFront) await stayInFront();
    leave(await runProgram(line, worker));
  } catch (error) {
    Deno.exit(report(error, isVerbose));
  }
}

/** Throws Failure. */
function switchPath(line: CommandLine): string {
  if (line.values.switch.length > 1) throw new Failure("--switch is given twice (once is enough)");
  if (line.command.length > 0) {
    throw new Failure("--switch runs no program (start it, then nuse --dev …,pipe=PATH program)");
  }
  return parsePipePath({ text: line.values.switch[0], from: "--switch" });
}

/** What the parent would have handed to the program. */
function readLaunched(front: Front | null): Launched {
  const launched = parseEnvironment(Deno.readFileSync("/proc/self/environ"));
  if (launched.softFiles > 0) return launched;
  // No launcher (deno compile): Deno has raised our limit, the parent still has it.
  const parent = front === null ? Deno.ppid : front.parentPid;
  const softFiles = softLimit(Deno.readTextFileSync(`/proc/${parent}/limits`));
  return { ...launched, softFiles };
}

/** What --no-ipv6 stands for. */
const NO_IPV6 = "net.ipv6.conf.all.disable_ipv6=1";

/** A new interface of this host can have an IPv6 address. */
function hostHasIpv6(): boolean {
  try {
    const path = "/proc/sys/net/ipv6/conf/default/disable_ipv6";
    return Deno.readTextFileSync(path).trim() === "0";
  } catch {
    return false;
  }
}

/** The configuration, after a line on stderr for what is odd in it. Throws Failure. */
function checkedConfig(line: CommandLine, launched: Launched): Built {
  const names = Object.keys(launched.env).map(decode);
  const odd = strangeNames(names);
  const env = ownVariables(launched);
  const built = buildConfig({
    env,
    devices: line.values.dev,
    routes: line.values.route,
    sysctls: line.switches.has("no-ipv6") ? [...line.values.sysctl, NO_IPV6] : line.values.sysctl,
    hasIpv6: !line.switches.has("no-ipv6") && hostHasIpv6(),
    file: readConfigFile(line.values.config, env.NUSECONF),
    hostAddresses,
  });
  const devices = built.config.interfaces.map(({ name }) => name);
  const isInterface = (name: string) => isFile(`/sys/class/net/${name}/ifindex`);
  for (const text of [...odd, ...strangeDevices(names, { devices, isInterface })]) say(text);
  built.warnings.forEach(say);
  return built;
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

/** The program of the command line. Throws Failure when it cannot be served. */
function findCommand({ command }: CommandLine, { env }: Launched, hasDoor: boolean): Program {
  return resolveProgram(command, {
    hasDoor,
    path: env.PATH === undefined ? undefined : decode(env.PATH),
    uid: Deno.uid() ?? 0,
    gid: Deno.gid() ?? 0,
    hasCapabilities,
  });
}

/** argv as given, byte for byte; what resolveProgram put before it (a shell) is plain text. */
function byteArgv({ command }: CommandLine, program: Program): string[] {
  const given = lastArguments(Deno.readFileSync("/proc/self/cmdline"), command.length);
  const added = program.argv.length - command.length;
  return added === 0 ? given : [...program.argv.slice(0, added + 1), ...given.slice(1)];
}

/** Throws Failure or SysError. */
async function runProgram(line: CommandLine, worker: () => Worker): Promise<Outcome> {
  const front = frontOf(Deno.env.get(FRONT), Deno.ppid);
  const launched = readLaunched(front);
  const tell = line.switches.has("verbose") ? say : () => {};
  const request = runRequest(line);
  if (request.join !== null) {
    const sources = runDirSources(launched.env);
    const stack = JoinedStack.join(request.join, denoConfig.version, sources);
    const { isNetworkShared } = stack.view;
    const program = asJoined(findCommand(line, launched, !isNetworkShared));
    const options = { stack, program, argv: byteArgv(line, program), launched, front };
    return new Session({ ...options, isNetworkShared, tell, log: null }).run();
  }
  const isNetworkShared = line.switches.has("host-network");
  // What the shim misses is to have the host's network then.
  const hasDoor = !isNetworkShared;
  const program = findCommand(line, launched, hasDoor);
  const logRequest = parseLogRequest({
    log: line.values.log,
    files: line.values["log-file"],
    formats: line.values["log-format"],
    variable: ownVariables(launched).NUSE_LOG,
  });
  const { config, isEmbedded } = checkedConfig(line, launched);
  if (isEmbedded) {
    const { name, address, host } = EMBEDDED_DEFAULT;
    say(`NUSEDEV is not set: using a TAP ${name}, ${address} here, ${host} on the host`);
  }
  const log = await RunLog.open(logRequest);
  const since = new Date().toISOString();
  log?.tell(OwnEvent.CLI_BEGAN, { version: denoConfig.version, date: since });
  const facts: RunFacts = {
    version: denoConfig.version,
    name: request.name,
    pid: Deno.pid,
    frontPid: front?.pid ?? null,
    command: line.command.join(" ").slice(0, COMMAND_SHOWN_MAX),
    since,
    isKept: request.isKept,
    isNetworkShared,
    names: config.names,
  };
  const stack = new OwnStack({
    ...{ worker: worker(), config, facts, hasDoor },
    log: log?.settings ?? null,
  });
  const options = { stack, program, argv: byteArgv(line, program), launched, front };
  return new Session({ ...options, isNetworkShared, tell, log }).run();
}
