/**
 * Debian's packages: installed without anything being started by them, and which version is there.
 *
 * @module
 */

/** Asked by invoke-rc.d before it starts a service; exit status 101 forbids it. */
const POLICY = "/usr/sbin/policy-rc.d";
const FORBIDS = "#!/bin/sh\nexit 101\n";
const APT_LIMIT_SEC = 1800;
const INTERRUPTED = 130;

/**
 * Does `work` while packages that are installed may start nothing; what the policy was before is
 * restored, after SIGINT and SIGTERM, too.
 */
export async function withoutServices<T>(work: () => Promise<T>, policy = POLICY): Promise<T> {
  const before = await Deno.readTextFile(policy).catch(() => null);
  const restore = () =>
    before === null ? Deno.removeSync(policy) : Deno.writeTextFileSync(policy, before);
  const stop = () => {
    restore();
    Deno.exit(INTERRUPTED);
  };
  const signals = ["SIGINT", "SIGTERM"] as const;
  for (const signal of signals) Deno.addSignalListener(signal, stop);
  await Deno.writeTextFile(policy, FORBIDS, { mode: 0o755 });
  try {
    return await work();
  } finally {
    for (const signal of signals) Deno.removeSignalListener(signal, stop);
    restore();
  }
}

async function output(command: string, args: readonly string[]): Promise<string | null> {
  const { success, stdout } = await new Deno.Command(command, {
    args: [...args],
    stdin: "null",
    stderr: "null",
  }).output();
  return success ? new TextDecoder().decode(stdout) : null;
}

/** The installed version; null: it is not installed. */
export async function versionOf(name: string): Promise<string | null> {
  const text = await output("dpkg-query", ["-W", "-f", "${db:Status-Status} ${Version}", name]);
  return text?.startsWith("installed ") ? text.slice("installed ".length) : null;
}

/** The version that Debian has of what need not be installed; "": it has none. */
export async function candidateOf(name: string): Promise<string> {
  const text = await output("apt-cache", ["policy", name]);
  return text?.match(/Candidate: (?!\(none\))(.+)/)?.[1] ?? "";
}

/** Returns the first error; "": none. */
async function install(names: readonly string[]): Promise<string> {
  const { success, stderr } = await new Deno.Command("timeout", {
    args: [
      ...[String(APT_LIMIT_SEC), "apt-get", "-o", "DPkg::Lock::Timeout=600", "install", "-y"],
      ...["-qq", "--no-install-recommends", "--no-remove", ...names],
    ],
    env: { DEBIAN_FRONTEND: "noninteractive" },
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).output();
  if (success) return "";
  const lines = new TextDecoder().decode(stderr).split("\n");
  return lines.find((line) => line.startsWith("E: "))?.slice(3) ?? "apt-get does not end";
}

/**
 * Installs those that are missing, all at once, or one by one when that cannot be done. Returns why
 * the others are not there, by name.
 */
export async function installPackages(names: Iterable<string>): Promise<Map<string, string>> {
  const missing: string[] = [];
  for (const name of new Set(names)) if (await versionOf(name) === null) missing.push(name);
  const reasons = new Map<string, string>();
  if (missing.length === 0) return reasons;
  console.error(`installing ${missing.join(" ")}`);
  await withoutServices(async () => {
    if (await install(missing) === "") return;
    await output("apt-get", ["update", "-qq"]);
    if (await install(missing) === "") return;
    for (const name of missing) {
      const wrong = await install([name]);
      if (wrong !== "") reasons.set(name, wrong);
    }
  });
  return reasons;
}
