/**
 * An address of a DHCP server's: dnsmasq's, and udhcpd's, each in a namespace of its own.
 *
 * @module
 */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import type { Running } from "../lab/netns.ts";
import { e2e, e2eWith, type Fixture, PEER, until } from "./fixture.ts";

const FIRST = "198.18.0.50";
const SECOND = "198.18.0.51";
const PING = ["ping", "-c", "1", "-W", "2", PEER];
const ADDRESS = { "nuse-va": "dhcp" };

/** A server's files, and what it has written. */
class Server implements AsyncDisposable {
  constructor(readonly dir: string, readonly running: Running) {}

  read(name: string): Promise<string> {
    return Deno.readTextFile(`${this.dir}/${name}`).catch(() => "");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.running.kill();
    await this.running.done;
    await Deno.remove(this.dir, { recursive: true });
  }
}

/** dnsmasq on the peer's side, DHCP only, two addresses to give. */
async function dnsmasq(f: Fixture, ...more: string[]): Promise<Server> {
  const dir = await Deno.makeTempDir({ prefix: "nuse-dhcp-" });
  const running = f.peer([
    "dnsmasq",
    "--keep-in-foreground",
    "--conf-file=/dev/null",
    "--port=0",
    "--user=root",
    "--interface=vb",
    "--bind-interfaces",
    "--no-ping",
    "--log-dhcp",
    `--log-facility=${dir}/log`,
    `--pid-file=${dir}/pid`,
    `--dhcp-leasefile=${dir}/leases`,
    `--dhcp-range=${FIRST},${SECOND},255.255.255.0,1h`,
    "--dhcp-authoritative",
    ...more,
  ], { limitSec: 60 });
  const server = new Server(dir, running);
  await until(
    "dnsmasq to listen",
    async () => (await server.read("log")).includes("DHCP, IP range"),
  );
  return server;
}

async function udhcpd(f: Fixture): Promise<Server> {
  const dir = await Deno.makeTempDir({ prefix: "nuse-dhcp-" });
  const lines = [
    `start ${FIRST}`,
    `end ${SECOND}`,
    "interface vb",
    `pidfile ${dir}/pid`,
    `lease_file ${dir}/leases`,
    "option subnet 255.255.255.0",
    `option router ${PEER}`,
    "option lease 600",
  ];
  await Deno.writeTextFile(`${dir}/leases`, "");
  await Deno.writeTextFile(`${dir}/conf`, lines.join("\n") + "\n");
  const running = f.peer(["udhcpd", "-f", `${dir}/conf`], { limitSec: 60 });
  await until("udhcpd to listen", async () => {
    const { stdout } = await f.b.run(["ss", "-lun"]);
    return stdout.includes(":67 ");
  });
  return new Server(dir, running);
}

const withDnsmasq = e2eWith("dnsmasq");

withDnsmasq("address, route, MTU and names by DHCP; given back at the end", async (f) => {
  await using server = await dnsmasq(
    f,
    "--dhcp-option=option:router,198.18.0.9",
    `--dhcp-option=option:classless-static-route,203.0.113.0/24,${PEER},0.0.0.0/0,${PEER}`,
    "--dhcp-option=option:mtu,1280",
    "--dhcp-option=option:dns-server,198.18.0.53",
    "--dhcp-option=option:domain-search,example.org,lab.example.org",
    "--domain=example.org",
  );
  await f.b.ip("addr add 203.0.113.7/32 dev lo");
  const far = ["ping", "-c", "1", "-W", "2", "-M", "do", "-s", "1252", "203.0.113.7"];
  const r = await f.nuse(["sh", "-c", `${PING.join(" ")} && ${far.join(" ")}`], { env: ADDRESS })
    .done;
  assertEquals(r.code, 0, r.stdout + r.stderr);
  assertMatch(r.stderr, /^nuse: va: 198\.18\.0\.5\d\/24 by DHCP of 198\.18\.0\.1 for 1 h, /);
  for (const part of ["route to 0.0.0.0/0 by 198.18.0.1", "mtu 1280", "name servers 198.18.0.53"]) {
    assertStringIncludes(r.stderr, part);
  }
  assertEquals(r.stderr.trim().split("\n").length, 1, r.stderr);
  await until("the release", async () => (await server.read("log")).includes("DHCPRELEASE"));
  assertEquals((await server.read("leases")).trim(), "");
}, ["RAW"]);

