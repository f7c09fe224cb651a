/**
 * What the shims report of programs that nuse does not serve: which programs no shim will be in,
 * and why; who asked for a packet socket. One line on standard error for each, once.
 *
 * A report is what a program says of itself: it decides about that line, and about nothing else.
 *
 * @module
 */
import * as P from "../ffi/shim/protocol.ts";
import type { Report } from "../io/app/protocol/reports.ts";
import { inspectElf, isElf } from "./elf.ts";
import {
  elfObstacle,
  gainsRights,
  type Obstacle,
  SCRIPT_DEPTH_MAX,
  scriptLine,
} from "./program.ts";

const PATH_SHOWN_MAX = 200;

export interface UnservedOptions {
  readonly say: (message: string) => void;
  /** --host-network. */
  readonly isNetworkShared: boolean;
  /** The second door serves what the shim does not. Asked when it matters. */
  readonly hasDoor: () => boolean;
  /** A copy of the shim lies where the loader of programs that gain rights takes it. */
  readonly isShimLent: () => boolean;
  /** The first bytes of a file; null: it cannot be read. */
  readonly readStart: (path: string) => Uint8Array | null;
}

interface Image {
  readonly flags: number;
  readonly mode: number;
  readonly owner: { readonly uid: number; readonly gid: number };
  readonly caller: { readonly uid: number; readonly gid: number };
  readonly path: string;
  readonly start: Uint8Array;
}

/** null: shorter than it says. */
function parseImage(bytes: Uint8Array): Image | null {
  if (bytes.length < P.NUSE_IMAGE_PATH_OFF) return null;
  const dv = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const field = (off: number) => dv.getUint32(off, true);
  const end = P.NUSE_IMAGE_PATH_OFF + field(P.NUSE_IMAGE_PATH_LEN_OFF);
  if (end > bytes.length) return null;
  return {
    flags: field(P.NUSE_IMAGE_FLAGS_OFF),
    mode: field(P.NUSE_IMAGE_MODE_OFF),
    owner: { uid: field(P.NUSE_IMAGE_UID_OFF), gid: field(P.NUSE_IMAGE_GID_OFF) },
    caller: { uid: field(P.NUSE_IMAGE_EUID_OFF), gid: field(P.NUSE_IMAGE_EGID_OFF) },
    path: printable(bytes.subarray(P.NUSE_IMAGE_PATH_OFF, end)),
    start: bytes.subarray(end),
  };
}

/** For a terminal: without what would move its cursor. */
function printable(bytes: Uint8Array): string {
  const text = new TextDecoder().decode(bytes).replace(/\p{Cc}/gu, "?");
  return text.length > PATH_SHOWN_MAX ? `${text.slice(0, PATH_SHOWN_MAX)}…` : text;
}

export class UnservedPrograms {
  readonly #options: UnservedOptions;
  readonly #said = new Set<string>();

  constructor(options: UnservedOptions) {
    this.#options = options;
  }

  take({ op, data }: Report): void {
    if (op === P.NUSE_OP_PACKET_SOCKET) return this.#sayOnce(packetSocketLine(printable(data)));
    const image = parseImage(data);
    const obstacle = image === null ? null : this.#obstacle(image);
    if (image === null || obstacle === null) return;
    if (!obstacle.isFinal && this.#options.hasDoor()) return;
    const network = this.#options.isNetworkShared ? "uses the host's network" : "has no network";
    this.#sayOnce(`${image.path} ${network}: it ${obstacle.why} (${obstacle.advice})`);
  }

  #sayOnce(line: string): void {
    if (this.#said.has(line)) return;
    this.#said.add(line);
    this.#options.say(line);
  }

  /** Why there will be no shim in the image; null: there will be. */
  #obstacle({ flags, mode, owner, caller, path, start }: Image): Obstacle | null {
    const obstacle = this.#fileObstacle(path, start, 0);
    if (obstacle !== null) return obstacle;
    const hasCapabilities = () => (flags & P.NUSE_IMAGE_HAS_CAPABILITIES) !== 0;
    if (!this.#options.isShimLent() && gainsRights({ mode, owner, caller, hasCapabilities })) {
      return {
        why: "gains rights when it starts, so nothing is preloaded into it",
        advice: "start it as that user, or as root",
      };
    }
    if ((flags & P.NUSE_IMAGE_PRELOADED) === 0) {
      return {
        why: "was started without nuse's LD_PRELOAD",
        advice: "keep LD_PRELOAD and NUSE_* in its environment",
      };
    }
    if ((flags & P.NUSE_IMAGE_SHIM_READABLE) !== 0) return null;
    return {
      why: "cannot read the shim where it is",
      advice: "put the file that LD_PRELOAD names there, readable by all",
    };
  }

  #fileObstacle(path: string, start: Uint8Array, depth: number): Obstacle | null {
    if (isElf(start)) {
      const elf = inspectElf((off, len) => start.subarray(off, off + len));
      return elf === null ? null : elfObstacle(elf, path.slice(path.lastIndexOf("/") + 1));
    }
    const script = depth < SCRIPT_DEPTH_MAX ? scriptLine(start) : null;
    const next = script === null ? null : this.#options.readStart(script.interpreter);
    return script === null || next === null
      ? null
      : this.#fileObstacle(script.interpreter, next, depth + 1);
  }
}

function packetSocketLine(program: string): string {
  return `${program} is refused a packet socket: nuse can show its frames only as root, with ` +
    "/dev/net/tun, and without --host-network (or run it beside nuse, on the host)";
}

/** The first bytes of a regular file. */
export function readStart(path: string): Uint8Array | null {
  try {
    if (!Deno.statSync(path).isFile) return null;
    using file = Deno.openSync(path);
    const bytes = new Uint8Array(P.NUSE_IMAGE_LEN);
    return bytes.subarray(0, file.readSync(bytes) ?? 0);
  } catch {
    return null;
  }
}
