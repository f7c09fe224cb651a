/**
 * The configuration from the command line: what wins, what is said, and that nothing is set up when
 * something is wrong. What each key does: examples_test.ts and tests/cli/config.
 *
 * @module
 */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { SECTIONS } from "../../cli/config/keys.ts";
import { e2e, e2eWith, PEER, SELF } from "./fixture.ts";
import { type RunOptions, type RunResult, start } from "../lab/netns.ts";
import { giveToNobody, OPEN_ROOT, POWERLESS } from "../lab/nobody.ts";
import { NUSE } from "../lab/nuse.ts";

/** Of an interface, as messages list them. */
const KEYS = SECTIONS.interface.map(({ inFile }) => inFile).join(", ");
const FILE = `hostname lab
search lab.example
sysctl net.ipv4.ip_default_ttl 42

interface tap
    viftype TAP
    address 198.18.0.2/24
    host 198.18.0.1
    mtu 1400
`;

/** `./nuse argv…` in a folder with `nuse.conf`; a run that sets nothing up needs no namespace. */
async function nuse(text: string, argv: string[], options: RunOptions = {}): Promise<RunResult> {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${folder}/nuse.conf`, text);
    const script = 'cd "$1" && shift && exec "$@"';
    return await start(["sh", "-c", script, "sh", folder, NUSE, ...argv], options).done;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("all that is wrong with a file is said at once, and nothing runs", async () => {
  const wrong = `${FILE.replace("1400", "14")}    gateway 198.18.0.1

route
    network 10.0.0.0/8
`;
  const { code, stdout, stderr } = await nuse(wrong, ["--config", "nuse.conf", "echo", "ran"]);
  assertEquals([code, stdout], [2, ""]);
  assertEquals(stderr.split("\n"), [
    'nuse: nuse.conf:9:9: "14" is no MTU (68 to 65535)',
    `nuse: nuse.conf:10:5: gateway belongs to route (expected ${KEYS})`,
    "nuse: nuse.conf:12:1: a route without gateway (expected network, gateway)",
    "",
  ]);
});

Deno.test("--show-config prints what reads back to the same; --config hides NUSECONF", async () => {
  const env = { NUSECONF: "/nowhere" };
  const argv = ["--config", "nuse.conf", "--dev", "tap,mtu=1300"];
  const first = await nuse(FILE, [...argv, "--show-config"], { env });
  assertEquals(first.code, 0, first.stderr);
  assertMatch(first.stdout, /^sysctl net\.ipv4\.ip_default_ttl 42 +# nuse\.conf:3:8$/m);
  assertMatch(first.stdout, /^ {4}mtu 1300 +# --dev tap,mtu$/m);
  const again = await nuse("", ["--config", "/dev/stdin", "--show-config"], {
    env,
    stdin: first.stdout,
  });
  const values = (text: string) => text.replaceAll(/ *#.*$/gm, "");
  assertEquals(values(again.stdout), values(first.stdout), again.stderr);
});

Deno.test("a file that cannot be read", async () => {
  const { code, stderr } = await nuse("", ["true"], { env: { NUSECONF: "none.conf" } });
  assertEquals(code, 2);
  assertMatch(stderr, /^nuse: NUSECONF: cannot read none\.conf: .*\(name a file .*\)\n$/);
});

Deno.test("a host name is the program's alone, without any privilege as well", async () => {
  const folder = await Deno.makeTempDir();
  giveToNobody(folder);
  try {
    const text = `hostname lab\n\ninterface a\n  pipepath ${folder}/x\n  address 198.18.0.2/24\n`;
    await Deno.writeTextFile(`${folder}/nuse.conf`, text);
    const nuse = [...POWERLESS, `${OPEN_ROOT}/nuse`, "--config", `${folder}/nuse.conf`];
    const { stdout, stderr } = await start([...nuse, "uname", "-n"]).done;
    assertEquals(stdout, "lab\n", stderr);
    const refused = await start([...nuse, "--host-network", "uname", "-n"]).done;
    assertStringIncludes(refused.stderr, "the host name lab: EPERM");
    assert(Deno.hostname() !== "lab");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

e2e("NUSECONF, a variable over it and an option over both", async (f) => {
  const path = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(path, FILE);
    const env = { NUSECONF: path, "nuse-tap": "198.18.0.7/24" };
    const argv = [
      NUSE,
      "--sysctl",
      "net.ipv4.ip_default_ttl=77",
      "sh",
      "-c",
      "uname -n; echo here; exec sleep 600",
    ];
    const running = f.b.start(argv, { env });
    try {
      await running.waitFor("here");
      const ping = await f.peer(["ping", "-c", "1", "-W", "5", "198.18.0.7"]).done;
      assertStringIncludes(ping.stdout, "ttl=77");
    } finally {
      running.kill();
      const { stdout, stderr } = await running.done;
      assertEquals([stdout, stderr], ["lab\nhere\n", ""]);
    }
  } finally {
    await Deno.remove(path);
  }
}, ["TAP"]);

e2eWith("ping")(
  "interfaces of mixed kinds in one file, each reaches its own network",
  async (f) => {
    const folder = await Deno.makeTempDir();
    try {
      const path = `${folder}/nuse.conf`;
      await Deno.writeTextFile(
        path,
        `interface va
    address ${SELF}/24

interface lab
    viftype TAP
    address 198.18.4.2/24
    host 198.18.4.1

interface cable
    pipepath ${folder}/cable
    address 198.18.5.2/24

route
    network 198.18.9.0/24
    gateway ${PEER}
`,
      );
      await f.b.ip("addr add 198.18.9.9/32 dev lo");
      const end = `cable=198.18.5.1/24,pipe=${folder}/cable`;
      const other = f.a.start([NUSE, "--dev", end, "sh", "-c", "echo here; exec sleep 600"]);
      try {
        await other.waitFor("here");
        for (const to of [PEER, "198.18.9.9", "198.18.4.1", "198.18.5.1"]) {
          const argv = [NUSE, "--config", path, "ping", "-c", "1", "-W", "5", to];
          const { code, stdout, stderr } = await f.a.run(argv);
          assertEquals(code, 0, stdout + stderr);
        }
      } finally {
        other.kill();
        await other.done;
      }
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
  ["RAW"],
);