withDnsmasq("an address that a host has already is declined, the other is taken", async (f) => {
  await using server = await dnsmasq(f);
  // The server gives either one first; a host that answers for the first that is asked for.
  const first = await f.nuse(PING, { env: ADDRESS }).done;
  const given = first.stderr.match(/198\.18\.0\.5\d/)?.[0] ?? "";
  await f.b.ip(`addr add ${given}/32 dev lo`);
  const second = await f.nuse(PING, { env: ADDRESS, limitSec: 50 }).done;
  assertEquals(second.code, 0, second.stderr);
  assertStringIncludes(second.stderr, given === FIRST ? SECOND : FIRST);
  assertStringIncludes(await server.read("log"), "DHCPDECLINE");
}, ["RAW"]);

withDnsmasq("two nuse on one interface are two clients", async (f) => {
  await using server = await dnsmasq(f);
  const first = f.nuse(["sh", "-c", "echo up; sleep 600"], { env: ADDRESS, limitSec: 40 });
  await first.waitFor("up");
  const second = await f.nuse(PING, { env: ADDRESS }).done;
  assertEquals(second.code, 0, second.stderr);
  first.kill();
  const { stderr } = await first.done;
  const [a, b] = [stderr, second.stderr].map((text) => text.match(/198\.18\.0\.5\d/)?.[0]);
  assert(a !== undefined && b !== undefined && a !== b, `${a} ${b}`);
  await until(
    "both releases",
    async () => (await server.read("log")).match(/DHCPRELEASE/g)?.length === 2,
  );
}, ["RAW"]);

withDnsmasq("set-up that fails after the lease gives it back", async (f) => {
  await using server = await dnsmasq(f);
  const r = await f.nuse(["true"], { env: { ...ADDRESS, DEFAULTROUTE: "203.0.113.1" } }).done;
  assertEquals(r.code, 2, r.stderr);
  assertStringIncludes(r.stderr, "203.0.113.1");
  await until("the release", async () => (await server.read("log")).includes("DHCPRELEASE"));
}, ["RAW"]);

e2eWith("udhcpd")("another server: udhcpd", async (f) => {
  await using server = await udhcpd(f);
  const r = await f.nuse(PING, { env: ADDRESS }).done;
  assertEquals(r.code, 0, r.stdout + r.stderr);
  assertMatch(r.stderr, /va: 198\.18\.0\.5\d\/24 by DHCP of 198\.18\.0\.1 for 10 min/);
  assert(server.running.pid > 0);
}, ["RAW"]);

e2e("no server: one line after a bounded time, and nothing is left", async (f) => {
  const r = await f.nuse(["true"], { env: ADDRESS, limitSec: 40 }).done;
  assertEquals(r.code, 2);
  assertMatch(r.stderr, /^nuse: no DHCP server has answered on va within 15 s: .*\n$/);
}, ["RAW"]);

e2e("no server: the link's own address, when that is asked for", async (f) => {
  await f.b.ip("addr add 169.254.9.9/16 dev vb");
  const ping = ["ping", "-c", "1", "-W", "2", "169.254.9.9"];
  for (const kind of ["linklocal", "dhcp-or-linklocal"]) {
    const r = await f.nuse(ping, { env: { "nuse-va": kind }, limitSec: 40 }).done;
    assertEquals(r.code, 0, r.stdout + r.stderr);
    assertMatch(r.stderr, /^nuse: va: 169\.254\.\d+\.\d+\/16, link-local\n$/);
  }
}, ["RAW"]);
