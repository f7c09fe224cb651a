/**
 * More languages, and libraries: as clients, each with what it has for it.
 *
 * @module
 */
import { type Case, type Exchange, WEB } from "../case.ts";

const REQUEST = "GET /hello HTTP/1.0\\r\\n\\r\\n";

interface Client {
  readonly name: string;
  readonly packages: string;
  readonly program: string;
  readonly file: string;
  readonly source: string;
  readonly ask: string;
  readonly prepare?: string;
}

function asksWeb({ name, packages, program, file, source, ask, prepare }: Client): Case {
  const files = { ...WEB.files, [file]: source };
  return { name, packages, program, client: { ...WEB, files, ask, prepare, askSec: 25 } };
}

const GUILE = `(use-modules (ice-9 rdelim))
(define s (socket PF_INET SOCK_STREAM 0))
(connect s AF_INET (inet-pton AF_INET "$SERVER") 8000)
(display "${REQUEST}" s)
(force-output s)
(display (read-string s))
`;

const LISP = `(require :sb-bsd-sockets)
(let* ((s (make-instance 'sb-bsd-sockets:inet-socket :type :stream :protocol :tcp)))
  (sb-bsd-sockets:socket-connect s (sb-bsd-sockets:make-inet-address "$SERVER") 8000)
  (let ((io (sb-bsd-sockets:socket-make-stream s :input t :output t)))
    (format io "GET /hello HTTP/1.0~c~c~c~c" #\\Return #\\Newline #\\Return #\\Newline)
    (finish-output io)
    (loop for l = (read-line io nil) while l do (write-line l))))
`;

const OCAML = `let () =
  let address = Unix.ADDR_INET (Unix.inet_addr_of_string "$SERVER", 8000) in
  let input, output = Unix.open_connection address in
  output_string output "${REQUEST}"; flush output;
  try while true do print_endline (input_line input) done with End_of_file -> ()
`;

const PROLOG = `:- use_module(library(socket)).
:- initialization(main).
main :- tcp_connect('$SERVER':8000, S, []), format(S, "${REQUEST}", []), flush_output(S),
  copy_stream_data(S, user_output), halt.
`;

const EMACS = `(let ((p (open-network-stream "x" "*x*" "$SERVER" 8000)))
  (process-send-string p "${REQUEST}")
  (while (eq (process-status p) 'open) (accept-process-output p 1))
  (with-current-buffer "*x*" (princ (buffer-string))))
`;

const PASCAL = `program words;
uses sockets;
var s: longint; a: TInetSockAddr; r: string; n: longint; b: array[0..999] of char;
begin
  s := fpsocket(AF_INET, SOCK_STREAM, 0);
  a.sin_family := AF_INET; a.sin_port := htons(8000); a.sin_addr := StrToNetAddr('$SERVER');
  if fpconnect(s, @a, sizeof(a)) <> 0 then begin writeln('connect: ', socketerror); halt(1) end;
  r := 'GET /hello HTTP/1.0'#13#10#13#10;
  fpsend(s, @r[1], length(r), 0);
  repeat
    n := fprecv(s, @b, sizeof(b) - 1, 0);
    if n > 0 then begin b[n] := #0; write(pchar(@b)) end;
  until n <= 0;
end.
`;

const NIM = `import httpclient
echo newHttpClient().getContent("http://$SERVER:8000/hello")
`;

const CSHARP = `class X { static void Main() {
  System.Console.Write(new System.Net.WebClient().DownloadString("http://$SERVER:8000/hello")); } }
`;

const AIOHTTP = `import aiohttp, asyncio
async def main():
    async with aiohttp.ClientSession() as s:
        async with s.get("http://$SERVER:8000/hello") as r: print(await r.text())
asyncio.run(main())
`;

const GRPC = `import sys, grpc
from concurrent import futures
class Echo(grpc.GenericRpcHandler):
    def service(self, details):
        return grpc.unary_unary_rpc_method_handler(lambda request, context: request.upper())
where = sys.argv[2] + ":5051"
if sys.argv[1] == "serve":
    server = grpc.server(futures.ThreadPoolExecutor(2))
    server.add_generic_rpc_handlers((Echo(),))
    server.add_insecure_port(where)
    server.start()
    server.wait_for_termination()
print(grpc.insecure_channel(where).unary_unary("/x/y")(b"words", timeout=8).decode())
`;

const GRPC_EXCHANGE: Exchange = {
  serve: "/usr/bin/python3 rpc.py serve $SERVER",
  port: 5051,
  ask: "/usr/bin/python3 rpc.py ask $SERVER",
  sees: "WORDS",
  files: { "rpc.py": GRPC },
};

const CLIENTS: readonly Client[] = [
  {
    name: "guile",
    packages: "guile-3.0",
    program: "guile",
    file: "words.scm",
    source: GUILE,
    ask: "env HOME=$D GUILE_AUTO_COMPILE=0 {} guile words.scm",
  },
  {
    name: "sbcl (Common Lisp)",
    packages: "sbcl",
    program: "sbcl",
    file: "words.lisp",
    source: LISP,
    ask: "sbcl --script words.lisp",
  },
  {
    name: "ocaml",
    packages: "ocaml-nox",
    program: "ocaml",
    file: "words.ml",
    source: OCAML,
    ask: "$D/words",
    prepare:
      "cd $D && ocamlfind ocamlopt -package unix -linkpkg -o words words.ml 2>/dev/null || " +
      "ocamlopt -I +unix unix.cmxa -o words words.ml",
  },
  {
    name: "swi-prolog",
    packages: "swi-prolog-core-packages swi-prolog-core",
    program: "swipl",
    file: "words.prolog",
    source: PROLOG,
    ask: "swipl -q words.prolog",
  },
  {
    name: "emacs",
    packages: "emacs-nox",
    program: "emacs",
    file: "words.el",
    source: EMACS,
    ask: "env HOME=$D {} emacs --batch -Q -l words.el",
  },
  {
    name: "Free Pascal (static, no libc)",
    packages: "fp-compiler-3.2.2",
    program: "busybox",
    file: "words.pas",
    source: PASCAL,
    ask: "$D/words",
    prepare: "cd $D && fpc words.pas > /dev/null",
  },
  {
    name: "nim",
    packages: "nim",
    program: "sh",
    file: "words.nim",
    source: NIM,
    ask: "$D/words",
    prepare: "cd $D && HOME=$D nim c --hints:off words.nim 2>/dev/null >/dev/null; test -x words",
  },
  {
    name: "mono (C#)",
    packages: "mono-runtime mono-mcs",
    program: "mono",
    file: "words.cs",
    source: CSHARP,
    ask: "mono words.exe",
    prepare: "cd $D && mcs words.cs",
  },
  {
    name: "aiohttp (Python)",
    packages: "python3-aiohttp",
    program: "/usr/bin/python3",
    file: "words.py",
    source: AIOHTTP,
    ask: "/usr/bin/python3 words.py",
  },
  {
    name: "requests (Python)",
    packages: "python3-requests",
    program: "/usr/bin/python3",
    file: "words.py",
    source: "import requests\nprint(requests.get('http://$SERVER:8000/hello', timeout=8).text)\n",
    ask: "/usr/bin/python3 words.py",
  },
];

export const MORE_LANGUAGES: readonly Case[] = [
  ...CLIENTS.map(asksWeb),
  {
    name: "gRPC (Python, C core)",
    packages: "python3-grpcio",
    program: "/usr/bin/python3",
    client: GRPC_EXCHANGE,
    server: GRPC_EXCHANGE,
  },
];
