/**
 * Urgent data is what it is without nuse: urgent.c runs natively, under nuse against the kernel,
 * and with both its ends under nuse. What the client prints is compared.
 *
 * @module
 */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { withProgram } from "./compiled.ts";
import { e2eWith, type Fixture, PEER } from "./fixture.ts";

const e2e = e2eWith("cc");

const LOOPBACK = "127.0.0.1";
const PORT = "4981";
/** Both ends in one shell. */
const BOTH = `"$0" ${LOOPBACK} ${PORT} & "$0" ${LOOPBACK} ${PORT} "$@"; wait`;

/** Natively, under nuse against the kernel, within nuse: the same. Returns what that is. */
async function same(f: Fixture, urgent: string, names: readonly string[]): Promise<string> {
  const native = (await f.b.run(["sh", "-c", BOTH, urgent, ...names])).stdout;
  const server = f.peer([urgent, "0.0.0.0", PORT]);
  const client = await f.nuse([urgent, PEER, PORT, ...names]).done;
  await server.done;
  assertEquals(client.stdout, native, "across the wire");
  const within = await f.nuse(["sh", "-c", BOTH, urgent, ...names]).done;
  assertEquals(within.stdout, native, "within nuse");
  return native;
}

/** `names`: of the cases, and words of each. */
function cases(title: string, names: Readonly<Record<string, string>>): void {
  e2e(title, async (f) => {
    await withProgram(["urgent.c"], async (urgent) => {
      const seen = await same(f, urgent, Object.keys(names));
      for (const words of Object.values(names)) assertStringIncludes(seen, words);
    });
  });
}

cases("urgent data: poll, select, SIOCATMARK, FIONREAD, reads up to the mark, MSG_OOB", {
  in_the_middle: "poll 0x7 select 3 11 mark 1 1 waiting 0\nurgent peek: 1 !",
  alone: "poll 0x6 select 2 01 mark 1 1 waiting 0\nurgent: 1 !",
  read_first: "urgent: 1 !\npoll 0x5 select 2 10 mark 0 0 waiting 3\nread: 3 abc",
  two: "urgent: 1 ?\npoll 0x5 select 2 10 mark 0 0 waiting 3\nread: 3 a!b",
  at_the_end: "urgent: 1 !\npoll 0x2005 select 2 10 mark 1 1 waiting 0\nread: 0 ",
  reading_shut: "read: 2 ab\nurgent: 1 !\nread: 0 ",
  behind_much: "waiting 59999\nurgent: 1 x\nread: 59999 x",
  messages: "recvmsg: 1\n! 0x1\n",
});

cases("urgent data that nobody looks out for wakes nobody, and is read past", {
  unnoticed: "poll: 0\npoll: 1\nread: 3 abc",
});

cases("SO_OOBINLINE: from the start, later, of a listener's connections", {
  in_line: "read: 4 !def",
  in_line_later: "in line: 1\npoll 0x7 select 3 11 mark 1 1 waiting 1\nurgent: -1 EINVAL",
  accepted: "urgent: -1 ENOTCONN\nconnect: 0\nsent: 4\n",
});

cases("urgent data is sent: what the peer sees of it", {
  sent: "peer l: poll 0x6 select 2 01 mark 1 1 waiting 0\npeer o: 1 !",
  sent_large: "waiting 59999\npeer r: 59999 \npeer o: 1 ",
});

cases("SIGURG comes to the descriptor's owner, named in three ways", {
  owned: "0: 1\npoll 0x6",
  interrupted: "poll 0x4 select 1 00 mark 1 1 waiting 0",
});

cases("EPOLLPRI, by level and by edge", {
  epolls: "epoll: 1 0x2\nepoll: 1 0x2\nurgent: 1 !\nepoll: 0 0",
});

cases("urgent data of a socket that is shared with a child", {
  shared: "urgent: 1 !\npoll 0x5",
});

/** Takes ftplib for a client of FTP, and says how its ABOR comes. */
const FTP_SERVER = `
import select, socket
listener = socket.create_server(("", ${PORT}))
print("ready", flush=True)
connection = listener.accept()[0]
connection.send(b"220 hello\\r\\n")
urgent = select.select([], [], [connection], 10)[2]
print("urgent", connection.recv(1, socket.MSG_OOB) if urgent else "nothing")
print(connection.recv(99), flush=True)
connection.send(b"226 aborted\\r\\n")
connection.recv(1)
`;
const FTP_CLIENT = `
import ftplib
ftp = ftplib.FTP()
ftp.connect("${PEER}", ${PORT}, timeout=10)
print(ftp.abort())
ftp.close()
`;

e2eWith("python3")("ftplib aborts a transfer by urgent data", async (f) => {
  const server = f.peer(["python3", "-c", FTP_SERVER]);
  await server.waitFor("ready");
  const client = await f.nuse(["python3", "-c", FTP_CLIENT]).done;
  assertEquals(client.stdout, "226 aborted\n", client.stderr);
  assertEquals((await server.done).stdout, "ready\nurgent b'\\n'\nb'ABOR\\r'\n");
});
