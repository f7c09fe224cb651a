/**
 * Who may ask something of a socket: the connections on which a descriptor of it has been shown. A
 * cookie only names a socket; it can be guessed, and be known from before a process gave the
 * descriptor up. A forked child has a connection of its own and shows what it has inherited; an
 * accepted socket is shown at its first use. A process's own is its own without being shown: the
 * cookie that OPEN tells is believed, until somebody tells the same (`isContested`).
 *
 * @module
 */

/** A process's connection, with those of its threads. */
export class Holder {
  /** How many of them are open. */
  connections = 0;

  get isGone(): boolean {
    return this.connections === 0;
  }
}

/** Nearly always there is one. */
export class Holders {
  #first: Holder | null = null;
  #others: Holder[] | null = null;

  has(holder: Holder): boolean {
    return this.#first === holder || (this.#others !== null && this.#others.includes(holder));
  }

  add(holder: Holder): void {
    if (this.has(holder)) return;
    if (this.#first === null || this.#first.isGone) {
      this.#first = holder;
      return;
    }
    this.#others = (this.#others ?? []).filter(({ isGone }) => !isGone);
    this.#others.push(holder);
  }
}
