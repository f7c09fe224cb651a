/**
 * The set-up of tests, demo and benches (`deno task setup`): libraries, programs, nuse's own C
 * parts. All of it happens before anything runs under a time limit or without network.
 *
 * Programs come from Debian, and are installed when that is possible: root, apt-get. What belongs
 * to every Debian (coreutils, util-linux, bash, grep, sed, tar, gzip, mount) is not listed. A test
 * that cannot have its program is left out, by name; only what all need must be there, and what is
 * named: `deno task setup PROGRAM…`, with `--all` every one (.ci/run).
 *
 * Nothing here may import what is still to be fetched.
 *
 * @module
 */
import { fetchBundler, fetchLibraries } from "../../cli/build/prerequisites.ts";
import { findNative } from "../../ffi/build_native.ts";
import { HOST_LIBRARY } from "../../ffi/libc.ts";
import { SHIM_LIBRARY } from "../../ffi/shim/library.ts";
import { helpIfAsked } from "../../cli/build/task_help.ts";
import { installPackages } from "./packages.ts";

/** Program, or a path that must be there → Debian package. */
const PACKAGES: Readonly<Record<string, string>> = {
  cc: "gcc",
  "/usr/include/linux/if_tun.h": "libc6-dev",
  ip: "iproute2",
  ss: "iproute2",
  tc: "iproute2",
  ping: "iputils-ping",
  iperf: "iperf",
  iperf3: "iperf3",
  ethtool: "ethtool",
  netstat: "net-tools",
  lsof: "lsof",
  nc: "netcat-openbsd",
  sysctl: "procps",
  tcpdump: "tcpdump",
  arping: "iputils-arping",
  tmux: "tmux",
  python3: "python3",
  curl: "curl",
  zsh: "zsh",
  traceroute: "traceroute",
  dnsmasq: "dnsmasq-base",
  radvd: "radvd",
  udhcpd: "udhcpd",
  busybox: "busybox-static",
  "musl-gcc": "musl-tools",
  hey: "hey",
  websocketd: "websocketd",
  apache2: "apache2-bin",
  dig: "bind9-dnsutils",
  git: "git",
  ncat: "ncat",
  openssl: "openssl",
  rsync: "rsync",
  socat: "socat",
  wget: "wget",
};

/** Without these nuse's C parts cannot be compiled. */
const COMPILING = ["cc", "/usr/include/linux/if_tun.h"];
/** Without these root cannot make test beds. */
const TEST_BEDS = ["ip", "sysctl"];

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

/** Where a program is, by PATH and where administrators have theirs; undefined: nowhere. */
export function pathOfProgram(program: string): string | undefined {
  const folders = (Deno.env.get("PATH") ?? "").split(":").concat("/usr/sbin", "/sbin");
  return folders.map((folder) => `${folder}/${program}`).find(isFile);
}

/** Whether a program is in PATH, or a path is there. */
export function isInstalled(program: string): boolean {
  return program.startsWith("/") ? isFile(program) : pathOfProgram(program) !== undefined;
}

/** Debian's names of what holds these programs, once each. */
function packagesOf(programs: readonly string[]): string[] {
  return [...new Set(programs.map((program) => PACKAGES[program]))];
}

/**
 * Installs what is missing of `programs` (by default of all), if possible; says so. Returns those
 * that are still missing.
 */
export async function ensurePrograms(
  programs: readonly string[] = Object.keys(PACKAGES),
): Promise<string[]> {
  const missing = () => programs.filter((program) => !isInstalled(program));
  const before = missing();
  if (before.length === 0 || Deno.uid() !== 0 || !isInstalled("apt-get")) return before;
  const wrong = await installPackages(packagesOf(before));
  for (const [name, why] of wrong) console.error(`apt-get: ${name}: ${why}`);
  return missing();
}

/** Why a run leaves out what needs namespaces and devices; null: it need not. */
export function lackOfRights(): string | null {
  return Deno.uid() === 0 ? null : "not root: network namespaces and devices need it";
}

/** Compiles nuse's C parts now, however long it takes. Throws SysError. */
export function compileNative(): void {
  for (const { name, sources } of [HOST_LIBRARY, SHIM_LIBRARY]) findNative(name, sources);
}

/** Throws an Error of one line when one of the missing programs is required. */
export function requirePrograms(missing: readonly string[], required: readonly string[]): void {
  const lacking = missing.filter((program) => required.includes(program));
  if (lacking.length === 0) return;
  throw new Error(`no ${lacking.join(", ")} (apt-get install ${packagesOf(lacking).join(" ")})`);
}

/**
 * Everything, or what needs only `programs` and no build. Returns the programs that are still
 * missing, without which some tests and benches cannot run. Throws an Error of one line when
 * nothing can.
 */
export async function setUp(programs?: readonly string[]): Promise<string[]> {
  await fetchLibraries();
  if (programs === undefined) await fetchBundler();
  const missing = await ensurePrograms(programs);
  requirePrograms(missing, Deno.uid() === 0 ? [...COMPILING, ...TEST_BEDS] : COMPILING);
  compileNative();
  return missing;
}

/** Exit status: 0, or 2 when nothing can be run, or something is missing that had to be there. */
async function main(args: readonly string[]): Promise<number> {
  try {
    const missing = await setUp();
    const required = args.includes("--all") ? Object.keys(PACKAGES) : args;
    requirePrograms(missing, required);
    if (missing.length > 0) console.error(`setup: not installed: ${missing.join(", ")}`);
    return 0;
  } catch (error) {
    console.error(`setup: ${(error as Error).message}`);
    return 2;
  }
}

helpIfAsked(import.meta);
if (import.meta.main) Deno.exit(await main(Deno.args));
