import { assert, assertStringIncludes } from "@std/assert";
import { helpText, spelling } from "../../cli/help.ts";
import { DEVICE_KEYS } from "../../cli/config/keys.ts";
import { isOwnVariable, MEANING_MAX, ROWS } from "../../cli/options.ts";

const HELP = helpText();

Deno.test("the help is shorter than a screen of 30 lines and 80 columns", () => {
  const lines = HELP.trimEnd().split("\n");
  assert(lines.length < 30, `${lines.length} lines`);
  for (const line of lines) assert(line.length <= 80, line);
});

Deno.test("the help shows every option and every key, each meaning in its column", () => {
  for (const option of ROWS) {
    const line = HELP.split("\n").find((l) => l.includes(`--${option.name}`));
    assert(line !== undefined, option.name);
    assert(option.meaning.length <= MEANING_MAX, option.meaning);
    assert(line.endsWith(`  ${option.meaning}`), `no gap: ${line}`);
    assertStringIncludes(line, spelling(option));
  }
  for (const { name, argument } of DEVICE_KEYS) assertStringIncludes(HELP, `${name}=${argument}`);
});

Deno.test("the variables that the help names are nuse's own", () => {
  const named = HELP.match(/\bNUSE[A-Z]+|DEFAULTROUTE|nuse-eth0/g) ?? [];
  assert(named.length > 4);
  for (const name of named) assert(isOwnVariable(name), name);
});
