import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { e2eWith, inBoth, until } from "./fixture.ts";

const e2e = inBoth(e2eWith("ping", "sysctl"));

e2e("ping -c 3: three replies, ping's statistics and exit status", async (f) => {
  const r = await f.nuse(["ping", "-c", "3", "-i", "0.2", f.other]).done;
  assertEquals(r.code, 0, r.stdout + r.stderr);
  assertEquals(r.stderr, "");
  const replies = new RegExp(`64 bytes from ${f.other}: icmp_seq=\\d ttl=64`, "g");
  assertEquals([...r.stdout.matchAll(replies)].length, 3, r.stdout);
  assertStringIncludes(r.stdout, "3 packets transmitted, 3 received, 0% packet loss");
});

e2e("ping of nobody: unreachable from our own address, exit status 1", async (f) => {
  const [nobody, what] = f.family === 4
    ? ["198.18.0.77", "Destination Host Unreachable"]
    : ["2001:db8:1::77", "Destination unreachable: Address unreachable"];
  const r = await f.nuse(["ping", "-c", "1", "-W", "9", nobody]).done;
  assertEquals(r.code, 1, r.stdout + r.stderr);
  assertMatch(r.stdout, new RegExp(`From ${f.self}:? icmp_seq=1 ${what}`));
});

e2e("ping of our own addresses", async (f) => {
  for (const addr of [f.family === 4 ? "127.0.0.1" : "::1", f.self]) {
    const r = await f.nuse(["ping", "-c", "2", "-i", "0.2", addr]).done;
    assertEquals(r.code, 0, r.stdout + r.stderr);
  }
});

e2e("ping of 64 KB (fragments) both ways", async (f) => {
  const out = await f.nuse(["ping", "-c", "2", "-i", "0.2", "-s", "65507", f.other]).done;
  assertEquals(out.code, 0, out.stdout + out.stderr);
  const idle = f.nuse(["sleep", "600"]);
  await until(
    "an answer",
    async () => (await f.peer(["ping", "-c", "1", "-W", "1", f.self]).done).code === 0,
  );
  const back = await f.peer(["ping", "-c", "2", "-i", "0.2", "-s", "65507", f.self]).done;
  assertEquals(back.code, 0, back.stdout + back.stderr);
  assertStringIncludes(back.stdout, `65515 bytes from ${f.self}`);
  idle.kill();
  await idle.done;
});

e2e("the peer's ping is answered once each, while any program runs", async (f) => {
  const idle = f.nuse(["sleep", "600"]);
  await until(
    "an answer",
    async () => (await f.peer(["ping", "-c", "1", "-W", "1", f.self]).done).code === 0,
  );
  const r = await f.peer(["ping", "-c", "5", "-i", "0.1", f.self]).done;
  assertEquals(r.code, 0, r.stdout + r.stderr);
  assert(!r.stdout.includes("DUP!"), r.stdout);
  idle.kill();
  await idle.done;
});

e2e("ping -I, -t and -R style options of ping do not break it; TTL exceeded is told", async (f) => {
  const r = await f.nuse(["ping", "-c", "1", "-t", "7", f.other]).done;
  assertEquals(r.code, 0, r.stdout + r.stderr);
  assertMatch(r.stdout, /1 received/);
});

e2e("a flood of 2,000 pings loses nothing", async (f) => {
  const r = await f.nuse(["ping", "-q", "-f", "-c", "2000", f.other], { limitSec: 30 }).done;
  assertEquals(r.code, 0, r.stdout + r.stderr);
  assertStringIncludes(r.stdout, "2000 received, 0% packet loss");
});
