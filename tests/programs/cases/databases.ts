/**
 * Databases, caches, directories, queues.
 *
 * @module
 */
import { bothWays, type Case, type Exchange } from "../case.ts";

const PG = "/usr/lib/postgresql/15/bin";

const POSTGRES: Exchange = {
  serve: `setpriv --reuid=postgres --regid=postgres --init-groups ${PG}/postgres -D $D/data ` +
    "-c listen_addresses=$SERVER -c unix_socket_directories=$D",
  port: 5432,
  ask: "psql -h $SERVER -U postgres -t -c 'select 6 * 7 as answer'",
  sees: " 42",
  prepare:
    `chown postgres $D && cd $D && setpriv --reuid=postgres --regid=postgres --init-groups ` +
    `${PG}/initdb -N -A trust -D $D/data && ` +
    "echo 'host all all 198.18.0.0/24 trust' >> $D/data/pg_hba.conf",
  limitSec: 90,
};

const PGBENCH: Exchange = {
  ...POSTGRES,
  ask: "sh -c '{} pgbench -q -i -h $SERVER -U postgres postgres; " +
    "{} pgbench -h $SERVER -U postgres -c 4 -j 2 -t 50 postgres'",
  sees: "transactions actually processed: 200/200",
  askSec: 60,
};

const MARIADB: Exchange = {
  serve: "mariadbd --no-defaults --user=mysql --datadir=$D/data --socket=$D/socket " +
    "--bind-address=$SERVER --pid-file=$D/pid --skip-grant-tables --skip-name-resolve",
  port: 3306,
  ask: "mariadb --no-defaults -h $SERVER -P 3306 --protocol=TCP -e 'select 6 * 7 as answer'",
  sees: "42",
  prepare: "chmod a+rwx $D && mariadb-install-db --no-defaults --user=mysql --datadir=$D/data " +
    "--auth-root-authentication-method=normal --skip-test-db > /dev/null",
  limitSec: 120,
};

const REDIS: Exchange = {
  serve: "redis-server --bind $SERVER --protected-mode no --dir $D --save ''",
  port: 6379,
  ask: "sh -c '{} redis-cli -h $SERVER set key value && {} redis-cli -h $SERVER get key'",
  sees: "value",
};

const ETCD: Exchange = {
  serve: "etcd --data-dir $D/data --listen-client-urls http://$SERVER:2379 " +
    "--advertise-client-urls http://$SERVER:2379 --listen-peer-urls http://127.0.0.1:2380",
  port: 2379,
  ask: "sh -c 'export ETCDCTL_API=3; {} etcdctl --endpoints=http://$SERVER:2379 put key value && " +
    "{} etcdctl --endpoints=http://$SERVER:2379 get key'",
  sees: "value",
};

const SLAPD: Exchange = {
  serve: "slapd -h ldap://$SERVER:3890/ -f $D/slapd.conf -d 0",
  port: 3890,
  ask: "ldapsearch -x -H ldap://$SERVER:3890/ -b '' -s base -LLL namingContexts",
  sees: "dc=test",
  files: {
    "slapd.conf": `include /etc/ldap/schema/core.schema\nmodulepath /usr/lib/ldap
moduleload back_ldif\npidfile $D/pid\ndatabase ldif\nsuffix "dc=test"\ndirectory $D\n`,
  },
};

const MOSQUITTO: Exchange = {
  serve: "mosquitto -c $D/mosquitto.conf",
  port: 1883,
  ask: "sh -c '{} mosquitto_pub -h $SERVER -t t -r -m words && " +
    "{} mosquitto_sub -h $SERVER -t t -C 1 -W 5'",
  sees: "words",
  files: { "mosquitto.conf": "listener 1883 $SERVER\nallow_anonymous true\nuser root\n" },
};

const ZMQ = `import sys, zmq
context = zmq.Context()
if sys.argv[1] == "serve":
    socket = context.socket(zmq.REP)
    socket.bind("tcp://%s:5555" % sys.argv[2])
    while True: socket.send(socket.recv().upper())
socket = context.socket(zmq.REQ)
socket.connect("tcp://%s:5555" % sys.argv[2])
socket.send(b"words")
print(socket.recv().decode())
`;

/** A server that is asked in its own words, by a netcat. */
function byHand(port: number, serve: string, question: string, sees: string): Exchange {
  return {
    serve,
    port,
    ask: `sh -c "printf '${question}' | nc.openbsd -q 1 -w 3 $SERVER ${port}"`,
    sees,
  };
}

export const DATABASES: readonly Case[] = [
  {
    name: "postgresql, psql",
    packages: "postgresql-15 postgresql-client-15",
    program: `${PG}/postgres`,
    ...bothWays(POSTGRES),
  },
  {
    name: "postgresql, pgbench",
    packages: "postgresql-15 postgresql-client-15",
    program: `${PG}/pgbench`,
    ...bothWays(PGBENCH),
  },
  {
    name: "mariadb",
    packages: "mariadb-server mariadb-client",
    program: "mariadbd",
    ...bothWays(MARIADB),
  },
  {
    name: "redis",
    packages: "redis-server redis-tools",
    program: "redis-server",
    isUsual: true,
    ...bothWays(REDIS),
  },
  {
    name: "redis-benchmark",
    packages: "redis-tools redis-server",
    program: "redis-benchmark",
    client: {
      ...REDIS,
      ask: "redis-benchmark -h $SERVER -q -n 2000 -c 20 -t ping,set,get",
      sees: /GET: [\d.]+ requests/,
      askSec: 40,
    },
  },
  {
    name: "memcached",
    packages: "memcached",
    program: "memcached",
    isUsual: true,
    server: byHand(
      11211,
      "memcached -u nobody -l $SERVER -U 0",
      "version\\r\\nquit\\r\\n",
      "VERSION 1",
    ),
  },
  {
    name: "memcached, UDP",
    packages: "memcached socat",
    program: "memcached",
    server: {
      serve: "memcached -u nobody -l $SERVER -U 11211",
      ask:
        `sh -c "printf '\\0\\1\\0\\0\\0\\1\\0\\0version\\r\\n' | socat -t 2 - UDP:$SERVER:11211"`,
      sees: "VERSION 1",
    },
  },
  {
    name: "beanstalkd",
    packages: "beanstalkd",
    program: "beanstalkd",
    server: byHand(
      11300,
      "beanstalkd -l $SERVER -p 11300",
      "list-tubes\\r\\nquit\\r\\n",
      "- default",
    ),
  },
  { name: "etcd (Go)", packages: "etcd-server etcd-client", program: "etcd", ...bothWays(ETCD) },
  {
    name: "nats-server (Go)",
    packages: "nats-server",
    program: "nats-server",
    server: byHand(
      4222,
      "nats-server -a $SERVER",
      'CONNECT {\\"verbose\\":false}\\r\\nPING\\r\\n',
      "PONG",
    ),
  },
  { name: "openldap", packages: "slapd ldap-utils", program: "slapd", ...bothWays(SLAPD) },
  {
    name: "mosquitto",
    packages: "mosquitto mosquitto-clients",
    program: "mosquitto",
    isUsual: true,
    ...bothWays(MOSQUITTO),
  },
  {
    name: "ZeroMQ (Python)",
    packages: "python3-zmq",
    program: "python3",
    ...bothWays({
      serve: "/usr/bin/python3 zmq_words.py serve $SERVER",
      port: 5555,
      ask: "/usr/bin/python3 zmq_words.py ask $SERVER",
      sees: "WORDS",
      files: { "zmq_words.py": ZMQ },
    }),
  },
];
