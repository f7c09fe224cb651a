/**
 * `--help` of the tasks and other scripts that people start: what the header of the script says.
 *
 * Nothing here may import what is still to be fetched.
 *
 * @module
 */

/** The text of a module's header, without the marks of the comment. */
export function headerText(source: string): string {
  const end = source.indexOf("@module");
  const lines = source.slice(0, Math.max(0, end)).split("\n").slice(1, -1);
  return lines.map((line) => line.replace(/^ \* ?/, "")).join("\n").trim();
}

/**
 * Prints what the script is and takes, and ends, when the command line asks for that and the script
 * is what was started. To be called with its `import.meta` before it does anything.
 */
export function helpIfAsked({ main, url }: ImportMeta): void {
  if (!main || !Deno.args.some((arg) => arg === "--help" || arg === "-h")) return;
  console.log(headerText(Deno.readTextFileSync(new URL(url))));
  Deno.exit(0);
}
