/**
 * What starts other programs: with a preload of its own, in a sandbox, as a supervisor; and the
 * shells that speak to a network by themselves.
 *
 * @module
 */
import { type Case, type Exchange, WEB } from "../case.ts";

const GET = "curl -sS -m 8 http://$SERVER:8000/hello";

function around(name: string, packages: string, ask: string, more: Partial<Exchange> = {}): Case {
  return { name, packages, program: ask.split(" ")[0], client: { ...WEB, ask, ...more } };
}

const SUPERVISED = `[supervisord]
nodaemon=true
pidfile=$D/pid
logfile=/dev/null
user=root
[program:web]
command=python3 -m http.server 8000 --bind $SERVER --directory $D
user=nobody
`;

const MONIT = "set daemon 5\nset idfile $D/id\nset statefile $D/state\n" +
  "set httpd port 2812 and use address $SERVER\n  allow 0.0.0.0/0\n";

export const WRAPPERS: readonly Case[] = [
  around("stdbuf (a preload)", "coreutils curl", `stdbuf -oL ${GET}`),
  around("faketime (a preload)", "faketime curl", `faketime -f +1y ${GET}`),
  around("fakeroot (a preload)", "fakeroot curl", `fakeroot ${GET}`),
  around(
    "proxychains4 (a preload)",
    "proxychains4 microsocks curl",
    `proxychains4 -q -f $D/chain ${GET.replace("$SERVER", "127.7.7.7")}`,
    {
      serve: "sh -c 'microsocks -i $SERVER -p 1080 & " +
        "exec python3 -m http.server 8000 --bind 127.7.7.7 --directory $D'",
      files: {
        hello: "hello from a file\n",
        chain: "strict_chain\n[ProxyList]\nsocks5 $SERVER 1080\n",
      },
      prepare: "true",
    },
  ),
  around("bwrap (a sandbox)", "bubblewrap curl", `bwrap --bind / / --dev-bind /dev /dev ${GET}`),
  around("unshare --pid --mount", "util-linux curl", `unshare --pid --fork --mount ${GET}`),
  around("chroot", "coreutils curl", `chroot / ${GET}`),
  around(
    "setarch, nice, timeout, setsid",
    "util-linux curl",
    `setarch -R nice timeout 9 setsid -w ${GET}`,
  ),
  around("script (a terminal)", "bsdutils curl", `script -qec "${GET}" /dev/null`),
  around("expect (a terminal)", "expect curl", `expect -c "spawn ${GET}; expect eof"`),
  around("xargs -P", "findutils curl", `sh -c "seq 20 | {} xargs -P 5 -I x ${GET}"`, {
    sees: /^(hello from a file\n){20}/,
  }),
  around(
    "parallel (Perl)",
    "parallel curl",
    `env HOME=$D {} parallel -j 5 "${GET} && echo" ::: 1 2 3 4 5 6`,
    {
      sees: /(hello from a file\s+\d\s+){6}/,
      files: { hello: "hello from a file\n" },
    },
  ),
  {
    name: "start-stop-daemon",
    packages: "dpkg",
    program: "start-stop-daemon",
    server: {
      serve:
        "sh -c '{} sh -c \"start-stop-daemon -S -b -x /usr/bin/python3 -- -m http.server 8000 " +
        "--bind $SERVER --directory $D; sleep 60\"'",
      ask: GET,
      sees: WEB.sees,
      files: WEB.files,
    },
  },
  {
    name: "supervisord",
    packages: "supervisor",
    program: "supervisord",
    server: {
      serve: "supervisord -c $D/supervisord.conf",
      ask: GET,
      sees: WEB.sees,
      files: { ...WEB.files, "supervisord.conf": SUPERVISED },
    },
  },
  {
    name: "monit",
    packages: "monit",
    program: "monit",
    server: {
      serve: "monit -I -c $D/monitrc",
      ask: "curl -sS -m 8 http://$SERVER:2812/",
      sees: /Monit/,
      files: { monitrc: MONIT },
      prepare: "chmod 600 $D/monitrc",
    },
  },
  {
    name: "bash (/dev/tcp)",
    packages: "bash",
    program: "bash",
    client: {
      ...WEB,
      ask: `bash -c "exec 3<>/dev/tcp/$SERVER/8000; ` +
        `printf 'GET /hello HTTP/1.0\\r\\n\\r\\n' >&3; cat <&3"`,
    },
  },
  {
    name: "zsh (ztcp)",
    packages: "zsh",
    program: "zsh",
    client: {
      ...WEB,
      ask: `zsh -c 'zmodload zsh/net/tcp; ztcp '$SERVER' 8000; print -n -u $REPLY ` +
        `"GET /hello HTTP/1.0\\r\\n\\r\\n"; cat <&$REPLY'`,
    },
  },
  {
    name: "gawk (/inet)",
    packages: "gawk",
    program: "gawk",
    client: {
      ...WEB,
      ask: `gawk "BEGIN { s = \\"/inet/tcp/0/$SERVER/8000\\"; ` +
        `printf \\"GET /hello HTTP/1.0\\r\\n\\r\\n\\" |& s; ` +
        `while ((s |& getline l) > 0) print l }"`,
    },
  },
  {
    name: "apt-get",
    packages: "apt",
    program: "apt-get",
    client: {
      ...WEB,
      files: {
        "sources.list": "deb [trusted=yes] http://$SERVER:8000/ ./\n",
        Packages:
          "Package: hello-from-afar\nVersion: 1\nArchitecture: all\nMaintainer: x <x@x.test>\n" +
          "Description: x\nFilename: ./x.deb\nSize: 1\nSHA256: 00\n\n",
      },
      ask: "sh -c 'mkdir -p $D/lists/partial $D/cache; chmod -R a+rwx $D; " +
        'APT="-o Dir::Etc::SourceList=$D/sources.list -o Dir::Etc::SourceParts=/dev/null ' +
        '-o Dir::State::Lists=$D/lists -o Dir::Cache=$D/cache"; ' +
        "{} apt-get $APT update 2>&1; apt-cache $APT policy hello-from-afar'",
      sees: /Candidate: 1/,
      askSec: 30,
    },
  },
];
