import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { manPage, roff } from "../../../cli/papers/man.ts";
import { DEVICE_KEYS } from "../../../cli/config/keys.ts";
import { EXAMPLES, ROWS } from "../../../cli/options.ts";

const PAGE = manPage("1.2.3");

Deno.test("man: every option, key and example, and the version", () => {
  for (const { name } of ROWS) assertStringIncludes(PAGE, roff(`--${name}`));
  for (const { name, argument } of DEVICE_KEYS) assertStringIncludes(PAGE, `${name}=${argument}`);
  for (const { command } of EXAMPLES) assertStringIncludes(PAGE, roff(command));
  assertStringIncludes(PAGE, "nuse 1.2.3");
});

Deno.test("man: roff's own characters are text", () => {
  assertEquals(roff("a-b\\c `d-e` …"), "a\\-b\\ec \\fBd\\-e\\fR ...");
  assertEquals(roff(".x\n'y"), "\\&.x\n\\&'y");
});

Deno.test("man: no line is taken for a macro that is none", () => {
  const known = /^\.(\\"|TH|SH|PP|TP|IP|RS|RE|EX|EE)( |$)/;
  const macros = PAGE.split("\n").filter((line) => line.startsWith("."));
  assert(macros.length > 50);
  for (const line of macros) assert(known.test(line) || line.startsWith('.\\"'), line);
  assertEquals(PAGE.match(/^\.RS/gm)?.length, PAGE.match(/^\.RE/gm)?.length);
});
