/**
 * The same programs under load, and with more than a line to carry: nothing may be lost or changed.
 *
 * @module
 */
import { bothWays, type Case, CERTIFICATE, type Exchange } from "../case.ts";

/** Makes 20 MB without any order, and says its sum. */
const BIG = "head -c 20000000 /dev/urandom > $D/big && md5sum < $D/big > $D/sum";
const SUM_IS_RIGHT =
  "test -s $D/got && md5sum < $D/got | cmp - $D/sum && echo the same; rm -f $D/got";

const NGINX = `daemon off; worker_processes 2; pid $D/pid; error_log stderr; user www-data;
events { worker_connections 1024; }
http { access_log off; client_body_temp_path $D/body; proxy_temp_path $D/proxy;
  fastcgi_temp_path $D/fastcgi; uwsgi_temp_path $D/uwsgi; scgi_temp_path $D/scgi;
  server { listen $SERVER:80; root $D; } }
`;

const WITH_NGINX: Pick<Exchange, "serve" | "port" | "files"> = {
  serve: "nginx -c $D/nginx.conf",
  port: 80,
  files: { hello: "hello from a file\n", "nginx.conf": NGINX },
};

/** Fetches the 20 MB with a command that writes $D/got. */
function carries(get: string): Exchange {
  return {
    ...WITH_NGINX,
    prepare: `${BIG}; chmod a+r $D/*`,
    ask: `sh -c '${get}; ${SUM_IS_RIGHT}'`,
    sees: "the same",
    askSec: 40,
    limitSec: 60,
  };
}

const SSH = "-F /dev/null -q -i $D/key -o StrictHostKeyChecking=no " +
  "-o UserKnownHostsFile=/dev/null -o BatchMode=yes";

const SSHD: Pick<Exchange, "serve" | "port" | "files"> = {
  serve: "sh -c 'mkdir -p /run/sshd; exec {} /usr/sbin/sshd -D -e -f $D/sshd_config'",
  port: 2222,
  files: {
    "sshd_config": `ListenAddress $SERVER\nPort 2222\nHostKey $D/host\nPidFile none
AuthorizedKeysFile $D/key.pub\nStrictModes no\nUsePAM no\nPermitRootLogin yes
Subsystem sftp internal-sftp\n`,
  },
};

const KEYS =
  "ssh-keygen -q -t ed25519 -N '' -f $D/key && ssh-keygen -q -t ed25519 -N '' -f $D/host";

function iperf3(what: string, options: string): Case {
  return {
    name: `iperf3 ${what}`,
    packages: "iperf3",
    program: "iperf3",
    ...bothWays({
      serve: "iperf3 -s -B $SERVER",
      ask: `iperf3 -c $SERVER -t 2 ${options}`,
      sees: /\d [GMK]bits\/sec.*receiver/,
      port: 5201,
      askSec: 20,
    }),
  };
}

const ZONE = "$TTL 60\n@ SOA ns.test. root.test. 1 60 60 60 60\n@ NS ns\nns A $SERVER\n" +
  "host A 192.0.2.7\n";

