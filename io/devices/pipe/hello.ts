/**
 * The first message each way on a PIPE, before any frame: that both speak the same, and what the
 * sender is.
 *
 *     0           10        11     12
 *     | nuse-pipe\0 | version | role |
 *
 * @module
 */
export const HELLO_LEN = 12;
/** To receive one into: more than a whole one, so that a longer message is seen to be none. */
export const HELLO_ROOM = 64;
const MAGIC = new TextEncoder().encode("nuse-pipe\0");
const VERSION = 1;

/** What the sender of a hello is. */
export enum Role {
  /** One of two ends, with a stack behind it. */
  END = 1,
  /** A switch: more ends may follow. */
  SWITCH = 2,
  /** An end that has its other end already: this connection is over. */
  TAKEN = 3,
}

export function emitHello(role: Role): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(HELLO_LEN);
  bytes.set(MAGIC);
  bytes[MAGIC.length] = VERSION;
  bytes[MAGIC.length + 1] = role;
  return bytes;
}

/** null: no hello of this version. */
export function parseHello(bytes: Uint8Array): Role | null {
  if (bytes.length !== HELLO_LEN || MAGIC.some((byte, i) => bytes[i] !== byte)) return null;
  if (bytes[MAGIC.length] !== VERSION) return null;
  const role = bytes[MAGIC.length + 1];
  return role === Role.END || role === Role.SWITCH || role === Role.TAKEN ? role : null;
}
