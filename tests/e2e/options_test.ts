/**
 * What socket options do: the same program is run under nuse and without, against the same peer,
 * and its output compared.
 *
 * @module
 */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { assertSame, withProgram } from "./compiled.ts";
import { e2eWith, type Fixture, PEER, until } from "./fixture.ts";

const e2e = e2eWith("cc", "python3", "ss");

const SOURCES = ["options.c"];
const LOOPBACK = "127.0.0.1";
const PORT = "4995";

/** A peer: listens on PORT as `l`, then does what `body` says for ever. */
function peerOf(body: string): string {
  return `
import socket
l = socket.socket()
l.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
l.bind(("", ${PORT}))
l.listen(5)
while True:
    ${body.trim().replaceAll("\n", "\n    ")}
`;
}

/** Runs a case natively and under nuse against a peer; what both print has the `words`. */
async function compare(f: Fixture, name: string, peer: string, ...words: string[]): Promise<void> {
  await withProgram(SOURCES, async (options) => {
    const server = f.peer(["python3", "-c", peerOf(peer)]);
    const isThere = async () => (await f.b.run(["ss", "-ltn"])).stdout.includes(`:${PORT}`);
    await until("a listener", isThere);
    const native = [options, name, LOOPBACK, PORT];
    await assertSame(f, native, words, [options, name, PEER, PORT]);
    server.kill();
    await server.done;
  });
}

e2e("TCP_INQ: each recvmsg tells what is left, a FIN as one byte; SIOCINQ agrees", async (f) => {
  const peer = `
c = l.accept()[0]
c.send(b"0123456789")
c.close()
`;
  await compare(f, "inq", peer, "message 6 36 20: 6", "message 6 36 20: 1");
});

e2e("TCP_NOTSENT_LOWAT: not writable from half of the mark on, and again below it", async (f) => {
  const peer = `
c = l.accept()[0]
d = l.accept()[0]
while len(c.recv(1 << 20)) > 0: pass
c.send(b"all")
c.close()
d.close()
`;
  await compare(f, "notsent", peer, "half of the mark: 1", "an edge: 1", "all is there: 3");
});

e2e("SO_PEEK_OFF: where the next MSG_PEEK of a stream begins", async (f) => {
  const peer = `
c = l.accept()[0]
c.send(b"0123456789")
c.close()
`;
  await compare(f, "peek", peer, "1 2\n1 3\n1 4\n1 0\n", "offset: 4", "peek: 5");
}, ["RAW"]);

e2e("SO_RCVLOWAT: poll does not tell of less, but of the end", async (f) => {
  const peer = `
c = l.accept()[0]
c.send(b"abc")
d = l.accept()[0]
c.send(b"def")
e = l.accept()[0]
c.send(b"gh")
c.close()
`;
  await compare(f, "lowat", peer, "three: 0", "six: 1", "read: 6", "read: 2");
}, ["RAW"]);

/** What a case on the loopback must print, besides that both print the same. */
const LOCAL_CASES: readonly (readonly [name: string, words: string])[] = [
  ["gro", "datagram: 3500 \nmessage 17 104 20: 1000\n"],
  ["range", "ports in all: 80001"],
  ["meminfo", "length: 36"],
];

e2e("UDP_GRO, IP_LOCAL_PORT_RANGE, SO_MEMINFO on the loopback", async (f) => {
  await withProgram(SOURCES, async (options) => {
    for (const [name, words] of LOCAL_CASES) {
      const native = await f.b.run([options, name, LOOPBACK, PORT]);
      assertStringIncludes(native.stdout, words);
      const under = await f.nuse([options, name, PEER, PORT]).done;
      assertEquals(under.stdout, native.stdout, under.stderr);
    }
  });
}, ["RAW"]);
