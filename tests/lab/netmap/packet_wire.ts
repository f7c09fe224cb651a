/**
 * A real interface under a simulated port: a packet socket on it. As with netmap's generic mode,
 * frames of programs on this host arrive as the kernel holds them: merged, and with open checksums.
 *
 * @module
 */
import {
  ETH_P_ALL,
  PACKET_IGNORE_OUTGOING,
  PACKET_VNET_HDR,
  SOCKADDR_LL,
  SOL_PACKET,
} from "../../../ffi/abi/packet.ts";
import {
  AF_PACKET,
  SO_RCVBUFFORCE,
  SOCK_CLOEXEC,
  SOCK_NONBLOCK,
  SOCK_RAW,
  SOL_SOCKET,
} from "../../../ffi/abi/socket.ts";
import { Arena } from "../../../ffi/arena.ts";
import { check, EAGAIN } from "../../../ffi/errno.ts";
import { type Libc, libc } from "../../../ffi/libc.ts";
import { LinkControl } from "../../../ffi/link.ts";

const FRAME_ROOM = 1 << 17;
const RECEIVE_BUFFER = 8 << 20;

export class PacketWire {
  readonly fd: number;
  readonly #sys: Libc = libc();
  readonly #arena = Arena.map(FRAME_ROOM);

  /** `hasVnet`: virtio-net headers of 10 bytes before each frame. Throws SysError. */
  constructor(readonly name: string, hasVnet: boolean) {
    const index = interfaceIndex(name);
    const type = SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC;
    this.fd = check(this.#sys.socket(AF_PACKET, type, 0), "socket", `cannot listen on ${name}`);
    this.#option(SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BUFFER);
    this.#option(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1);
    if (hasVnet) this.#option(SOL_PACKET, PACKET_VNET_HDR, 1);
    const address = new Uint8Array(SOCKADDR_LL.LEN);
    const dv = new DataView(address.buffer);
    dv.setUint16(SOCKADDR_LL.FAMILY, AF_PACKET, true);
    dv.setUint16(SOCKADDR_LL.PROTOCOL, ETH_P_ALL);
    dv.setInt32(SOCKADDR_LL.IFINDEX, index, true);
    check(this.#sys.bind(this.fd, address, address.length), "bind", `cannot listen on ${name}`);
  }

  #option(level: number, name: number, value: number): void {
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setInt32(0, value, true);
    check(this.#sys.setsockopt(this.fd, level, name, bytes, 4), "setsockopt", `option ${name}`);
  }

  /** False: not now. What the interface refuses is lost, as on any wire. */
  send(frame: Uint8Array): boolean {
    return this.#sys.write(this.fd, frame as Uint8Array<ArrayBuffer>, frame.length) !== -EAGAIN;
  }

  /** The next frame, good until the next call; null: none. */
  receive(): Uint8Array | null {
    const n = this.#sys.read(this.fd, this.#arena.base, 0, FRAME_ROOM);
    return n > 0 ? this.#arena.u8.subarray(0, n) : null;
  }

  close(): void {
    this.#sys.close(this.fd);
  }
}

function interfaceIndex(name: string): number {
  const control = new LinkControl();
  try {
    return control.index(name);
  } finally {
    control.close();
  }
}
