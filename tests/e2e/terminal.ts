/**
 * A terminal with a shell in it, in the namespace of a fixture: what is typed comes as from a
 * keyboard, Ctrl-C to the whole foreground group.
 *
 * @module
 */
import type { Fixture } from "./fixture.ts";

export class Terminal {
  private constructor(readonly f: Fixture, readonly name: string) {}

  static async open(f: Fixture): Promise<Terminal> {
    const terminal = new Terminal(f, `nuse-${crypto.randomUUID().slice(0, 8)}`);
    const size = ["-x", "100", "-y", "50"];
    await terminal.#tmux(["-f", "/dev/null", "new-session", "-d", ...size, "bash", "--norc"]);
    return terminal;
  }

  /** What is to be seen. */
  screen(): Promise<string> {
    return this.#tmux(["capture-pane", "-p", "-t", "0"]);
  }

  /** Texts and names of keys: "Enter", "C-c". */
  type(...keys: string[]): Promise<string> {
    return this.#tmux(["send-keys", "-t", "0", ...keys]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#tmux(["kill-server"]);
  }

  async #tmux(args: string[]): Promise<string> {
    return (await this.f.ns.run(["tmux", "-L", this.name, ...args])).stdout;
  }
}
