/**
 * Values that are the whole stack's and no interface's: names and sysctls. Every function throws
 * Failure in the form `<where>: <what is wrong> (<what to do>)`.
 *
 * @module
 */
import { sysctlNamed, SYSCTLS } from "../../stack/sysctl.ts";
import { Failure } from "../base/failure.ts";
import { nearest } from "../base/nearest.ts";
import { parseCidr, type Setting } from "./values.ts";

/** Linux's HOST_NAME_MAX. */
const HOSTNAME_MAX = 64;
/** RFC 1035 2.3.4. */
const DOMAIN_MAX = 253;
/** RFC 1123 2.1; an underscore, too, as in use. */
const LABEL = /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/i;

/** Why `text` is no name of a host or a domain; null when it is one. */
function notAName(text: string, max: number): string | null {
  if (text.length > max) return `is too long (at most ${max} characters)`;
  const isName = text.split(".").every((label) => LABEL.test(label));
  return isName ? null : "is no name (expected letters, digits, dashes, and dots between)";
}

export function parseHostname({ text, from }: Setting): string {
  const problem = notAName(text, HOSTNAME_MAX);
  if (problem !== null) throw new Failure(`${from}: "${text}" ${problem}`);
  return text;
}

/** The address of a name server. */
export function parseNameserver(setting: Setting): string {
  const { address, prefixLen } = parseCidr(setting);
  if (prefixLen !== null) {
    throw new Failure(`${setting.from}: a name server has no prefix length (write ${address})`);
  }
  if (address.isUnspecified || address.isMulticast || address.isBroadcast) {
    throw new Failure(`${setting.from}: ${address} is not the address of one host (give another)`);
  }
  return address.toString();
}

/** Domains, with spaces between. */
export function parseSearch({ text, from, placeAt }: Setting): string[] {
  return [...text.matchAll(/\S+/g)].map(({ 0: domain, index }) => {
    const problem = notAName(domain.replace(/\.$/, ""), DOMAIN_MAX);
    if (problem !== null) {
      throw new Failure(`${placeAt?.(index) ?? from}: "${domain}" ${problem}`);
    }
    return domain;
  });
}

export interface SysctlSetting {
  readonly name: string;
  readonly value: string;
}

/** NAME VALUE, as in a file. */
export function parseSysctl({ text, from, placeAt }: Setting): SysctlSetting {
  const [, name, gap, rest] = text.match(/^(\S+)(\s*)(.*)$/)!;
  const row = sysctlNamed(name);
  if (row === null) throw new Failure(`${from}: unknown sysctl "${name}" (${sysctlAdvice(name)})`);
  const value = rest.trim().split(/\s+/).join(" ");
  const what = `expected ${row.values}`;
  if (value === "") throw new Failure(`${from}: ${name} has no value (${what})`);
  if (row.parse(value) === null) {
    const at = placeAt?.(name.length + gap.length) ?? from;
    throw new Failure(`${at}: ${name} cannot be "${value}" (${what})`);
  }
  return { name, value };
}

/** NAME=VALUE, as --sysctl has it. */
export function parseSysctlOption(text: string): SysctlSetting {
  const [name, ...value] = text.split("=");
  const from = `--sysctl ${name}`;
  if (name.trim() === "" || value.length === 0) {
    throw new Failure(`${from}: no name or no value (write NAME=VALUE, e.g. net.ipv4.tcp_sack=0)`);
  }
  return parseSysctl({ text: `${name.trim()} ${value.join("=")}`, from });
}

/** A whole name that is nearly it, or one that ends like it. */
function sysctlAdvice(name: string): string {
  const names = SYSCTLS.map((row) => row.name);
  const last = (whole: string) => whole.slice(whole.lastIndexOf(".") + 1);
  const ending = nearest(last(name), names.map(last));
  const meant = nearest(name, names) ?? names.find((known) => last(known) === ending);
  const list = "docs/configuration.md has them all";
  return meant === undefined ? list : `did you mean ${meant}? ${list}`;
}
