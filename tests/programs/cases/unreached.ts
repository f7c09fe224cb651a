/**
 * Programs that no preload reaches: Go's and Rust's, as clients and as servers, of datagrams and
 * raw sockets as well.
 *
 * @module
 */
import { bothWays, type Case, getHello, WEB, WEB_PORT } from "../case.ts";

const MODULES = `modules:
  ping: {prober: icmp, timeout: 3s, icmp: {preferred_ip_protocol: ip4}}
  web: {prober: http, timeout: 3s}
`;

/** Speaks by itself, statically linked: a client, and a server for one. */
const RUST = `use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
fn main() {
    let words: Vec<String> = std::env::args().collect();
    if words[1] == "ask" {
        let mut text = String::new();
        TcpStream::connect(&words[2]).unwrap().read_to_string(&mut text).unwrap();
        print!("{}", text);
    } else {
        for stream in TcpListener::bind(&words[2]).unwrap().incoming() {
            stream.unwrap().write_all(b"a word\\n").unwrap();
        }
    }
}
`;

export const UNREACHED: readonly Case[] = [
  {
    name: "Rust, static",
    packages: "rustc",
    program: "rustc",
    ...bothWays({
      prepare: "rustc -O -C target-feature=+crt-static -o $D/word $D/word.rs",
      serve: "{} $D/word serve $SERVER:4000",
      ask: "{} $D/word ask $SERVER:4000",
      sees: "a word",
      port: 4000,
      files: { "word.rs": RUST },
      limitSec: 120,
    }),
  },
  {
    name: "kcptun (Go, TCP over UDP)",
    packages: "kcptun",
    program: "kcptun-server",
    ...bothWays({
      serve: `{} sh -c 'python3 -u -m http.server ${WEB_PORT} --bind 127.0.0.1 --directory $D & ` +
        `exec kcptun-server -l $SERVER:29900 -t 127.0.0.1:${WEB_PORT} --key key'`,
      ask: "{} sh -c 'timeout 8 kcptun-client -l 127.0.0.1:8388 -r $SERVER:29900 --key key & " +
        "sleep 2; curl -sS -m 5 http://127.0.0.1:8388/hello; kill $!; wait'",
      sees: "hello from a file",
      files: { hello: "hello from a file\n" },
    }),
  },
  {
    name: "prometheus-blackbox-exporter (Go, ping)",
    packages: "prometheus-blackbox-exporter",
    program: "prometheus-blackbox-exporter",
    server: {
      serve: "prometheus-blackbox-exporter --config.file=$D/modules.yml " +
        "--web.listen-address=$SERVER:9115",
      ask: 'curl -sS -m 8 "http://$SERVER:9115/probe?module=ping&target=$CLIENT"',
      sees: "probe_success 1",
      files: { "modules.yml": MODULES },
    },
  },
  {
    name: "v2ray (Go, SOCKS)",
    packages: "v2ray",
    program: "v2ray",
    server: {
      serve: "v2ray -config=$D/v2ray.json",
      ask:
        `sh -c 'python3 -u -m http.server ${WEB_PORT} --bind $CLIENT --directory $D & sleep 1; ` +
        `curl -sS -m 5 -x socks5h://$SERVER:1080 http://$CLIENT:${WEB_PORT}/hello; kill $!'`,
      sees: "hello from a file",
      files: {
        hello: "hello from a file\n",
        "v2ray.json": '{"inbounds": [{"port": 1080, "listen": "$SERVER", "protocol": "socks"}], ' +
          '"outbounds": [{"protocol": "freedom"}]}\n',
      },
    },
  },
  {
    name: "mtail (Go)",
    packages: "mtail",
    program: "mtail",
    server: {
      serve: "mtail --progs $D --logs $D/log --port 3903 --address $SERVER",
      ask: "curl -sSf -m 8 http://$SERVER:3903/json",
      sees: "[]",
      files: { log: "a line\n" },
    },
  },
  {
    name: "syncthing (Go)",
    packages: "syncthing",
    program: "syncthing",
    server: {
      serve: "syncthing serve --no-browser --home=$D/home --gui-address=$SERVER:8384 " +
        "--no-default-folder --no-upgrade",
      ask: "curl -sS -m 8 http://$SERVER:8384/",
      sees: "Syncthing",
      limitSec: 60,
    },
  },
  {
    name: "ffuf (Go)",
    packages: "ffuf",
    program: "ffuf",
    client: {
      ...WEB,
      ask: `sh -c 'echo hello > $D/words; exec {} ffuf -s -u http://$SERVER:${WEB_PORT}/FUZZ ` +
        "-w $D/words'",
      sees: "hello",
    },
  },
  {
    name: "hugo (Go)",
    packages: "hugo",
    program: "hugo",
    server: {
      ...getHello(1313, "/hello.txt"),
      prepare: "mkdir -p $D/site/static && echo hello from a file > $D/site/static/hello.txt && " +
        "echo 'title = \"x\"' > $D/site/config.toml",
      serve: "hugo server --bind $SERVER -p 1313 -s $D/site --disableLiveReload",
    },
  },
];
