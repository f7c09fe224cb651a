import { assertEquals } from "@std/assert";

const MODULE = new URL("../../../bench/lab/interrupt.ts", import.meta.url).href;

const PROGRAM = `
  import { closeOnSignal } from "${MODULE}";
  closeOnSignal(async () => {
    await new Promise((resolve) => setTimeout(resolve, 100));
    console.log("closed");
  });
  setTimeout(() => Deno.exit(1), 10_000);
  console.log("ready");`;

Deno.test("a signal closes, once, and ends with 128 + its number", async () => {
  for (const [signal, status] of [["SIGINT", 130], ["SIGTERM", 143], ["SIGHUP", 129]] as const) {
    const child = new Deno.Command(Deno.execPath(), {
      args: ["eval", "--no-config", PROGRAM],
      stdout: "piped",
    }).spawn();
    let said = "";
    for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
      said += text;
      if (said === "ready\n") {
        child.kill(signal);
        child.kill(signal);
      }
    }
    assertEquals([said, (await child.status).code], ["ready\nclosed\n", status]);
  }
});