export const PRESSURE: readonly Case[] = [
  iperf3("-P 8", "-P 8"),
  iperf3("-R", "-R"),
  iperf3("--bidir", "--bidir"),
  iperf3("-u -R", "-u -R -b 50M"),
  {
    name: "nginx under wrk -c 200",
    packages: "nginx-light wrk",
    program: "nginx",
    server: {
      ...WITH_NGINX,
      ask: "wrk -c 200 -t 2 -d 3 http://$SERVER/hello",
      sees: /^(?![^]*(Socket errors|Non-2xx))[^]*\d+ requests in/,
      askSec: 30,
    },
  },
  {
    name: "redis under redis-benchmark -c 100 -P 16",
    packages: "redis-server redis-tools",
    program: "redis-server",
    server: {
      serve: "redis-server --bind $SERVER --protected-mode no --dir $D --save ''",
      ask: "redis-benchmark -h $SERVER -q -c 100 -P 16 -n 20000 -d 300 -t set,get,lrange_100",
      sees: /GET: [\d.]+ requests[^]*LRANGE_100[^]*: [\d.]+ requests/,
      askSec: 40,
      limitSec: 60,
    },
  },
  {
    name: "mysqlslap",
    packages: "mariadb-client mariadb-server",
    program: "mariadb-slap",
    ...bothWays({
      serve: "mariadbd --no-defaults --user=mysql --datadir=$D/data --socket=$D/socket " +
        "--bind-address=$SERVER --pid-file=$D/pid --skip-grant-tables --skip-name-resolve",
      port: 3306,
      ask: "mariadb-slap --no-defaults -h $SERVER --protocol=TCP --auto-generate-sql " +
        "--concurrency=20 --number-of-queries=400",
      sees: "Average number of queries per client: 20",
      prepare: "chmod a+rwx $D && mariadb-install-db --no-defaults --user=mysql " +
        "--datadir=$D/data --auth-root-authentication-method=normal --skip-test-db > /dev/null",
      limitSec: 120,
      askSec: 40,
    }),
  },
  {
    name: "nghttpd, h2load (HTTP/2)",
    packages: "nghttp2-server nghttp2-client",
    program: "nghttpd",
    ...bothWays({
      serve: "nghttpd -a $SERVER -d $D 8443 $D/key.pem $D/cert.pem",
      port: 8443,
      ask: "h2load -n 500 -c 20 -m 10 https://$SERVER:8443/hello",
      sees: /500 succeeded, 0 failed, 0 errored/,
      files: { hello: "hello from a file\n" },
      prepare: CERTIFICATE,
      askSec: 30,
    }),
  },
  {
    name: "nsd under dnsperf",
    packages: "nsd dnsperf",
    program: "nsd",
    server: {
      serve: "nsd -d -c $D/nsd.conf",
      ask: "dnsperf -s $SERVER -d $D/queries -l 2 -c 10 -Q 3000",
      sees: /Queries lost: +\d+ \(0\.\d+%\)/,
      files: {
        queries: "host.test A\nns.test A\nnone.test A\n",
        "test.zone": ZONE,
        "nsd.conf": `server:\n  ip-address: $SERVER\n  zonesdir: "$D"\n  database: ""
  pidfile: "$D/pid"\n  xfrdfile: "$D/xfrd"\n  xfrdir: "$D"\n  zonelistfile: "$D/list"
  username: nsd\n  rrl-ratelimit: 0\nremote-control:\n  control-enable: no\nzone:\n  name: test
  zonefile: test.zone\n`,
      },
      prepare: "chmod -R a+rwX $D",
    },
  },
  {
    name: "curl, 20 MB down",
    packages: "curl nginx-light",
    program: "curl",
    ...bothWays(carries("{} curl -sS -o $D/got http://$SERVER/big")),
  },
  {
    name: "netcat and socat, 20 MB",
    packages: "socat netcat-openbsd",
    program: "socat",
    ...bothWays({
      serve: "socat -u TCP-LISTEN:8080,bind=$SERVER,reuseaddr,fork CREATE:$D/got",
      port: 8080,
      prepare: BIG,
      ask: `sh -c '{} nc.openbsd -N -w 9 $SERVER 8080 < $D/big; sleep 1; ${SUM_IS_RIGHT}'`,
      sees: "the same",
      askSec: 40,
      limitSec: 60,
    }),
  },
  {
    name: "aria2, 20 MB in 8 pieces",
    packages: "aria2 nginx-light",
    program: "aria2c",
    client: carries("{} aria2c -q --no-conf -x 8 -s 8 -k 1M -d $D -o got http://$SERVER/big"),
  },
  {
    name: "scp, 20 MB",
    packages: "openssh-client openssh-server",
    program: "scp",
    ...bothWays({
      ...SSHD,
      prepare: `${KEYS} && ${BIG}`,
      ask: `sh -c '{} scp -P 2222 ${SSH} root@$SERVER:$D/big $D/got; ${SUM_IS_RIGHT}'`,
      sees: "the same",
      askSec: 40,
      limitSec: 60,
    }),
  },
  {
    name: "rsync over ssh, 20 MB",
    packages: "rsync openssh-client openssh-server",
    program: "rsync",
    client: {
      ...SSHD,
      prepare: `${KEYS} && ${BIG}`,
      ask: `sh -c '{} rsync -e "ssh -p 2222 ${SSH}" root@$SERVER:$D/big $D/got; ${SUM_IS_RIGHT}'`,
      sees: "the same",
      askSec: 40,
      limitSec: 60,
    },
  },
  {
    name: "ssh -L, -D",
    packages: "openssh-client openssh-server curl python3",
    program: "ssh",
    ...bothWays({
      serve: `sh -c 'mkdir -p /run/sshd; exec {} sh -c "python3 -m http.server 8000 ` +
        `--bind 127.0.0.1 --directory $D & exec /usr/sbin/sshd -D -e -f $D/sshd_config"'`,
      port: 2222,
      files: { ...SSHD.files, hello: "hello from a file\n" },
      prepare: KEYS,
      ask: `sh -c '{} sh -c "ssh -p 2222 ${SSH} -N -L 127.0.0.1:8001:127.0.0.1:8000 -D 1080 ` +
        "root@$SERVER & sleep 3; curl -sS -m 5 http://127.0.0.1:8001/hello; " +
        "curl -sS -m 5 -x socks5h://127.0.0.1:1080 http://127.0.0.1:8000/hello; kill \\$!\"'",
      sees: /hello from a file\nhello from a file/,
      askSec: 25,
    }),
  },
];
