/**
 * TLS, remote shells, tunnels, proxies.
 *
 * @module
 */
import { bothWays, type Case, CERTIFICATE, type Exchange, WEB } from "../case.ts";

const OPENSSL: Exchange = {
  serve: "openssl s_server -accept $SERVER:4433 -key key.pem -cert cert.pem -www",
  port: 4433,
  ask: `sh -c "printf 'GET / HTTP/1.0\\r\\n\\r\\n' | ` +
    `{} openssl s_client -quiet -connect $SERVER:4433 -CAfile cert.pem"`,
  sees: "HTTP/1.0 200 ok",
  prepare: CERTIFICATE,
};

const GNUTLS: Exchange = {
  serve: "gnutls-serv --http -q -p 4434 --x509keyfile key.pem --x509certfile cert.pem",
  port: 4434,
  ask: `sh -c "printf 'GET / HTTP/1.0\\r\\n\\r\\n' | ` +
    `{} gnutls-cli --no-ca-verification -p 4434 $SERVER"`,
  sees: "HTTP/1.0 200",
  prepare: CERTIFICATE,
};

const SSH_OPTIONS = "-F /dev/null -i $D/key -p 2222 -o StrictHostKeyChecking=no " +
  "-o UserKnownHostsFile=/dev/null -o BatchMode=yes";

const SSHD: Exchange = {
  serve: "sh -c 'mkdir -p /run/sshd; exec {} /usr/sbin/sshd -D -e -f $D/sshd_config'",
  port: 2222,
  ask: `ssh ${SSH_OPTIONS} root@$SERVER echo a word`,
  sees: "a word",
  prepare: "ssh-keygen -q -t ed25519 -N '' -f $D/key && ssh-keygen -q -t ed25519 -N '' -f $D/host",
  files: {
    "sshd_config": `ListenAddress $SERVER\nPort 2222\nHostKey $D/host\nPidFile none
AuthorizedKeysFile $D/key.pub\nStrictModes no\nUsePAM no\nPermitRootLogin yes
Subsystem sftp internal-sftp\n`,
    hello: "hello from a file\n",
  },
};

const SFTP = SSH_OPTIONS.replace("-p 2222", "-P 2222");

const STUNNEL: Exchange = {
  serve: "{} sh -c 'python3 -m http.server 8000 --bind 127.0.0.1 & exec stunnel4 server.conf'",
  port: 8443,
  ask: "curl -sS -k -m 8 https://$SERVER:8443/hello",
  sees: "hello from a file",
  prepare: CERTIFICATE,
  files: {
    hello: "hello from a file\n",
    "server.conf": "foreground = yes\npid =\ndebug = 4\ncert = $D/both.pem\n" +
      "[web]\naccept = $SERVER:8443\nconnect = 127.0.0.1:8000\n",
  },
};

const SQUID = `http_port $SERVER:3128
acl all_of_them src all
http_access allow all
cache deny all
pid_filename $D/squid.pid
access_log none
cache_log $D/cache.log
cache_store_log none
coredump_dir $D
cache_effective_user proxy
netdb_filename none
icon_directory $D
shutdown_lifetime 0 seconds
dns_nameservers 127.0.0.1
pinger_enable off
`.replace("acl all_of_them src all\n", "");

const HAPROXY = `defaults
  mode http
  timeout connect 5s
  timeout client 9s
  timeout server 9s
frontend web
  bind $SERVER:8080
  default_backend behind
backend behind
  server one $CLIENT:8000
`;

/** A proxy under nuse on `port`: the client's side has the web server, too. */
function proxy(port: number, serve: string, conf = "", option = ""): Exchange {
  const how = option === "" ? `-x http://$SERVER:${port}` : option;
  return {
    serve,
    ask: "sh -c 'python3 -m http.server 8000 --bind $CLIENT --directory $D & sleep 1; " +
      `curl -sS -m 8 ${how} http://$CLIENT:8000/hello; kill $!'`,
    sees: "hello from a file",
    prepare: "chmod a+rwx $D",
    files: { hello: "hello from a file\n", conf },
  };
}

/** A reverse proxy, whose clients do not know. */
function reverse(serve: string, conf: string): Exchange {
  const exchange = proxy(8080, serve, conf, "--noproxy x");
  return { ...exchange, ask: exchange.ask.replace("$CLIENT:8000/hello", "$SERVER:8080/hello") };
}

const NGINX_PROXY = `daemon off; pid $D/pid; error_log stderr; user www-data; events {}
http { access_log off; client_body_temp_path $D/body; proxy_temp_path $D/proxy;
  fastcgi_temp_path $D/fastcgi; uwsgi_temp_path $D/uwsgi; scgi_temp_path $D/scgi;
  server { listen $SERVER:8080; location / { proxy_pass http://$CLIENT:8000; } } }
`;

const DANTE = `logoutput: stderr
internal: $SERVER port = 1080
external: $SERVER
socksmethod: none
clientmethod: none
user.unprivileged: nobody
client pass { from: 0.0.0.0/0 to: 0.0.0.0/0 }
socks pass { from: 0.0.0.0/0 to: 0.0.0.0/0 }
`;

const OPENVPN: Exchange = {
  serve: "openvpn --dev null --local $SERVER --port 1194 --proto udp4 --tls-server " +
    "--ca cert.pem --cert cert.pem --key key.pem --dh none --data-ciphers AES-256-GCM --verb 3",
  port: 1194,
  ask: "timeout 12 {} openvpn --dev null --remote $SERVER 1194 udp4 --tls-client --nobind " +
    "--ca cert.pem --cert cert.pem --key key.pem --data-ciphers AES-256-GCM --verb 3",
  sees: "Initialization Sequence Completed",
  prepare: CERTIFICATE,
};

