/**
 * Features of newer kernels, each used only where the kernel has it, and each with another way to
 * go where it has not:
 *
 *     uso              6.2   UDP segmentation in virtio-net headers      the stack cuts datagrams
 *     tcx              6.6   an eBPF program on a link (guard.ts)        a note, when it matters
 *     big_tcp          6.3   TCP frames of more than 64 KiB              frames of 64 KiB
 *     ignore_outgoing  4.20  a packet socket that does not hear itself   the filter rejects those
 *
 * `NUSE_WITHOUT=uso,tcx` pretends that some are absent: the way for tests to go the other way, and
 * for a person whose kernel claims what it cannot do.
 *
 * @module
 */
import { EINVAL, SysError } from "../../../ffi/errno.ts";

export const FEATURES = ["uso", "tcx", "big_tcp", "ignore_outgoing"] as const;
export type Feature = typeof FEATURES[number];
export type Features = ReadonlySet<Feature>;

/** The first Linux that has a feature which it cannot be asked for: major, minor. */
const SINCE: ReadonlyMap<Feature, readonly [number, number]> = new Map([
  ["uso", [6, 2]],
  ["big_tcp", [6, 3]],
]);

/** The features named in a list with commas. Throws SysError for a name that is none. */
export function parseFeatures(text: string): Features {
  const names = text.split(",").map((name) => name.trim()).filter((name) => name !== "");
  return new Set(names.map((name) => {
    const feature = FEATURES.find((known) => known === name);
    if (feature !== undefined) return feature;
    throw new SysError("NUSE_WITHOUT", EINVAL, `NUSE_WITHOUT: there is no feature ${name}`, {
      advice: `known: ${FEATURES.join(", ")}`,
    });
  }));
}

/**
 * What may be used here: everything but what `NUSE_WITHOUT` names, and USO only where the kernel's
 * version has it, since a packet socket cannot be asked; so for big_tcp, whose frames an older one
 * takes and drops. `release` as in `uname -r`.
 */
export function usableFeatures(
  without: Features = parseFeatures(Deno.env.get("NUSE_WITHOUT") ?? ""),
  release: string = Deno.osRelease(),
): Features {
  const [major, minor] = release.split(".").map((part) => parseInt(part, 10));
  const isThere = (feature: Feature) => {
    const [sinceMajor, sinceMinor] = SINCE.get(feature) ?? [0, 0];
    return major > sinceMajor || (major === sinceMajor && minor >= sinceMinor);
  };
  return new Set(FEATURES.filter((f) => !without.has(f) && isThere(f)));
}
