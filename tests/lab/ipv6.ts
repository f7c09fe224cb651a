/**
 * IPv6 in a namespace of the tests', where it is off as long as a test does not ask for it.
 *
 * @module
 */
import type { Netns } from "./netns.ts";

/** This machine's kernel has IPv6 at all. */
export const HAS_IPV6: boolean = await Deno.stat("/proc/sys/net/ipv6").then(
  () => true,
  () => false,
);

/** Why a test in this family cannot run here, as a part of its name; "": it can. */
export function whyNoFamily(family: 4 | 6): string {
  return family === 4 || HAS_IPV6 ? "" : " (left out: this machine has no IPv6)";
}

/** Before the namespace's interfaces are made: they get link-local addresses then. */
export async function allowIpv6(ns: Netns): Promise<void> {
  const off = ["all", "default"].map((which) => `net.ipv6.conf.${which}.disable_ipv6=0`);
  // Nobody on the link has the kernel's addresses: it need not ask for a second
  const { code, stderr } = await ns.run([
    "sysctl",
    "-qw",
    ...off,
    "net.ipv6.conf.default.accept_dad=0",
  ]);
  if (code !== 0) throw new Error(stderr);
}

/** `address`: with its prefix length. */
export async function addAddress6(ns: Netns, device: string, address: string): Promise<void> {
  await ns.ip(`addr add ${address} dev ${device} nodad`);
}

/** The link-local address of a device. */
export async function linkLocal6(ns: Netns, device: string): Promise<string> {
  const shown = await ns.ip(`-6 addr show dev ${device} scope link`);
  const found = /inet6 (fe80:[0-9a-f:]+)/.exec(shown);
  if (found === null) throw new Error(`no link-local address: ${shown}`);
  return found[1];
}
