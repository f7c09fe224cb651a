/**
 * What documents name: links with their headings, paths, tasks, files of results.
 *
 * @module
 */
import { dirname, join, normalize } from "@std/path";
import { ROOT } from "./tree.ts";

/** Folders of the repository that hold nothing when it is fresh. */
const MADE = ["dist", "node_modules"];

export function exists(path: string): boolean {
  try {
    Deno.statSync(`${ROOT}/${path}`);
    return true;
  } catch {
    return false;
  }
}

/** A heading as GitHub links to it: lower case, no punctuation, dashes for spaces. */
export function slug(heading: string): string {
  return heading.toLowerCase().replaceAll(/[^\p{L}\p{N} _-]/gu, "").replaceAll(" ", "-");
}

function headings(markdown: string): string[] {
  return [...markdown.matchAll(/^#+ (.*)$/gm)].map(([, text]) => slug(text));
}

/** Relative links in `markdown` that lead nowhere. `read` gives another page. */
export function brokenLinks(
  path: string,
  markdown: string,
  read: (path: string) => string,
): string[] {
  const links = [...markdown.matchAll(/\]\(([^)\s]+)\)|<img [^>]*src="([^"]+)"/g)]
    .map(([, link, image]) => link ?? image).filter((link) => !/^[a-z]+:/.test(link));
  return links.filter((link) => {
    const [file, heading] = link.split("#");
    const target = file === "" ? path : normalize(join(dirname(path), file));
    if (!exists(target)) return true;
    return heading !== undefined && !headings(read(target)).includes(heading);
  }).map((link) => `${path}: ${link}`);
}

/** Whether a word in backticks is meant as a path here: it begins with something of the root. */
function looksLikePath(word: string): boolean {
  const [first, ...rest] = word.split("/");
  return rest.length > 0 && /^[\w./-]+$/.test(word) && !MADE.includes(first) &&
    !first.includes(":") && first !== "." && first !== "" && exists(first);
}

/** Paths in backticks, alone or as a command's words, that are not there. */
export function missingPaths(path: string, markdown: string): string[] {
  return [...markdown.matchAll(/`([^`\n]+)`/g)].flatMap(([, words]) => words.split(/\s+/))
    .filter((word) => looksLikePath(word) && !exists(word))
    .map((word) => `${path}: ${word}`);
}

/** Modules that comments name, by the end of their path, and that are not among `paths`. */
export function missingModules(source: string, paths: readonly string[]): string[] {
  return [...source.matchAll(/^\s*\/?\*.*$|\/\/.*$/gm)]
    .flatMap(([line]) => [...line.matchAll(/(?<![\w/.<-])[\w-]+(?:\/[\w-]+)*\.ts\b/g)])
    .map(([name]) => name)
    .filter((name) => !paths.some((path) => path === name || path.endsWith(`/${name}`)));
}

/** Names behind `deno task`. */
export function tasksIn(markdown: string): string[] {
  return [...markdown.matchAll(/deno(?:@[\d.]+)? task ([a-z]\w*(?::\w+)*)/g)].map(([, task]) =>
    task
  );
}
