import { assert, assertEquals, assertThrows } from "@std/assert";
import { Failure } from "../../cli/base/failure.ts";
import { makeRunDir, type RunDirSources } from "../../cli/run_dir.ts";
import {
  checkedName,
  connectTo,
  findByName,
  findByPid,
  findRuns,
  NameHold,
  sweepNames,
  viewOf,
} from "../../cli/runs.ts";

const NAMESPACE = "4026531836";

/** A base in a folder of its own; this process is the one that lives. */
async function withBase(body: (base: string, sources: RunDirSources) => void): Promise<void> {
  const tmp = await Deno.makeTempDir();
  const sources: RunDirSources = {
    uid: Deno.uid() ?? 0,
    pid: Deno.pid,
    env: { XDG_RUNTIME_DIR: tmp, TMPDIR: tmp },
    pidNamespace: NAMESPACE,
    isAlive: (pid) => pid === Deno.pid,
    rootBase: `${tmp}/nuse`,
  };
  try {
    body(`${tmp}/nuse`, sources);
  } finally {
    await Deno.remove(tmp, { recursive: true });
  }
}

/** Those in this base: root sees other users' as well. */
const ours = (base: string, sources: RunDirSources) =>
  findRuns(sources).filter(({ dir }) => dir.startsWith(`${base}/`));

const names = (dir: string) => [...Deno.readDirSync(dir)].map((e) => e.name).sort();

Deno.test("names: what may be one", () => {
  for (const name of ["lab", "_x", "a.b-c_1", "a".repeat(32)]) {
    assertEquals(checkedName(name), name);
  }
  for (
    const name of ["", "1", "12ab", "../x", "a/b", "-a", ".a", "a b", "ä", "a".repeat(33), "a\n"]
  ) {
    assertThrows(() => checkedName(name), Failure, "is no name for a run");
  }
});

Deno.test("a name has one holder, is found, and goes with it", async () => {
  await withBase((base, sources) => {
    const dir = makeRunDir(sources);
    const hold = NameHold.take("lab", dir);
    assertThrows(
      () => NameHold.take("lab", dir),
      Failure,
      `the name lab is in use by nuse ${Deno.pid} (`,
    );
    assertEquals(findByName("lab", sources), { dir, pid: Deno.pid, uid: sources.uid });
    assertEquals(findByName("other", sources), null);
    sweepNames(base);
    assertEquals(names(base).includes("name-lab"), true);
    hold.release();
    assertEquals(findByName("lab", sources), null);
    assertEquals(names(base), [`${Deno.pid}-${NAMESPACE}`]);
  });
});

Deno.test("a name that a killed run left leads nobody to who has its number now", async () => {
  await withBase((base, sources) => {
    const dir = makeRunDir(sources);
    const stale = () => Deno.writeTextFileSync(`${base}/name-lab`, `${Deno.pid}-${NAMESPACE}`);
    stale();
    assertEquals(findByName("lab", sources), null);
    assertEquals(names(base), [`${Deno.pid}-${NAMESPACE}`]);
    stale();
    sweepNames(base);
    assertEquals(names(base), [`${Deno.pid}-${NAMESPACE}`]);
    stale();
    const hold = NameHold.take("lab", dir);
    assert(findByName("lab", sources) !== null);
    hold.release();
  });
});

Deno.test("a name is no way out of the base: a link or a text that lies is nobody's", async () => {
  await withBase((base, sources) => {
    makeRunDir(sources);
    Deno.symlinkSync("/etc/passwd", `${base}/name-lab`);
    assertEquals(findByName("lab", sources), null);
    Deno.removeSync(`${base}/name-lab`);
    const file = Deno.openSync(`${base}/name-lab`, { write: true, create: true });
    file.lockSync(true);
    file.writeSync(new TextEncoder().encode("../1-1"));
    assertEquals(findByName("lab", sources), null);
    file.close();
  });
});

Deno.test("runs: those that live, of this pid namespace, in bases of one's own", async () => {
  await withBase((base, sources) => {
    const dir = makeRunDir(sources);
    for (const name of [`7-${NAMESPACE}`, `${Deno.pid}-999`, "other"]) {
      Deno.mkdirSync(`${base}/${name}`);
    }
    const run = { dir, pid: Deno.pid, uid: sources.uid };
    assertEquals(ours(base, sources), [run]);
    assertEquals(findByPid(Deno.pid, sources), run);
    assertEquals(findByPid(1, sources), null);
    Deno.chmodSync(base, 0o777);
    assertEquals(ours(base, sources), []);
  });
});

Deno.test("a run is who listens in its folder, not anybody else", async () => {
  await withBase((base, sources) => {
    makeRunDir(sources);
    const [run] = ours(base, sources);
    assertEquals([connectTo(run), viewOf(run, "1")], [null, null]);
  });
});
