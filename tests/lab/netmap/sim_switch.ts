/**
 * A VALE switch: it learns which member a MAC address is behind, and floods what it does not know.
 * Frames travel without their virtio-net header; it goes along, and each member has its own length.
 *
 * @module
 */

export interface Member {
  /** Bytes of virtio-net header before its own frames. */
  readonly headerLen: number;
  /**
   * Takes a frame and its virtio-net header of ten bytes. `isBare`: it came without one, and the
   * switch has made an empty one.
   */
  send(header: Uint8Array, frame: Uint8Array, isBare: boolean): void;
}

const MAC_LEN = 6;
const GROUP_BIT = 1;

export class SimSwitch {
  readonly members = new Set<Member>();
  readonly #table = new Map<string, Member>();

  forward(from: Member, header: Uint8Array, frame: Uint8Array): void {
    const to = frame.subarray(0, MAC_LEN);
    const isBare = from.headerLen === 0;
    this.#table.set(frame.subarray(MAC_LEN, 2 * MAC_LEN).join(":"), from);
    const known = (to[0] & GROUP_BIT) === 0 ? this.#table.get(to.join(":")) : undefined;
    if (known !== undefined && this.members.has(known)) {
      if (known !== from) known.send(header, frame, isBare);
      return;
    }
    for (const member of this.members) if (member !== from) member.send(header, frame, isBare);
  }
}
