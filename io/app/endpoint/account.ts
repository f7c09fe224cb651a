/**
 * What each process holds of what all share: sockets and control connections. One alone may take up
 * to three quarters of either; who comes then, up to three quarters of what that leaves, and so on:
 * however greedy they are, whoever has nothing gets something.
 *
 * A process is known by the number that the kernel gives with its connection (SO_PEERCRED); what it
 * has opened stays on its account until it is closed, by whomever. A process that forks gets an
 * account more: against that the system's own limits help (RLIMIT_NPROC).
 *
 * @module
 */

/** An account may grow to so many times what is still free. */
const GREED = 3;

/** Whether who has `own` may take one more where `used` of `most` are taken. */
export function isWithinShare(own: number, used: number, most: number): boolean {
  const free = most - used;
  return free > 0 && own <= GREED * free;
}

export class Account {
  sockets = 0;
  clients = 0;
  /** Of the sockets' rings (rings.ts). */
  rings = 0;
  receiveRings = 0;
  /** The user of the process, when it came. */
  uid = 0;

  constructor(readonly pid: number) {}
}

/** Accounts that hold something. */
export class Accounts {
  readonly #byPid = new Map<number, Account>();

  get size(): number {
    return this.#byPid.size;
  }

  of(pid: number): Account {
    const known = this.#byPid.get(pid);
    if (known !== undefined) return known;
    const fresh = new Account(pid);
    this.#byPid.set(pid, fresh);
    return fresh;
  }

  /** Something of `account` has gone. */
  settle(account: Account): void {
    const { pid, sockets, clients } = account;
    if (sockets + clients === 0 && this.#byPid.get(pid) === account) this.#byPid.delete(pid);
  }
}
