/**
 * Languages: an echo in capitals, written in each, as a server and as a client, by the means that
 * its people use.
 *
 * @module
 */
import { type Case, type Exchange } from "../case.ts";

const PORT = 7000;

interface Words {
  readonly name: string;
  readonly packages: string;
  readonly program: string;
  readonly file: string;
  /** Called with "serve" or "ask" and the address. */
  readonly source: string;
  readonly command?: string;
  readonly prepare?: string;
  readonly more?: Partial<Exchange>;
}

const PEER_SERVER = `sh -c 'while :; do echo WORDS | nc.openbsd -l -p ${PORT} -q 1; done'`;
const PEER_CLIENT = `sh -c 'echo words | nc.openbsd -q 2 -w 3 $SERVER ${PORT}'`;

function inWords({ name, packages, program, file, source, command, prepare, more }: Words): Case {
  const start = command ?? `${program} ${file}`;
  const files = { [file]: source };
  const common = { sees: "WORDS", files, prepare, ...more };
  return {
    name,
    packages,
    program,
    client: { ...common, serve: PEER_SERVER, port: PORT, ask: `${start} ask $SERVER` },
    server: { ...common, serve: `${start} serve $SERVER`, ask: PEER_CLIENT },
  };
}

const PERL = `use IO::Socket::INET;
my ($role, $host) = @ARGV;
if ($role eq "serve") {
  my $listener = IO::Socket::INET->new(LocalAddr => $host, LocalPort => ${PORT}, Listen => 5,
    ReuseAddr => 1) or die $!;
  while (my $s = $listener->accept) { print $s uc(<$s>); close $s; }
}
my $s = IO::Socket::INET->new(PeerAddr => $host, PeerPort => ${PORT}) or die $!;
print $s "words\\n";
print <$s>;
`;

const PYTHON = `import asyncio, sys
async def echo(reader, writer):
    writer.write((await reader.readline()).upper())
    await writer.drain()
    writer.close()
async def main(role, host):
    if role == "serve":
        await (await asyncio.start_server(echo, host, ${PORT})).serve_forever()
    reader, writer = await asyncio.open_connection(host, ${PORT})
    writer.write(b"words\\n")
    print((await reader.readline()).decode())
asyncio.run(main(*sys.argv[1:]))
`;

const PHP = `<?php
[, $role, $host] = $argv;
if ($role === "serve") {
  $listener = stream_socket_server("tcp://$host:${PORT}", $code, $text) or die($text);
  while (true) if ($s = @stream_socket_accept($listener)) { fwrite($s, strtoupper(fgets($s)));
    fclose($s); }
}
$s = stream_socket_client("tcp://$host:${PORT}", $code, $text, 5) or die($text);
fwrite($s, "words\\n");
echo fgets($s);
`;

const NODE = `const net = require("net");
const [role, host] = process.argv.slice(2);
if (role === "serve") {
  net.createServer((s) => s.on("error", () => {}).once("data", (d) =>
    s.end(d.toString().toUpperCase()))).listen(${PORT}, host);
} else {
  net.connect(${PORT}, host, function () { this.write("words\\n"); }).pipe(process.stdout);
}
`;

const RUBY = `require "socket"
role, host = ARGV
if role == "serve"
  listener = TCPServer.new(host, ${PORT})
  loop { Thread.new(listener.accept) { |s| s.write(s.gets.upcase); s.close } }
end
s = TCPSocket.new(host, ${PORT})
s.puts "words"
puts s.gets
`;

const LUA = `local socket = require("socket")
local role, host = arg[1], arg[2]
if role == "serve" then
  local listener = assert(socket.bind(host, ${PORT}))
  while true do
    local s = listener:accept()
    s:settimeout(5)
    s:send(string.upper(s:receive() or "") .. "\\n")
    s:close()
  end
end
local s = assert(socket.connect(host, ${PORT}))
s:send("words\\n")
print(s:receive())
`;

const TCL = `lassign $argv role host
proc echo {s peer port} { puts $s [string toupper [gets $s]]; close $s }
if {$role eq "serve"} { socket -server echo -myaddr $host ${PORT}; vwait forever }
set s [socket $host ${PORT}]
puts $s words
flush $s
puts [gets $s]
`;

const ERLANG = `main([Role, Host]) ->
  {ok, Address} = inet:parse_address(Host),
  case Role of
    "serve" ->
      {ok, L} = gen_tcp:listen(${PORT}, [{ip, Address}, {active, false}, binary,
        {packet, line}, {reuseaddr, true}]),
      loop(L);
    "ask" ->
      {ok, S} = gen_tcp:connect(Address, ${PORT}, [{active, false}, binary, {packet, line}]),
      ok = gen_tcp:send(S, "words\\n"),
      {ok, Line} = gen_tcp:recv(S, 0, 5000),
      io:put_chars(Line)
  end.
loop(L) ->
  {ok, S} = gen_tcp:accept(L),
  case gen_tcp:recv(S, 0, 5000) of
    {ok, Line} -> gen_tcp:send(S, string:uppercase(Line));
    _ -> ok
  end,
  gen_tcp:close(S),
  loop(L).
`;

