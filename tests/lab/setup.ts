/**
 * The programs that tests, demo and benches run, and where they come from on Debian. What is
 * missing is installed when that is possible: root, apt-get.
 *
 * @module
 */

/** Program → Debian package. */
const PACKAGES: Readonly<Record<string, string>> = {
  cc: "gcc libc6-dev",
  ip: "iproute2",
  ping: "iputils-ping",
  iperf: "iperf",
  iperf3: "iperf3",
  ethtool: "ethtool",
  nc: "netcat-openbsd",
  sysctl: "procps",
  tmux: "tmux",
  python3: "python3",
};

const APT_TIMEOUT = ["timeout", "600"];

function isInstalled(program: string): boolean {
  const folders = (Deno.env.get("PATH") ?? "").split(":").concat("/usr/sbin", "/sbin");
  return folders.some((folder) => {
    try {
      return Deno.statSync(`${folder}/${program}`).isFile;
    } catch {
      return false;
    }
  });
}

async function apt(args: string[]): Promise<boolean> {
  const { success } = await new Deno.Command(APT_TIMEOUT[0], {
    args: [...APT_TIMEOUT.slice(1), "apt-get", ...args],
    env: { DEBIAN_FRONTEND: "noninteractive" },
    stdin: "null",
    stdout: "null",
    stderr: "inherit",
  }).output();
  return success;
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
  const packages = before.flatMap((program) => PACKAGES[program].split(" "));
  console.error(`installing ${packages.join(" ")}`);
  const install = ["install", "-y", "-qq", "--no-install-recommends", ...packages];
  if (!await apt(install)) {
    await apt(["update", "-qq"]); // a fresh machine has no package lists
    await apt(install);
  }
  return missing();
}

/** Why a run leaves out what needs namespaces and devices; null: it need not. */
export function lackOfRights(): string | null {
  return Deno.uid() === 0 ? null : "not root: network namespaces and devices need it";
}
