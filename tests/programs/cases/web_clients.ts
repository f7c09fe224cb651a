/**
 * Clients of HTTP, and what loads servers.
 *
 * @module
 */
import { type Case, WEB } from "../case.ts";

const URL = "http://$SERVER:8000/hello";

function fetching(name: string, ask: string, more: Partial<Case> = {}): Case {
  const program = ask.split(" ")[0];
  return { name, packages: name, program, client: { ...WEB, ask }, ...more };
}

/** One that prints `sees` after some requests. */
function loading(name: string, packages: string, ask: string, sees: string | RegExp): Case {
  return {
    name,
    packages,
    program: ask.split(" ")[0],
    client: { ...WEB, ask, sees, askSec: 30 },
  };
}

export const WEB_CLIENTS: readonly Case[] = [
  fetching("curl", `curl -sS ${URL}`, { isUsual: true }),
  fetching("wget", `wget -q -O - ${URL}`, { isUsual: true }),
  fetching("aria2", `sh -c '{} aria2c -q --no-conf -d $D -o got ${URL}; cat $D/got'`, {
    program: "aria2c",
  }),
  fetching("axel", `sh -c '{} axel -q -o $D/got ${URL}; cat $D/got'`, { program: "axel" }),
  fetching("w3m", `w3m -dump ${URL}`),
  fetching("lynx", `lynx -dump ${URL}`),
  fetching("libwww-perl", `perl -MLWP::Simple -e "getprint q(${URL})"`),
  {
    name: "busybox wget, static",
    packages: "busybox-static",
    program: "busybox",
    isUsual: true,
    client: { ...WEB, ask: `busybox wget -q -O - ${URL}` },
  },
  loading("httping", "httping", `httping -c 2 ${URL}`, "2 ok"),
  loading("wrk", "wrk", `wrk -c 20 -t 2 -d 2 ${URL}`, /Requests\/sec: +[1-9]/),
  loading("ab", "apache2-utils", `ab -q -n 200 -c 10 ${URL}`, /Failed requests: +0\n/),
  loading(
    "siege",
    "siege",
    `env HOME=$D {} siege -q -c 5 -r 5 -b ${URL}`,
    /failed_transactions":\s+0,/,
  ),
  loading("hey (Go)", "hey", `hey -n 100 -c 10 ${URL}`, "[200]"),
  loading(
    "gobuster (Go)",
    "gobuster",
    "sh -c 'echo hello > $D/words; {} gobuster dir -q -u http://$SERVER:8000/ -w $D/words'",
    /\/hello.*Status: 200/,
  ),
];
