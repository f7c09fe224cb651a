/**
 * The netlink sockets of the programs behind one door, by the cookie of the program's end, and the
 * numbers that they are known by (nl_pid).
 *
 * @module
 */
/** What the table has to know of a socket. */
export interface NetlinkEntry {
  readonly family: number;
  readonly cookie: number;
  /** 0: it has none yet. */
  readonly portId: number;
  close(): void;
}

/** As Linux: beyond the numbers of processes, downwards. */
const PORT_ID_START = 2 ** 32 - 4097;

export class NetlinkSockets<T extends NetlinkEntry> {
  readonly #byCookie = new Map<number, T>();

  get(cookie: number): T | null {
    return this.#byCookie.get(cookie) ?? null;
  }

  add(socket: T): void {
    this.#byCookie.set(socket.cookie, socket);
  }

  remove({ cookie }: T): void {
    this.#byCookie.delete(cookie);
  }

  /** Whether a socket of the family has the number. */
  isTaken(family: number, portId: number): boolean {
    for (const socket of this.#byCookie.values()) {
      if (socket.family === family && socket.portId === portId) return true;
    }
    return false;
  }

  /** `wanted`, the number of the process, unless another socket of the family has it. */
  freePortId(family: number, wanted: number): number {
    if (wanted !== 0 && !this.isTaken(family, wanted)) return wanted;
    let portId = PORT_ID_START;
    while (this.isTaken(family, portId)) portId--;
    return portId;
  }

  closeAll(): void {
    for (const socket of [...this.#byCookie.values()]) socket.close();
  }
}
