/**
 * `deno task papers`: writes what is made from the command line's tables: man page, completions,
 * the guide's table, those of the configuration's page; the log's page from the tables of its
 * events; and the README's picture from a session. A test holds that they are current.
 *
 * @module
 */
import { fromFileUrl } from "@std/path";
import denoConfig from "../../deno.json" with { type: "json" };
import { bashCompletion } from "./bash.ts";
import { interfaceTable, keysTable, sysctlTable } from "./configuration.ts";
import { exitStatusTable, replaceMarked, settingsTable } from "./guide.ts";
import { eventsTable } from "./logging.ts";
import { manPage } from "./man.ts";
import { sessionPicture } from "./picture.ts";
import { zshCompletion } from "./zsh.ts";
import { helpIfAsked } from "../build/task_help.ts";

export interface Paper {
  /** Relative to the root of the repository. */
  readonly path: string;
  /** From the text that is there. */
  readonly make: (present: string) => string;
}

const fileOf = (path: string) => fromFileUrl(new URL(`../../${path}`, import.meta.url));

function guide(page: string): string {
  const withSettings = replaceMarked(page, "settings", settingsTable());
  return replaceMarked(withSettings, "exit status", exitStatusTable());
}

function configuration(page: string): string {
  const tables = {
    "interface keys": interfaceTable(),
    "route keys": keysTable("route"),
    "global keys": keysTable("global"),
    "sysctls": sysctlTable(),
  };
  return Object.entries(tables)
    .reduce((text, [mark, table]) => replaceMarked(text, mark, table), page);
}

export const PAPERS: readonly Paper[] = [
  { path: "docs/nuse.1", make: () => manPage(denoConfig.version) },
  { path: "docs/completion/nuse.bash", make: bashCompletion },
  { path: "docs/completion/_nuse", make: zshCompletion },
  {
    path: "docs/session.svg",
    make: () => sessionPicture(Deno.readTextFileSync(fileOf("docs/session.txt"))),
  },
  { path: "docs/guide.md", make: guide },
  { path: "docs/configuration.md", make: configuration },
  { path: "docs/logging.md", make: (page) => replaceMarked(page, "events", eventsTable()) },
];

helpIfAsked(import.meta);
if (import.meta.main) {
  for (const { path, make } of PAPERS) {
    const file = fileOf(path);
    const present = await Deno.readTextFile(file).catch(() => "");
    const text = make(present);
    if (text === present) continue;
    await Deno.writeTextFile(file, text);
    console.log(`made ${path}`);
  }
}
