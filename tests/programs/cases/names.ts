/**
 * The domain name system, time.
 *
 * @module
 */
import { type Case, type Exchange } from "../case.ts";

const ZONE = `$TTL 60
@ SOA ns.test. root.test. 1 60 60 60 60
@ NS ns
ns A $SERVER
host A 192.0.2.7
`;

const DNSMASQ = "dnsmasq -k -C /dev/null --port=53 --listen-address=$SERVER --bind-interfaces " +
  "--no-resolv --no-hosts --host-record=host.test,192.0.2.7 --pid-file=$D/pid -u root";

const ANSWER = "192.0.2.7";
const DIG = "dig @$SERVER host.test A +short +tries=1 +time=2";
/** Over UDP and over TCP. */
const DIG_TWICE = `sh -c '${DIG} && ${DIG} +tcp'`;
const TWO_ANSWERS = /192\.0\.2\.7\n192\.0\.2\.7/;

function resolver(name: string, packages: string, ask: string): Case {
  const exchange: Exchange = { serve: DNSMASQ, port: 53, ask, sees: ANSWER };
  return {
    name,
    packages: `${packages} dnsmasq-base`,
    program: ask.split(" ")[0],
    client: exchange,
  };
}

function server(
  name: string,
  packages: string,
  serve: string,
  files: Readonly<Record<string, string>>,
): Case {
  return {
    name,
    packages: `${packages} bind9-dnsutils`,
    program: serve.split(" ")[0],
    server: { serve, ask: DIG_TWICE, sees: TWO_ANSWERS, files, prepare: "chmod -R a+rwX $D" },
  };
}

const NAMED = `options { directory "$D"; listen-on { $SERVER; }; listen-on-v6 { none; };
  pid-file none; session-keyfile none; recursion no; dnssec-validation no; };
controls {};
zone "test" { type primary; file "test.zone"; };
`;

const UNBOUND = `server:
  interface: $SERVER
  access-control: 198.18.0.0/24 allow
  directory: "$D"
  chroot: ""
  username: ""
  pidfile: "$D/pid"
  do-ip6: no
  use-syslog: no
  local-zone: "test." static
  local-data: "host.test. A 192.0.2.7"
remote-control:
  control-enable: no
`;

const NSD = `server:
  ip-address: $SERVER
  zonesdir: "$D"
  database: ""
  pidfile: "$D/pid"
  xfrdfile: "$D/xfrd"
  xfrdir: "$D"
  zonelistfile: "$D/list"
  username: nsd
remote-control:
  control-enable: no
zone:
  name: test
  zonefile: test.zone
`;

const CHRONY_SERVER = "local stratum 2\nallow 198.18.0.0/24\nbindaddress $SERVER\ncmdport 0\n" +
  "driftfile $D/drift\npidfile $D/server.pid\nbindcmdaddress $D/socket\n";

export const NAMES: readonly Case[] = [
  server("bind9 (named)", "bind9", "named -g -n 2 -u bind -c $D/named.conf", {
    "named.conf": NAMED,
    "test.zone": ZONE,
  }),
  { ...server("dnsmasq", "dnsmasq-base", DNSMASQ, {}), isUsual: true },
  server("unbound", "unbound", "unbound -d -p -c $D/unbound.conf", { "unbound.conf": UNBOUND }),
  server("nsd", "nsd", "nsd -d -c $D/nsd.conf", { "nsd.conf": NSD, "test.zone": ZONE }),
  resolver("dig", "bind9-dnsutils", DIG),
  resolver("nslookup", "bind9-dnsutils", "nslookup host.test $SERVER"),
  resolver("host", "bind9-host", "host host.test $SERVER"),
  resolver("kdig", "knot-dnsutils", "kdig @$SERVER host.test +short"),
  resolver("drill", "ldnsutils", "drill host.test @$SERVER"),
  {
    name: "glibc's resolver (getent)",
    packages: "libc-bin dnsmasq-base",
    program: "getent",
    client: {
      serve: DNSMASQ,
      port: 53,
      ask: "env NUSE_NAMESERVER=$SERVER {} getent hosts host.test",
      sees: ANSWER,
    },
  },
  {
    name: "chrony",
    packages: "chrony",
    program: "chronyd",
    client: {
      serve: "chronyd -d -x -U -u root -f $D/server.conf",
      port: 123,
      files: { "server.conf": CHRONY_SERVER },
      ask: 'chronyd -Q -t 10 -U -u root "server $SERVER iburst maxsamples 1" "pidfile $D/pid"',
      sees: "System clock wrong by",
    },
    server: {
      serve: "chronyd -d -x -U -u root -f $D/server.conf",
      files: { "server.conf": CHRONY_SERVER },
      ask: 'chronyd -Q -t 10 -U -u root "server $SERVER iburst maxsamples 1" "pidfile $D/pid"',
      sees: "System clock wrong by",
    },
  },
];
