/**
 * What measures and explores a network.
 *
 * @module
 */
import { bothWays, type Case, type Exchange } from "../case.ts";

/** Nobody needs to serve: the peer's stack answers by itself. */
const NOBODY = "sleep 60";

function asking(name: string, packages: string, ask: string, sees: string | RegExp): Case {
  const program = ask.split(" ")[0];
  return { name, packages, program, client: { serve: NOBODY, ask, sees } };
}

const IPERF3: Exchange = {
  serve: "iperf3 -s -B $SERVER",
  ask: "iperf3 -c $SERVER -t 1",
  sees: /\d [GMK]bits\/sec.*receiver/,
  port: 5201,
};

export const MEASURES: readonly Case[] = [
  { name: "iperf3", packages: "iperf3", program: "iperf3", isUsual: true, ...bothWays(IPERF3) },
  {
    name: "iperf3, UDP",
    packages: "iperf3",
    program: "iperf3",
    ...bothWays({ ...IPERF3, ask: "iperf3 -u -b 20M -c $SERVER -t 1" }),
  },
  {
    name: "iperf",
    packages: "iperf",
    program: "iperf",
    ...bothWays({
      serve: "iperf -s -B $SERVER",
      ask: "iperf -c $SERVER -t 1",
      sees: /bits\/sec/,
      port: 5001,
    }),
  },
  {
    name: "nuttcp",
    packages: "nuttcp",
    program: "nuttcp",
    ...bothWays({
      serve: "nuttcp -S --nofork",
      ask: "nuttcp -T 1 $SERVER",
      sees: /MB \/ +[\d.]+ sec/,
      port: 5000,
    }),
  },
  asking("ping", "iputils-ping", "ping -c 2 $SERVER", " 0% packet loss"),
  asking("fping", "fping", "fping -c 2 $SERVER", "0% loss"),
  {
    name: "hping3",
    packages: "hping3",
    program: "hping3",
    client: {
      serve: NOBODY,
      ask: "hping3 -1 -c 2 $SERVER",
      sees: " 0% packet loss",
    },
  },
  asking("traceroute", "traceroute", "traceroute -n $SERVER", / 1 +198\.18\.0\.1 .* ms/),
  asking("traceroute, TCP", "traceroute", "traceroute -n -T $SERVER", / 1 +198\.18\.0\.1 .* ms/),
  asking("traceroute, ICMP", "traceroute", "traceroute -n -I $SERVER", / 1 +198\.18\.0\.1 .* ms/),
  asking("tracepath", "iputils-tracepath", "tracepath -n $SERVER", /198\.18\.0\.1 .*reached/),
  asking("mtr", "mtr-tiny", "mtr -n -r -c 2 $SERVER", /198\.18\.0\.1 +0\.0%/),
  {
    name: "nmap -sT",
    packages: "nmap",
    program: "nmap",
    client: {
      serve: "sh -c 'while :; do nc.openbsd -l -p 4000; done'",
      port: 4000,
      ask: "nmap -n -Pn -sT -p 4000,4001 $SERVER",
      sees: /4000\/tcp +open.*\n4001\/tcp +closed/,
      askSec: 40,
    },
  },
  {
    name: "nmap -sn, -sU",
    packages: "nmap",
    program: "nmap",
    client: {
      serve: NOBODY,
      ask: "nmap -n --unprivileged -sn -PA80 $SERVER",
      sees: "1 host up",
      askSec: 40,
    },
  },
  {
    name: "nping",
    packages: "nmap",
    program: "nping",
    client: {
      serve: "sh -c 'while :; do nc.openbsd -l -p 4000; done'",
      port: 4000,
      ask: "nping --tcp-connect -p 4000 -c 1 $SERVER",
      sees: "Successful connections: 1",
    },
  },
  {
    name: "netcat-traditional",
    packages: "netcat-traditional",
    program: "nc.traditional",
    client: {
      serve: "sh -c 'while :; do echo a word | nc.traditional -l -p 4000 -q 1; done'",
      port: 4000,
      ask: "nc.traditional -w 2 $SERVER 4000",
      sees: "a word",
    },
    server: {
      serve: "nc.traditional -l -p 4000 -c 'echo a word'",
      ask: "nc.openbsd -w 2 $SERVER 4000",
      sees: "a word",
    },
  },
  {
    name: "netcat-openbsd",
    packages: "netcat-openbsd",
    program: "nc.openbsd",
    client: {
      serve: "sh -c 'while :; do echo a word | nc.openbsd -N -l 4000; done'",
      port: 4000,
      ask: "nc.openbsd -w 2 $SERVER 4000",
      sees: "a word",
    },
    server: {
      serve: "sh -c 'echo a word > word; {} nc.openbsd -N -l 4000 < word'",
      ask: "nc.openbsd -w 2 $SERVER 4000",
      sees: "a word",
    },
  },
  {
    name: "ncat",
    packages: "ncat",
    program: "ncat",
    isUsual: true,
    ...bothWays({
      serve: "ncat -4 -k -l $SERVER 4000 -c 'echo a word'",
      port: 4000,
      ask: "sh -c 'sleep 1 | ncat -w 3 $SERVER 4000'", // at its input's end it stops listening
      sees: "a word",
    }),
  },
  {
    name: "ncat --ssl",
    packages: "ncat",
    program: "ncat",
    ...bothWays({
      serve: "ncat --ssl -4 -k -l $SERVER 4000 -c 'echo a word'",
      port: 4000,
      ask: "sh -c 'sleep 1 | ncat --ssl -w 3 $SERVER 4000'",
      sees: "a word",
    }),
  },
  {
    name: "socat",
    packages: "socat",
    program: "socat",
    isUsual: true,
    ...bothWays({
      serve: "socat TCP-LISTEN:4000,bind=$SERVER,fork,reuseaddr SYSTEM:'echo a word'",
      port: 4000,
      ask: "socat -t 3 -u TCP:$SERVER:4000 STDOUT",
      sees: "a word",
    }),
  },
  {
    name: "socat, UDP",
    packages: "socat",
    program: "socat",
    ...bothWays({
      serve: "socat UDP-RECVFROM:4000,bind=$SERVER,fork EXEC:cat",
      port: 4000,
      ask: "sh -c 'echo a word | {} socat -t 2 - UDP:$SERVER:4000'",
      sees: "a word",
    }),
  },
  {
    name: "lksctp-tools",
    packages: "lksctp-tools",
    program: "sctp_test",
    client: {
      serve: NOBODY,
      ask: "sctp_test -H $CLIENT -P 4001 -h $SERVER -p 4000 -s",
      sees: /socket: .*not supported/,
    },
  },
];
