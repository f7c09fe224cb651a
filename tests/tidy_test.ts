/**
 * The style that can be checked by a machine: layers, purity of the stack, sizes, headers, that
 * every module has its tests, and that what documents name is there.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import denoConfig from "../deno.json" with { type: "json" };
import { circlesIn, fileGraph, folderGraph } from "./tidy/circles.ts";
import { brokenLinks, missingModules, missingPaths, slug, tasksIn } from "./tidy/documents.ts";
import { allImports, isAllowed, layerOf, TCP_FLOORS } from "./tidy/imports.ts";
import { impurities, longCFunctions, longFunctions, unaskedLogCalls } from "./tidy/syntax.ts";
import { repeatedConstants } from "./tidy/constants.ts";
import { expectNone, FILES, filesOf, read, ROOT } from "./tidy/tree.ts";
import { TESTED_ELSEWHERE } from "./tidy/tested_elsewhere.ts";

const LINES_MAX = 400;
const COLUMNS_MAX = 100;
const TYPESCRIPT = /\.ts$/;
const CODE = /\.(ts|c|h|sh)$|^nuse$|^\.ci\/run$/;

Deno.test("modules import only what the design's table allows", async () => {
  const imports = await allImports();
  assert(imports.length > 100, `only ${imports.length} imports seen`);
  const wrong = imports.filter((i) => !isAllowed(i))
    .map(({ from, to, isTypeOnly }) => `${from} → ${to}${isTypeOnly ? " (type)" : ""}`);
  expectNone(wrong, "imports against the table of the design");
});

Deno.test("the table itself says what the design says", () => {
  const code = (from: string, to: string) => isAllowed({ from, to, isTypeOnly: false });
  const type = (from: string, to: string) => isAllowed({ from, to, isTypeOnly: true });
  for (const from of ["stack/tcp/a.ts", "stack/tcp/output/a.ts"]) {
    assert(code(from, "stack/wire/b.ts"));
    assert(!code(from, "stack/udp/b.ts"));
    assert(!code(from, "stack/iface/b.ts"));
  }
  assert(code("stack/tcp/a.ts", "stack/tcp/user/b.ts"));
  assert(code("stack/tcp/output/a.ts", "stack/tcp/tcb/b.ts"));
  assert(code("stack/tcp/output/a.ts", "stack/tcp/output/b.ts"));
  assert(!type("stack/tcp/tcb/a.ts", "stack/tcp/output/b.ts"));
  assert(!type("stack/tcp/tcb/a.ts", "stack/tcp/b.ts"));
  assert(code("stack/socket/a.ts", "stack/tcp/mod.ts"));
  assert(!type("stack/socket/a.ts", "stack/tcp/tcb/b.ts"));
  assert(!code("stack/wire/a.ts", "stack/tcp/b.ts"));
  assert(!code("stack/socket/a.ts", "stack/iface/b.ts"));
  assert(!type("stack/stack.ts", "ffi/libc.ts"));
  assert(!code("ffi/a.ts", "stack/mod.ts"));
  assert(code("io/a.ts", "stack/mod.ts") && type("io/a.ts", "stack/wire/b.ts"));
  assert(!code("io/a.ts", "stack/wire/b.ts") && !type("io/a.ts", "cli/b.ts"));
  assert(!code("stack/a.ts", "npm:/x"));
  assertEquals(layerOf("tests/x.ts"), null);
});

Deno.test("every folder of stack/tcp is a floor of the table", () => {
  const folders = new Set(filesOf(/^stack\/tcp\/.*\/.*\.ts$/).map((path) => path.split("/")[2]));
  assertEquals([...folders].sort(), [...TCP_FLOORS].sort());
});

Deno.test("no circle of imports: of files at run time, of folders by anything", async () => {
  const imports = await allImports();
  assert(imports.length > 100, `only ${imports.length} imports seen`);
  const show = (circles: string[][]) => circles.map((circle) => circle.join(" "));
  expectNone(show(circlesIn(fileGraph(imports))), "files that import each other");
  expectNone(show(circlesIn(folderGraph(imports))), "folders that import each other");
});

Deno.test("the search for circles sees what it should, and only that", () => {
  const code = (from: string, to: string) => ({ from, to, isTypeOnly: false });
  const type = (from: string, to: string) => ({ from, to, isTypeOnly: true });
  const tree = [code("x/a.ts", "x/b.ts"), code("x/b.ts", "x/c.ts"), code("x/a.ts", "x/c.ts")];
  assertEquals(circlesIn(fileGraph(tree)), []);
  assertEquals(circlesIn(fileGraph([...tree, type("x/c.ts", "x/a.ts")])), []);
  assertEquals(circlesIn(fileGraph([...tree, code("x/c.ts", "x/b.ts")])), [["x/b.ts", "x/c.ts"]]);
  assertEquals(
    circlesIn(fileGraph([...tree, code("x/c.ts", "x/a.ts"), code("y/a.ts", "y/a.ts")])),
    [["x/a.ts", "x/b.ts", "x/c.ts"], ["y/a.ts"]],
  );
  assertEquals(circlesIn(folderGraph([...tree, code("x/c.ts", "x/a.ts")])), []);
  const folders = [
    code("x/a.ts", "y/b.ts"),
    type("y/z/c.ts", "x/a.ts"),
    code("y/b.ts", "y/z/d.ts"),
  ];
  assertEquals(circlesIn(folderGraph(folders)), [["x", "y", "y/z"]]);
});

Deno.test("the stack is pure: no runtime, clock, future, randomness or exception", () => {
  expectNone(
    filesOf(/^stack\/.*\.ts$/).flatMap((path) => impurities(path, read(path))),
    "not allowed in stack/",
  );
});

Deno.test("the check of purity sees what it should, and only that", () => {
  const bad = [
    "const t = Date.now();",
    "performance.now();",
    "Deno.exit();",
    "console.log(1);",
    "Math.random();",
    "async function f() {}",
    "const f = async () => {};",
    "class A { async m() {} }",
    "function f() { throw new Error(); }",
    "setTimeout(f);",
    "new Promise(f);",
    "crypto.randomUUID();",
  ];
  for (const source of bad) assertEquals(impurities("x.ts", source).length, 1, source);
  const good = [
    "// Date",
    "const s = 'throw'; a.console; const o = { process: 1 }; Math.imul(1, 2);",
    "class A { constructor() { throw new RangeError(s); } }",
  ];
  assertEquals(impurities("x.ts", good.join("\n")), []);
});

Deno.test("the stack asks whether somebody listens before it tells a log anything", () => {
  const sources = filesOf(/^stack\/.*\.ts$/);
  expectNone(sources.flatMap((path) => unaskedLogCalls(path, read(path))), "not asked");
  const bad =
    "class A { a() { this.#log.plain(1, 0); } b() { if (this.#log.isOn[1] !== 0) x(); } }";
  assertEquals(unaskedLogCalls("x.ts", bad).length, 1);
  const good = "function f(log) { if (log.isOn[1] !== 0) { const a = 1; log.address(1, 0, a); } }";
  assertEquals(unaskedLogCalls("x.ts", good), []);
});

Deno.test(`no file is longer than ${LINES_MAX} lines`, () => {
  const long = filesOf(CODE).map((path) => [path, read(path).split("\n").length - 1] as const)
    .filter(([, lines]) => lines > LINES_MAX).map(([path, lines]) => `${path}: ${lines}`);
  expectNone(long, "too long");
});

Deno.test(`no line is wider than ${COLUMNS_MAX} columns`, () => {
  const wide = filesOf(CODE).flatMap((path) =>
    read(path).split("\n").flatMap((line, i) => {
      const width = [...line].length;
      return width > COLUMNS_MAX ? [`${path}:${i + 1}: ${width}`] : [];
    })
  );
  expectNone(wide, "too wide");
});

Deno.test("no function is longer than 70 lines", () => {
  expectNone(
    [
      ...filesOf(TYPESCRIPT).flatMap((path) => longFunctions(path, read(path))),
      ...filesOf(/\.[ch]$/).flatMap((path) => longCFunctions(path, read(path))),
    ],
    "too long",
  );
});

Deno.test("every file opens by saying what it is", () => {
  const isTest = /_test\.ts$|_bench\.ts$/;
  const bare = filesOf(TYPESCRIPT).filter((path) => !isTest.test(path))
    .filter((path) => !/^(#!.*\n)?\/\*\*[^]*?@module\s*\*\//.test(read(path)));
  const bareC = filesOf(/\.[ch]$/).filter((path) => !read(path).startsWith("/*"));
  expectNone([...bare, ...bareC], "no /** … @module */ header");
});

