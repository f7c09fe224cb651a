/**
 * The same commands under nuse and on a kernel's stack that is set up alike: what they say is
 * compared.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import type { Fixture } from "./fixture.ts";

/** For scripts of many commands on a busy machine. */
const LIMIT = { limitSec: 60 };

/** Runs `use` with what runs a command under nuse and on the kernel's stack: their outputs. */
export async function onBoth(
  f: Fixture,
  use: (both: (argv: string[]) => Promise<[string, string]>) => Promise<void>,
): Promise<void> {
  await using twin = await f.twin();
  await use(async (argv) => {
    const ours = await f.nuse(["--no-ipv6", ...argv], LIMIT).done;
    const theirs = await twin.run(argv, LIMIT);
    assertEquals(ours.code, theirs.code, `${argv.join(" ")}: ${ours.stderr}`);
    return ours.code === 0 ? [ours.stdout, theirs.stdout] : [ours.stderr, theirs.stderr];
  });
}

/**
 * Without what has to differ: MACs, what a veth is to the kernel, its own neighbour on lo, and what
 * `ip` says of a namespace that is just going.
 */
export function comparable(text: string): string[] {
  return text.replace(/va@[^:\s]+/g, "va").replace(/ link-netns \S+/g, "")
    .replace(/(lladdr|link\/ether) [0-9a-f:]+/g, "$1 MAC").replace(/time[= ][\d.]+ ?ms/g, "")
    .replace(/^rtt .*$/gm, "").replace(/ +/g, " ").split("\n").map((line) => line.trim())
    .filter((line) => line !== "" && !/dev lo lladdr|Peer netns reference/.test(line));
}
