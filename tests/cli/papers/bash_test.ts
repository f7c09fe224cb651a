import { assert, assertEquals } from "@std/assert";
import { bashCompletion } from "../../../cli/papers/bash.ts";
import { DEVICE_KEYS } from "../../../cli/config/keys.ts";
import { ROWS } from "../../../cli/options.ts";

/**
 * What bash offers for the command line so far; the words as readline cuts them. `before`: what is
 * loaded besides.
 */
async function offers(line: string, before = ""): Promise<string[]> {
  const words: string[] = line.match(/[=:]|[^\s=:]+/g) ?? [];
  if (/\s$/.test(line)) words.push("");
  const quoted = words.map((word) => `'${word}'`).join(" ");
  const script = `${bashCompletion()}
    ${before}
    COMP_LINE='${line}' COMP_POINT=${line.length} COMP_WORDS=(${quoted})
    COMP_CWORD=$((\${#COMP_WORDS[@]} - 1))
    _nuse
    printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { success, stdout, stderr } = await new Deno.Command("bash", {
    args: ["--norc", "-c", script],
    env: { COMP_WORDBREAKS: " \t\n\"'><=;|&(:" },
  }).output();
  const text = new TextDecoder();
  assert(success, text.decode(stderr));
  assertEquals(text.decode(stderr), "");
  return text.decode(stdout).split("\n").filter((offer) => offer !== "").sort();
}

Deno.test("bash: every option of the table, and those that begin so", async () => {
  const all = await offers("nuse -");
  for (const { name } of ROWS) assert(all.includes(`--${name}`), name);
  assertEquals(await offers("nuse -v --ver"), ["--verbose", "--version"]);
});

Deno.test("bash: an interface, then keys, then their values", async () => {
  assert((await offers("nuse --dev ")).includes("lo="));
  assertEquals(await offers("nuse --dev l"), ["lo="]);
  assertEquals(await offers("nuse --dev lo=19"), []);
  const keys = DEVICE_KEYS.map(({ name }) => `198.18.0.2/24,${name}=`).sort();
  assertEquals(await offers("nuse --dev lo=198.18.0.2/24,"), keys);
  assertEquals(await offers("nuse --dev lo=198.18.0.2,vif=T"), ["TAP"]);
  assertEquals(await offers("nuse --dev=lo=198.18.0.2,vif=R"), ["RAW"]);
  assertEquals(await offers("nuse --dev=l"), ["lo="]);
});

Deno.test("bash: an address is the person's own; then come programs", async () => {
  assertEquals(await offers("nuse --route 19"), []);
  assert((await offers("nuse --route 198.18.0.1 -v tru")).includes("true"));
  assert((await offers("nuse -- tru")).includes("true"));
});

Deno.test("bash: the program's arguments are completed by its own completion", async () => {
  const other = `_command_offset() { COMPREPLY=("from \${COMP_WORDS[$1]}"); }`;
  assertEquals(await offers("nuse --dev lo=198.18.0.2,mtu=1500 ping -", other), ["from ping"]);
  assertEquals(await offers("nuse -v -- ping --dev ", other), ["from ping"]);
});
