import { assert, assertEquals } from "@std/assert";
import { LogOutput } from "../../../io/log/log_output.ts";
import { Fifo } from "./fifo.ts";

/** Runs `body` with an output into a pipe. */
function withPipe(body: (output: LogOutput, fifo: Fifo) => void): void {
  const fifo = new Fifo();
  try {
    body(new LogOutput(fifo.writeFd, (count) => `lost ${count}`), fifo);
  } finally {
    fifo.close();
  }
}

Deno.test("lines are written by flush, in their order, each whole", () => {
  withPipe((output, fifo) => {
    output.add("one");
    output.add("two — ≥");
    assert(!output.isEmpty);
    output.flush();
    assert(output.isEmpty);
    assertEquals(fifo.read(), "one\ntwo — ≥\n");
    fifo.closeReader();
  });
});

Deno.test("many lines and a long one come through unchanged", () => {
  withPipe((output, fifo) => {
    const lines = Array.from({ length: 600 }, (_, i) => `${i} ${"ä".repeat(i % 40)}`);
    lines.splice(300, 0, "x".repeat(10_000));
    for (const line of lines) output.add(line);
    let text = "";
    while (!output.isEmpty) {
      output.flush();
      text += fifo.read();
    }
    assertEquals(text, lines.map((line) => `${line}\n`).join(""));
    fifo.closeReader();
  });
});

Deno.test("nobody reads: flush does not wait, and what is left out is counted in its place", () => {
  withPipe((output, fifo) => {
    const line = "y".repeat(99);
    for (let i = 0; i < 20_000; i++) {
      output.add(line);
      output.flush(); // would hang here if it waited
    }
    let text = "";
    output.add("after");
    while (!output.isEmpty) {
      text += fifo.read();
      output.flush();
      if (text.length > 0 && output.isEmpty) text += fifo.read();
    }
    const lines = text.trimEnd().split("\n");
    const lost = lines.filter((l) => l.startsWith("lost "));
    const kept = lines.filter((l) => l === line).length;
    assertEquals(lost.length, 1, "one note for one gap");
    const left = lines.includes("after") ? 20_000 : 20_001;
    assertEquals(kept + Number(lost[0].slice(5)), left, "every line is written or counted");
    assertEquals(lines.at(-1), lost[0]);
    fifo.closeReader();
  });
});

Deno.test("finish waits for the reader within its limit, and then gives up", () => {
  withPipe((output, fifo) => {
    for (let i = 0; i < 1000; i++) output.add("z".repeat(99));
    output.finish(1);
    assert(!output.isEmpty, "a pipe does not hold 100 kB");
    let text = fifo.read();
    output.finish(1);
    text += fifo.read();
    assert(output.isEmpty);
    assertEquals(text.length, 100_000);
    fifo.closeReader();
  });
});

Deno.test("the reader has gone: lines vanish without a fault", () => {
  withPipe((output, fifo) => {
    fifo.closeReader();
    output.add("one");
    output.flush();
    output.add("two");
    output.finish(1);
    assert(output.isEmpty);
  });
});
