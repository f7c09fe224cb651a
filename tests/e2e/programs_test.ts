/**
 * Real programs that open their sockets inside a sandbox, change their user, are handed sockets by
 * others, or look closely at an address. Each is run as its manual says; the other side runs on the
 * kernel's stack.
 *
 * The set-up does not install them, since Debian starts such servers on the machine's own network;
 * where they are there, they are tested:
 *
 *     apt-get install aria2 redis-server tftp-hpa tftpd-hpa vsftpd
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { e2eWith, type Fixture, PEER, SELF, until } from "./fixture.ts";

/** One way to the wire is enough: what is tested is the program's side. */
const TAP = ["TAP"] as const;

/** A folder for one test that every user can read. */
class Folder {
  private constructor(readonly path: string) {}

  static async create(files: Record<string, string> = {}): Promise<Folder> {
    const path = await Deno.makeTempDir({ prefix: "nuse-program-" });
    await Deno.chmod(path, 0o755);
    for (const [name, text] of Object.entries(files)) {
      await Deno.writeTextFile(`${path}/${name}`, text);
    }
    return new Folder(path);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Deno.remove(this.path, { recursive: true });
  }
}

/** Runs `argv` on the peer until it prints `wanted`. */
async function untilPeerSees(f: Fixture, wanted: string, argv: string[]): Promise<void> {
  await until(`${argv[0]}: ${wanted}`, async () => {
    const { stdout, stderr } = await f.peer(argv).done;
    return `${stdout}${stderr}`.includes(wanted);
  });
}

/** An HTTP server on the peer whose file `hello` says hello. */
async function withWebServer(f: Fixture, use: (url: string) => Promise<void>): Promise<void> {
  await using folder = await Folder.create({ hello: "hello\n" });
  const serve = ["python3", "-u", "-m", "http.server", "8000", "--directory", folder.path];
  const server = f.peer(serve, { limitSec: 40 });
  await server.waitFor("Serving");
  await use(`http://${PEER}:8000/hello`);
  server.kill();
  await server.done;
}

const FTP_MODES = { passive: [], active: ["--ftp-port", "-"] };

for (const [mode, options] of Object.entries(FTP_MODES)) {
  e2eWith("vsftpd", "curl")(`vsftpd in its sandbox, ${mode}`, async (f) => {
    await using folder = await Folder.create({ hello: "hello from a sandbox\n" });
    await using etc = await Folder.create({
      conf: `listen=YES
background=NO
anonymous_enable=YES
anon_root=${folder.path}
secure_chroot_dir=${folder.path}
no_anon_password=YES
`,
    });
    const server = f.nuse(["vsftpd", `${etc.path}/conf`], { limitSec: 40 });
    const get = ["curl", "-sS", "-m", "8", ...options, `ftp://${SELF}/hello`];
    await untilPeerSees(f, "hello from a sandbox", get);
    server.kill();
    await server.done;
  }, TAP);
}

e2eWith("tftp", "in.tftpd")("tftp fetches from the peer's in.tftpd", async (f) => {
  await using folder = await Folder.create({ hello: "hello by TFTP\n" });
  const server = f.peer(["in.tftpd", "-L", "-s", folder.path], { limitSec: 40 });
  const out = `${folder.path}/got`;
  await until("a file", async () => {
    await f.nuse(["tftp", PEER, "-c", "get", "hello", out]).done;
    return await Deno.readTextFile(out).catch(() => "") === "hello by TFTP\n";
  }, 20);
  server.kill();
  await server.done;
}, TAP);

e2eWith("tftp", "in.tftpd")("in.tftpd, which becomes nobody, serves the peer", async (f) => {
  await using folder = await Folder.create({ hello: "hello by TFTP\n" });
  const server = f.nuse(["in.tftpd", "-L", "-s", folder.path], { limitSec: 40 });
  const out = `${folder.path}/got`;
  await until("a file", async () => {
    await f.peer(["timeout", "3", "tftp", SELF, "-c", "get", "hello", out]).done;
    return await Deno.readTextFile(out).catch(() => "") === "hello by TFTP\n";
  }, 20);
  server.kill();
  await server.done;
}, TAP);

e2eWith("aria2c", "python3")("aria2c fetches a file", async (f) => {
  await using folder = await Folder.create();
  await withWebServer(f, async (url) => {
    const options = ["-q", "--no-conf", "-d", folder.path, "-o", "got"];
    const { code, stdout, stderr } = await f.nuse(["aria2c", ...options, url]).done;
    assertEquals(code, 0, stdout + stderr);
    assertEquals(await Deno.readTextFile(`${folder.path}/got`), "hello\n");
  });
}, TAP);

const ACTIVATE = "systemd-socket-activate";

e2eWith(ACTIVATE, "nc")(`${ACTIVATE} hands a listener and a connection over`, async (f) => {
  const serve = [ACTIVATE, "-a", "--inetd", "-l", `${SELF}:5006`, "cat"];
  const server = f.nuse(serve, { limitSec: 40 });
  const ask = `echo handed over | nc -N -w 3 ${SELF} 5006`;
  await untilPeerSees(f, "handed over", ["sh", "-c", ask]);
  server.kill();
  await server.done;
}, TAP);

for (const isProtected of [true, false]) {
  const what = isProtected ? "protected tells a stranger why it refuses" : "open answers";
  e2eWith("redis-server", "nc")(`redis ${what}`, async (f) => {
    await using folder = await Folder.create();
    const mode = isProtected ? "yes" : "no";
    const server = f.nuse([
      "redis-server",
      ...["--bind", SELF, "--protected-mode", mode, "--dir", folder.path, "--save", ""],
    ], { limitSec: 40 });
    const ask = ["sh", "-c", `printf 'PING\\r\\n' | nc -w 3 ${SELF} 6379`];
    await untilPeerSees(f, isProtected ? "-DENIED Redis is running" : "+PONG", ask);
    server.kill();
    await server.done;
  }, TAP);
}
