/**
 * The version and the license are told once and the same.
 *
 * @module
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import denoConfig from "../deno.json" with { type: "json" };
import { NUSE } from "./lab/nuse.ts";
import { read } from "./tidy/tree.ts";

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
