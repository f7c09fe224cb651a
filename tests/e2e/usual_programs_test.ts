/**
 * The usual ones of the cases of `deno task programs` (tests/programs): those whose packages start
 * nothing are installed by the set-up, the others are run where they are there.
 *
 * @module
 */
import { assert } from "@std/assert";
import { versionOf } from "../lab/packages.ts";
import { CASES } from "../programs/cases/mod.ts";
import { runExchange } from "../programs/exchange.ts";
import { canMakeNetns } from "../lab/netns.ts";

for (const { name, packages, client, server } of CASES.filter(({ isUsual }) => isUsual)) {
  const missing: string[] = [];
  for (const one of packages.split(" ")) if (await versionOf(one) === null) missing.push(one);
  const lacking = canMakeNetns ? missing.map((one) => `no ${one}`) : ["needs root and iproute2"];
  const reason = lacking.length === 0 ? "" : ` (left out: ${lacking.join(", ")})`;
  for (const [side, exchange] of [["client", client], ["server", server]] as const) {
    if (exchange === undefined) continue;
    Deno.test({
      name: `${name} as ${side}${reason}`,
      ignore: reason !== "",
      sanitizeOps: false,
      sanitizeResources: false,
      async fn() {
        const { isOk, asked, served } = await runExchange(exchange, side);
        assert(isOk, `asked: ${asked}\nserved: ${served}`);
      },
    });
  }
}
