/**
 * Rights are the kernel's: what takes a privilege natively takes the same one under nuse, of the
 * process that asks, when it asks.
 *
 * @module
 */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { e2eWith, withoutNetmap } from "./fixture.ts";

/** Debian's own: what PATH has first may be root's alone. */
const PYTHON = "/usr/bin/python3";
const e2e = withoutNetmap(e2eWith(PYTHON, "setpriv", "unshare"));

/** Prints how each attempt ends, as root and as nobody, with sockets that it keeps. */
const ATTEMPTS = `
import socket as s, os
def tell(what, attempt):
    try: attempt(); print(what, "works")
    except OSError as error: print(what, error.errno)
def all(who):
    tell(who + " port 81", lambda: s.socket().bind(("0.0.0.0", 81)))
    tell(who + " udp port 67", lambda: s.socket(s.AF_INET, s.SOCK_DGRAM).bind(("0.0.0.0", 67)))
    tell(who + " port 1024", lambda: s.socket().bind(("0.0.0.0", 1024)))
    tell(who + " raw", lambda: s.socket(s.AF_INET, s.SOCK_RAW, 1))
    tell(who + " mark", lambda: s.socket().setsockopt(s.SOL_SOCKET, s.SO_MARK, 7))
    tell(who + " priority", lambda: s.socket().setsockopt(s.SOL_SOCKET, s.SO_PRIORITY, 7))
    tell(who + " rcvbufforce", lambda: s.socket().setsockopt(s.SOL_SOCKET, 33, 100000))
kept = s.socket()
kept.bind(("0.0.0.0", 80))
all("root")
os.setgroups([]); os.setgid(65534); os.setuid(65534)
all("nobody")
tell("nobody listens on what it kept", lambda: kept.listen(5))
`;

e2e("ports, raw sockets, options: root and nobody may what they may natively", async (f) => {
  const argv = [PYTHON, "-c", ATTEMPTS];
  const native = await f.ns.run(argv);
  const under = await f.nuse(argv).done;
  assertStringIncludes(native.stdout, "root raw works\n");
  assertStringIncludes(native.stdout, "nobody raw 1\n");
  assertEquals(under.stdout, native.stdout, under.stderr);
});

e2e("one capability gives what it gives natively, and no more", async (f) => {
  const only = (caps: string) => [
    ...["setpriv", "--reuid=65534", "--clear-groups", `--inh-caps=+${caps}`],
    ...[`--ambient-caps=+${caps}`, PYTHON, "-c"],
  ];
  const attempts = ATTEMPTS.slice(0, ATTEMPTS.indexOf("kept =")) + 'all("one")\n';
  for (const caps of ["net_bind_service", "net_raw"]) {
    const argv = [...only(caps), attempts];
    const native = await f.ns.run(argv);
    const under = await f.nuse(argv).done;
    assertStringIncludes(native.stdout, "works");
    assertEquals(under.stdout, native.stdout, caps + under.stderr);
  }
}, ["RAW"]);

e2e("who is root only in namespaces of his own is nobody here", async (f) => {
  const attempts = ATTEMPTS.slice(0, ATTEMPTS.indexOf("kept =")) + 'all("own")\n';
  const become = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "unshare", "-Ur"];
  for (const more of [[], ["-n"]]) {
    const r = await f.nuse([...become, ...more, PYTHON, "-c", attempts]).done;
    assertStringIncludes(r.stdout, "own port 81 13\n", r.stderr);
    assertStringIncludes(r.stdout, "own raw 1\n");
    assertStringIncludes(r.stdout, "own port 1024 works\n");
  }
}, ["RAW"]);
