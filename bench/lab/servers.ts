/**
 * Real servers and their load: nginx and wrk, redis and its benchmark, each on either side.
 *
 * @module
 */
import type { Running } from "../../tests/lab/netns.ts";
import type { Lab, Path } from "./lab.ts";
import { MARGIN_SEC, newPort, stop } from "./measure.ts";
import { median } from "./median.ts";

/** Bytes of what is asked for, by the name of the file. */
const FILES = { "1k": 1024, "1m": 1 << 20 } as const;
export type FileName = keyof typeof FILES;

const CONNECTIONS = "50";

/** Which side is nuse's, and what wrk asks for. */
export interface Web {
  readonly file: FileName;
  /** wrk is the program, nginx the peer; else the other way round. */
  readonly isClient?: boolean;
  /** One request a connection. */
  readonly isFresh?: boolean;
}

/** The configuration of an nginx that serves FILES, and writes nothing. */
async function nginxConfig(folder: string, port: string): Promise<string> {
  for (const [name, size] of Object.entries(FILES)) {
    await Deno.writeFile(`${folder}/${name}`, new Uint8Array(size).fill(0x61));
  }
  const path = `${folder}/nginx-${port}.conf`;
  await Deno.writeTextFile(
    path,
    `user root; worker_processes 1; daemon off; pid ${folder}/nginx-${port}.pid;
error_log stderr notice;
events { worker_connections 1024; }
http {
  access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000000;
  server { listen ${port}; root ${folder}; }
}
`,
  );
  return path;
}

/** Requests per second that wrk has had answered. Throws when one was not. */
export function wrkRate(stdout: string): number {
  const rate = Number(stdout.match(/^Requests\/sec:\s+([\d.]+)$/m)?.[1]);
  if (!(rate > 0) || /Non-2xx|Socket errors/.test(stdout)) throw new Error(`wrk: ${stdout}`);
  return rate;
}

/** wrk's requests per second of nginx. */
export async function web(lab: Lab, path: Path, secs: number, of: Web): Promise<number> {
  const port = newPort();
  const limitSec = secs + MARGIN_SEC;
  const config = await nginxConfig(lab.scratch, port);
  const serve = ["sh", "-c", `exec nginx -c ${config} 2>&1`];
  const host = of.isClient ? lab.peer(path) : lab.self(path);
  const ask = ["wrk", "-t1", "-c", CONNECTIONS, "-d", `${secs}s`];
  if (of.isFresh) ask.push("-H", "Connection: close");
  ask.push(`http://${host}:${port}/${of.file}`);
  const [server, client] = sides(lab, path, of.isClient ?? false);
  const nginx = server(serve, { limitSec });
  try {
    await nginx.waitFor("start worker process ");
    const { stdout, stderr } = await client(ask, { limitSec }).done;
    return wrkRate(stdout + stderr);
  } finally {
    await stop(nginx);
  }
}

type Start = (argv: string[], options: { limitSec: number }) => Running;

/** What starts the server, and what the client. */
function sides(lab: Lab, path: Path, isClient: boolean): [Start, Start] {
  const own: Start = (argv, options) => lab.program(path, argv, options);
  const peer: Start = (argv, options) => lab.opposite(path, argv, options);
  return isClient ? [peer, own] : [own, peer];
}

/** What redis-benchmark does, and how often for each second that it is to take. */
export interface RedisLoad {
  readonly command: "SET" | "GET";
  readonly pipeline: number;
  readonly perSec: number;
}

/** Commands per second at the end of redis-benchmark's line. */
export function redisRate(stdout: string, command: string): number {
  const rate = stdout.match(new RegExp(`${command}: ([\\d.]+) requests per second`))?.[1];
  if (rate === undefined) throw new Error(`redis-benchmark: ${stdout}`);
  return Number(rate);
}

/** redis-benchmark's first quarter of a second, of the median of the later ones. */
export function redisStart(stdout: string): number {
  const rates = [...stdout.matchAll(/rps=([\d.]+)/g)].map(([, rate]) => Number(rate))
    .filter((rate) => rate > 0);
  if (rates.length < 4) throw new Error(`redis-benchmark told ${rates.length} rates: ${stdout}`);
  return rates[0] / median(rates.slice(1, -1)); // the last is of a part of the time
}

/** What redis-benchmark prints, run by the program against a server that is the peer. */
export async function redis(
  lab: Lab,
  path: Path,
  secs: number,
  { command, pipeline, perSec }: RedisLoad,
): Promise<string> {
  const port = newPort();
  const limitSec = secs * SLOWEST + MARGIN_SEC;
  const options = ["--port", port, "--save", "", "--appendonly", "no", "--protected-mode", "no"];
  const server = lab.opposite(path, ["redis-server", ...options], { limitSec, cwd: lab.scratch });
  try {
    await server.waitFor("Ready to accept connections");
    const many = ["-c", CONNECTIONS, "-n", String(secs * perSec), "-P", String(pipeline)];
    const argv = ["redis-benchmark", "-h", lab.peer(path), "-p", port, "-t", command.toLowerCase()];
    const { code, stdout, stderr } = await lab.program(path, [...argv, ...many, "-q"], { limitSec })
      .done;
    if (code !== 0) throw new Error(`redis-benchmark: exit ${code}: ${stderr}`);
    return stdout;
  } finally {
    await stop(server);
  }
}

/** A run of a fixed number of commands takes so many times as long as it is to, at most. */
const SLOWEST = 20;
