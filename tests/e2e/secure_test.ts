import { assertEquals, assertStringIncludes } from "@std/assert";
import { e2eWith, PEER } from "./fixture.ts";

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
