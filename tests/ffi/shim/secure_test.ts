/**
 * Whose service the shim believes: that of the environment, but in a setuid program, whose
 * environment is its caller's, only root's.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { SHIM_LIBRARY } from "../../../ffi/shim/library.ts";
import { compile, envOf, FakeService, type Programs, withPrograms } from "./fixture.ts";

const NOBODY = 65534;
const SETUID_MODE = 0o4755;
const SOURCE = `${import.meta.dirname}/secure.c`;

/** What a program that nobody starts says, with this user's service in the environment. */
async function outcome(programs: Programs, program: string, serviceUid: number): Promise<string> {
  const fake = await FakeService.start(programs, serviceUid);
  try {
    const { stdout } = await new Deno.Command(program, {
      uid: NOBODY,
      gid: NOBODY,
      cwd: "/",
      env: envOf(fake),
      signal: AbortSignal.timeout(30_000),
    }).output();
    return new TextDecoder().decode(stdout).trim();
  } finally {
    await fake.stop();
  }
}

Deno.test({
  name: "a setuid program believes root's service only",
  ignore: Deno.uid() !== 0,
  async fn() {
    await withPrograms(async (programs) => {
      const [plain, setuid] = [`${programs.dir}/plain`, `${programs.dir}/setuid`];
      await compile([SOURCE, ...SHIM_LIBRARY.sources], plain);
      await Deno.copyFile(plain, setuid);
      await Deno.chmod(setuid, SETUID_MODE);
      assertEquals(await outcome(programs, plain, NOBODY), "plain: served");
      assertEquals(await outcome(programs, setuid, 0), "secure: served");
      assertEquals(await outcome(programs, setuid, NOBODY), "secure: ENETDOWN");
    });
  },
});
