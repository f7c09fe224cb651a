import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import denoConfig from "../../../deno.json" with { type: "json" };
import { headerText } from "../../../cli/build/task_help.ts";
import { ROOT } from "../../tidy/tree.ts";

Deno.test("the header of a script without the marks of the comment", () => {
  const source = "/**\n * `deno task fuzz`: does it.\n *\n *     deno task fuzz --fast\n *\n" +
    " * @module\n */\nimport a;\n";
  assertEquals(headerText(source), "`deno task fuzz`: does it.\n\n    deno task fuzz --fast");
  assertEquals(headerText("const a = 1;\n"), "");
});

/** The scripts of tasks, by their paths, and what else people start. */
function scripts(): string[] {
  const commands = Object.values(denoConfig.tasks).map((task) => {
    return typeof task === "string" ? task : task.command;
  });
  const paths = commands.flatMap((command) => /^deno run -A (\S+\.ts)/.exec(command)?.[1] ?? []);
  return [...new Set([...paths, "tests/mutate/draw.ts"])];
}

Deno.test("every script of a task says what it takes, and does nothing, for --help", async () => {
  const found = scripts();
  assert(found.length > 10, `${found}`);
  for (const path of found) {
    const header = headerText(Deno.readTextFileSync(`${ROOT}/${path}`));
    for (const flag of ["--help", "-h"]) {
      const args = ["run", "-A", "--no-check", path, flag];
      const command = new Deno.Command(Deno.execPath(), { args, cwd: ROOT });
      const { code, stdout, stderr } = await command.output();
      const text = new TextDecoder().decode(stdout);
      assertEquals([code, text], [0, `${header}\n`], new TextDecoder().decode(stderr));
      assertStringIncludes(text, ".");
    }
  }
});
