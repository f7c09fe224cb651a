import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { e2e, type Fixture, NUSE, PEER, SELF } from "./fixture.ts";

/** As options: a shell on the way drops variables with a dash. */
const TAP = ["--dev", `tap=${SELF}/24,vif=TAP,host=${PEER}`];
const RAW = ["--dev", `va=${SELF}/24`];

/** Runs `./nuse true` with an empty cache; `mounts`: arguments of a mount(8) that only it sees. */
async function start(
  f: Fixture,
  env: Record<string, string>,
  mounts?: string,
): Promise<{ code: number; said: string[]; left: string[] }> {
  const dir = await Deno.makeTempDir();
  try {
    await Deno.mkdir(`${dir}/cache`);
    const list = `status=$?; ls ${dir}/cache; exit $status`;
    const mount = mounts === undefined ? "" : `mount ${mounts} none ${dir}/cache && `;
    const script = `${mount}"$@" true; ${list}`;
    const r = await f.ns.run(["unshare", "-m", "sh", "-c", script, "sh", NUSE, ...TAP], {
      env: { NUSE_CACHE: `${dir}/cache`, ...env },
      limitSec: 60,
    });
    const lines = (text: string) => text.split("\n").filter((line) => line !== "");
    return { code: r.code, said: lines(r.stderr), left: lines(r.stdout) };
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

const isLibrary = (name: string) => /^nuse_(host|shim)-[0-9a-f]{32}\.so$/.test(name);

e2e("the first start says that it compiles; the cache holds nothing but libraries", async (f) => {
  const { code, said, left } = await start(f, { CC: "cc" });
  assertEquals(code, 0, said.join());
  assertEquals(said, ["host", "shim"].map((n) => `nuse: compiling nuse_${n}.so with cc, once`));
  assertEquals(left.filter(isLibrary).length, 2);
}, ["TAP"]);

e2e("a compiler that is killed is called that, and leaves no half file", async (f) => {
  const dir = await Deno.makeTempDir();
  try {
    const half = 'while [ "$1" != -o ]; do shift; done; echo half >"$2"; kill -KILL $$';
    await Deno.writeTextFile(`${dir}/cc`, `#!/bin/sh\n${half}\n`, { mode: 0o755 });
    const { code, said, left } = await start(f, { CC: `${dir}/cc` });
    assertEquals(code, 2);
    assertMatch(said[1], /^nuse: \S+\/cc was killed while it compiled nuse's C parts: SIGKILL \(/);
    assertEquals([said.length, left], [2, []]);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}, ["TAP"]);

const ROOT = `${import.meta.dirname}/../..`;
/** For libraries that are only to be there. */
const QUICK = '#!/bin/sh\nexec /usr/bin/cc "$@" -O0\n';

e2e("a cache that is full, noexec or read-only: which, and what to set; status 2", async (f) => {
  const full = await start(f, { CC: "cc" }, "-t tmpfs -o mode=755,size=16k");
  assertEquals(full.code, 2);
  assertMatch(full.said.at(-1)!, /^nuse: cc: no space left in \S+\/cache \(.*NUSE_CACHE/);
  assertEquals(full.left.filter((name) => !name.endsWith(".o")), []); // whole objects may stay
  const quick = await Deno.makeTempFile();
  await Deno.writeTextFile(quick, QUICK);
  await Deno.chmod(quick, 0o755);
  const noexec = await start(f, { CC: quick }, "-t tmpfs -o mode=755,noexec");
  await Deno.remove(quick);
  assertEquals(noexec.code, 2);
  assertMatch(
    noexec.said.at(-1)!,
    /^nuse: cannot load libraries from \S+\/cache: EACCES \(it is mounted noexec: set NUSE_CACHE/,
  );
  const readOnly = await start(f, {}, "-t tmpfs -o mode=755,ro");
  assertEquals(readOnly.code, 2);
  assertMatch(readOnly.said[0], /^nuse: cannot write the cache \S+: EROFS \(.*NUSE_CACHE/);
  assertEquals(readOnly.said.length, 1);
}, ["TAP"]);

/** A user who is not root, with the rights that RAW needs. */
const NOBODY = [
  ...["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"],
  ...["--inh-caps=+net_admin,+net_raw", "--ambient-caps=+net_admin,+net_raw"],
];

e2e("another user of the checkout starts without network, from empty caches", async (f) => {
  const dir = await Deno.makeTempDir();
  try {
    await Deno.chmod(dir, 0o755);
    // Wherever checkout and Deno are, root's home for one: he sees them in the folder.
    for (const name of ["nuse", "home"]) await Deno.mkdir(`${dir}/${name}`);
    await Deno.chown(`${dir}/home`, 65534, 65534);
    await Deno.writeTextFile(`${dir}/deno`, "");
    await Deno.writeTextFile(`${dir}/cc`, QUICK, { mode: 0o755 });
    const see = `mount --bind ${ROOT} ${dir}/nuse && mount --bind ${Deno.execPath()} ${dir}/deno`;
    const path = `PATH=${dir}:/usr/sbin:/usr/bin:/sbin:/bin`;
    const env = ["env", "-i", `HOME=${dir}/home`, `TMPDIR=${dir}/home`, path];
    const script = ["unshare", "-m", "sh", "-c", `${see} && cd / && exec "$@"`, "sh"];
    const nuse = [...script, ...NOBODY, ...env, `${dir}/nuse/nuse`, ...RAW];
    const first = await f.ns.run([...nuse, "echo", "runs"], { limitSec: 60 });
    assertEquals([first.code, first.stdout], [0, "runs\n"], first.stderr);
    assertStringIncludes(first.stderr, "compiling nuse_shim.so");
    const second = await f.ns.run([...nuse, "echo", "again"]);
    assertEquals([second.code, second.stdout, second.stderr], [0, "again\n", ""]);
    // Nothing stays of a run but the caches, which have a folder of the user's own.
    const stays = await f.ns.run(["sh", "-c", `ls -d ${dir}/home/nuse-* 2>/dev/null`]);
    assertEquals(stays.stdout, "");
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}, ["RAW"]);
