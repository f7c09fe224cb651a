/**
 * A process keeps its network whoever it becomes: another user, in another root directory, without
 * its environment, before its first socket or after. What is not served is said.
 *
 * @module
 */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { e2eWith, PEER } from "./fixture.ts";

const e2e = e2eWith("nc", "python3", "setpriv", "su", "runuser");

/** Nobody listens there: that the peer's kernel refuses shows that the SYN went over the stack. */
const DIAL = `nc -v -w 2 ${PEER} 4999`;

const CHANGES: Readonly<Record<string, string>> = {
  "another user": `setpriv --reuid=65534 --clear-groups ${DIAL}`,
  "su": `su nobody -s /bin/bash -c "${DIAL}"`,
  "runuser": `runuser -u nobody -- ${DIAL}`,
  "only LD_PRELOAD left": `env -i LD_PRELOAD=$LD_PRELOAD ${DIAL}`,
  "another user, only LD_PRELOAD left":
    `setpriv --reuid=65534 --clear-groups env -i LD_PRELOAD=$LD_PRELOAD ${DIAL}`,
  "a pipe of another user": `setpriv --reuid=65534 --clear-groups sh -c "true | ${DIAL}"`,
};

e2e("another user, a cleared environment: the network stays over exec", async (f) => {
  for (const [what, script] of Object.entries(CHANGES)) {
    const r = await f.nuse(["bash", "-c", script]).done;
    assertStringIncludes(r.stderr, "Connection refused", what);
    assertEquals(r.stderr.match(/^nuse: .*$/gm), null, what);
  }
}, ["RAW"]);

/** Ends with the errno of a connect() to the peer. */
const CONNECT = `s = socket.socket(); print(s.connect_ex(("${PEER}", 4999)))`;

e2e("another root and user before the first socket, after it, and with a child", async (f) => {
  const drop = "os.chroot('/proc/self/fdinfo'); os.setgroups([]); os.setgid(65534)\n" +
    "os.setuid(65534)";
  const programs = {
    before: `import os, socket\n${drop}\n${CONNECT}`,
    after: `import os, socket\n${CONNECT}\n${drop}\n${CONNECT}`,
    shell: `import os, socket\nos.setgid(65534); os.setuid(65534)\nos.system('${DIAL}')`,
    child: `import os, socket, subprocess\nos.setgid(65534); os.setuid(65534)\n` +
      `subprocess.run(${JSON.stringify(DIAL.split(" "))})`,
  };
  const run = (program: string) => f.nuse(["python3", "-S", "-c", program]).done;
  const ECONNREFUSED = "111\n";
  const before = await run(programs.before);
  assertEquals(before.stdout, ECONNREFUSED, before.stderr);
  const after = await run(programs.after);
  assertEquals(after.stdout, ECONNREFUSED.repeat(2), after.stderr);
  assertStringIncludes((await run(programs.shell)).stderr, "Connection refused");
  assertStringIncludes((await run(programs.child)).stderr, "Connection refused");
}, ["RAW"]);

e2e("who is not served is said, once for each program, and why", async (f) => {
  const dir = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${dir}/main.c`, "int main(void) { return 0; }");
    await f.ns.run(["cc", "-static", "-o", `${dir}/static`, `${dir}/main.c`]);
    await Deno.writeTextFile(`${dir}/script`, `#!${dir}/static\n`, { mode: 0o755 });
    const script = `cd ${dir}; ./static; ./static; PATH=${dir}:$PATH static; ./script;` +
      "env -i true; env -i true; ls >/dev/null";
    const r = await f.nuse(["--host-network", "sh", "-c", script]).done;
    assertEquals(r.code, 0, r.stderr);
    const lines = r.stderr.trim().split("\n");
    for (const path of ["./static", `${dir}/static`, "./script"]) {
      const start = `nuse: ${path} uses the host's network: it is statically linked`;
      assertEquals(lines.filter((line) => line.startsWith(start)).length, 1, r.stderr);
    }
    assertMatch(
      r.stderr,
      /^nuse: \S+\/true uses the host's network: it was started without nuse's LD_PREL/m,
    );
    assertEquals(lines.length, 4, r.stderr);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}, ["RAW"]);

e2e("--host-network: a packet socket is refused in one line", async (f) => {
  const program = "import socket\ntry: socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)\n" +
    "except OSError as error: print(error.errno)";
  const r = await f.nuse(["--host-network", "python3", "-c", program]).done;
  assertEquals(r.stdout, "97\n"); // EAFNOSUPPORT
  assertMatch(r.stderr, /^nuse: \S*python3\S* is refused a packet socket: [^\n]*\n$/);
}, ["RAW"]);
