import { assert, assertEquals } from "@std/assert";
import { asSent, frontOf, stopFront } from "../../cli/front.ts";
import { SI_KERNEL, SI_PASSED, SIGINT, SIGTSTP } from "../../ffi/child.ts";

Deno.test("a front is known by its pid, which is our parent's", () => {
  assertEquals(frontOf("120 100", 120), { pid: 120, parentPid: 100 });
  for (const [text, ppid] of [[undefined, 120], ["120 100", 1], ["", 0], ["120", 120]] as const) {
    assertEquals(frontOf(text, ppid), null, text);
  }
});

Deno.test("what the front passes on is as it was sent to the front", () => {
  const event = (code: number, pid: number) =>
    ({ kind: "signal", signal: SIGINT, code, pid }) as const;
  assertEquals(asSent(event(SI_PASSED, -1)), event(SI_KERNEL, 0));
  assertEquals(asSent(event(SI_PASSED, 77)), event(0, 77));
  assertEquals(asSent(event(SI_KERNEL, 0)), event(SI_KERNEL, 0));
  assertEquals(asSent(event(0, 77)), event(0, 77));
});

Deno.test("a front boots no worker, and ends as nuse behind it", async () => {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--cached-only", `${import.meta.dirname}/front_main.ts`],
    stdin: "null",
  }).output();
  assertEquals(new TextDecoder().decode(stdout), "behind\n", new TextDecoder().decode(stderr));
  assertEquals(code, 7);
});

Deno.test("a front hears that it is to stop, whatever else it has not heard yet", async () => {
  const front = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", `${import.meta.dirname}/../ffi/child_main.ts`, "/bin/sleep", "20"],
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  let text = "";
  for await (const piece of front.stderr.pipeThrough(new TextDecoderStream())) {
    const isFirst = !text.includes("\n");
    text += piece;
    if (!isFirst || !text.includes("\n")) continue;
    // Stopped, it handles nothing: the terminal's Ctrl-Z is still pending when nuse's word comes
    front.kill("SIGSTOP");
    front.kill("SIGTSTP");
    stopFront({ pid: front.pid, parentPid: Deno.pid }, SIGTSTP);
    front.kill("SIGCONT");
    Deno.kill(JSON.parse(text.slice(0, text.indexOf("\n"))).pid, "SIGTERM");
  }
  await front.status;
  const events = text.trim().split("\n").map((line) => JSON.parse(line));
  assertEquals(events.at(-1).kind, "killed");
  assert(events.some(({ code, pid }) => code === SI_PASSED && pid === SIGTSTP), text);
});
