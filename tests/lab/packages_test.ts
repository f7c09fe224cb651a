import { assertEquals } from "@std/assert";
import { versionOf, withoutServices } from "./packages.ts";

Deno.test("services are forbidden meanwhile, and the policy is what it was before", async () => {
  const dir = await Deno.makeTempDir();
  const policy = `${dir}/policy-rc.d`;
  const verdict = async () => {
    const { code } = await new Deno.Command(policy, { args: ["x", "start"] }).output();
    return code;
  };
  const files = () => [...Deno.readDirSync(dir)].length;
  try {
    assertEquals(await withoutServices(verdict, policy), 101);
    assertEquals(files(), 0);
    const own = "#!/bin/sh\nexit 0\n";
    await Deno.writeTextFile(policy, own);
    await withoutServices(() => Promise.reject(new Error("x")), policy).catch(() => {});
    assertEquals(await Deno.readTextFile(policy), own);
    assertEquals(await withoutServices(verdict, policy).catch(() => null) === 0, false);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("the version of a package that is there, and of one that is not", async () => {
  assertEquals((await versionOf("libc6"))?.startsWith("2."), true);
  assertEquals(await versionOf("no-such-package"), null);
});
