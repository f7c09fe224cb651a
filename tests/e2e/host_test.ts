import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { e2eWith, NUSE, PEER, SELF, until } from "./fixture.ts";

const e2e = e2eWith("ping", "sysctl");

e2e("RAW on a host with ip_forward=1, own MAC and the interface's MAC", async (f) => {
  await f.ns.run(["sysctl", "-qw", "net.ipv4.ip_forward=1"]);
  for (const mac of ["own", "interface"]) {
    const env = { "nuse-va-mac": mac };
    const out = await f.nuse(["ping", "-c", "3", "-i", "0.2", PEER], { env }).done;
    assertEquals(out.code, 0, `${mac}: ${out.stdout}${out.stderr}`);
    assert(!out.stdout.includes("DUP!"), out.stdout);
    const idle = f.nuse(["sleep", "600"], { env });
    await until(
      "an answer",
      async () => (await f.peer(["ping", "-c", "1", "-W", "1", SELF]).done).code === 0,
    );
    const back = await f.peer(["ping", "-c", "5", "-i", "0.5", SELF]).done;
    assertStringIncludes(back.stdout, "5 received");
    assert(!/DUP!|errors|Redirect|Unreachable/.test(back.stdout), `${mac}: ${back.stdout}`);
    idle.kill();
    await idle.done;
  }
}, ["RAW"]);

e2e(
  "RAW with the address that the host itself has on the interface: warned, and it pings",
  async (f) => {
    await f.a.ip(`addr add ${SELF}/24 dev va`);
    for (const mac of ["own", "interface"]) {
      const env = { "nuse-va-mac": mac };
      const r = await f.nuse(["ping", "-c", "2", "-i", "0.2", PEER], { env }).done;
      assertEquals(r.code, 0, `${mac}: ${r.stdout}${r.stderr}`);
      assertStringIncludes(r.stderr, `${SELF} is also an address of this host`);
    }
  },
  ["RAW"],
);

e2e("no NUSEDEV at all: TAP nuse0 on 198.18.0.0/24, said on stderr's first line", async (f) => {
  const r = await f.b.run([NUSE, "ping", "-c", "2", "-i", "0.2", "198.18.0.1"]);
  assertEquals(r.code, 0, r.stdout + r.stderr);
  const first = r.stderr.split("\n")[0];
  for (const word of ["nuse0", "198.18.0.2", "198.18.0.1"]) assertStringIncludes(first, word);
  assertEquals((await f.b.run(["ip", "link", "show", "nuse0"])).code, 1);
}, ["TAP"]);
