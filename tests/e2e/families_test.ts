/**
 * Everyday programs over every VIF, in both families: curl, nginx, dig, traceroute, long
 * frames. (A lossy link: bad_link_test.ts; ping, iperf3, files: their own.)
 *
 * @module
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { allowAbsentAddress } from "./dnsmasq.ts";
import { e2eWith, type Fixture, inBoth, until } from "./fixture.ts";

const HELLO = "hello from afar\n";

async function withFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "nuse-families-" });
  try {
    await Deno.chmod(folder, 0o755);
    await Deno.writeTextFile(`${folder}/hello`, HELLO);
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const withCurl = inBoth(e2eWith("curl", "python3", "ss"));

withCurl("curl fetches a page", async (f) => {
  await withFolder(async (folder) => {
    // Of a TAP the peer has its address only when nuse is there
    const any = f.family === 4 ? "0.0.0.0" : "::";
    const serve = ["python3", "-m", "http.server", "8000", "--bind", any, "-d", folder];
    const server = f.peer(serve, { limitSec: 40 });
    const url = `http://${f.otherHost}:8000/hello`;
    const isThere = async () => (await f.b.run(["ss", "-ltn"])).stdout.includes(":8000");
    await until("the peer's server", isThere, 20);
    const r = await f.nuse(["curl", "-sS", "-m", "10", url]).done;
    assertEquals([r.stdout, r.code], [HELLO, 0], r.stderr);
    server.kill();
    await server.done;
  });
});

/** `$L`: what to listen on, `$D`: the folder. */
const NGINX = `daemon off; pid $D/pid; error_log stderr; user www-data;
events { worker_connections 64; }
http { access_log off; client_body_temp_path $D/body; proxy_temp_path $D/proxy;
  fastcgi_temp_path $D/fastcgi; uwsgi_temp_path $D/uwsgi; scgi_temp_path $D/scgi;
  server { listen $L; root $D; } }
`;

inBoth(e2eWith("nginx", "curl"))("nginx serves the peer, on all addresses", async (f) => {
  await withFolder(async (folder) => {
    const listen = f.family === 4 ? "80" : "[::]:80";
    const config = NGINX.replaceAll("$D", folder).replace("$L", listen);
    await Deno.writeTextFile(`${folder}/conf`, config);
    const server = f.nuse(["nginx", "-c", `${folder}/conf`], { limitSec: 60 });
    const get = ["curl", "-s", "-m", "2", `http://${f.selfHost}/hello`];
    await until("nginx", async () => (await f.b.run(get)).stdout === HELLO, 30);
    server.kill();
    await server.done;
  });
});

inBoth(e2eWith("dig"))("dig asks the peer, by UDP and TCP", async (f) => {
  const script = `${import.meta.dirname}/name_server.ts`;
  await allowAbsentAddress(f);
  const argv = [Deno.execPath(), "run", "-A", "--unstable-net", script, f.other];
  const server = f.peer(argv, { limitSec: 60 });
  await server.waitFor("ready", 30);
  for (const [name, wanted] of [["small.test", "198.18.9.1"], ["large.test", "198.18.9.2"]]) {
    const ask = ["dig", `@${f.other}`, name, "A", "+short", "+tries=2", "+time=4"];
    const r = await f.nuse(ask).done;
    assertEquals(r.stdout, `${wanted}\n`, r.stdout + r.stderr);
  }
  server.kill();
  await server.done;
});

inBoth(e2eWith("traceroute"))("traceroute: the peer is the first hop, and the last", async (f) => {
  const r = await f.nuse(["traceroute", "-n", "-q", "1", "-w", "3", f.other]).done;
  assertEquals(r.code, 0, r.stdout + r.stderr);
  assertMatch(r.stdout, new RegExp(`^ 1 {2}${f.other} {2}[0-9.]+ ms`, "m"));
  assert(!/^ 2 /m.test(r.stdout), r.stdout);
});

/** What a counter of `-v` has come to. */
function counted(stderr: string, name: string): number {
  return Number(stderr.match(new RegExp(`[ :]${name} (\\d+)`))?.[1] ?? 0);
}

async function iperf3(f: Fixture, argv: string[]): Promise<string> {
  const server = f.peer(["iperf3", "-s", "-1", "--forceflush"], { limitSec: 40 });
  await server.waitFor("listening");
  const r = await f.nuse(["-v", "iperf3", "-c", f.other, ...argv], { limitSec: 40 }).done;
  assertEquals(r.code, 0, r.stdout.slice(-2000) + r.stderr);
  await server.done;
  return r.stderr;
}

inBoth(e2eWith("iperf3"))("TCP leaves in long frames, which the device cuts", async (f) => {
  const stderr = await iperf3(f, ["-n", "64M"]);
  const perFrame = counted(stderr, "txBytes") / counted(stderr, "txGso");
  assert(perFrame > 10_000, `${perFrame} bytes a frame: ${stderr}`);
  assertEquals(counted(stderr, "txDropped"), 0, stderr);
}, ["RAW", "TAP"]);
