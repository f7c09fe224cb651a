/**
 * Which test files run in one process. A process each for the end-to-end tests, which wait more
 * than they compute and share nothing; a process a folder for the others, which are many and short.
 *
 * Nothing here may import what is still to be fetched.
 *
 * @module
 */

/** What one `deno test` is to run. */
export interface Job {
  readonly name: string;
  /** Relative to the root. */
  readonly files: readonly string[];
}

const ROOT = `${import.meta.dirname}/../..`;
const E2E = "tests/e2e/";
const IS_TEST = /_test\.ts$/;
/** What takes longest is begun first, so that nothing is left running alone at the end. */
export const LONGEST: readonly string[] = [
  ...["iperf", "door", "build", "first_start", "view", "differ", "lifecycle", "vlan", "programs"],
  ...["calls", "ipv6", "join", "names", "empty_network", "dhcp", "igmp", "examples"],
].map((name) => `${E2E}${name}_test.ts`);

/** The files of tests in a folder of the repository and below it; a file is itself. */
export function testsBelow(path: string): string[] {
  const whole = `${ROOT}/${path}`;
  if (!Deno.statSync(whole).isDirectory) return [path];
  const below = [...Deno.readDirSync(whole)].flatMap(({ name, isDirectory }) => {
    if (isDirectory) return testsBelow(`${path}/${name}`);
    return IS_TEST.test(name) ? [`${path}/${name}`] : [];
  });
  return below.sort();
}

export function isEndToEnd({ name }: Job): boolean {
  return name.startsWith(E2E);
}

/** The first two folders below tests/ that a file is in, if there are so many. */
function folderOf(file: string): string {
  return file.split("/").slice(0, -1).slice(0, 3).join("/");
}

/** Those that take longest first. */
export function plan(files: readonly string[]): Job[] {
  const byName = new Map<string, string[]>();
  for (const file of files) {
    const name = file.startsWith(E2E) ? file : folderOf(file);
    byName.set(name, [...byName.get(name) ?? [], file]);
  }
  const rank = (name: string) => {
    const place = LONGEST.indexOf(name);
    return place < 0 ? LONGEST.length : place;
  };
  return [...byName].map(([name, files]) => ({ name, files }))
    .sort((a, b) => rank(a.name) - rank(b.name));
}
