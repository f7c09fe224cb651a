/**
 * The demo where it has no rights: what an ordinary user sees.
 *
 * @module
 */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { start } from "../lab/netns.ts";
import { isInstalled } from "../lab/setup.ts";

const DEMO = `${import.meta.dirname}/../../bench/demo/demo.ts`;
/** No capability survives the exec, not even root's. */
const POWERLESS = Deno.uid() === 0 ? ["setpriv", "--bounding-set=-all", "--inh-caps=-all"] : [];
const missing = ["ping", "iperf3", "cc"].filter((program) => !isInstalled(program));

Deno.test({
  name: `demo without rights: two nuse over a PIPE${
    missing.length === 0 ? "" : ` (left out: no ${missing.join(", ")})`
  }`,
  ignore: missing.length > 0,
  async fn() {
    const argv = [...POWERLESS, Deno.execPath(), "run", "-A", DEMO];
    const { code, stdout, stderr } = await start(argv, { limitSec: 90 }).done;
    assertEquals(code, 0, stdout + stderr);
    assertMatch(stdout, /^(not root|no network namespaces here).*: this is the part/);
    assertStringIncludes(stdout, "3 packets transmitted, 3 received");
    for (const direction of ["out", "in "]) {
      assertMatch(stdout, new RegExp(`iperf3 -c HOST, ${direction}  \\d+\\.\\d Gbit/s`));
    }
  },
});
