/**
 * One host under test, and a peer that the test plays itself: segments in, segments out, under a
 * virtual clock. Sequence numbers of the peer begin at 1000; those of the host are given relative
 * to its ISS.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import type { TcpSocket } from "../../../../stack/tcp/mod.ts";
import { finish, sum } from "../../../../stack/wire/checksum.ts";
import { IpAddress } from "../../../../stack/base/ip_address.ts";
import { emitTcp, TCP_HEADER_LEN } from "../../../../stack/wire/tcp.ts";
import { emitOptions, emitSynOptions } from "../../../../stack/wire/tcp_options.ts";
import { Host, type HostOptions, parsePacket, pseudo4or6, type Seen } from "./host.ts";
import { check, pattern, write } from "./world.ts";

const FLAG_BITS: Record<string, number> = { F: 1, S: 2, R: 4, P: 8, ".": 16, U: 32, E: 64, W: 128 };

/** A segment to inject. `flags` as tcpdump prints them: "S", "S.", ".", "P.", "F.", "R". */
export interface Inject {
  flags: string;
  /** Absolute; default: the peer's next. */
  seq?: number;
  /** Relative to the host's ISS; default: all it has sent. */
  ack?: number;
  win?: number;
  data?: Uint8Array | number;
  mss?: number;
  wscale?: number;
  sackOk?: boolean;
  /** TSval, TSecr. */
  ts?: [number, number];
  /** Blocks, relative to the host's ISS. */
  sack?: [number, number][];
  urgent?: number;
  /** Segment size of a coalesced segment. */
  gsoSize?: number;
  sport?: number;
}

export function flagsText(flags: number): string {
  let text = "";
  for (const [name, bit] of Object.entries(FLAG_BITS)) if ((flags & bit) !== 0) text += name;
  return text;
}

export const PEER_ISS = 1000;

export class Peer {
  nowUs = 10_000_000;
  readonly host: Host;
  readonly address: IpAddress;
  /** Sent by the host and not looked at yet. */
  readonly sent: Seen[] = [];
  /** What the peer sends from and to. */
  port: number;
  hostPort = 0;
  nextSeq: number;
  /** The host's ISS, known after its SYN. */
  hostIss = 0;
  /** After the last byte that the host has sent. */
  hostNext = 0;
  window = 65535;

  constructor(options: Partial<HostOptions> & { peerIss?: number } = {}) {
    this.host = new Host({ address: "10.0.0.1", ...options });
    this.address = IpAddress.parse(options.address?.includes(":") ? "fd00::2" : "10.0.0.2")!;
    this.port = 5000;
    this.nextSeq = options.peerIss ?? PEER_ISS;
    this.host.onSend = (packet) => {
      const seen = parsePacket(packet);
      this.sent.push(seen);
      const { header } = seen;
      this.hostPort = header.srcPort;
      if ((header.flags & 2) !== 0) this.hostIss = header.seq;
      const end =
        (header.seq + seen.payload.length + (header.flags & 1) + ((header.flags >> 1) & 1)) | 0;
      if (((end - this.hostNext) | 0) > 0 || (header.flags & 2) !== 0) this.hostNext = end;
    };
  }

  flush(): void {
    this.host.tcp.flush(this.nowUs);
    this.host.memory.releaseDeferred();
  }

  /** A segment arrives at the host. */
  inject(segment: Inject): void {
    const data = typeof segment.data === "number" ? pattern(segment.data) : segment.data;
    const payload = data ?? new Uint8Array(0);
    const bytes = new Uint8Array(60 + payload.length);
    const dv = new DataView(bytes.buffer);
    let flags = 0;
    for (const c of segment.flags) flags |= FLAG_BITS[c];
    const optionsLen = this.#emitOptions(dv, segment, (flags & 2) !== 0);
    const headerLen = TCP_HEADER_LEN + optionsLen;
    const ack = segment.ack === undefined ? this.hostNext : (this.hostIss + segment.ack) | 0;
    const seq = (segment.seq ?? this.nextSeq) | 0;
    emitTcp(
      dv,
      0,
      segment.sport ?? this.port,
      this.hostPort,
      seq,
      (flags & 16) !== 0 ? ack : 0,
      headerLen,
      flags,
      segment.win ?? this.window,
      0,
      segment.urgent ?? 0,
    );
    bytes.set(payload, headerLen);
    const len = headerLen + payload.length;
    const pseudo = pseudo4or6(this.address, this.host.address, len);
    dv.setUint16(16, finish(sum(dv, 0, len, pseudo)));
    const next = (seq + payload.length + (flags & 1) + ((flags >> 1) & 1)) | 0;
    if (((next - this.nextSeq) | 0) > 0 && segment.seq === undefined) this.nextSeq = next;
    const packet = {
      src: this.address,
      dst: this.host.address,
      bytes: bytes.slice(0, len),
      gsoSize: segment.gsoSize ?? 0,
      tos: 0,
    };
    this.host.receive(packet, this.nowUs);
  }

