/**
 * Variables that look like nuse's own and are not: a typing error would otherwise be a setting that
 * silently does nothing.
 *
 * Near to a name of ours (NUSE_DEV, NUSEVIFF): refused, as an unknown option is. Only like one
 * (NUSE_OTHER, nuse-eth1 while eth1 is not used): said, and the program runs.
 *
 * @module
 */
import { Failure } from "./base/failure.ts";
import { nearest } from "./base/nearest.ts";
import { DEVICE_KEYS } from "./config/keys.ts";
import { FIXED_VARIABLES, MACHINERY, SET_FOR_PROGRAMS } from "./options.ts";

/** Every variable of a fixed name. */
const KNOWN: ReadonlySet<string> = new Set([
  ...FIXED_VARIABLES,
  ...MACHINERY.map(({ variable }) => variable!.split("=")[0]),
  ...SET_FOR_PROGRAMS,
]);
/** Names to compare with: those that a person sets. CC is everybody's. */
const OURS = [...KNOWN].filter((name) => name !== "CC" && !SET_FOR_PROGRAMS.includes(name));
const DEVICE_START = "nuse-";
/** Interfaces that have a setting of their own are named in the variable. */
const KEY_AT_END = new RegExp(`-(${DEVICE_KEYS.map(({ name }) => name).join("|")})$`);

/** Lines of warning about names that are not an interface's. Throws Failure. */
export function strangeNames(names: readonly string[]): string[] {
  return names.map(ofFixedName).filter((warning) => warning !== null);
}

export interface DeviceSources {
  /** Names of the interfaces that nuse attaches to. */
  readonly devices: readonly string[];
  /** Whether the host has an interface of that name. */
  readonly isInterface: (name: string) => boolean;
}

/** Lines of warning about variables of interfaces, of all `names`. */
export function strangeDevices(names: readonly string[], sources: DeviceSources): string[] {
  return names.filter((name) => name.startsWith(DEVICE_START))
    .map((name) => ofDevice(name, sources)).filter((warning) => warning !== null);
}

function ofFixedName(name: string): string | null {
  if (KNOWN.has(name)) return null;
  const looksOwn = /^NUSE/i.test(name) || /^DEFAULT_?ROUTE?/i.test(name);
  const meant = looksOwn ? nearest(name, OURS) : null;
  if (meant !== null) throw new Failure(`unknown variable ${name} (did you mean ${meant}?)`);
  return name.startsWith("NUSE_") ? `unknown variable ${name} (known: ${OURS.join(", ")})` : null;
}

/** A variable of an interface: one that is used, one that could be, or a typing error. */
function ofDevice(name: string, { devices, isInterface }: DeviceSources): string | null {
  const device = name.slice(DEVICE_START.length).replace(KEY_AT_END, "");
  // One environment may serve several runs, each with another NUSEDEV.
  if (devices.includes(device) || isInterface(device)) return null;
  const meant = nearest(device, devices);
  const advice = meant === null ? `nuse uses ${devices.join(", ")}` : `did you mean nuse-${meant}?`;
  return `${name} sets nothing: there is no interface ${device} (${advice})`;
}
