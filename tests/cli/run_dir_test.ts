import { assert, assertEquals, assertThrows } from "@std/assert";
import { Failure } from "../../cli/base/failure.ts";
import { makeRunDir, removeRunDir, type RunDirSources } from "../../cli/run_dir.ts";

const NAMESPACE = "4026531836";

/** Sources of one who is not root as far as the module is concerned: the base is in TMPDIR. */
async function withBase(body: (base: string, sources: RunDirSources) => void): Promise<void> {
  const tmp = await Deno.makeTempDir();
  const uid = Deno.uid() ?? 0;
  // uid 0 would use /run/nuse: XDG_RUNTIME_DIR does the same for a test that runs as root.
  const sources: RunDirSources = {
    uid,
    pid: 4242,
    env: { XDG_RUNTIME_DIR: tmp, TMPDIR: tmp },
    pidNamespace: NAMESPACE,
    isAlive: (pid) => pid === 1,
    rootBase: `${tmp}/nuse`,
  };
  try {
    body(`${tmp}/nuse`, sources);
  } finally {
    await Deno.remove(tmp, { recursive: true });
  }
}

const names = (dir: string) => [...Deno.readDirSync(dir)].map((e) => e.name).sort();

Deno.test("a private folder, named by pid and namespace, gone afterwards", async () => {
  await withBase((base, sources) => {
    const dir = makeRunDir(sources);
    assertEquals(dir, `${base}/4242-${NAMESPACE}`);
    assertEquals((Deno.statSync(dir).mode ?? 0) & 0o777, 0o700);
    Deno.writeTextFileSync(`${dir}/control`, "");
    Deno.mkdirSync(`${base}/4243-${NAMESPACE}`);
    removeRunDir(dir);
    assertEquals(names(base), [`4243-${NAMESPACE}`]);
    removeRunDir(dir);
    assertEquals(names(base), [`4243-${NAMESPACE}`]);
  });
});

Deno.test("the last run takes the base with it", async () => {
  await withBase((base, sources) => {
    removeRunDir(makeRunDir(sources));
    assertThrows(() => Deno.lstatSync(base), Deno.errors.NotFound);
    removeRunDir(makeRunDir(sources));
  });
});

Deno.test("what dead runs left is swept, what lives or may live elsewhere stays", async () => {
  await withBase((base, sources) => {
    Deno.mkdirSync(base, { mode: 0o700 });
    const precious = `${base}/../precious`;
    Deno.writeTextFileSync(precious, "");
    for (const name of [`7-${NAMESPACE}`, `1-${NAMESPACE}`, "7-999", "other"]) {
      Deno.mkdirSync(`${base}/${name}`);
    }
    // A guest's doing: what it names or links to is not ours to remove.
    Deno.writeTextFileSync(`${base}/7-${NAMESPACE}/library`, precious);
    Deno.symlinkSync(precious, `${base}/7-${NAMESPACE}/link`);
    Deno.symlinkSync(`${base}/..`, `${base}/7-${NAMESPACE}/folder`);
    Deno.mkdirSync(`${base}/4242-${NAMESPACE}`); // of an earlier process with our number
    makeRunDir(sources);
    assertEquals(
      names(base),
      [`1-${NAMESPACE}`, "4242-" + NAMESPACE, "7-999", "other"].sort(),
    );
    assert(Deno.statSync(precious).isFile);
  });
});

Deno.test("a base that others can write, or that is no folder, is not used", async () => {
  await withBase((base, sources) => {
    Deno.mkdirSync(base);
    Deno.chmodSync(base, 0o777);
    const fallback = `${sources.env.TMPDIR}/nuse-${sources.uid}`;
    assertEquals(makeRunDir(sources), `${fallback}/4242-${NAMESPACE}`);
    Deno.removeSync(fallback, { recursive: true });
    Deno.writeTextFileSync(fallback, "");
    assertThrows(() => makeRunDir(sources), Failure, "(set TMPDIR to a folder of your own)");
  });
});
