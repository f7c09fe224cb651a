/**
 * Servers and tools of less usual kinds: relays, telephony, databases of time, windows.
 *
 * @module
 */
import { bothWays, type Case, CERTIFICATE, type Exchange, WEB } from "../case.ts";

const HELLO = "hello from a file";

/** A relay under nuse on port 8080; the client's side has the web server as well. */
function relay(
  serve: string,
  files: Readonly<Record<string, string>> = {},
  url = "http://$SERVER:8080/hello",
  prepare = "true",
): Exchange {
  return {
    serve,
    ask: "sh -c 'python3 -m http.server 8000 --bind $CLIENT --directory $D & sleep 1; " +
      `curl -sSk -m 8 ${url}; kill $!'`,
    sees: HELLO,
    prepare,
    files: { ...WEB.files, ...files },
  };
}

const TURN: Exchange = {
  serve: "turnserver -n -L $SERVER -p 3478 -a -u user:word -r test --no-tls --no-dtls " +
    "--no-cli --pidfile $D/pid --log-file stdout --userdb $D/db",
  port: 3478,
  ask: "turnutils_uclient -y -u user -w word -p 3478 -m 2 -n 5 -L $CLIENT $SERVER",
  sees: /Total lost packets 0 /,
  askSec: 25,
};

const SHADOW = "-s $SERVER -p 8388 -k word -m aes-256-gcm";

const SHADOWSOCKS: Exchange = {
  serve: `sh -c 'exec {} sh -c "ss-server ${SHADOW} & exec python3 -m http.server 8000 ` +
    `--bind $SERVER --directory $D"'`,
  port: 8388,
  ask: `sh -c '{} sh -c "ss-local ${SHADOW} -l 1080 & sleep 2; ` +
    `curl -sS -m 8 -x socks5://127.0.0.1:1080 http://$SERVER:8000/hello; kill \\$!"'`,
  sees: HELLO,
  files: WEB.files,
};

const KAMAILIO = `#!KAMAILIO
loadmodule "sl"
loadmodule "pv"
request_route { sl_send_reply("200", "hello"); }
`;

const SIP: Exchange = {
  serve: "sh -c 'mkdir -p /run/kamailio; exec {} kamailio -DD -E -n 2 -l udp:$SERVER:5060 " +
    "-f $D/kamailio.cfg -Y $D -w $D'",
  port: 5060,
  ask: "sipsak -v -s sip:x@$SERVER:5060",
  sees: /SIP\/2.0 200/,
  files: { "kamailio.cfg": KAMAILIO },
};

const PDNS_ZONE = "$TTL 60\n@ SOA ns.test. root.test. 1 60 60 60 60\n@ NS ns\nns A $SERVER\n" +
  "host A 192.0.2.7\n";

const X: Exchange = {
  serve: "Xvfb :7 -nolock -listen tcp -nolisten local -nolisten unix -ac",
  port: 6007,
  ask: "xdpyinfo -display $SERVER:7",
  sees: "vendor string",
};

const ICECAST = `<icecast><limits><sources>2</sources></limits><authentication>
<source-password>word</source-password><admin-user>a</admin-user>
<admin-password>word</admin-password></authentication><hostname>server</hostname>
<listen-socket><port>8100</port><bind-address>$SERVER</bind-address></listen-socket>
<paths><basedir>/usr/share/icecast2</basedir><logdir>$D</logdir>
<webroot>/usr/share/icecast2/web</webroot><adminroot>/usr/share/icecast2/admin</adminroot></paths>
<logging><accesslog>access</accesslog><errorlog>error</errorlog></logging>
<security><chroot>0</chroot><changeowner><user>nobody</user><group>nogroup</group></changeowner>
</security></icecast>
`;

const REGISTRY = `version: 0.1
storage:
  filesystem:
    rootdirectory: $D
http:
  addr: $SERVER:5000
`;

const PG = "/usr/lib/postgresql/15/bin";

function serving(name: string, packages: string, serve: string, more: Partial<Exchange>): Case {
  const exchange = { serve, ask: "true", sees: HELLO, ...more };
  return { name, packages, program: serve.split(" ")[0], server: exchange };
}

