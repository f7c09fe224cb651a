/**
 * The mutants that the tests are known to kill: known/*.mutants. They began with those that once
 * survived, and with faults that were once in the code.
 *
 * @module
 */
import { type Mutant, parseMutants } from "./mutant.ts";

const FOLDER = new URL("known/", import.meta.url);

export function knownMutants(): Mutant[] {
  const lists = [...Deno.readDirSync(FOLDER)].map((entry) => entry.name)
    .filter((name) => name.endsWith(".mutants")).sort();
  return lists.flatMap((name) => parseMutants(Deno.readTextFileSync(new URL(name, FOLDER))));
}
