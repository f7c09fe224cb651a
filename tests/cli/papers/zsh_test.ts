import { assert, assertEquals } from "@std/assert";
import { zshCompletion } from "../../../cli/papers/zsh.ts";
import { DEVICE_KEYS } from "../../../cli/config/keys.ts";
import { ROWS } from "../../../cli/options.ts";

async function hasZsh(): Promise<boolean> {
  const which = new Deno.Command("sh", { args: ["-c", "command -v zsh"], stdout: "null" });
  return (await which.output()).success;
}

/** An interactive zsh on a terminal of its own: what it shows after a line and a tab. */
const SESSION = `
  zmodload zsh/zpty
  zpty z 'TERM=dumb zsh -f -i'
  zpty -w z "PS1='> '; fpath=($1 \\$fpath); autoload -Uz compinit; compinit -u -D; echo RE''ADY"
  zpty -r z out '*READY*'
  zpty -w -n z "$2"$'\\t'
  zpty -r z out "*$3*"
  print -r -- "$out"
`;

/** What is shown up to `until`, which must come. */
async function offers(line: string, until: string): Promise<string> {
  const dir = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${dir}/_nuse`, zshCompletion());
    const { code, stdout } = await new Deno.Command("timeout", {
      args: ["30", "zsh", "-f", "-c", SESSION, "zsh", dir, line, until],
      stderr: "null",
    }).output();
    const text = new TextDecoder().decode(stdout);
    assertEquals(code, 0, `no "${until}" after "${line}": ${text}`);
    return text;
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

const isHere = await hasZsh();
const test = (name: string, fn: () => Promise<void>) =>
  Deno.test({ name: isHere ? name : `${name} (left out: needs zsh)`, ignore: !isHere, fn });

test("zsh: every option of the table, those that begin so", async () => {
  assert((await offers("nuse --ver", "--version")).includes("--verbose"));
  for (const { name } of ROWS) await offers("nuse -", `--${name}`);
});

test("zsh: an interface, keys, values, then programs", async () => {
  await offers("nuse --dev l", "lo=");
  for (const { name } of DEVICE_KEYS) await offers("nuse --dev lo=198.18.0.2/24,", name);
  await offers("nuse --dev lo=198.18.0.2/24,vif=", "NETMAP");
  await offers("nuse -v --route 198.18.0.1 tru", "true");
});
