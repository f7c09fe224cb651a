/**
 * Numbers and strings that have a name: each once under stack/, and once outside of it (ffi/, io/,
 * cli/), which stack/ must not import.
 *
 * @module
 */

const CONSTANT = /^(?:export )?const ([A-Z][A-Z0-9_]+)(?:: \w+)? = (-?\d[\w +*<|-]*|"[^"]*");$/gm;

/** "NAME = value: file, file" for every constant that several files define alike. */
export function repeatedConstants(sources: ReadonlyMap<string, string>): string[] {
  const places = new Map<string, string[]>();
  for (const [path, text] of sources) {
    for (const [, name, value] of text.matchAll(CONSTANT)) {
      const side = path.startsWith("stack/") ? "stack" : "outside";
      const key = `${side} ${name} = ${value}`;
      places.set(key, [...places.get(key) ?? [], path]);
    }
  }
  return [...places].filter(([, paths]) => paths.length > 1)
    .map(([key, paths]) => `${key}: ${paths.join(", ")}`);
}
