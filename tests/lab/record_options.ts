/**
 * Records what the kernel answers to getsockopt and setsockopt on fresh sockets, every option at
 * every level on every kind of socket: `deno run -A tests/lab/record_options.ts > FILE`. Root; in a
 * network namespace of its own, whose only interface besides lo is eth0, 198.18.0.2/24, as in the
 * tests of the stack.
 *
 * The first line says which kernel it was; the others are one option each (Recorded). Values are
 * hexadecimal bytes, errors are -errno.
 *
 * @module
 */
import { KINDS, LEVELS } from "./option_names.ts";

export interface Recorded {
  /** Kinds of socket that answer alike. */
  readonly kinds: string;
  readonly level: number;
  readonly name: number;
  /** With room for 64 bytes, and for one. */
  readonly get: string | number;
  readonly get1: string | number;
  /** Value set, result, and what getsockopt gives after success. */
  readonly sets: readonly (readonly [string, number, (string | number)?])[];
}

/** What is set: of all lengths and kinds that options take. */
const VALUES = [
  "",
  "01",
  "00000000",
  "01000000",
  "ffffffff",
  "00010000",
  "05000000",
  "03000000",
  "0100000002000000",
  "e0000001c6120002",
];

const ROOM = 64;

function openLibc() {
  return Deno.dlopen("libc.so.6", {
    socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
    close: { parameters: ["i32"], result: "i32" },
    getsockopt: { parameters: ["i32", "i32", "i32", "buffer", "buffer"], result: "i32" },
    setsockopt: { parameters: ["i32", "i32", "i32", "buffer", "u32"], result: "i32" },
    __errno_location: { parameters: [], result: "pointer" },
  });
}

class Kernel {
  readonly #libc = openLibc().symbols;

  #errno(): number {
    return new Deno.UnsafePointerView(this.#libc.__errno_location()!).getInt32();
  }

  socket([domain, type, protocol]: readonly [number, number, number]): number {
    const fd = this.#libc.socket(domain, type, protocol);
    if (fd < 0) throw new Error(`socket: errno ${this.#errno()}`);
    return fd;
  }

  close(fd: number): void {
    this.#libc.close(fd);
  }

  get(fd: number, level: number, name: number, room: number): string | number {
    const value = new Uint8Array(ROOM);
    const len = new Uint32Array([room]);
    const result = this.#libc.getsockopt(fd, level, name, value, len);
    return result < 0 ? -this.#errno() : value.subarray(0, len[0]).toHex();
  }

  set(fd: number, level: number, name: number, hex: string): number {
    const value = Uint8Array.fromHex(hex);
    const result = this.#libc.setsockopt(fd, level, name, value, value.length);
    return result < 0 ? -this.#errno() : result;
  }
}

function record(
  kernel: Kernel,
  kind: string,
  level: number,
  name: number,
): Omit<Recorded, "kinds"> {
  const onFresh = <T>(use: (fd: number) => T): T => {
    const fd = kernel.socket(KINDS[kind]);
    const result = use(fd);
    kernel.close(fd);
    return result;
  };
  const [get, get1] = onFresh((fd) => [ROOM, 1].map((room) => kernel.get(fd, level, name, room)));
  const sets = VALUES.map((hex) =>
    onFresh((fd): [string, number, (string | number)?] => {
      const result = kernel.set(fd, level, name, hex);
      return result < 0 ? [hex, result] : [hex, result, kernel.get(fd, level, name, ROOM)];
    })
  );
  return { level, name, get, get1, sets };
}

function* recordAll(kernel: Kernel): Generator<Recorded> {
  for (const [level, { options }] of LEVELS) {
    for (const name of options.values()) {
      const alike = new Map<string, string[]>();
      for (const kind of Object.keys(KINDS)) {
        const text = JSON.stringify(record(kernel, kind, level, name));
        alike.set(text, [...alike.get(text) ?? [], kind]);
      }
      for (const [text, kinds] of alike) yield { kinds: kinds.join(" "), ...JSON.parse(text) };
    }
  }
}

const INSIDE = "--inside";
const NETWORK = `ip link set lo up && ip tuntap add eth0 mode tap && ip link set eth0 up &&
  ip addr add 198.18.0.2/24 dev eth0 && exec "$@"`;

async function main(): Promise<number> {
  if (Deno.args[0] !== INSIDE) {
    const own = [Deno.execPath(), "run", "-A", import.meta.filename!, INSIDE];
    const args = ["-n", "sh", "-c", NETWORK, "sh", ...own];
    return (await new Deno.Command("unshare", { args, stdin: "null" }).spawn().status).code;
  }
  console.log(JSON.stringify({ kernel: Deno.osRelease() }));
  for (const row of recordAll(new Kernel())) console.log(JSON.stringify(row));
  return 0;
}

if (import.meta.main) Deno.exit(await main());
