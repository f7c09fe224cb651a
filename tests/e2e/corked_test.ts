/**
 * What holds a stream's bytes back, and lets them go, is told the service without waiting for it,
 * and yet in its place among the bytes: corked.c counts segments, under nuse and on the kernel's
 * loopback.
 *
 * @module
 */
import { assertSame, withProgram } from "./compiled.ts";
import { e2eWith } from "./fixture.ts";

const e2e = e2eWith("cc");

const RIGHT = ["corked", "cork after bytes", "more", "more after bytes", "shown"]
  .map((what) => `${what}: right`);

e2e("streams: corks and MSG_MORE in their place among the bytes", async (f) => {
  await withProgram(["corked.c"], async (corked) => {
    await assertSame(f, [corked], RIGHT);
  });
});
