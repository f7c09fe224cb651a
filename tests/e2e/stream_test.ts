import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { e2eWith, inBoth, until } from "./fixture.ts";

const e2e = inBoth(e2eWith("nc", "ss", "python3"));

const MEGABYTES = 64;

async function sha256(f: { run(argv: string[]): Promise<{ stdout: string }> }, path: string) {
  return (await f.run(["sha256sum", path])).stdout.split(" ")[0];
}

e2e("a file goes out and comes in unharmed", async (f) => {
  const dir = await Deno.makeTempDir();
  try {
    await f.b.run(["dd", "if=/dev/urandom", `of=${dir}/file`, "bs=1M", `count=${MEGABYTES}`]);
    const wanted = await sha256(f.b, `${dir}/file`);
    const sink = f.peer(["sh", "-c", `nc -${f.family} -l -p 4000 > ${dir}/out`]);
    await until("a listener", async () => (await f.b.run(["ss", "-ltn"])).stdout.includes(":4000"));
    const out = await f.nuse(["sh", "-c", `nc -N ${f.other} 4000 < ${dir}/file`]).done;
    assertEquals(out.code, 0, out.stderr);
    await sink.done;
    assertEquals(await sha256(f.b, `${dir}/out`), wanted);

    const source = f.peer(["sh", "-c", `nc -${f.family} -N -l -p 4001 < ${dir}/file`]);
    await until("a listener", async () => (await f.b.run(["ss", "-ltn"])).stdout.includes(":4001"));
    const back = await f.nuse(["sh", "-c", `nc -d ${f.other} 4001 > ${dir}/in`]).done;
    assertEquals(back.code, 0, back.stderr);
    await source.done;
    assertEquals(await sha256(f.b, `${dir}/in`), wanted);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

e2e("what was written before the program ended is delivered after it", async (f) => {
  for (let i = 0; i < 3; i++) {
    const sink = f.peer(["nc", `-${f.family}`, "-l", "-p", "4002"]);
    await until("a listener", async () => (await f.b.run(["ss", "-ltn"])).stdout.includes(":4002"));
    const r = await f.nuse(["sh", "-c", `echo data | nc -N ${f.other} 4002`]).done;
    assertEquals(r.code, 0, r.stderr);
    assertEquals((await sink.done).stdout, "data\n");
  }
});

e2e("connection refused is told at once", async (f) => {
  const r = await f.nuse(["nc", "-v", "-w", "5", f.other, "4999"]).done;
  assertEquals(r.code, 1);
  assertStringIncludes(r.stderr, "Connection refused");
});

e2e("a listener under nuse serves the peer; a closed port refuses it", async (f) => {
  const server = f.nuse(["nc", `-${f.family}`, "-l", "-p", "4003"]);
  await until("a connection", async () => {
    const r = await f.peer(["sh", "-c", `echo hello | nc -N -w 2 ${f.self} 4003`]).done;
    return r.code === 0;
  });
  assertEquals((await server.done).stdout, "hello\n");
  const idle = f.nuse(["sleep", "600"]);
  await until(
    "the address",
    async () => (await f.peer(["ping", "-c", "1", "-W", "1", f.self]).done).code === 0,
  );
  const refused = await f.peer(["nc", "-v", "-w", "2", f.self, "4004"]).done;
  assertStringIncludes(refused.stderr, "refused");
  idle.kill();
  await idle.done;
});

e2e("two programs under one nuse talk over its loopback", async (f) => {
  const lo = f.family === 4 ? "127.0.0.1" : "::1";
  const r = await f.nuse([
    "sh",
    "-c",
    `nc -l ${lo} 4005 & until echo inside | nc -N ${lo} 4005; do sleep 0.1; done; wait`,
  ]).done;
  assertEquals(r.code, 0, r.stderr);
  assertEquals(r.stdout, "inside\n");
});

e2e("UDP both ways, and ECONNREFUSED from a closed port", async (f) => {
  const echo = f.peer(["sh", "-c", `echo pong | nc -${f.family} -u -l -p 4006 -w 2`], {
    limitSec: 8,
  });
  await until("a socket", async () => (await f.b.run(["ss", "-lun"])).stdout.includes(":4006"));
  const r = await f.nuse(["sh", "-c", `echo ping | nc -u -w 1 ${f.other} 4006`]).done;
  assertStringIncludes(r.stdout, "pong");
  assertStringIncludes((await echo.done).stdout, "ping");
  const script = [
    "import socket,sys",
    `s=socket.socket(socket.AF_INET${f.family === 4 ? "" : "6"},socket.SOCK_DGRAM);s.settimeout(3)`,
    `s.connect(("${f.other}",4998));s.send(b"x")`,
    "try: s.recv(10)",
    "except ConnectionRefusedError: print('refused')",
  ].join("\n");
  const refused = await f.nuse(["python3", "-c", script]).done;
  assert(refused.stdout.includes("refused"), refused.stdout + refused.stderr);
});
