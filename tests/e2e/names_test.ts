/**
 * Names: every resolver asks through the stack, whom the configuration says.
 *
 * @module
 */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { allowAbsentAddress, withDnsmasq } from "./dnsmasq.ts";
import { e2eWith, type Fixture, PEER, SELF, withoutNetmap } from "./fixture.ts";

const NAME_SERVER = new URL("./name_server.ts", import.meta.url).pathname;
const ENV = { NUSE_NAMESERVER: PEER };

/** Runs `use` while the peer answers questions, by the script beside this. */
async function withNameServer(f: Fixture, use: () => Promise<void>): Promise<string[]> {
  await allowAbsentAddress(f);
  const argv = [Deno.execPath(), "run", "-A", "--unstable-net", NAME_SERVER, PEER];
  const server = f.peer(argv);
  await server.waitFor("ready");
  await use();
  server.kill();
  const lines = (await server.done).stdout.trim().split("\n");
  return lines.slice(1);
}

const firstWord = (text: string) => text.trim().split("\n").map((line) => line.split(/\s+/)[0]);
const lookup = (name: string) => `getent ahostsv4 ${name} | head -n 1`;

e2eWith()("the C library's resolver, over UDP and TCP, with and without the shim", async (f) => {
  const both = `${lookup("small.test")}; ${lookup("large.test")}`;
  const askers = await withNameServer(f, async () => {
    for (const shell of [["sh", "-c", both], ["env", "-i", "/bin/sh", "-c", both]]) {
      const r = await f.nuse(shell, { env: ENV }).done;
      assertEquals(firstWord(r.stdout), ["198.18.9.1", "198.18.9.2"], r.stderr);
    }
  });
  assertEquals([...new Set(askers)], [SELF]); // nobody has asked from the host
});

const RECORDS = [
  "--host-record=web.lab.test,198.18.0.1",
  "--cname=www.lab.test,web.lab.test",
  "--host-record=six.lab.test,2001:db8::6",
];

e2eWith("dnsmasq", "busybox", "curl")("dnsmasq's names, by programs of all kinds", async (f) => {
  const folder = await Deno.makeTempDir();
  try {
    const conf = `${folder}/nuse.conf`;
    await Deno.writeTextFile(conf, `nameserver ${PEER}\nsearch lab.test\n`);
    const script = "getent hosts web.lab.test; getent hosts www; getent hosts none.lab.test; " +
      `echo $?; busybox nslookup web.lab.test | grep -c 198.18.0.1; cat /etc/resolv.conf; ` +
      "curl -s --max-time 5 http://web.lab.test:1/; echo $?";
    await withDnsmasq(f, RECORDS, async () => {
      const r = await f.nuse(["--config", conf, "sh", "-c", script]).done;
      const lines = r.stdout.trim().split("\n").map((line) => line.replace(/\s+/g, " "));
      assertEquals(lines[0], "198.18.0.1 web.lab.test", r.stderr);
      assertStringIncludes(lines[1], "198.18.0.1 web.lab.test");
      assertEquals(lines[2], "2");
      assertEquals(lines.slice(4), [`nameserver ${PEER}`, "search lab.test", "7"], r.stdout);
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

const above = withoutNetmap(e2eWith("dnsmasq", "busybox", "python3"));

above("an IPv6 address (AAAA), with and without the shim, and by a static program", async (f) => {
  await withDnsmasq(f, RECORDS, async () => {
    const ask = "getent hosts six.lab.test";
    const script = `${ask}; env -i ${ask}; env -i busybox nslookup six.lab.test ${PEER}`;
    const r = await f.nuse(["sh", "-c", script], { env: ENV }).done;
    assertEquals(firstWord(r.stdout).slice(0, 2), ["2001:db8::6", "2001:db8::6"], r.stderr);
    assertMatch(r.stdout, /^Address.*: 2001:db8::6$/m, r.stderr);
  });
});

const SILENT = "198.18.0.3";
const REFUSING = "198.18.0.4";
/** Nobody has it. */
const NOBODY = "198.18.0.77";

/** Hears every question, says whose it is, and never answers. */
const SILENT_SERVER = "import socket; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); " +
  `s.bind(("${SILENT}", 53)); print("ready", flush=True)\n` +
  "while True: print(s.recvfrom(512)[1][0], flush=True)";

above("a first server that is silent, refuses or is not there: the second answers", async (f) => {
  for (const address of [SILENT, REFUSING]) await f.b.ip(`addr add ${address}/32 dev lo`);
  const silent = f.peer(["python3", "-S", "-c", SILENT_SERVER]);
  await silent.waitFor("ready");
  await withDnsmasq(f, RECORDS, async () => {
    const ask = "getent ahostsv4 web.lab.test | head -n 1";
    const script = `${ask}; env -i RES_OPTIONS=timeout:1 sh -c '${ask}'`;
    for (const first of [SILENT, REFUSING, NOBODY]) {
      const env = { NUSE_NAMESERVER: `${first} ${PEER}`, RES_OPTIONS: "timeout:1" };
      const r = await f.nuse(["timeout", "10", "sh", "-c", script], { env }).done;
      assertEquals(firstWord(r.stdout), [PEER, PEER], `${first}: ${r.stderr}`);
    }
  });
  silent.kill();
  // asked first, once by each
  assertEquals((await silent.done).stdout, `ready\n${SELF}\n${SELF}\n`);
});

above("a first server that refuses is passed over at once, not after a time-out", async (f) => {
  await f.b.ip(`addr add ${REFUSING}/32 dev lo`);
  await withDnsmasq(f, RECORDS, async () => {
    const ask = "getent ahostsv4 web.lab.test | head -n 1";
    const long = "timeout:60 attempts:1"; // longer than the test waits
    const script = `${ask}; env -i RES_OPTIONS='${long}' sh -c '${ask}'`;
    const env = { NUSE_NAMESERVER: `${REFUSING} ${PEER}`, RES_OPTIONS: long };
    const r = await f.nuse(["timeout", "25", "sh", "-c", script], { env }).done;
    assertEquals(firstWord(r.stdout), [PEER, PEER], r.stderr);
  });
});

e2eWith("hey", "websocketd")("Debian's Go programs, as client and as server", async (f) => {
  await withNameServer(f, async () => {
    const script = "websocketd --port=4907 --staticdir=/usr/share/doc/hey --loglevel=error & " +
      "sleep 1; hey -n 20 -c 4 http://127.0.0.1:4907/copyright; kill %1";
    const r = await f.nuse(["bash", "-c", script], { env: ENV }).done;
    assertStringIncludes(r.stdout, "[200]\t20 responses", r.stderr);
  });
});
