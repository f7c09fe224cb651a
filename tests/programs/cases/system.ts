/**
 * What a system starts others with, and what it watches itself with.
 *
 * @module
 */
import { bothWays, type Case } from "../case.ts";

/** What cannot be installed beside another package: in $D. */
function unpacked(name: string): string {
  return `cd $D && apt-get download -q ${name} && dpkg-deb -x ${name}_*.deb .`;
}

const A_WORD = "nc.openbsd -w 2 $SERVER 4000";

export const SYSTEM: readonly Case[] = [
  {
    name: "xinetd",
    packages: "xinetd",
    isUnpacked: true,
    program: "sh",
    server: {
      prepare: unpacked("xinetd"),
      serve: "$D/usr/sbin/xinetd -dontfork -f $D/xinetd.conf -pidfile $D/pid",
      ask: A_WORD,
      sees: "a word",
      files: {
        "xinetd.conf": `service words\n{\n  type = UNLISTED\n  socket_type = stream
  protocol = tcp\n  port = 4000\n  bind = $SERVER\n  wait = no\n  user = nobody
  server = /bin/echo\n  server_args = a word\n}\n`,
      },
    },
  },
  {
    name: "openbsd-inetd",
    packages: "openbsd-inetd",
    program: "inetd",
    server: {
      serve: "inetd -i -d $D/inetd.conf",
      ask: A_WORD,
      sees: "a word",
      files: {
        "inetd.conf": "$SERVER:4000 stream tcp nowait nobody /bin/echo echo a word\n",
      },
    },
  },
  {
    name: "systemd-socket-activate",
    packages: "systemd",
    program: "systemd-socket-activate",
    server: {
      serve: "systemd-socket-activate -a --inetd -l $SERVER:4000 echo a word",
      ask: A_WORD,
      sees: "a word",
    },
  },
  {
    name: "ucspi-tcp",
    packages: "ucspi-tcp",
    program: "tcpserver",
    server: {
      serve: "tcpserver -v -H -R -l server $SERVER 4000 echo a word",
      ask: A_WORD,
      sees: "a word",
    },
    client: {
      serve: "sh -c 'while :; do echo a word | nc.openbsd -l -p 4000 -q 1; done'",
      port: 4000,
      ask: "tcpclient -H -R -l client $SERVER 4000 sh -c 'cat <&6'",
      sees: "a word",
    },
  },
  {
    name: "busybox, dynamic",
    packages: "busybox",
    isUnpacked: true,
    program: "sh",
    client: {
      // Debian lets one of the two be installed
      prepare: unpacked("busybox"),
      serve: "sh -c 'while :; do echo a word | nc.openbsd -l -p 4000 -q 1; done'",
      port: 4000,
      ask: "$D/bin/busybox nc $SERVER 4000",
      sees: "a word",
    },
  },
  {
    name: "busybox nc, ping, traceroute",
    packages: "busybox-static",
    program: "busybox",
    client: {
      serve: "sh -c 'while :; do echo a word | nc.openbsd -l -p 4000 -q 1; done'",
      port: 4000,
      ask: "sh -c '{} busybox nc $SERVER 4000; {} busybox ping -c 1 $SERVER; " +
        "{} busybox traceroute -n $SERVER'",
      sees: /a word[^]* 0% packet loss[^]*\n 1 +198\.18\.0\.1 /,
    },
    server: {
      serve: "busybox nc -ll -p 4000 -e echo a word",
      ask: A_WORD,
      sees: "a word",
    },
  },
  {
    name: "ser2net",
    packages: "ser2net",
    program: "ser2net",
    server: {
      serve: "ser2net -n -d -c $D/ser2net.yaml -P $D/pid",
      ask: "sh -c '(echo a word; sleep 1) | nc.openbsd -q 1 -w 3 $SERVER 4000'",
      sees: "a word",
      files: {
        "ser2net.yaml": "%YAML 1.1\n---\nconnection: &c\n  accepter: tcp,$SERVER,4000\n" +
          "  connector: echo\n",
      },
    },
  },
  {
    name: "rpcbind, rpcinfo",
    packages: "rpcbind",
    program: "rpcbind",
    ...bothWays({
      serve: "rpcbind -f -h $SERVER",
      port: 111,
      ask: "rpcinfo -p $SERVER",
      sees: "portmapper",
    }),
  },
  {
    name: "prometheus-node-exporter (Go)",
    packages: "prometheus-node-exporter",
    program: "prometheus-node-exporter",
    server: {
      serve: "prometheus-node-exporter --web.listen-address=$SERVER:9100",
      ask: "curl -sS -m 8 http://$SERVER:9100/metrics",
      sees: "node_load1",
    },
  },
  {
    name: "bird (BGP)",
    packages: "bird2",
    program: "bird",
    server: {
      serve: "bird -f -c $D/one.conf -s $D/one",
      ask: "sh -c 'bird -f -c $D/two.conf -s $D/two & sleep 8; " +
        "birdc -s $D/two show protocols bgp1; kill $!'",
      sees: "Established",
      askSec: 20,
      files: {
        "one.conf": `router id 1.1.1.1;\nprotocol device {}\nprotocol bgp bgp1 { local $SERVER as 1;
  neighbor $CLIENT as 2; direct; connect delay time 1; ipv4 { import all; export all; }; }\n`,
        "two.conf": `router id 2.2.2.2;\nprotocol device {}\nprotocol bgp bgp1 { local $CLIENT as 2;
  neighbor $SERVER as 1; direct; connect delay time 1; ipv4 { import all; export all; }; }\n`,
      },
    },
  },
];
