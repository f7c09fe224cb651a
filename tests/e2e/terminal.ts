/**
 * A terminal with a shell in it, in the namespace of a fixture: what is typed comes as from a
 * keyboard, Ctrl-C to the whole foreground group.
 *
 * @module
 */
import { type Fixture, until } from "./fixture.ts";

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

/**
 * Runs `ping`, a command that pings five times a second; stops it by Ctrl-Z, lets it go on by fg,
 * ends it by Ctrl-C, and sees each of it on the screen.
 */
export async function stopAndGoOn(
  terminal: Terminal,
  ping: string,
  whileStopped: () => Promise<void> = async () => {},
): Promise<void> {
  const shows = async (text: string) => (await terminal.screen()).includes(text);
  await terminal.type(ping, "Enter");
  await until("replies", () => shows("icmp_seq=3"), 15);
  await terminal.type("C-z");
  await until("stopped", () => shows("Stopped"));
  await whileStopped();
  await terminal.type("fg", "Enter");
  const lastSeq = async () =>
    Number((await terminal.screen()).match(/icmp_seq=(\d+)/g)?.at(-1)?.slice(9));
  const before = await lastSeq();
  await until("more replies", async () => (await lastSeq()) > before + 3);
  await terminal.type("C-c");
  await until("statistics", () => shows("packets transmitted"));
  await terminal.type("echo status=$?", "Enter");
  await until("status 0", () => shows("status=0"));
}
