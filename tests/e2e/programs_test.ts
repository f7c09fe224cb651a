/**
 * Real programs that change their user, open their sockets inside a sandbox, are handed them by
 * others, or ask for what few ask for. Each is run as its manual says; the other side runs on the
 * kernel's stack.
 *
 * The set-up does not install them, since Debian starts such servers on the machine's own network;
 * where they are there, they are tested:
 *
 *     apt-get install aria2 bind9 bind9-dnsutils iperf postgresql redis-server sudo tftp-hpa \
 *       tftpd-hpa vsftpd
 *
 * @module
 */
import { assertEquals, assertStringIncludes } from "@std/assert";
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

const ZONE = `$TTL 60
@ SOA ns.test. root.test. 1 60 60 60 60
@ NS ns
ns A ${SELF}
host A 192.0.2.7
`;

for (const user of ["root", "bind"]) {
  e2eWith("named", "dig")(`named -u ${user} answers over UDP and TCP`, async (f) => {
    await using folder = await Folder.create({ "test.zone": ZONE });
    const conf = `${folder.path}/named.conf`;
    await Deno.writeTextFile(
      conf,
      `options { directory "${folder.path}"; listen-on { ${SELF}; }; listen-on-v6 { none; };
        pid-file none; session-keyfile none; recursion no; dnssec-validation no; };
      controls {};
      zone "test" { type primary; file "test.zone"; };`,
    );
    await f.b.run(["chmod", "-R", "a+rwX", folder.path]);
    const named = f.nuse(["named", "-g", "-n", "1", "-u", user, "-c", conf], { limitSec: 40 });
    const dig = ["dig", `@${SELF}`, "host.test", "A", "+short", "+tries=1", "+time=1"];
    await untilPeerSees(f, "192.0.2.7", dig);
    await untilPeerSees(f, "192.0.2.7", [...dig, "+tcp"]);
    named.kill();
    await named.done;
  }, TAP);
}

const POSTGRES = "/usr/lib/postgresql/15/bin";

e2eWith(`${POSTGRES}/postgres`, "psql", "su")("postgres started by su", async (f) => {
  await using folder = await Folder.create();
  const data = `${folder.path}/data`;
  await f.b.run(["chown", "postgres", folder.path]);
  const su = (command: string) => ["su", "postgres", "-s", "/bin/sh", "-c", command];
  const initdb = `${POSTGRES}/initdb -N -A trust -D ${data} && ` +
    `echo 'host all all 198.18.0.0/24 trust' >> ${data}/pg_hba.conf`;
  await f.b.run(su(initdb), { limitSec: 60 });
  const settings = `-c listen_addresses=${SELF} -c unix_socket_directories=${folder.path}`;
  const server = f.nuse(su(`exec ${POSTGRES}/postgres -D ${data} ${settings}`), { limitSec: 60 });
  const ask = ["psql", "-h", SELF, "-U", "postgres", "-t", "-c", "select 6 * 7 as answer"];
  await until("an answer", async () => (await f.peer(ask).done).stdout.includes("42"), 30);
  // Ended otherwise, it leaves shared memory behind
  await f.peer(su(`${POSTGRES}/pg_ctl -D ${data} -m fast stop`)).done;
  await server.done;
}, TAP);

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

const GROUP = "239.255.7.7";

for (const source of ["", PEER]) {
  const what = source === "" ? "from anybody" : "from one source";
  e2eWith("iperf")(`iperf receives a group ${what}`, async (f) => {
    const host = source === "" ? [] : ["--ssm-host", source];
    const bind = source === "" ? GROUP : GROUP.replace("239.255", "232.1");
    const listen = ["iperf", "-s", "-u", "-B", bind, ...host, "-p", "5005", "-i", "1"];
    const server = f.nuse(listen, { limitSec: 40, env: { DEFAULTROUTE: PEER } });
    await server.waitFor("UDP buffer size");
    await f.b.run(["ip", "route", "add", "224.0.0.0/4", "dev", "nuse-tap"]);
    await f.peer(["iperf", "-c", bind, "-u", "-p", "5005", "-b", "1M", "-t", "2", "-T", "4"]).done;
    await server.waitFor("/sec");
    server.kill();
    assertStringIncludes((await server.done).stdout, "bits/sec");
  }, TAP);
}

const BECOME_NOBODY = {
  "setpriv": ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"],
  "runuser": ["runuser", "-u", "nobody", "--"],
  "su": ["su", "nobody", "-s", "/bin/sh", "-c"],
};

for (const [program, words] of Object.entries(BECOME_NOBODY)) {
  e2eWith(program, "curl", "python3")(`${words.join(" ")}: the network is there`, async (f) => {
    await withWebServer(f, async (url) => {
      const get = program === "su" ? [`curl -sS -m 8 ${url}`] : ["curl", "-sS", "-m", "8", url];
      const { stdout, stderr } = await f.nuse([...words, ...get]).done;
      assertEquals(stdout, "hello\n", stderr);
    });
  }, TAP);
}

e2eWith("sudo", "curl", "python3")("sudo: no network, and that is said", async (f) => {
  await withWebServer(f, async (url) => {
    const argv = ["sudo", "-u", "nobody", "curl", "-sS", "-m", "8", url];
    const { code, stdout, stderr } = await f.nuse(argv).done;
    assertEquals([code, stdout], [7, ""]);
    assertStringIncludes(stderr, "curl has no network");
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
