import { assertEquals } from "@std/assert";
import { keysWithChoices, valueOptions } from "../../../cli/papers/completion.ts";
import { VIF_KINDS } from "../../../io/config.ts";

Deno.test("options with a value, and keys whose values are few", () => {
  const names = valueOptions().map(({ name }) => name);
  assertEquals(names.includes("dev") && names.includes("route"), true);
  assertEquals(names.includes("help"), false);
  const keys = keysWithChoices();
  assertEquals(keys.find(({ name }) => name === "vif")?.choices, VIF_KINDS);
  assertEquals(keys.some(({ name }) => name === "mtu"), false);
});
