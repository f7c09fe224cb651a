import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { e2eWith, type Fixture, NUSE, withoutNetmap } from "./fixture.ts";

const e2e = withoutNetmap(e2eWith());

/**
 * Runs `./nuse true` with the given environment; expects status 2 and one line that holds `words`.
 */
async function refuses(f: Fixture, env: Record<string, string>, ...words: string[]) {
  const r = await f.ns.run([NUSE, "true"], { env });
  assertEquals(r.code, 2, `${JSON.stringify(env)}: ${r.stderr}`);
  assertEquals(r.stdout, "");
  assertEquals(r.stderr.trim().split("\n").length, 1, r.stderr);
  assert(r.stderr.startsWith("nuse: "), r.stderr);
  for (const word of words) assertStringIncludes(r.stderr, word);
}

e2e("what goes wrong is said in one line with status 2, and nothing stays", async (f) => {
  const good = { NUSEDEV: "va", "nuse-va": "198.18.0.2" };
  await refuses(
    f,
    { NUSEDEV: "nosuch0", "nuse-nosuch0": "198.18.0.2" },
    "nosuch0",
    "no such interface",
  );
  await refuses(f, { ...good, "nuse-va": "198.18.0.300" }, "198.18.0.300");
  await refuses(f, { ...good, "nuse-va": "198.18.0.2/99" }, "198.18.0.2/99");
  await refuses(f, { NUSEDEV: "va" }, "nuse-va");
  await refuses(f, { ...good, NUSEVIF: "WARP" }, "WARP", "RAW", "TAP");
  await refuses(f, { ...good, NUSEVIF: "NETMAP" }, "/dev/netmap");
  await refuses(f, { ...good, DEFAULTROUTE: "nowhere" }, "nowhere");
  await refuses(
    f,
    { NUSEVIF: "TAP", NUSEDEV: "averylongname", "nuse-averylongname": "198.18.0.2" },
    "nuse-averylongname",
    "15",
  );
  await f.ns.ip("tuntap add dev nuse-busy mode tap");
  await refuses(
    f,
    { NUSEVIF: "TAP", NUSEDEV: "busy", "nuse-busy": "198.18.0.2", "nuse-busy-host": "none" },
    "nuse-busy",
    "exists",
  );
  await f.ns.ip("link del nuse-busy");
  await f.ns.ip("link set va down");
  await refuses(f, good, "va", "down");
  await f.ns.ip("link set va up");
  await refuses(f, { ...good, NUSEVIFF: "TAP" }, "NUSEVIFF", "did you mean NUSEVIF?");
  await refuses(f, { NUSE_DEV: "va", "nuse-va": "198.18.0.2" }, "did you mean NUSEDEV?");
  await refuses(f, { NUSEDEV: "va", "nuse-vA": "198.18.0.2" }, "did you mean nuse-va");
  const links = await f.ns.ip("-o link");
  assert(!links.includes("nuse-"), links);
}, ["RAW"]);

e2e("a TAP where the host has the subnet is refused; what is odd is said, and runs", async (f) => {
  const tap = { NUSEVIF: "TAP", NUSEDEV: "tap", "nuse-tap": "198.18.7.2/24" };
  await f.ns.ip("addr add 198.18.7.9/24 dev va");
  await refuses(f, { ...tap, "nuse-tap-host": "198.18.7.1" }, "198.18.7.0/24 on va");
  const odd = await f.ns.run([NUSE, "echo", "runs"], { env: { ...tap, NUSE_OTHER: "1" } });
  assertEquals([odd.code, odd.stdout], [0, "runs\n"], odd.stderr);
  const [unknown, bare, ...more] = odd.stderr.trim().split("\n");
  assert(unknown.startsWith("nuse: unknown variable NUSE_OTHER (known: "), unknown);
  assert(bare.startsWith("nuse: nuse-tap has no address on this host"), bare);
  assertEquals(more, []);
  const cut = await f.ns.run([NUSE, "echo", "runs"], {
    env: { NUSEDEV: "va", "nuse-va": "198.18.0.2", "nuse-va-mtu": "9000" },
  });
  assertEquals(cut.code, 0, cut.stderr);
  assertEquals(
    cut.stderr,
    "nuse: va takes an mtu of 1500, not 9000: 1500 is used (ip link set va mtu 9000)\n",
  );
}, ["RAW"]);

e2e("not root: said in one line with status 2", async (f) => {
  const r = await f.ns.run(["setpriv", "--bounding-set=-all", "--inh-caps=-all", NUSE, "true"], {
    env: f.env,
  });
  assertEquals(r.code, 2, r.stderr);
  assertEquals(r.stderr.trim().split("\n").length, 1, r.stderr);
  assert(/root|CAP_NET/.test(r.stderr), r.stderr);
});

e2e("no C compiler when the shim must be built", async (f) => {
  const dir = await Deno.makeTempDir();
  try {
    // A PATH with a shell and Deno, but no cc, gcc or clang.
    await Deno.mkdir(`${dir}/bin`);
    const tools = ["sh", "env", "true", "dirname", "readlink", "id", "uname", "cat", "mkdir"];
    for (const tool of tools) {
      await Deno.symlink((await f.ns.run(["which", tool])).stdout.trim(), `${dir}/bin/${tool}`);
    }
    await Deno.symlink(Deno.execPath(), `${dir}/bin/deno`);
    const env = { ...f.env, PATH: `${dir}/bin`, NUSE_CACHE: `${dir}/cache` };
    const r = await f.ns.run([NUSE, "true"], { env });
    assertEquals(r.code, 2, r.stderr);
    assertEquals(r.stderr.trim().split("\n").length, 1, r.stderr);
    assertStringIncludes(r.stderr, "compiler");
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

e2e("--help and --version", async (f) => {
  const help = await f.ns.run([NUSE, "--help"]);
  assertEquals(help.code, 0);
  for (const word of ["NUSEDEV", "NUSEVIF", "DEFAULTROUTE", "host=", "--dev"]) {
    assertStringIncludes(help.stdout, word);
  }
  const version = await f.ns.run([NUSE, "--version"]);
  assertEquals(version.code, 0);
  assert(/^nuse \d+\.\d+\.\d+/.test(version.stdout), version.stdout);
  assertEquals((await f.ns.run([NUSE])).code, 2);
  assertEquals((await f.ns.run([NUSE, "--no-such-flag", "true"])).code, 2);
}, ["RAW"]);
