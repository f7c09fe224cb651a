/**
 * A program that does not read holds its peer back: what the peer gets rid of is bounded by
 * SO_RCVBUF, and about what it is with the kernel's own stack.
 *
 * @module
 */
import { assert } from "@std/assert";
import type { Running } from "../lab/netns.ts";
import { e2eWith, PEER, SELF, withoutNetmap } from "./fixture.ts";

const e2e = withoutNetmap(e2eWith("python3"));
const PORT = 4010;
/** How far nuse may be from the kernel, which itself is not the same every time. */
const FACTOR_MAX = 2.5;

/** Accepts, and reads nothing. */
const SERVER = `
import signal, socket, sys
s = socket.socket()
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
size = int(sys.argv[1])
if size: s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, size)
s.bind(("", ${PORT}))
s.listen()
c, _ = s.accept()
signal.pause()
`;

/** Writes until nothing moves any more; prints how much the other side has acknowledged. */
const CLIENT = `
import fcntl, socket, struct, sys, termios, time
while True:
    try:
        s = socket.create_connection((sys.argv[1], ${PORT}))
        break
    except OSError:
        time.sleep(0.1)
s.setblocking(False)
sent, idle, before = 0, 0, -1
while idle < 30:
    try:
        while True: sent += s.send(b"x" * 65536)
    except BlockingIOError:
        time.sleep(0.05)
    unacked = struct.unpack("i", fcntl.ioctl(s, termios.TIOCOUTQ, bytes(4)))[0]
    taken = sent - unacked
    idle = idle + 1 if taken == before else 0
    before = taken
print(taken)
`;

type Start = (argv: string[]) => Running;

/** Bytes that a server with SO_RCVBUF `size` (0: the default) takes without reading them. */
async function takenBytes(server: Start, client: Start, addr: string, size: number) {
  const reader = server(["python3", "-c", SERVER, `${size}`]);
  try {
    const { stdout, stderr, code } = await client(["python3", "-c", CLIENT, addr]).done;
    assert(code === 0, stderr);
    return Number(stdout);
  } finally {
    reader.kill();
    await reader.done;
  }
}

for (const size of [4096, 65_536, 0]) {
  const what = size === 0 ? "the default SO_RCVBUF" : `SO_RCVBUF ${size}`;
  e2e(`what is taken unread with ${what} is what the kernel takes`, async (f) => {
    const peer: Start = (argv) => f.peer(argv);
    const nuse = await takenBytes((argv) => f.nuse(argv), peer, SELF, size);
    const native = await takenBytes(peer, peer, f.vif === "RAW" ? PEER : "127.0.0.1", size);
    const told = `${nuse} bytes with nuse, ${native} natively`;
    assert(nuse <= FACTOR_MAX * native && nuse >= native / FACTOR_MAX, told);
  });
}

/** Writes without waiting, with SO_SNDBUF as given, until nothing is taken any more; how much. */
const WRITER = `
import socket, struct, sys, time
while True:
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, int(sys.argv[2]))
    try:
        s.connect((sys.argv[1], ${PORT}))
        break
    except OSError:
        time.sleep(0.1)
s.setblocking(False)
sent, idle = 0, 0
while idle < 20:
    try:
        while True:
            sent += s.send(b"x" * 65536)
            idle = 0
    except BlockingIOError:
        idle += 1
        time.sleep(0.02)
print(sent)
# Else nuse stays until the reader has all that was sent
s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
`;
/** What a segment on its way, and the smallest pair, may add. */
const SLACK_BYTES = 65_536;

for (const size of [8192, 65_536]) {
  e2e(
    `SO_SNDBUF ${size} bounds what a program may write to a peer that does not read`,
    async (f) => {
      const written = async (writer: Start, reader: Start, addr: string) => {
        const server = reader(["python3", "-c", SERVER, "4096"]);
        try {
          const { stdout, stderr, code } = await writer(["python3", "-c", WRITER, addr, `${size}`])
            .done;
          assert(code === 0, stderr);
          return Number(stdout);
        } finally {
          server.kill();
          await server.done;
        }
      };
      const peer: Start = (argv) => f.peer(argv);
      const native = await written(peer, peer, f.vif === "RAW" ? PEER : "127.0.0.1");
      const nuse = await written((argv) => f.nuse(argv), peer, PEER);
      const told = `${nuse} bytes with nuse, ${native} natively`;
      assert(nuse <= FACTOR_MAX * native + SLACK_BYTES && nuse >= native / FACTOR_MAX, told);
    },
  );
}
