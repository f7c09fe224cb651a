/**
 * Papers are true: what documents name is there, and the version is one.
 *
 * @module
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import denoConfig from "../deno.json" with { type: "json" };
import { NUSE } from "./lab/nuse.ts";
import { brokenLinks, missingPaths, slug, tasksIn } from "./tidy/documents.ts";
import { expectNone, filesOf, read, ROOT } from "./tidy/tree.ts";

const DOCUMENTS = filesOf(/\.md$/);
const TEXTS = DOCUMENTS.map((path) => [path, read(path)] as const);

Deno.test("every link of the documents leads somewhere, to its heading too", () => {
  assert(DOCUMENTS.length >= 7, `only ${DOCUMENTS.join(" ")}`);
  expectNone(TEXTS.flatMap(([path, text]) => brokenLinks(path, text, read)), "broken links");
});

Deno.test("every path that a document names is there", () => {
  expectNone(TEXTS.flatMap(([path, text]) => missingPaths(path, text)), "no such path");
});

Deno.test("every `deno task` that a document or a source names is in deno.json", () => {
  const tasks = Object.keys(denoConfig.tasks);
  const sources = filesOf(/\.(md|ts|c|h|1|bash)$|^nuse$|^\.ci\/run$/)
    .filter((path) => !path.startsWith("tests/docs_test") && !path.startsWith("tests/tidy/"));
  const named = sources.flatMap((path) => tasksIn(read(path)).map((task) => [path, task] as const));
  assert(named.length > 20);
  expectNone(
    named.filter(([, task]) => !tasks.includes(task)).map(([path, task]) => `${path}: ${task}`),
    "no such task",
  );
});

Deno.test("every file of results is quoted", () => {
  const results = [...Deno.readDirSync(`${ROOT}/bench/results`)].map(({ name }) => name);
  assert(results.length > 0);
  expectNone(
    results.filter((name) => !TEXTS.some(([, text]) => text.includes(`bench/results/${name}`))),
    "nothing quotes it: quote it or remove it",
  );
});

Deno.test("the changelog's newest version is that of deno.json and of --version", async () => {
  const versions = [...read("CHANGELOG.md").matchAll(/^## (\d\S*) - \d{4}-\d\d-\d\d$/gm)];
  assertEquals(versions[0]?.[1], denoConfig.version);
  const { stdout } = await new Deno.Command(NUSE, { args: ["--version"] }).output();
  assertMatch(new TextDecoder().decode(stdout), /^nuse \S+ \(Deno 2\.\S+\)\n$/);
  assertEquals(new TextDecoder().decode(stdout).split(" ")[1], versions[0][1]);
});

Deno.test("the license is named once and the same", () => {
  assertEquals(denoConfig.license, "MIT");
  assert(read("LICENSE").startsWith("MIT License\n"));
});

Deno.test("the checks of documents see what they should, and only that", () => {
  assertEquals(slug("RAW or TAP: `x/y`?"), "raw-or-tap-xy");
  const page = "# One\n[a](#one) [b](#two) [c](README.md) [d](no.md) [e](https://x.example/no)";
  assertEquals(brokenLinks("x.md", page, () => page).length, 3);
  assertEquals(brokenLinks("README.md", page, () => page).map((l) => l.split(" ")[1]), [
    "#two",
    "no.md",
  ]);
  const paths = "`stack/no.ts` `stack/stack.ts` `io/` `dist/no` `a/b` `./nuse x` `/dev/net/tun`";
  assertEquals(missingPaths("x.md", paths), ["x.md: stack/no.ts"]);
  assertEquals(tasksIn("deno task x:y, npx -y deno@2.9.6 task z; a deno task"), ["x:y", "z"]);
});
