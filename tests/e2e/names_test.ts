/**
 * Names: every resolver asks through the stack, whom the configuration says.
 *
 * @module
 */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { e2eWith, type Fixture, PEER, SELF, until } from "./fixture.ts";

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

/** TAP: the peer's address comes with nuse. */
async function allowAbsentAddress(f: Fixture): Promise<void> {
  if (f.vif === "TAP") await f.b.run(["sysctl", "-q", "net.ipv4.ip_nonlocal_bind=1"]);
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

e2eWith("dnsmasq", "busybox", "curl")("dnsmasq's names, by programs of all kinds", async (f) => {
  await allowAbsentAddress(f);
  const server = f.peer([
    ...["dnsmasq", "-k", "-C", "/dev/null", "-R", "-h", "-p", "53", "--bind-interfaces"],
    ...["-a", PEER, "--host-record=web.lab.test,198.18.0.1", "--cname=www.lab.test,web.lab.test"],
    ...["--local=/test/", "-u", "root"],
  ]);
  const folder = await Deno.makeTempDir();
  try {
    const conf = `${folder}/nuse.conf`;
    await Deno.writeTextFile(conf, `nameserver ${PEER}\nsearch lab.test\n`);
    const script = "getent hosts web.lab.test; getent hosts www; getent hosts none.lab.test; " +
      `echo $?; busybox nslookup web.lab.test | grep -c 198.18.0.1; cat /etc/resolv.conf; ` +
      "curl -s --max-time 5 http://web.lab.test:1/; echo $?";
    const isListening = async () => (await f.b.run(["ss", "-lnu"])).stdout.includes(`${PEER}:53`);
    await until("dnsmasq listens", isListening);
    const r = await f.nuse(["--config", conf, "sh", "-c", script]).done;
    const lines = r.stdout.trim().split("\n").map((line) => line.replace(/\s+/g, " "));
    assertEquals(lines[0], "198.18.0.1 web.lab.test", r.stderr);
    assertStringIncludes(lines[1], "198.18.0.1 web.lab.test");
    assertEquals(lines[2], "2");
    assertEquals(lines.slice(4), [`nameserver ${PEER}`, "search lab.test", "7"], r.stdout);
  } finally {
    server.kill();
    await server.done;
    await Deno.remove(folder, { recursive: true });
  }
});

e2eWith("hey", "websocketd")("Debian's Go programs, as client and as server", async (f) => {
  await withNameServer(f, async () => {
    const script = "websocketd --port=4907 --staticdir=/usr/share/doc/hey --loglevel=error & " +
      "sleep 1; hey -n 20 -c 4 http://127.0.0.1:4907/copyright; kill %1";
    const r = await f.nuse(["bash", "-c", script], { env: ENV }).done;
    assertStringIncludes(r.stdout, "[200]\t20 responses", r.stderr);
  });
});
