/**
 * Nothing leaves by the host's network, though that would have answered: by a capture.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { compileBehind } from "../io/app/door/behind.ts";
import { withDnsmasq } from "./dnsmasq.ts";
import { e2eWith, type Fixture, PEER, type Vif } from "./fixture.ts";
import { giveHostNetwork, seenWhile } from "./leaks.ts";

const e2e = e2eWith("cc", "python3", "busybox", "dnsmasq");
/** Where the host has interfaces of its own. */
const HERE: readonly Vif[] = ["RAW"];

const PORT = 4901;
const ADDRESS = "198.18.9.1";

/** Answers each connection; says so when it can. */
const SERVER = `
import socket
listener = socket.create_server(("${PEER}", ${PORT}))
print("ready", flush=True)
while True:
    connection = listener.accept()[0]
    connection.recv(99)
    connection.sendall(b"from the peer")
    connection.close()
`;

interface Case {
  readonly what: string;
  readonly argv: string[];
  /** Of a program that was answered. */
  readonly answer: string;
}

function cases(program: string): Case[] {
  const talk = [program, "numbers", "-", PEER, String(PORT)];
  const connect = "import socket; s = socket.create_connection" +
    `(("${PEER}", ${PORT}), 5); s.send(b"hello"); print(s.recv(99).decode())`;
  const client = `echo hello | busybox nc ${PEER} ${PORT}`;
  const names = ["getent", "ahostsv4", "web.test"];
  const lookup = ["busybox", "nslookup", "web.test", PEER];
  const answer = "from the peer";
  return [
    { what: "with the shim", argv: ["python3", "-S", "-c", connect], answer },
    { what: "static", argv: talk, answer },
    { what: "static, no environment", argv: ["env", "-i", ...talk], answer },
    { what: "static busybox", argv: ["busybox", "sh", "-c", client], answer },
    {
      what: "dynamic, no environment",
      argv: ["env", "-i", "python3", "-S", "-c", connect],
      answer,
    },
    { what: "a name", argv: names, answer: ADDRESS },
    { what: "a name, no environment", argv: ["env", "-i", ...names], answer: ADDRESS },
    { what: "a name, static", argv: ["env", "-i", ...lookup], answer: ADDRESS },
  ];
}

async function withPeer(f: Fixture, use: (cases: Case[]) => Promise<void>): Promise<void> {
  const dir = await Deno.makeTempDir();
  try {
    await giveHostNetwork(f);
    const server = f.peer(["python3", "-S", "-c", SERVER], { limitSec: 120 });
    await server.waitFor("ready");
    const program = await compileBehind(dir);
    await withDnsmasq(f, [`--host-record=web.test,${ADDRESS}`], () => use(cases(program)));
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

/** Runs `argv` under nuse; it must have had its answer. */
async function answered(f: Fixture, { what, argv, answer }: Case, switches: string[] = []) {
  const env = { NUSE_NAMESERVER: PEER };
  const r = await f.nuse([...switches, ...argv], { env }).done;
  assert(r.stdout.includes(answer), `${what}: ${r.stdout}${r.stderr}`);
}

e2e("connections and names by both doors: not one frame of the host's", async (f) => {
  await withPeer(f, async (cases) => {
    for (const one of cases) {
      const { nuses, strangers, hosts } = await seenWhile(f, () => answered(f, one));
      assertEquals({ strangers, hosts }, { strangers: [], hosts: [] }, one.what);
      assert(nuses > 0, one.what);
    }
  });
}, HERE);

e2e("--host-network: the capture sees what goes past nuse, which is answered", async (f) => {
  await withPeer(f, async (cases) => {
    // getent would ask the host's servers, which are not here
    const past = cases.filter(({ argv: [first, , third] }) =>
      first === "env" && third !== "getent"
    );
    for (const one of past) {
      const { nuses, hosts } = await seenWhile(f, () => answered(f, one, ["--host-network"]));
      const sent = hosts.filter(({ source }) => source === "198.18.4.1");
      assert(sent.length > 0, one.what);
      assertEquals(nuses, 0, one.what);
    }
  });
}, HERE);
