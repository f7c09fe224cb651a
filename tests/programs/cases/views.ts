/**
 * What shows a network and its sockets: of the stack, not of the host.
 *
 * @module
 */
import type { Case } from "../case.ts";

/** What looks needs nobody to serve; the answer names the stack's own address or socket. */
function looking(name: string, packages: string, ask: string, sees: string | RegExp): Case {
  const program = ask.replace("{} ", "").split(" ")[0];
  return { name, packages, program, client: { serve: "sleep 60", ask, sees } };
}

const OWN = "198.18.0.2";

export const VIEWS: readonly Case[] = [
  looking("ip addr", "iproute2", "ip -4 addr", OWN),
  looking("ip route", "iproute2", "ip route", "198.18.0.0/24"),
  looking(
    "ss",
    "iproute2",
    "{} sh -c 'nc.openbsd -l 4000 & sleep 1; ss -tln; kill $!'",
    ":4000",
  ),
  looking("ifconfig", "net-tools", "ifconfig -a", OWN),
  looking("netstat -rn", "net-tools", "netstat -rn", "198.18.0.0"),
  looking("hostname -I", "hostname", "hostname -I", OWN),
];
