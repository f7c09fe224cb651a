import { assertEquals, assertThrows } from "@std/assert";
import { type Screen, withProgress } from "../../ffi/progress.ts";

/** What was written, and whether a terminal was written to. */
class FakeScreen implements Screen {
  text = "";
  constructor(private readonly isTty: boolean) {}

  isTerminal(): boolean {
    return this.isTty;
  }

  writeSync(bytes: Uint8Array): number {
    this.text += new TextDecoder().decode(bytes);
    return bytes.length;
  }
}

Deno.test("on a terminal the line disappears when the work is done, or has failed", () => {
  const screen = new FakeScreen(true);
  let during = "";
  const result = withProgress("compiling", () => (during = screen.text, 7), screen);
  assertEquals([result, during], [7, "\r\x1b[Knuse: compiling"]);
  assertEquals(screen.text, "\r\x1b[Knuse: compiling\r\x1b[K");
  screen.text = "";
  const fail = () => {
    throw new RangeError("no");
  };
  assertThrows(() => withProgress("x", fail, screen), RangeError);
  assertEquals(screen.text, "\r\x1b[Knuse: x\r\x1b[K");
});

Deno.test("elsewhere it is a line that stays", () => {
  const screen = new FakeScreen(false);
  withProgress("compiling", () => {}, screen);
  assertEquals(screen.text, "nuse: compiling\n");
});
