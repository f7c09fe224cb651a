/**
 * Runs one exchange between a program under nuse and a program on the kernel's stack:
 *
 *     ns a: va ── veth ── vb 198.18.0.1/24 in ns b         nuse is 198.18.0.2 on va, RAW
 *
 * Each side runs in namespaces of its own (processes, mounts with an empty /run, IPC), which end
 * with it: nothing that a program leaves behind outlives the exchange or touches the machine's own
 * services.
 *
 * @module
 */
import { Netns, run, type Running, veth } from "../lab/netns.ts";
import { NUSE } from "../lab/nuse.ts";
import type { Exchange } from "./case.ts";

const SELF = "198.18.0.2";
const PEER = "198.18.0.1";
const ASK_SEC = 15;
const LIMIT_SEC = 40;
/** Debian's own programs, and the Deno that runs this. */
const PATH = `/usr/sbin:/usr/bin:/sbin:/bin:${Deno.execPath().replace(/\/[^/]*$/, "")}`;
const PAUSE_MS = 300;
const NUSE_COMMAND = `env NUSEDEV=va nuse-va=${SELF}/24 DEFAULTROUTE=${PEER} ${NUSE}`;

/** Which side of an exchange is nuse's; with "none" both are the kernel's, as a control. */
export type NuseSide = "client" | "server" | "none";

export interface Outcome {
  readonly isOk: boolean;
  /** What was printed by both, for the one who looks for a cause. */
  readonly asked: string;
  readonly served: string;
  readonly askings: number;
}

/** The first process of a side: passes SIGTERM on, and everything ends with it. */
const INIT = `mount -t tmpfs none /run; mkdir -p /run/lock; mount -t tmpfs none /dev/shm
trap 'kill -TERM $p' TERM
setsid sh -c "$1" & p=$!
wait $p; s=$?; kill -0 $p 2>/dev/null && { wait $p; s=$?; }
exit $s`;

function inside(command: string): string[] {
  const own = ["--pid", "--fork", "--kill-child", "--mount-proc", "--mount", "--ipc"];
  return ["unshare", ...own, "sh", "-c", INIT, "sh", command];
}

/** The command with nuse in its place, or without. */
export function withNuse(command: string, nuse: string): string {
  if (command.includes("{}")) return command.replaceAll("{}", nuse);
  return nuse === "" ? command : `${nuse} ${command}`;
}

type Names = Readonly<Record<string, string>>;

/** `text` with the names that a case knows replaced; others, a shell's or nginx's, stay. */
export function fillIn(text: string, names: Names): string {
  return text.replace(/\$(D|SERVER|CLIENT)\b/g, (_, name) => names[name]);
}

async function writeFiles(exchange: Exchange, names: Names): Promise<void> {
  await Deno.chmod(names.D, 0o755);
  for (const [name, text] of Object.entries(exchange.files ?? {})) {
    await Deno.writeTextFile(`${names.D}/${name}`, fillIn(text, names));
  }
  if (exchange.prepare === undefined) return;
  const argv = ["sh", "-c", exchange.prepare];
  const { code, stdout, stderr } = await run(argv, { env: names, limitSec: LIMIT_SEC });
  if (code !== 0) throw new Error(`prepare: exit ${code}: ${stdout}${stderr}`);
}

function isSeen(sees: string | RegExp, text: string): boolean {
  return typeof sees === "string" ? text.includes(sees) : sees.test(text);
}

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Waits until somebody listens at the port on the kernel's stack, or has ended. */
async function untilListening(ns: Netns, port: number, server: Running, endMs: number) {
  let isOver = false;
  server.done.then(() => isOver = true);
  const ask = ["ss", "-Hlntuw", "sport", "=", `:${port}`];
  while (Date.now() < endMs && !isOver) {
    if ((await ns.run(ask)).stdout.trim() !== "") return;
    await sleep(PAUSE_MS);
  }
}

interface Sides {
  readonly client: Netns;
  readonly server: Netns;
}

async function converse(exchange: Exchange, side: NuseSide, sides: Sides, names: Names) {
  const limitSec = exchange.limitSec ?? LIMIT_SEC;
  const endMs = Date.now() + limitSec * 1000;
  const command = (text: string, role: NuseSide) =>
    inside(withNuse(text, role === side ? NUSE_COMMAND : ""));
  const cwd = names.D;
  const serve = command(exchange.serve, "server");
  const server = sides.server.start(serve, { env: names, cwd, limitSec: limitSec + 10 });
  if (side !== "server" && exchange.port !== undefined) {
    await untilListening(sides.server, exchange.port, server, endMs);
  }
  let [asked, askings] = ["", 0];
  const ask = command(exchange.ask, "client");
  do {
    if (askings++ > 0) await sleep(PAUSE_MS);
    const askSec = exchange.askSec ?? ASK_SEC;
    const { stdout, stderr } = await sides.client.run(ask, { env: names, cwd, limitSec: askSec });
    asked = stdout + stderr;
  } while (!isSeen(exchange.sees, asked) && Date.now() < endMs);
  server.kill();
  const { stdout, stderr } = await server.done;
  return { isOk: isSeen(exchange.sees, asked), asked, served: stdout + stderr, askings };
}

/** Runs it once, from nothing to nothing. */
export async function runExchange(exchange: Exchange, side: NuseSide): Promise<Outcome> {
  await using a = await Netns.create("proga");
  await using b = await Netns.create("progb");
  await veth(a, "va", side === "none" ? `${SELF}/24` : null, b, "vb", `${PEER}/24`);
  const isServer = side === "server";
  const sides = isServer ? { server: a, client: b } : { server: b, client: a };
  const D = await Deno.makeTempDir({ prefix: "nuse-programs-" });
  const [SERVER, CLIENT] = isServer ? [SELF, PEER] : [PEER, SELF];
  const names = { D, SERVER, CLIENT, PATH };
  try {
    await writeFiles(exchange, names);
    return await converse(exchange, side, sides, names);
  } catch (error) {
    return { isOk: false, asked: (error as Error).message, served: "", askings: 0 };
  } finally {
    await Deno.remove(D, { recursive: true });
  }
}
