/**
 * What a case of `deno task programs` is: a program, how it is asked as a server, and what it asks
 * as a client. The peer is always a program on the kernel's stack, in another network namespace.
 *
 * Commands are lines for sh. Where nuse goes is `{}`, or the front when there is none; on the
 * kernel's side `{}` is nothing. Known to them:
 *
 *     $D        a folder of the exchange's own, which holds its files
 *     $SERVER   the address of the side that serves
 *     $CLIENT   the address of the side that asks
 *
 * @module
 */

export interface Exchange {
  /** Starts the server, which stays in the foreground. */
  readonly serve: string;
  /** Asks it; repeated until `sees` is seen, or there is no time left. */
  readonly ask: string;
  /** What the asking command must print (on either stream). */
  readonly sees: string | RegExp;
  /** Where a server on the kernel's stack listens, TCP or UDP: it is waited for. */
  readonly port?: number;
  /** Files in $D, by name; `$D`, `$SERVER` and `$CLIENT` stand for themselves in them as well. */
  readonly files?: Readonly<Record<string, string>>;
  /** Runs before both, on neither network. */
  readonly prepare?: string;
  /** Seconds for one asking (default 15). */
  readonly askSec?: number;
  /** Seconds for the whole exchange (default 40). */
  readonly limitSec?: number;
  /** Why it is known not to work under nuse. */
  readonly lacks?: string;
}

export interface Case {
  readonly name: string;
  /** Debian's packages, the one whose version counts first. */
  readonly packages: string;
  /** The file whose ELF header says which door serves it; by PATH or with a path. */
  readonly program: string;
  readonly client?: Exchange;
  readonly server?: Exchange;
  /** The package is not installed: the exchange's `prepare` unpacks it. */
  readonly isUnpacked?: boolean;
  /** It is run in every test, too (tests/e2e). */
  readonly isUsual?: boolean;
}

/** Both ways: the program asks itself, one of the two under nuse. */
export function bothWays(exchange: Exchange): Pick<Case, "client" | "server"> {
  return { client: exchange, server: exchange };
}

export const WEB_PORT = 8000;

/** For clients of HTTP: the kernel's side has `hello`, which says hello. */
export const WEB: Pick<Exchange, "serve" | "sees" | "port" | "files"> = {
  serve: `python3 -u -m http.server ${WEB_PORT} --bind $SERVER --directory $D`,
  port: WEB_PORT,
  sees: "hello from a file",
  files: { hello: "hello from a file\n" },
};

/** For servers of HTTP. */
export function getHello(port: number, path = "/hello"): Pick<Exchange, "ask" | "sees" | "files"> {
  return {
    ask: `curl -sS -m 8 http://$SERVER:${port}${path}`,
    sees: "hello from a file",
    files: { hello: "hello from a file\n" },
  };
}

/** Makes a key and a certificate for itself in $D: key.pem, cert.pem, and both in both.pem. */
export const CERTIFICATE = "openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=server " +
  "-addext subjectAltName=IP:$SERVER -keyout $D/key.pem -out $D/cert.pem 2>&1 && " +
  "cat $D/key.pem $D/cert.pem > $D/both.pem && chmod a+r $D/*.pem";
