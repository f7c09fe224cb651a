import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { e2eWith, type Fixture, PEER, until } from "./fixture.ts";

const e2e = e2eWith("nc");

/** What root's file becomes when it is executed: the loader then trusts only system libraries. */
const KINDS = [
  { name: "setuid to nobody", owner: "nobody", mode: 0o4755 },
  { name: "setgid to nogroup", owner: ":nogroup", mode: 0o2755 },
  { name: "setuid to root", owner: "root", mode: 0o4755 },
];

e2e("programs that change user or group go through nuse, and leave nothing behind", async (f) => {
  const dir = await Deno.makeTempDir();
  try {
    await Deno.chmod(dir, 0o755);
    const nc = (await f.ns.run(["sh", "-c", "readlink -f $(command -v nc)"])).stdout.trim();
    for (const { name, owner, mode } of KINDS) {
      const program = `${dir}/nc`;
      await Deno.copyFile(nc, program);
      await f.ns.run(["chown", owner, program]);
      await Deno.chmod(program, mode);
      // Refused by the peer's kernel: the attempt went out over nuse's stack.
      const argv = [...f.command, "-v", program, "-v", "-w", "2", PEER, "4999"];
      const direct = await f.ns.run(["sh", "-c", 'echo $$; exec "$@"', "sh", ...argv]);
      assertStringIncludes(direct.stderr, "Connection refused", name);
      assertStringIncludes(direct.stderr, "tcp: activeOpens 1", name);
      // This run's only: others may be under way on this machine.
      const left = `ls /usr/lib/*/libnuse-${parseInt(direct.stdout)}-* 2>/dev/null`;
      assertEquals((await f.ns.run(["sh", "-c", left])).stdout, "", name);
    }
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}, ["RAW"]);

/** A shell that becomes nobody; `dir` is for everybody to read. */
async function setuidShell(f: Fixture, dir: string): Promise<string> {
  await Deno.chmod(dir, 0o755);
  await Deno.copyFile("/bin/bash", `${dir}/bash`);
  await f.ns.run(["chown", "nobody", `${dir}/bash`]);
  await Deno.chmod(`${dir}/bash`, 0o4755);
  return `${dir}/bash`;
}

/** "" when it is not there. */
const look = async (f: Fixture, path: string) =>
  (await f.ns.run(["sh", "-c", `stat -c '%a %s' ${path} 2>/dev/null`])).stdout.trim();

e2e("a setuid program makes nuse delete and serve nothing of others", async (f) => {
  const dir = await Deno.makeTempDir();
  try {
    const shell = await setuidShell(f, dir);
    const precious = `${dir}/precious`;
    await Deno.writeTextFile(precious, "");
    // It tries to change what nuse reads back or removes, and the socket that others connect to.
    const attack = `run=\${NUSE_SOCK%/*}; id -un; echo ${precious} >$run/library; ` +
      "rm -f $NUSE_SOCK; ln -s / $run/link; mv $run /tmp/stolen";
    const r = await f.nuse([shell, "-p", "-c", attack]).done;
    assertStringIncludes(r.stdout, "nobody", r.stderr);
    const refusals = r.stderr.match(/Permission denied|Is a directory/g) ?? [];
    assertEquals(refusals.length, 4, `each attempt is refused: ${r.stderr}`);
    assert((await Deno.stat(precious)).isFile);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}, ["RAW"]);

e2e("the setuid copy of the shim is the program's alone, also when nuse is killed", async (f) => {
  const dir = await Deno.makeTempDir();
  try {
    const shell = await setuidShell(f, dir);
    const script = "stat -c '%a %n' /usr/lib/*/libnuse-*.so | grep ^4; echo pid $$; exec sleep 600";
    const idle = f.nuse([shell, "-p", "-c", script]);
    await idle.waitFor("pid ");
    // The host has an empty file without rights, and others have theirs
    const path = idle.seen.match(/^4644 (\/\S+\.so)$/m)![1];
    assertEquals(await look(f, path), "0 0");
    const name = path.slice(path.lastIndexOf("/") + 1);
    const stranger = await f.ns.run([
      ...["setpriv", "--reuid=65533", "--clear-groups", "env", `LD_PRELOAD=${name}`],
      ...[shell, "-p", "-c", "cat /proc/self/maps"],
    ]);
    assertStringIncludes(stranger.stdout, "libc.so.6", stranger.stderr);
    assert(!stranger.stdout.includes("libnuse"), "preloaded into another user's setuid program");
    Deno.kill(Number(name.match(/\d+/)?.[0]), "SIGKILL");
    Deno.kill(Number(idle.seen.match(/^pid (\d+)$/m)![1])); // who becomes another is not told
    await idle.done;
    assertMatch(await look(f, path), /^(0 0)?$/);
    // The next of its kind removes what is left.
    await f.nuse([shell, "-p", "-c", "true"]).done;
    await until("no file is left", async () => await look(f, path) === "");
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}, ["RAW"]);
