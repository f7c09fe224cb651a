import { assert, assertEquals, assertMatch } from "@std/assert";
import { complaint } from "../../../cli/build/prerequisites.ts";

Deno.test("of Deno's complaint its first line is shown", () => {
  const failing = "Download https://r/x\nerror: Failed loading x\n\nCaused by:\n    dns error\n";
  assertEquals(complaint(failing), "Failed loading x");
  assertEquals(complaint("\nsomething else\n"), "something else");
  assertEquals(complaint(""), "deno says nothing");
});

/** Imports the module in a Deno with empty caches and without network; what it throws. */
async function offline(call: string): Promise<string> {
  const caches = await Deno.makeTempDir();
  const module = JSON.stringify(import.meta.resolve("../../../cli/build/prerequisites.ts"));
  const code = `await (await import(${module})).${call}().catch((e) => console.log(e.message))`;
  try {
    const { stdout } = await new Deno.Command("unshare", {
      args: ["-n", Deno.execPath(), "eval", code],
      env: { DENO_DIR: `${caches}/deno` },
    }).output();
    return new TextDecoder().decode(stdout).trim();
  } finally {
    await Deno.remove(caches, { recursive: true });
  }
}

Deno.test({
  name: "without network, one line says what is missing; what is there is not fetched again",
  ignore: Deno.uid() !== 0,
  async fn() {
    const bundler = await offline("fetchBundler");
    assertMatch(bundler, /^deno bundle's esbuild cannot be fetched: .+ \(needs the network once/);
    assert(!bundler.includes("\n"));
    assertEquals(await offline("fetchLibraries"), "");
  },
});
