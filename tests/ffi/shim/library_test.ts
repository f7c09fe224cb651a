/** @module */
import { assert, assertEquals } from "@std/assert";
import { findNative } from "../../../ffi/build_native.ts";
import { SHIM_LIBRARY } from "../../../ffi/shim/library.ts";

const FOLDER = `${import.meta.dirname}/../../../ffi/shim`;
const CFLAGS = "-std=c11 -D_GNU_SOURCE -O2 -fPIC -shared -fvisibility=hidden " +
  "-Wall -Wextra -Werror -fsyntax-only";

/** Every name that the shim takes over, and nothing else. */
const EXPORTED = `
__close __connect __dup2 __fcntl __poll_chk __ppoll_chk __read __read_chk __recv_chk __recvfrom_chk
__send __write accept accept4 bind close close_range closefrom connect dup dup2 dup3 epoll_ctl
epoll_pwait epoll_pwait2 epoll_wait execl execle execlp execv execve execvp execvpe fclose fcntl
fcntl64 fexecve fopen fopen64 freeifaddrs getaddrinfo getifaddrs getpeername getsockname getsockopt
if_freenameindex if_indextoname if_nameindex if_nametoindex ioctl kill listen open open64 openat
openat64 poll popen posix_spawn posix_spawnp ppoll prctl pselect read readv recv recvfrom recvmmsg
recvmsg select send sendfile sendfile64 sendmmsg sendmsg sendto setsockopt shutdown sockatmark
socket socketpair splice syscall system wait wait3 wait4 waitid waitpid write writev
`.trim().split(/\s+/);

async function run(command: string, args: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(command, {
    args,
    signal: AbortSignal.timeout(60_000),
  }).output();
  assert(success, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}

function isThere(command: string): boolean {
  try {
    return new Deno.Command(command, { args: ["--version"], stdout: "null" }).outputSync().success;
  } catch {
    return false;
  }
}

/** What each folder of the shim may include from others. */
const MAY_INCLUDE: Record<string, string[]> = {
  core: [],
  stream: ["core"],
  datagram: ["core"],
  interfaces: ["core"],
  calls: ["core", "stream", "datagram", "interfaces"],
};

/** C sources and headers in its folders, sorted. */
function filesOfShim(): string[] {
  return Object.keys(MAY_INCLUDE).flatMap((folder) =>
    [...Deno.readDirSync(`${FOLDER}/${folder}`)].map((entry) => `${folder}/${entry.name}`)
  ).sort();
}

Deno.test("the shim is made of every source in its folder", () => {
  const listed = SHIM_LIBRARY.sources.map((path) => path.split("/").slice(-2).join("/"));
  assertEquals(listed, filesOfShim().filter((path) => path.endsWith(".c")));
});

Deno.test("the shim's folders include each other in one direction only", () => {
  const wrong = filesOfShim().flatMap((path) => {
    const folder = path.split("/")[0];
    const text = Deno.readTextFileSync(`${FOLDER}/${path}`);
    return [...text.matchAll(/^#include "\.\.\/(\w+)\/.*"/gm)].map(([, to]) => to)
      .filter((to) => !MAY_INCLUDE[folder].includes(to)).map((to) => `${path} → ${to}`);
  });
  assertEquals(wrong, []);
});

const COMPILERS = ["gcc", "clang"];

for (const compiler of COMPILERS) {
  const ignore = !isThere(compiler);
  const name = `the shim compiles without a warning by ${compiler}`;
  Deno.test({ name: ignore ? `${name} (left out: not installed)` : name, ignore }, async () => {
    await run(compiler, [...CFLAGS.split(" "), ...SHIM_LIBRARY.sources]);
  });
}

Deno.test("there is a compiler for the tests above", () => {
  assert(COMPILERS.some(isThere), `none of ${COMPILERS.join(", ")}`);
});

Deno.test("the shim exports what it takes over and nothing else", async () => {
  const library = findNative(SHIM_LIBRARY.name, SHIM_LIBRARY.sources);
  const table = await run("nm", ["-D", "--defined-only", library]);
  const names = table.trim().split("\n").map((line) => line.split(" ").pop()!);
  assertEquals(names.toSorted(), EXPORTED.toSorted());
});