export const SECURITY: readonly Case[] = [
  { name: "openssl", packages: "openssl", program: "openssl", isUsual: true, ...bothWays(OPENSSL) },
  { name: "gnutls", packages: "gnutls-bin", program: "gnutls-cli", ...bothWays(GNUTLS) },
  {
    name: "stunnel",
    packages: "stunnel4",
    program: "stunnel4",
    server: STUNNEL,
    client: {
      serve: "openssl s_server -accept $SERVER:4433 -key key.pem -cert cert.pem -WWW",
      port: 4433,
      ask: "sh -c '{} sh -c \"stunnel4 client.conf & sleep 2; " +
        "curl -sS -m 5 http://127.0.0.1:8001/hello; kill \\$!\"'",
      sees: "hello from a file",
      prepare: CERTIFICATE,
      files: {
        hello: "hello from a file\n",
        "client.conf": "foreground = yes\npid =\nclient = yes\n" +
          "[web]\naccept = 127.0.0.1:8001\nconnect = $SERVER:4433\n",
      },
    },
  },
  {
    name: "openssh",
    packages: "openssh-server openssh-client",
    program: "/usr/sbin/sshd",
    isUsual: true,
    ...bothWays(SSHD),
  },
  {
    name: "sftp",
    packages: "openssh-client openssh-server",
    program: "sftp",
    client: {
      ...SSHD,
      ask: `sh -c '{} sftp -q ${SFTP} root@$SERVER:$D/hello $D/got; cat $D/got'`,
      sees: "hello from a file",
    },
  },
  {
    name: "dropbear (dbclient)",
    packages: "dropbear-bin openssh-client",
    program: "dbclient",
    client: {
      ...SSHD,
      ask: "env HOME=$D {} dbclient -y -y -i $D/dbkey -p 2222 root@$SERVER echo a word",
      prepare: "dropbearkey -t ed25519 -f $D/dbkey | grep ^ssh > $D/key.pub; " +
        "ssh-keygen -q -t ed25519 -N '' -f $D/host",
    },
  },
  {
    name: "mosh",
    packages: "mosh",
    program: "mosh-server",
    ...bothWays({
      serve: "sh -c 'env LC_ALL=C.UTF-8 {} mosh-server new -v -i $SERVER -p 60001 -- " +
        'sh -c "echo a word; sleep 30" > $D/key; sleep 60\'',
      ask: "sh -c 'export LC_ALL=C.UTF-8 TERM=xterm " +
        'MOSH_KEY=$(sed -n "s/^MOSH CONNECT 60001 //p" $D/key | tr -d "\\r"); ' +
        'timeout 5 {} script -qec "stty rows 24 cols 80; mosh-client $SERVER 60001" /dev/null\'',
      sees: "a word",
    }),
  },
  {
    name: "telnet, telnetd",
    packages: "inetutils-telnet inetutils-telnetd",
    program: "inetutils-telnet",
    client: {
      serve: "sh -c 'while :; do echo a word | nc.openbsd -l -p 2323 -q 1; done'",
      port: 2323,
      ask: "sh -c 'sleep 3 | {} inetutils-telnet $SERVER 2323'",
      sees: "a word",
    },
  },
  { name: "openvpn", packages: "openvpn", program: "openvpn", ...bothWays(OPENVPN) },
  {
    name: "squid",
    packages: "squid",
    program: "squid",
    server: { ...proxy(3128, "squid -N -f $D/conf", SQUID), limitSec: 90 },
  },
  {
    name: "tinyproxy",
    packages: "tinyproxy-bin",
    program: "tinyproxy",
    server: proxy(8888, "tinyproxy -d -c $D/conf", "Port 8888\nListen $SERVER\nUser nobody\n"),
  },
  {
    name: "privoxy",
    packages: "privoxy",
    program: "privoxy",
    server: proxy(8118, "privoxy --no-daemon $D/conf", "listen-address $SERVER:8118\nlogdir $D\n"),
  },
  {
    name: "haproxy",
    packages: "haproxy",
    program: "haproxy",
    server: reverse("haproxy -db -f $D/conf", HAPROXY),
  },
  {
    name: "nginx, as a proxy",
    packages: "nginx-light",
    program: "nginx",
    server: reverse("nginx -c $D/conf", NGINX_PROXY),
  },
  {
    name: "dante (SOCKS)",
    packages: "dante-server",
    program: "danted",
    server: proxy(1080, "danted -f $D/conf", DANTE, "-x socks5://$SERVER:1080"),
  },
  {
    name: "microsocks",
    packages: "microsocks",
    program: "microsocks",
    server: proxy(1080, "microsocks -i $SERVER -p 1080", "", "-x socks5://$SERVER:1080"),
  },
  {
    name: "tor",
    packages: "tor",
    program: "tor",
    server: {
      serve: "tor -f $D/torrc --DataDirectory $D/data --quiet",
      ask: "curl -sS -m 5 http://$SERVER:9050/",
      sees: "This is a SOCKS proxy",
      files: {
        torrc: "SocksPort $SERVER:9050\nDisableNetwork 0\nUseBridges 1\nClientOnly 1\n" +
          "Bridge $CLIENT:9 0123456789ABCDEF0123456789ABCDEF01234567\n",
      },
    },
  },
  {
    name: "websocketd (Go)",
    packages: "websocketd",
    program: "websocketd",
    isUsual: true,
    server: {
      serve: "websocketd --address=$SERVER --port=8093 --staticdir=$D cat",
      ask: "curl -sS -m 8 http://$SERVER:8093/hello",
      sees: "hello from a file",
      files: WEB.files,
    },
  },
];
