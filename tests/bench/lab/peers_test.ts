import { assertEquals } from "@std/assert";
import { peerFigures, Peers } from "../../../bench/lab/peers.ts";

Deno.test("the figures are those of the last line that has any", () => {
  const said =
    "READY\nmode=sink secs=3.0000 gbps=1.5\nmode=sink gbps=22.25 pps=10 cc=cubic x=-1 \nbye";
  assertEquals(peerFigures(said), { gbps: 22.25, pps: 10, x: -1 });
  assertEquals(peerFigures("READY\n"), {});
});

Deno.test("what is built is found, with the kernel's program only", async () => {
  const dir = await Deno.makeTempDir();
  try {
    for (const name of ["gvisor", "lwip", "kern"]) await Deno.mkdir(`${dir}/${name}`);
    await Deno.writeTextFile(`${dir}/lwip/lwpeer`, "");
    assertEquals(Peers.builtIn(dir), []);
    await Deno.writeTextFile(`${dir}/kern/kt`, "");
    assertEquals(Peers.builtIn(dir), ["lwip"]);
    assertEquals(Peers.builtIn(`${dir}/none`), []);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});
