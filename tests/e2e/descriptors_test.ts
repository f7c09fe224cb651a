import { assert, assertEquals, assertMatch } from "@std/assert";
import { e2e } from "./fixture.ts";

/** A connection to itself; then sockets until there are no more, one less, and one again. */
const PROGRAM = `use Socket; use Errno;
my $here = pack_sockaddr_in(7000, inet_aton("127.0.0.1"));
sub tcp { socket(my $s, PF_INET, SOCK_STREAM, 0) or return; $s }
my $listener = tcp(); bind($listener, $here) && listen($listener, 200) or die "listen: $!";
my $client = tcp(); connect($client, $here) or die "connect: $!";
accept(my $server, $listener) or die "accept: $!";
syswrite($client, "hello"); sysread($server, my $got, 5); print "$got\\n";
my @sockets;
while (@sockets < 1000) {
  my $s = tcp() or last;
  bind($s, pack_sockaddr_in(0, INADDR_ANY)) or last;
  push @sockets, $s;
}
my $why = $!{ENFILE} ? "ENFILE" : $!{EMFILE} ? "EMFILE" : "$!";
print scalar(@sockets) > 50 ? "many" : "few", " then $why\\n";
shift @sockets for 1 .. 2;
for (1 .. 100) { my $s = tcp(); last if $isAgain = bind($s, pack_sockaddr_in(0, INADDR_ANY)) }
print $isAgain ? "room again\\n" : "no room: $!\\n";`;

/** `argv` with `limit` descriptors at most, for itself and for what it starts. */
function limited(limit: number, argv: string[]): string[] {
  return ["sh", "-c", `ulimit -n ${limit}; exec "$@"`, "sh", ...argv];
}

e2e("with few descriptors nuse serves as many sockets as it can, and says when", async (f) => {
  const argv = limited(256, [...f.command, "perl", "-e", PROGRAM]);
  const r = await f.ns.run(argv);
  assertEquals([r.code, r.stderr], [0, ""]);
  assertMatch(r.stdout, /^hello\nmany then E[NM]FILE\nroom again\n$/);
}, ["RAW"]);

e2e("with too few descriptors nuse does not start, and says how many it takes", async (f) => {
  const r = await f.ns.run(limited(90, [...f.command, "true"]));
  assertEquals(r.code, 2, r.stderr);
  assertEquals(r.stderr.trim().split("\n").length, 1, r.stderr);
  const least = Number(/ulimit -n (\d+)/.exec(r.stderr)?.[1]);
  assert(least > 90 && least < 256, r.stderr);
  assertEquals((await f.ns.run(limited(least + 10, [...f.command, "true"]))).code, 0);
}, ["RAW"]);

/** Opens what it can get, tells what stopped it, and keeps it until its input ends. */
const GREEDY = `use Socket; use Errno; $| = 1;
while (@s < 1000) {
  socket(my $s, PF_INET, SOCK_STREAM, 0) or last;
  bind($s, pack_sockaddr_in(0, INADDR_ANY)) or last;
  push @s, $s;
}
my $why = $!{EMFILE} ? "share" : "other: $!"; print "$why\\n"; <STDIN>;`;

/** A connection to itself. */
const HONEST = `use Socket; my $here = pack_sockaddr_in(7000, inet_aton("127.0.0.1"));
sub tcp { socket(my $s, PF_INET, SOCK_STREAM, 0) or die "socket: $!"; $s }
my $listener = tcp(); bind($listener, $here) && listen($listener, 5) or die "listen: $!";
my $client = tcp(); connect($client, $here) or die "connect: $!";
accept(my $server, $listener) or die "accept: $!";
syswrite($client, "hello"); sysread($server, my $got, 5); print "$got\\n";`;

e2e("a greedy program gets its share; an honest one beside it gets what it needs", async (f) => {
  // The first waits for its input, a pipe that the shell holds open until the honest one is done.
  const script = 'mkfifo "$T/in" "$T/out"; perl -e "$GREEDY" <"$T/in" >"$T/out" & ' +
    'exec 8>"$T/in" 9<"$T/out"; read -r why <&9; echo "$why"; perl -e "$HONEST"; exec 8>&-; wait';
  const dir = await Deno.makeTempDir({ prefix: "nuse-greedy-" });
  try {
    const env = { T: dir, GREEDY, HONEST };
    const argv = limited(256, [...f.command, "bash", "-c", script]);
    const r = await f.ns.run(argv, { env });
    assertEquals([r.code, r.stdout, r.stderr], [0, "share\nhello\n", ""]);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}, ["RAW"]);
