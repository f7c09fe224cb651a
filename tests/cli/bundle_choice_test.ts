/**
 * When the launcher starts nuse from bundles, and when it makes them.
 *
 * @module
 */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { ARCH, Bench } from "./launcher_bench.ts";

/** A Deno that makes bundles as cli/build/bundles.ts does, and says how it was called otherwise. */
const bundling = (start: string) =>
  `case $1 in -V) echo deno 2.9.6; exit;; eval) echo "$0"; exit;; esac
case $* in
*/bundles.ts)
  echo made >> "${start}.log"
  mkdir -p "${start}/k$$"
  [ ! -e "${start}.broken" ] || { echo "-99999999999 $0" > "${start}/current"; exit 1; }
  echo "k$$ $0" > "${start}/current";;
*) echo "ran $*";;
esac`;

Deno.test("bundles are made once for all starts, and anew when a source has changed", async () => {
  await using bench = await Bench.create();
  const start = `${bench.dir}/home/dist/start`;
  for (const folder of ["cli", "ffi", "io/app", "stack"]) {
    await Deno.mkdir(`${bench.dir}/home/${folder}`, { recursive: true });
  }
  await Deno.writeTextFile(`${bench.dir}/home/deno.json`, "{}");
  await Deno.writeTextFile(`${bench.dir}/home/main.ts`, "");
  const source = `${bench.dir}/home/io/app/x.ts`;
  await Deno.writeTextFile(source, "old");
  await Deno.mkdir(`${bench.dir}/home/dist`);
  await bench.fake("deno", bundling(start));
  const made = async () => (await Deno.readTextFile(`${start}.log`)).split("\n").length - 1;
  const isBundle = ({ stdout }: { stdout: string }) =>
    /^ran run .* --no-config --no-lock \S.*\/dist\/start\/k\d+\/main\.js true\n$/.test(stdout);

  const first = await Promise.all([1, 2, 3].map(() => bench.run(["true"])));
  assertEquals(first.map((r) => [r.code, r.stderr, isBundle(r)]), Array(3).fill([0, "", true]));
  assertEquals(await made(), 1);
  // What can be told of a change by nothing but ctime: same size, an old mtime.
  const { mtime } = await Deno.stat(source);
  await Deno.writeTextFile(source, "new");
  await Deno.utime(source, mtime!, mtime!);
  assert(isBundle(await bench.run(["true"])));
  assertEquals(await made(), 2);
  await Deno.rename(source, `${bench.dir}/home/io/y.ts`);
  assert(isBundle(await bench.run(["true"])));
  assert(isBundle(await bench.run(["true"])));
  assertEquals(await made(), 3);

  await Deno.writeTextFile(`${start}.broken`, "");
  await Deno.writeTextFile(`${bench.dir}/home/deno.json`, "{ }");
  for (const _ of [1, 2]) {
    assertStringIncludes((await bench.run(["true"])).stdout, "/home/main.ts true");
  }
  assertEquals(await made(), 4, "what cannot be made is not tried until a source changes");
  const current = await Deno.readTextFile(`${start}/current`);
  await Deno.writeTextFile(`${start}/current`, current.replace(/^-\d+/, "-1700000000"));
  assertStringIncludes((await bench.run(["true"])).stdout, "/home/main.ts true");
  assertEquals(await made(), 5, "or until its time has come");
});

Deno.test("another Deno than the one that made the bundles is asked for its version", async () => {
  await using bench = await Bench.create();
  for (const folder of ["cli", "ffi", "io", "stack", "dist/start/k1"]) {
    await Deno.mkdir(`${bench.dir}/home/${folder}`, { recursive: true });
  }
  for (const name of ["deno.json", "main.ts"]) {
    await Deno.writeTextFile(`${bench.dir}/home/${name}`, "");
  }
  const log = `${bench.dir}/log`;
  await bench.fake("deno", `echo "$1" >> "${log}"; case $1 in -V) echo deno 2.9.6;; esac`);
  const maker = `${bench.dir}/home/deno/${ARCH}/node_modules/@deno/linux-fake`;
  await bench.fake("deno", `echo "maker $1" >> "${log}"`, maker);
  await Deno.writeTextFile(`${bench.dir}/home/dist/start/current`, `k1 ${maker}/deno\n`);
  await bench.run(["true"], { path: `${maker}:/usr/bin:/bin` });
  assertEquals(await Deno.readTextFile(log), "maker eval\nmaker run\n");
});
