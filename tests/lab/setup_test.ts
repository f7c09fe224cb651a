import { assertThrows } from "@std/assert";
import { requirePrograms } from "./setup.ts";

Deno.test("a program that is missing and required is said in one line, with its package", () => {
  requirePrograms([], ["cc", "ip"]);
  requirePrograms(["zsh", "curl"], ["cc", "ip"]);
  assertThrows(
    () => requirePrograms(["zsh", "ip", "ss", "cc"], ["cc", "ss", "ip"]),
    Error,
    "no ip, ss, cc (apt-get install iproute2 gcc)",
  );
});
