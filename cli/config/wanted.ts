/**
 * What a person wants, key by key, from everywhere that it can be said: a file, variables, options.
 * The later wins. A variable or an option about an interface of the file changes what it says and
 * leaves the rest; one about another interface adds that.
 *
 * @module
 */
import { Failure } from "../base/failure.ts";
import { nearest } from "../base/nearest.ts";
import { type ConfigFile, only, type Section } from "./file.ts";
import { DEVICE_KEYS, DEVICE_ROWS, type DeviceKeyName } from "./keys.ts";
import type { HostAddress } from "./networks.ts";
import { type Setting, splitList } from "./values.ts";

const KEYS = DEVICE_KEYS.map(({ name }) => name);
const KEY_AT_END = new RegExp(`-(${KEYS.join("|")})$`);

export interface ConfigSources {
  readonly env: Readonly<Record<string, string>>;
  /** Values of --dev, --route and --sysctl. */
  readonly devices: readonly string[];
  readonly routes: readonly string[];
  readonly sysctls?: readonly string[];
  /** Of --config or NUSECONF. */
  readonly file?: ConfigFile | null;
  /** Asked for a missing prefix length, and what a TAP's subnet must not be. */
  readonly hostAddresses: () => readonly HostAddress[];
  /** The host can have IPv6 addresses, and nuse is to have some where nobody says. */
  readonly hasIpv6?: boolean;
}

/** What was said about one interface. */
export interface WantedInterface {
  readonly name: Setting;
  /** Empty: nowhere. */
  readonly addresses: readonly Setting[];
  /** Of a file, for addresses without a prefix length. */
  readonly netmask: Setting | null;
  readonly keys: Partial<Record<DeviceKeyName, Setting>>;
}

/** A variable's value; null: it is not set. */
export function variable(env: ConfigSources["env"], name: string): Setting | null {
  return env[name] === undefined ? null : { text: env[name], from: name };
}

/** Adds what the variables say about `name`; `file`: what a file says. */
function complete(
  env: ConfigSources["env"],
  wanted: WantedInterface,
  file: WantedInterface | null,
): WantedInterface {
  const own = `nuse-${wanted.name.text}`;
  refuseUnknownVariables(env, own);
  const keys = { ...wanted.keys };
  for (const key of KEYS) {
    const setting = keys[key] ?? variable(env, `${own}-${key}`) ?? file?.keys[key];
    if (setting !== undefined) keys[key] = setting;
  }
  const forAll = variable(env, "NUSEVIF");
  if (forAll !== null) keys.vif ??= forAll;
  const address = variable(env, own);
  return {
    name: file?.name ?? wanted.name,
    addresses: firstSaid([
      wanted.addresses,
      address === null ? [] : splitList(address),
      file?.addresses,
    ]),
    netmask: file?.netmask ?? null,
    keys,
  };
}

function firstSaid(all: readonly (readonly Setting[] | undefined)[]): readonly Setting[] {
  return all.find((settings) => settings !== undefined && settings.length > 0) ?? [];
}

function refuseUnknownVariables(env: ConfigSources["env"], own: string): void {
  const typo = Object.keys(env).find((v) =>
    v.startsWith(`${own}-`) && !KEYS.some((key) => v === `${own}-${key}`)
  );
  if (typo === undefined) return;
  const known = KEYS.map((key) => `${own}-${key}`);
  const meant = nearest(typo, known);
  const advice = meant === null ? `known: ${known}` : `did you mean ${meant}?`;
  throw new Failure(`unknown variable ${typo} (${advice})`);
}

/** NAME[=ADDRESS[/PREFIX]][,ADDRESS[/PREFIX]...][,KEY=VALUE...] */
function parseDevice(text: string): WantedInterface {
  const [first, ...rest] = text.split(",");
  const equals = first.indexOf("=");
  const name = equals < 0 ? first : first.slice(0, equals);
  const from = `--dev ${name}`;
  const keys: Partial<Record<DeviceKeyName, Setting>> = {};
  const addresses = equals < 0 ? [] : [{ text: first.slice(equals + 1), from }];
  let last: DeviceKeyName | null = null;
  for (const item of rest) {
    if (!item.includes("=") && looksLikeAddress(item)) {
      // One more of what came before it: the interface's, or the host's end's
      if (last === "host") keys.host = { ...keys.host!, text: `${keys.host!.text},${item}` };
      else addresses.push({ text: item, from });
      continue;
    }
    const [key, ...value] = item.split("=");
    const known = KEYS.find((k) => k === key);
    if (known === undefined || value.length === 0) {
      throw new Failure(`${from}: unknown key "${item}" (known: ${KEYS.join("=, ")}=)`);
    }
    keys[known] = { text: value.join("="), from: `${from},${known}` };
    last = known;
  }
  return { name: { text: name, from: "--dev" }, addresses, netmask: null, keys };
}

function looksLikeAddress(item: string): boolean {
  return /^[0-9a-fA-F.:]+(\/\d+)?$/.test(item) && /[.:]/.test(item);
}

function fromSection(section: Section): WantedInterface {
  const said = DEVICE_ROWS.map(({ name, inFile }) => [name, only(section, inFile)] as const);
  return {
    name: section.name!,
    addresses: (section.settings.get("address") ?? []).flatMap(splitList),
    netmask: only(section, "netmask") ?? null,
    keys: Object.fromEntries(said.filter(([, setting]) => setting !== undefined)),
  };
}

function blank(name: Setting): WantedInterface {
  return { name, addresses: [], netmask: null, keys: {} };
}

/** By options; without any, by NUSEDEV. */
function saidOutside({ env, devices }: ConfigSources): WantedInterface[] {
  if (devices.length > 0) return devices.map(parseDevice);
  const name = variable(env, "NUSEDEV");
  return name === null ? [] : [blank(name)];
}

/** Which interfaces were asked for; empty: none at all. Throws Failure. */
export function wantedInterfaces(sources: ConfigSources): WantedInterface[] {
  const { env } = sources;
  const sections = (sources.file?.sections ?? []).filter(({ kind }) => kind === "interface");
  const said = saidOutside(sources);
  refuseDoubleNames(said);
  const names = sections.map(({ name }) => name?.text);
  const wanted = [
    ...sections.filter(({ isBroken }) => !isBroken).map(fromSection).map((file) => {
      const own = said.find(({ name }) => name.text === file.name.text);
      return complete(env, own ?? blank(file.name), file);
    }),
    ...said.filter(({ name }) => !names.includes(name.text)).map((s) => complete(env, s, null)),
  ];
  if (wanted.length === 0 && sections.length === 0) refuseOrphans(env);
  return wanted;
}

function refuseDoubleNames(said: readonly WantedInterface[]): void {
  const again = said.find((s, i) => said.findIndex((t) => t.name.text === s.name.text) !== i);
  if (again === undefined) return;
  throw new Failure(`--dev ${again.name.text} is given twice (once is enough)`);
}

function refuseOrphans(env: ConfigSources["env"]): void {
  const orphan = Object.keys(env).find((v) => v.startsWith("nuse-"));
  if (orphan === undefined) return;
  const device = orphan.slice("nuse-".length).replace(KEY_AT_END, "");
  throw new Failure(`${orphan} is set but NUSEDEV is not (set NUSEDEV=${device})`);
}
