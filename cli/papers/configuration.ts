/**
 * The tables in docs/configuration.md: the keys of each section, and every sysctl.
 *
 * @module
 */
import { stackConfig } from "../../stack/config.ts";
import { SYSCTLS } from "../../stack/sysctl.ts";
import { DEVICE_ROWS, type FileKey, type SectionKind, SECTIONS } from "../config/keys.ts";
import { markdownTable } from "./guide.ts";

const code = (text: string) => `\`${text}\``;
/** A bar would end the cell. */
const choices = (text: string) => text.replaceAll("|", ", ");

function keyCells({ inFile, argument, meaning }: FileKey): string[] {
  return [`${code(inFile)} ${choices(argument)}`, meaning];
}

/** The keys that stand outside of sections, or in a route. */
export function keysTable(kind: SectionKind): string {
  return markdownTable(["key", "meaning"], SECTIONS[kind].map(keyCells));
}

/** The keys of an interface, beside what they are called elsewhere. */
export function interfaceTable(): string {
  const elsewhere = ({ inFile }: FileKey) => {
    const row = DEVICE_ROWS.find((device) => device.inFile === inFile);
    if (row !== undefined) return `\`${row.name}=\`, \`nuse-eth0-${row.name}\``;
    return inFile === "address" ? "`--dev eth0=`, `nuse-eth0`" : "";
  };
  const body = SECTIONS.interface.map((key) => {
    const [name, meaning] = keyCells(key);
    return [name, elsewhere(key), meaning];
  });
  return markdownTable(["key", "option, variable", "meaning"], body);
}

/** Every sysctl, with the default of the stack itself. */
export function sysctlTable(): string {
  const standard = stackConfig();
  const body = SYSCTLS.map(({ name, values, meaning, show }) => [
    code(name),
    code(show(standard)),
    values,
    meaning,
  ]);
  return markdownTable(["name", "default", "values", "meaning"], body);
}