const JAVA = `import java.io.*;
import java.net.*;
public class Words {
  public static void main(String[] args) throws Exception {
    InetAddress host = InetAddress.getByName(args[1]);
    if (args[0].equals("serve")) {
      ServerSocket listener = new ServerSocket(${PORT}, 5, host);
      while (true) talk(listener.accept(), null);
    }
    talk(new Socket(host, ${PORT}), "words\\n");
  }
  static void talk(Socket s, String first) throws Exception {
    if (first != null) s.getOutputStream().write(first.getBytes());
    String line = new BufferedReader(new InputStreamReader(s.getInputStream())).readLine();
    if (first != null) System.out.println(line);
    else if (line != null) s.getOutputStream().write((line.toUpperCase() + "\\n").getBytes());
    s.close();
  }
}
`;

const GO = `package main
import ("bufio"; "fmt"; "net"; "os"; "strings")
func main() {
  address := os.Args[2] + ":${PORT}"
  if os.Args[1] == "serve" {
    l, err := net.Listen("tcp", address)
    if err != nil { panic(err) }
    for {
      s, err := l.Accept()
      if err != nil { panic(err) }
      go func() {
        line, _ := bufio.NewReader(s).ReadString(10)
        fmt.Fprint(s, strings.ToUpper(line))
        s.Close()
      }()
    }
  }
  s, err := net.Dial("tcp", address)
  if err != nil { panic(err) }
  fmt.Fprint(s, "words\\n")
  line, _ := bufio.NewReader(s).ReadString(10)
  fmt.Print(line)
}
`;

const C = `#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
int main(int argc, char **argv) {
  (void)argc;
  char line[99];
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(${PORT})};
  inet_aton(argv[2], &to.sin_addr);
  int s = socket(AF_INET, SOCK_STREAM, 0), yes = 1;
  setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  if (!strcmp(argv[1], "serve")) {
    if (bind(s, (void *)&to, sizeof to) || listen(s, 5)) return perror("listen"), 1;
    for (;;) {
      int c = accept(s, 0, 0);
      ssize_t n = read(c, line, sizeof line);
      for (ssize_t i = 0; i < n; i++) line[i] = toupper(line[i]);
      if (n > 0) n = write(c, line, n);
      close(c);
    }
  }
  if (connect(s, (void *)&to, sizeof to)) return perror("connect"), 1;
  ssize_t n = write(s, "words\\n", 6);
  n = read(s, line, sizeof line - 1);
  return write(1, line, n < 0 ? 0 : n) < 0;
}
`;

export const LANGUAGES: readonly Case[] = [
  { name: "perl", packages: "perl", program: "perl", file: "words.pl", source: PERL },
  {
    name: "python3, asyncio",
    packages: "python3",
    program: "/usr/bin/python3",
    file: "words.py",
    source: PYTHON,
  },
  { name: "php", packages: "php8.2-cli", program: "php", file: "words.php", source: PHP },
  { name: "node", packages: "nodejs", program: "node", file: "words.js", source: NODE },
  { name: "ruby", packages: "ruby", program: "ruby", file: "words.rb", source: RUBY },
  { name: "lua", packages: "lua5.4 lua-socket", program: "lua5.4", file: "words.lua", source: LUA },
  { name: "tcl", packages: "tcl8.6 tcl", program: "tclsh", file: "words.tcl", source: TCL },
  {
    name: "erlang",
    packages: "erlang-base",
    program: "escript",
    file: "words.escript",
    source: `#!/usr/bin/env escript\n${ERLANG}`,
    command: "env HOME=$D {} escript words.escript",
  },
  {
    name: "java",
    packages: "openjdk-17-jdk-headless",
    program: "java",
    file: "Words.java",
    source: JAVA,
    command: "java -cp $D Words",
    prepare: "cd $D && javac Words.java",
  },
  {
    name: "go",
    packages: "golang-go",
    program: "hey",
    file: "words.go",
    source: GO,
    command: "$D/words",
    prepare: "cd $D && HOME=$D go build -o words words.go && chmod -R u+w $D",
  },
  {
    name: "C, static",
    packages: "libc6-dev gcc",
    program: "busybox",
    file: "words.c",
    source: C,
    command: "$D/words",
    prepare: "cc -static -o $D/words $D/words.c",
  },
  {
    name: "C, musl",
    packages: "musl-tools",
    program: "busybox",
    file: "words.c",
    source: C,
    command: "$D/words",
    prepare: "musl-gcc -o $D/words $D/words.c",
  },
  ...[
    ["strace", "strace -f -o $D/trace"],
    ["gdb", "gdb -q -batch -ex run -ex quit --args"],
    ["valgrind", "valgrind -q"],
    ["ltrace", "ltrace -f -o $D/trace"],
  ].map(([name, command]) => ({
    name: `${name} of a program`,
    packages: name,
    program: name,
    file: "words.c",
    source: C,
    command: `${command} $D/words`,
    prepare: "cc -g -o $D/words $D/words.c",
  })),
].map(inWords);