  /** Injects, and lets the host answer. */
  send(segment: Inject): void {
    this.inject(segment);
    this.flush();
  }

  #emitOptions(dv: DataView, segment: Inject, isSyn: boolean): number {
    const [tsVal, tsEcr] = segment.ts ?? [0, 0];
    const hasTs = segment.ts !== undefined;
    if (isSyn) {
      return emitSynOptions(
        dv,
        TCP_HEADER_LEN,
        segment.mss ?? 1460,
        segment.wscale ?? -1,
        segment.sackOk ?? false,
        hasTs,
        tsVal,
        tsEcr,
        null,
      );
    }
    const sack = segment.sack ?? [];
    const left = new Int32Array(4);
    const right = new Int32Array(4);
    sack.forEach(([l, r], i) => {
      left[i] = this.hostIss + l;
      right[i] = this.hostIss + r;
    });
    return emitOptions(dv, TCP_HEADER_LEN, hasTs, tsVal, tsEcr, sack.length, left, right);
  }

  /** Time passes; timers fire. */
  advance(us: number): void {
    const endUs = this.nowUs + us;
    this.flush();
    for (;;) {
      const atUs = this.host.tcp.pollAtUs();
      if (atUs > endUs) break;
      this.nowUs = Math.max(this.nowUs, atUs);
      this.host.tcp.poll(this.nowUs);
      this.flush();
    }
    this.nowUs = endUs;
  }

  /** How long until the host sends something; it has then been sent. Fails after `limitUs`. */
  timeUntilSent(limitUs = 1000_000_000): number {
    const startUs = this.nowUs;
    this.flush();
    while (this.sent.length === 0) {
      const atUs = this.host.tcp.pollAtUs();
      assert(atUs <= startUs + limitUs, "nothing was sent");
      this.nowUs = Math.max(this.nowUs, atUs);
      this.host.tcp.poll(this.nowUs);
      this.flush();
    }
    return this.nowUs - startUs;
  }

  /**
   * The next segment that the host sent: as "flags seq:end(len) ack n", sequence relative to the
   * ISS.
   */
  next(): string {
    const seen = this.sent.shift();
    if (seen === undefined) return "nothing";
    return this.describe(seen);
  }

  describe({ header, payload }: Seen): string {
    const seq = (header.seq - this.hostIss) >>> 0;
    const flags = flagsText(header.flags);
    const ack = (header.flags & 16) !== 0 ? ` ack ${(header.ack - PEER_ISS) >>> 0}` : "";
    return `${flags} ${seq}:${seq + payload.length}(${payload.length})${ack}`;
  }

  /** The next segment itself. */
  take(): Seen {
    const seen = this.sent.shift();
    assert(seen !== undefined, "the host sent nothing");
    return seen;
  }

  expect(...segments: string[]): void {
    assertEquals(this.sent.splice(0).map((seen) => this.describe(seen)), segments);
  }

  /** An active open by the host, completed. */
  connect(options: Omit<Inject, "flags"> = {}): TcpSocket {
    const socket = this.host.tcp.createSocket(this.address.family === 4 ? 2 : 10);
    check(socket.connect(this.address, this.port, this.nowUs), -115);
    this.sent.length = 0;
    this.send({ flags: "S.", ...options });
    this.sent.length = 0;
    assertEquals(socket.stateName, "ESTABLISHED");
    return socket;
  }

  /** A listener on port 80; `hostPort` is set so that injections reach it. */
  listen(backlog = 8): TcpSocket {
    const listener = this.host.tcp.createSocket(this.address.family === 4 ? 2 : 10);
    check(listener.bind(this.host.address, 80, this.nowUs));
    check(listener.listen(backlog, this.nowUs));
    this.hostPort = 80;
    return listener;
  }

  /** A passive open by the host, completed and accepted. */
  accept(options: Omit<Inject, "flags"> = {}): TcpSocket {
    const listener = this.listen();
    this.send({ flags: "S", ...options });
    this.send({ flags: "." });
    this.sent.length = 0;
    const socket = listener.accept();
    assert(socket !== null);
    return socket;
  }

  /** The program writes `n` bytes; nothing is flushed. */
  write(socket: TcpSocket, n: number): void {
    assertEquals(write(this.host, socket, pattern(n), this.nowUs), n);
  }
}
