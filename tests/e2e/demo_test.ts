/**
 * The demo where it has no rights: what an ordinary user sees.
 *
 * @module
 */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { start } from "../lab/netns.ts";
import { giveToNobody, OPEN_DENO, OPEN_ROOT, POWERLESS } from "../lab/nobody.ts";
import { isInstalled } from "../lab/setup.ts";

const DEMO = `${OPEN_ROOT}/bench/demo/demo.ts`;
const missing = ["ping", "iperf3", "cc"].filter((program) => !isInstalled(program));

Deno.test({
  name: `demo without rights: two nuse over a PIPE${
    missing.length === 0 ? "" : ` (left out: no ${missing.join(", ")})`
  }`,
  ignore: missing.length > 0,
  async fn() {
    // Deno has a folder of its own to write into
    const folder = await Deno.makeTempDir();
    giveToNobody(folder);
    const argv = [...POWERLESS, "env", `DENO_DIR=${folder}`, OPEN_DENO, "run", "-A", DEMO];
    const running = start(argv, { limitSec: 90 });
    const { code, stdout, stderr } = await running.done.finally(() =>
      Deno.removeSync(folder, { recursive: true })
    );
    assertEquals(code, 0, stdout + stderr);
    assertMatch(stdout, /^not root: this is the part/);
    assertStringIncludes(stdout, "3 packets transmitted, 3 received");
    for (const direction of ["out", "in "]) {
      assertMatch(stdout, new RegExp(`iperf3 -c HOST, ${direction}  \\d+\\.\\d Gbit/s`));
    }
  },
});
