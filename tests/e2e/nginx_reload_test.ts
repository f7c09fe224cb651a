/**
 * nginx with two workers that is reloaded under 200 connections of wrk: nothing fails but what
 * fails over the kernel's stack as well, where each reload ends each connection once.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { Netns, type RunOptions, veth } from "../lab/netns.ts";
import { e2eWith, type Fixture, PEER, SELF, until } from "./fixture.ts";

const CONNECTIONS = 200;
const RELOADS = 3;
const BETWEEN_RELOADS_MS = 2000;
const DURATION_SEC = 9;

const CONF = `daemon off; worker_processes 2; pid $D/pid; error_log stderr; user www-data;
events { worker_connections 1024; }
http { access_log off; client_body_temp_path $D/body; proxy_temp_path $D/proxy;
  fastcgi_temp_path $D/fastcgi; uwsgi_temp_path $D/uwsgi; scgi_temp_path $D/scgi;
  server { listen ${SELF}:80; root $D; } }
`;

interface Failures {
  readonly connect: number;
  readonly read: number;
  readonly write: number;
  readonly timeout: number;
  readonly status: number;
}

/** What wrk says of what went wrong; it says nothing when nothing did. */
function failuresIn(text: string): Failures {
  assert(/\d+ requests in/.test(text), text);
  const number = (pattern: RegExp) => Number(text.match(pattern)?.[1] ?? 0);
  return {
    connect: number(/connect (\d+)/),
    read: number(/read (\d+)/),
    write: number(/write (\d+)/),
    timeout: number(/timeout (\d+)/),
    status: number(/Non-2xx or 3xx responses: (\d+)/),
  };
}

type Start = (argv: string[], options: RunOptions) => { kill(): void; done: Promise<unknown> };

/** Serves by `start`, loads it from `client`. */
async function loaded(start: Start, client: Netns): Promise<Failures> {
  const folder = await Deno.makeTempDir({ prefix: "nuse-reload-" });
  try {
    await Deno.chmod(folder, 0o755);
    await Deno.writeTextFile(`${folder}/hello`, "hello\n");
    await Deno.writeTextFile(`${folder}/conf`, CONF.replaceAll("$D", folder));
    const server = start(["nginx", "-c", `${folder}/conf`], { limitSec: 60 });
    const url = `http://${SELF}/hello`;
    await until(
      "nginx",
      async () => (await client.run(["curl", "-s", "-m", "2", url])).stdout === "hello\n",
      20,
    );
    const wrk = client.start(
      ["wrk", "-c", String(CONNECTIONS), "-t", "2", "-d", `${DURATION_SEC}s`, url],
      { limitSec: 40 },
    );
    const pid = Number(await Deno.readTextFile(`${folder}/pid`));
    for (let i = 0; i < RELOADS; i++) {
      await new Promise((resolve) => setTimeout(resolve, BETWEEN_RELOADS_MS));
      Deno.kill(pid, "SIGHUP");
    }
    const { stdout } = await wrk.done;
    server.kill();
    await server.done;
    return failuresIn(stdout);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function onKernel(): Promise<Failures> {
  await using server = await Netns.create("reloada");
  await using client = await Netns.create("reloadb");
  await veth(server, "va", `${SELF}/24`, client, "vb", `${PEER}/24`);
  return await loaded((argv, options) => server.start(argv, options), client);
}

e2eWith("nginx", "wrk", "curl")("nginx is reloaded under load", async (f: Fixture) => {
  const nuse = await loaded((argv, options) => f.nuse(argv, options), f.b);
  const kernel = await onKernel();
  assertEquals({ ...nuse, read: 0 }, { ...kernel, read: 0 });
  // Each reload ends each connection once, which wrk calls an error of reading
  assert(nuse.read <= CONNECTIONS * RELOADS, `${nuse.read} of nuse's, ${kernel.read} the kernel's`);
}, ["RAW"]);
