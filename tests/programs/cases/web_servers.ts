/**
 * Servers of HTTP.
 *
 * @module
 */
import { type Case, type Exchange, getHello } from "../case.ts";

const NGINX = `daemon off; worker_processes 2; pid $D/pid; error_log stderr; user www-data;
events { worker_connections 512; }
http { access_log off; client_body_temp_path $D/body; proxy_temp_path $D/proxy;
  fastcgi_temp_path $D/fastcgi; uwsgi_temp_path $D/uwsgi; scgi_temp_path $D/scgi;
  server { listen $SERVER:80; root $D; } }
`;

function apache(mpm: string): Exchange {
  const modules = [`mpm_${mpm}`, "authz_core", "dir", "mime"]
    .map((name) => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so\n`).join("");
  const conf = `${modules}ServerName server\nListen $SERVER:80\nPidFile $D/pid\n
ErrorLog /dev/stderr\nUser www-data\nGroup www-data\nDocumentRoot $D\nTypesConfig /etc/mime.types
Mutex file:$D\n<Directory $D>\nRequire all granted\n</Directory>\n`;
  const get = getHello(80);
  return {
    ...get,
    serve: "apache2 -f $D/httpd.conf -DFOREGROUND",
    files: { ...get.files, "httpd.conf": conf },
  };
}

const VARNISH = `vcl 4.1; backend none none;
sub vcl_recv { return (synth(200, "hello from a cache")); }
`;

const PYTHON_APP = `def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"hello from a file\\n"]
`;

const TORNADO = `import asyncio, sys, tornado.web
class Hello(tornado.web.RequestHandler):
    def get(self): self.write("hello from a file")
async def main():
    tornado.web.Application([("/hello", Hello)]).listen(8080, address=sys.argv[1])
    await asyncio.Event().wait()
asyncio.run(main())
`;

/** A server that answers GET /hello on port 8080 of its own accord or from $D. */
function simple(serve: string, files: Readonly<Record<string, string>> = {}): Exchange {
  const get = getHello(8080);
  return { ...get, serve, files: { ...get.files, ...files } };
}

export const WEB_SERVERS: readonly Case[] = [
  {
    name: "nginx, 2 workers",
    packages: "nginx-light",
    program: "nginx",
    isUsual: true,
    server: {
      ...getHello(80),
      serve: "nginx -c $D/nginx.conf",
      files: { ...getHello(80).files, "nginx.conf": NGINX },
    },
  },
  {
    name: "apache2, event",
    packages: "apache2-bin",
    program: "apache2",
    isUsual: true,
    server: apache("event"),
  },
  {
    name: "apache2, prefork",
    packages: "apache2-bin",
    program: "apache2",
    server: apache("prefork"),
  },
  {
    name: "apache2, worker",
    packages: "apache2-bin",
    program: "apache2",
    server: apache("worker"),
  },
  {
    name: "lighttpd",
    packages: "lighttpd",
    program: "lighttpd",
    isUsual: true,
    server: simple("lighttpd -D -f $D/lighttpd.conf", {
      "lighttpd.conf": `server.document-root = "$D"\nserver.port = 8080\nserver.bind = "$SERVER"
server.modules = ()\n`,
    }),
  },
  {
    name: "busybox httpd, static",
    packages: "busybox-static",
    program: "busybox",
    isUsual: true,
    server: simple("busybox httpd -f -p $SERVER:8080 -h $D"),
  },
  {
    name: "mini-httpd",
    packages: "mini-httpd",
    program: "mini_httpd",
    server: simple("mini_httpd -D -h $SERVER -p 8080 -d $D -i $D/pid -l /dev/null"),
  },
  {
    name: "webfs",
    packages: "webfs",
    program: "webfsd",
    server: simple("webfsd -F -4 -i $SERVER -p 8080 -r $D -u www-data -g www-data"),
  },
  {
    name: "varnish",
    packages: "varnish",
    program: "varnishd",
    server: {
      serve: "varnishd -F -n $D/work -a $SERVER:8080 -f $D/hello.vcl -T none",
      ask: "curl -sSi -m 8 http://$SERVER:8080/",
      sees: "hello from a cache",
      files: { "hello.vcl": VARNISH },
    },
  },
  {
    name: "uwsgi",
    packages: "uwsgi-core uwsgi-plugin-python3",
    program: "uwsgi-core",
    server: simple(
      "uwsgi-core --plugin python3 --http-socket $SERVER:8080 --processes 2 --wsgi-file app.py",
      { "app.py": PYTHON_APP },
    ),
  },
  {
    name: "gunicorn",
    packages: "gunicorn",
    program: "gunicorn",
    server: simple("gunicorn -w 2 -b $SERVER:8080 app:application", { "app.py": PYTHON_APP }),
  },
  {
    name: "tornado",
    packages: "python3-tornado",
    program: "python3",
    server: simple("/usr/bin/python3 server.py $SERVER", { "server.py": TORNADO }),
  },
  {
    name: "twisted",
    packages: "python3-twisted",
    program: "twist3",
    server: simple("twist3 web --listen tcp:8080:interface=$SERVER --path $D"),
  },
  {
    name: "python3 http.server",
    packages: "python3",
    program: "python3",
    server: simple("python3 -u -m http.server 8080 --bind $SERVER --directory $D"),
  },
  {
    name: "php, built-in server",
    packages: "php8.2-cli",
    program: "php",
    server: simple("php -S $SERVER:8080 -t $D"),
  },
  {
    name: "caddy (Go)",
    packages: "caddy",
    program: "caddy",
    server: simple("env HOME=$D {} caddy file-server --listen $SERVER:8080 --root $D"),
  },
];