Deno.test("every module has its tests in the same place under tests/", () => {
  const modules = filesOf(/^(stack|ffi|io|cli)\/.*\.ts$/).filter((path) =>
    !path.endsWith("/mod.ts")
  );
  const isTested = (path: string) => FILES.includes(`tests/${path.replace(/\.ts$/, "_test.ts")}`);
  const reasons = Object.keys(TESTED_ELSEWHERE);
  const isExcusedBy = (path: string, reason: string) =>
    reason.endsWith("/") ? path.startsWith(reason) : path === reason;
  const open = modules.filter((path) => hasCode(read(path)) && !isTested(path));
  expectNone(
    open.filter((path) => !reasons.some((reason) => isExcusedBy(path, reason))),
    "no test and no reason",
  );
  expectNone(
    reasons.filter((reason) => !open.some((path) => isExcusedBy(path, reason))),
    "excused without need",
  );
});

/** Whether a module has anything to execute beyond constants and records: a function, a method. */
function hasCode(source: string): boolean {
  const code = /^\s*(export )?(default )?(async )?(function|abstract class) |=> /m;
  const method = /^\s+(override |static |async |get |set )*[#\w]+(<.*>)?\(.*(\{|\($|,$)/m;
  return code.test(source) || (/^(export )?class /m.test(source) && method.test(source));
}

Deno.test("every counter of the stack is raised somewhere", () => {
  const path = "stack/base/counters.ts";
  const names = [...read(path).matchAll(/^ {2}(\w+) = 0;/gm)].map(([, name]) => name);
  assert(names.length > 100, `only ${names.length} counters seen`);
  const code = filesOf(/^stack\/.*\.ts$/).filter((other) => other !== path).map(read).join("\n");
  const words = new Set(code.match(/\w+/g));
  expectNone(names.filter((name) => !words.has(name)), "counters that nobody raises");
});

Deno.test("a constant has one place", () => {
  const sources = filesOf(/^(stack|ffi|io|cli)\/.*\.ts$/).map((path) =>
    [path, read(path)] as const
  );
  expectNone(repeatedConstants(new Map(sources)), "defined in several files");
});

Deno.test("the check of constants sees what it should, and only that", () => {
  const found = repeatedConstants(
    new Map([
      ["stack/a.ts", "export const A_B = 0x10;\nconst C = 1;\nconst OWN = 3;\n"],
      ["stack/b/c.ts", 'const A_B = 0x10;\nconst C = 2;\nconst TEXT = "x";\n'],
      ["io/d.ts", 'const A_B = 0x10;\nconst OWN = 3;\nconst TEXT = "x";\n'],
      ["ffi/e.ts", 'export const TEXT = "x";\n'],
    ]),
  );
  assertEquals(found, [
    "stack A_B = 0x10: stack/a.ts, stack/b/c.ts",
    'outside TEXT = "x": io/d.ts, ffi/e.ts',
  ]);
});

Deno.test("nothing is left unfinished or switched off", () => {
  const words = /\b(TODO|FIXME|XXX|HACK)\b|@ts-(ignore|nocheck)|deno-lint-ignore-file/;
  const found = filesOf(CODE).filter((path) => path !== "tests/tidy_test.ts").flatMap((path) =>
    read(path).split("\n").flatMap((line, i) =>
      words.test(line) ? [`${path}:${i + 1}: ${line.trim()}`] : []
    )
  );
  expectNone(found, "unfinished");
});

const DOCUMENTS = filesOf(/\.md$/);
const TEXTS = DOCUMENTS.map((path) => [path, read(path)] as const);

Deno.test("every link of the documents leads somewhere, to its heading too", () => {
  assert(DOCUMENTS.length >= 7, `only ${DOCUMENTS.join(" ")}`);
  expectNone(TEXTS.flatMap(([path, text]) => brokenLinks(path, text, read)), "broken links");
});

Deno.test("every path that a document names is there", () => {
  expectNone(TEXTS.flatMap(([path, text]) => missingPaths(path, text)), "no such path");
});

Deno.test("every module that a comment names is there", () => {
  const sources = filesOf(/\.(ts|c|h)$/).filter((path) => !path.startsWith("tests/tidy_"));
  expectNone(
    sources.flatMap((path) => missingModules(read(path), FILES).map((name) => `${path}: ${name}`)),
    "no such module",
  );
});

Deno.test("every `deno task` that a document or a source names is in deno.json", () => {
  const tasks = Object.keys(denoConfig.tasks);
  const sources = filesOf(/\.(md|ts|c|h|1|bash)$|^nuse$|^\.ci\/run$/)
    .filter((path) => !path.startsWith("tests/tidy"));
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

Deno.test("the checks of documents see what they should, and only that", () => {
  assertEquals(slug("RAW or TAP: `x/y`?"), "raw-or-tap-xy");
  const page = "# One\n[a](#one) [b](#two) [c](README.md) [d](no.md) [e](https://x.example/no)";
  assertEquals(brokenLinks("x.md", page, () => page).length, 3);
  assertEquals(brokenLinks("README.md", page, () => page).map((l) => l.split(" ")[1]), [
    "#two",
    "no.md",
  ]);
  const paths = "`a stack/no.ts` `stack/stack.ts` `io/` `dist/no` `a/b` `./nuse x` `/dev/net/tun`";
  assertEquals(missingPaths("x.md", paths), ["x.md: stack/no.ts"]);
  const code = " * a/b.ts, c.ts, no.ts\nx(); // see (b.ts)\n'no.ts' /x\n/* x/b.ts */";
  assertEquals(missingModules(code, ["q/a/b.ts", "c.ts"]), ["no.ts", "x/b.ts"]);
  assertEquals(tasksIn("deno task x:y, npx -y deno@2.9.6 task z; a deno task"), ["x:y", "z"]);
});
