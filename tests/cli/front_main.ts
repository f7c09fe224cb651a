/**
 * `nuse true` with a shell behind it, without main.ts: says what it boots. Behind its front it says
 * so, and ends with 7.
 *
 * @module
 */
import { FRONT } from "../../cli/launcher.ts";
import { main } from "../../cli/run.ts";

if (Deno.env.get(FRONT) !== undefined) {
  console.log("behind");
  Deno.exit(7);
}
await main(["true"], {
  isFront: true,
  worker: () => {
    console.log("a worker");
    return new Worker("data:text/javascript,", { type: "module" });
  },
});
