/**
 * Programs that open sockets inside their seccomp sandbox: vsftpd as it comes. (It is not installed
 * for the test: its package starts a server.)
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { e2eWith, type Fixture, SELF, until } from "./fixture.ts";

const e2e = e2eWith("vsftpd", "curl");

const TEXT = "from a sandbox\n";

function configuration(dir: string): string {
  return `listen=YES
listen_ipv6=NO
background=NO
anonymous_enable=YES
no_anon_password=YES
anon_root=${dir}/files
secure_chroot_dir=${dir}/empty
connect_from_port_20=YES
`;
}

async function isUp(f: Fixture): Promise<boolean> {
  const dial = await f.b.run(["timeout", "1", "bash", "-c", `exec 3<>/dev/tcp/${SELF}/21`]);
  return dial.code === 0;
}

e2e("vsftpd in its sandbox: files by passive and by active connections", async (f) => {
  const dir = await Deno.makeTempDir();
  try {
    await Deno.chmod(dir, 0o755);
    for (const name of ["files", "empty"]) await Deno.mkdir(`${dir}/${name}`);
    await Deno.writeTextFile(`${dir}/files/hello`, TEXT);
    await Deno.writeTextFile(`${dir}/vsftpd.conf`, configuration(dir));
    const server = f.nuse(["vsftpd", `${dir}/vsftpd.conf`]);
    await until("the server", () => isUp(f));
    for (const mode of [["--disable-epsv"], ["-P", "-"]]) {
      const got = await f.b.run(["curl", "-sS", "-m", "20", ...mode, `ftp://${SELF}/hello`]);
      assertEquals([got.stdout, got.stderr], [TEXT, ""], mode.join(" "));
    }
    server.kill();
    await server.done;
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}, ["RAW"]);