export const MORE_SERVERS: readonly Case[] = [
  { name: "coturn", packages: "coturn", program: "turnserver", ...bothWays(TURN) },
  {
    name: "shadowsocks",
    packages: "shadowsocks-libev",
    program: "ss-server",
    ...bothWays(SHADOWSOCKS),
  },
  {
    name: "hitch",
    packages: "hitch",
    program: "hitch",
    server: relay(
      "hitch --user=nobody --frontend=[$SERVER]:8443 --backend=[$CLIENT]:8000 $D/both.pem",
      {},
      "https://$SERVER:8443/hello",
      CERTIFICATE,
    ),
  },
  {
    name: "redir",
    packages: "redir",
    program: "redir",
    server: relay("redir -n $SERVER:8080 $CLIENT:8000"),
  },
  {
    name: "rinetd",
    packages: "rinetd",
    program: "rinetd",
    server: relay("rinetd -f -c $D/rinetd.conf", {
      "rinetd.conf": "$SERVER 8080 $CLIENT 8000\npidlogfile $D/pid\n",
    }),
  },
  {
    name: "sslh",
    packages: "sslh",
    program: "sslh",
    server: relay("sslh -f -n -p $SERVER:8080 --http $CLIENT:8000 --user nobody"),
  },
  { name: "sipsak", packages: "sipsak kamailio", program: "sipsak", client: SIP },
  { name: "kamailio", packages: "kamailio sipsak", program: "kamailio", server: SIP },
  serving(
    "pdns",
    "pdns-server pdns-backend-bind bind9-dnsutils",
    "pdns_server --config-dir=$D --daemon=no --guardian=no --local-address=$SERVER " +
      "--socket-dir=$D --launch=bind --bind-config=$D/named.conf --disable-syslog",
    {
      ask: "sh -c 'dig @$SERVER host.test +short +tries=1 +time=2 && " +
        "dig @$SERVER host.test +short +tries=1 +time=2 +tcp'",
      sees: /192\.0\.2\.7\n192\.0\.2\.7/,
      files: {
        "named.conf": 'zone "test" { type master; file "$D/test.zone"; };\n',
        "test.zone": PDNS_ZONE,
      },
      prepare: "chmod -R a+rwX $D",
    },
  ),
  {
    name: "X11 (Xvfb, xdpyinfo)",
    packages: "xvfb x11-utils",
    program: "Xvfb",
    ...bothWays(X),
  },
  serving("icecast2", "icecast2", "icecast2 -c $D/icecast.xml", {
    ask: "curl -sS -m 8 http://$SERVER:8100/status-json.xsl",
    sees: "icestats",
    files: { "icecast.xml": ICECAST },
    prepare: "chmod -R a+rwX $D",
  }),
  serving("docker-registry (Go)", "docker-registry", "docker-registry serve $D/registry.yml", {
    ask: "curl -sS -m 8 http://$SERVER:5000/v2/_catalog",
    sees: "repositories",
    files: { "registry.yml": REGISTRY },
  }),
  serving(
    "prometheus (Go)",
    "prometheus",
    "prometheus --config.file=$D/prometheus.yml --storage.tsdb.path=$D/data " +
      "--web.listen-address=$SERVER:9090",
    {
      ask: "curl -sS -m 8 http://$SERVER:9090/-/healthy",
      sees: /Healthy/,
      files: { "prometheus.yml": "global:\n  scrape_interval: 15s\n" },
    },
  ),
  serving("webhook (Go)", "webhook", "webhook -ip $SERVER -port 9000 -hooks $D/hooks.json", {
    ask: "curl -sS -m 8 http://$SERVER:9000/hooks/hello",
    files: {
      "hooks.json": '[{"id": "hello", "execute-command": "/bin/echo", ' +
        '"response-message": "hello from a file"}]\n',
    },
  }),
  {
    name: "pgbouncer",
    packages: "pgbouncer postgresql-15 postgresql-client-15",
    program: "pgbouncer",
    server: {
      serve: "sh -c 'exec {} setpriv --reuid=postgres --regid=postgres --init-groups sh -c \"" +
        `${PG}/postgres -D $D/data -c listen_addresses=127.0.0.1 -c unix_socket_directories=$D & ` +
        "exec pgbouncer $D/bouncer.ini\"'",
      ask: "psql -h $SERVER -p 6432 -U postgres -t -c 'select 6 * 7' postgres",
      sees: " 42",
      files: {
        "bouncer.ini":
          "[databases]\npostgres = host=127.0.0.1 port=5432 user=postgres\n[pgbouncer]\n" +
          "listen_addr = $SERVER\nlisten_port = 6432\nauth_type = any\nunix_socket_dir =\n",
      },
      prepare: "chown postgres $D && cd $D && setpriv --reuid=postgres --regid=postgres " +
        `--init-groups ${PG}/initdb -N -A trust -D $D/data`,
      limitSec: 90,
    },
  },
  {
    name: "links",
    packages: "links",
    program: "links",
    client: { ...WEB, ask: "env HOME=$D {} links -dump http://$SERVER:8000/hello" },
  },
  {
    name: "wget2",
    packages: "wget2",
    program: "wget2",
    client: { ...WEB, ask: "wget2 -q -O - http://$SERVER:8000/hello" },
  },
  {
    name: "freeradius",
    packages: "freeradius freeradius-utils",
    program: "freeradius",
    ...bothWays({
      serve: "freeradius -f -l stdout -d $D/raddb",
      port: 1812,
      ask: "sh -c 'echo User-Name=a,User-Password=b | " +
        "{} radclient -t 3 -r 1 $SERVER auth testing123'",
      sees: /Access-(Reject|Accept)/,
      files: { secret: "client x {\n  ipaddr = 198.18.0.0/24\n  secret = testing123\n}\n" },
      prepare: "cp -r /etc/freeradius/3.0 $D/raddb && chmod -R a+rX $D && " +
        "cat $D/secret >> $D/raddb/clients.conf && " +
        "sed -i 's/^\\(user\\|group\\) = /# /; s|^\\s*\\(user\\|group\\) = freerad|#|' " +
        "$D/raddb/radiusd.conf",
    }),
  },
];
