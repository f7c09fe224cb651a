/**
 * Two hosts on a link with a delay, under a virtual clock. A filter sees every packet and may drop,
 * delay or change it.
 *
 * @module
 */
import type { TcpSocket } from "../../../../stack/tcp/mod.ts";
import { Host, type HostOptions, parsePacket, type Seen, type WirePacket } from "./host.ts";

interface InFlight {
  atUs: number;
  to: Host;
  packet: WirePacket;
}

export interface WorldOptions {
  delayUs?: number;
  a?: Partial<HostOptions>;
  b?: Partial<HostOptions>;
}

/** What a filter says of a packet: pass it (0 or more microseconds late) or drop it. */
export const DROP = -1;
export type Filter = (seen: Seen, from: Host) => number;

export class World {
  nowUs = 1_000_000;
  readonly a: Host;
  readonly b: Host;
  /** Everything that was sent, in order. */
  readonly log: { from: Host; atUs: number; seen: Seen; isDropped: boolean }[] = [];
  filter: Filter = () => 0;
  delayUs: number;
  steps = 0;
  readonly #wire: InFlight[] = [];

  constructor(options: WorldOptions = {}) {
    this.delayUs = options.delayUs ?? 1000;
    this.a = new Host({ address: "10.0.0.1", seed: 11, ...options.a });
    this.b = new Host({ address: "10.0.0.2", seed: 22, ...options.b });
    this.a.onSend = (packet) => this.#send(this.a, this.b, packet);
    this.b.onSend = (packet) => this.#send(this.b, this.a, packet);
  }

  #send(from: Host, to: Host, packet: WirePacket): void {
    const seen = parsePacket(packet);
    const verdict = this.filter(seen, from);
    this.log.push({ from, atUs: this.nowUs, seen, isDropped: verdict < 0 });
    if (verdict < 0) return;
    const atUs = this.nowUs + this.delayUs + verdict;
    let i = this.#wire.length;
    while (i > 0 && this.#wire[i - 1].atUs > atUs) i--;
    this.#wire.splice(i, 0, { atUs, to, packet });
  }

  flush(): void {
    for (const host of [this.a, this.b]) {
      host.tcp.flush(this.nowUs);
      host.memory.releaseDeferred();
    }
  }

  /** One event: the next arrival or timer. False: nothing will ever happen. */
  step(limitUs = Infinity): boolean {
    this.flush();
    const wireAtUs = this.#wire.length === 0 ? Infinity : this.#wire[0].atUs;
    const atUs = Math.min(wireAtUs, this.a.tcp.pollAtUs(), this.b.tcp.pollAtUs());
    if (atUs > limitUs || atUs === Infinity) {
      if (limitUs !== Infinity) this.nowUs = Math.max(this.nowUs, limitUs);
      return false;
    }
    if (++this.steps > 200_000) throw new Error("the world does not come to rest");
    this.nowUs = Math.max(this.nowUs, atUs);
    while (this.#wire.length > 0 && this.#wire[0].atUs <= this.nowUs) {
      const { to, packet } = this.#wire.shift()!;
      to.receive(packet, this.nowUs);
    }
    this.a.tcp.poll(this.nowUs);
    this.b.tcp.poll(this.nowUs);
    this.flush();
    return true;
  }

  /** Lets time pass. */
  run(us: number): void {
    const endUs = this.nowUs + us;
    while (this.step(endUs));
  }

  /** Runs until `done`, at most `us`; throws when it is not done then. */
  runUntil(done: () => boolean, us = 120_000_000): void {
    const endUs = this.nowUs + us;
    while (!done()) {
      if (!this.step(endUs)) throw new Error(`not done after ${us} us`);
    }
  }

  /** A connection from `a` to a listener of `b`: [client, server, listener]. */
  connect(port = 80): [TcpSocket, TcpSocket, TcpSocket] {
    const listener = this.b.tcp.createSocket(2);
    check(listener.bind(this.b.address, port, this.nowUs));
    check(listener.listen(16, this.nowUs));
    const client = this.a.tcp.createSocket(2);
    check(client.connect(this.b.address, port, this.nowUs), -115);
    let server: TcpSocket | null = null;
    this.runUntil(() => (server = listener.accept()) !== null);
    return [client, server!, listener];
  }
}

export function check(result: number, expected = 0): void {
  if (result !== expected) throw new Error(`returned ${result}, expected ${expected}`);
}

/** Writes as much of `bytes` as there is room for; returns how much. */
export function write(host: Host, socket: TcpSocket, bytes: Uint8Array, nowUs: number): number {
  let done = 0;
  while (done < bytes.length) {
    const span = socket.sendSpan(bytes.length - done);
    const n = span.len0 + span.len1;
    if (n === 0) break;
    host.memory.u8.set(bytes.subarray(done, done + span.len0), span.off0);
    host.memory.u8.set(bytes.subarray(done + span.len0, done + n), span.off1);
    socket.sendCommit(n, nowUs);
    done += n;
  }
  return done;
}

/** Reads everything there is (at most `max` bytes). */
export function read(host: Host, socket: TcpSocket, nowUs: number, max = 1 << 30): Uint8Array {
  const span = socket.recvSpan(max);
  const { off0, len0, off1, len1 } = span;
  const bytes = new Uint8Array(len0 + len1);
  bytes.set(host.memory.u8.subarray(off0, off0 + len0), 0);
  bytes.set(host.memory.u8.subarray(off1, off1 + len1), len0);
  if (bytes.length > 0) socket.recvConsume(bytes.length, nowUs);
  return bytes;
}

/** `n` bytes that tell their place. */
export function pattern(n: number, from = 0): Uint8Array {
  const bytes = new Uint8Array(n);
  for (let i = 0; i < n; i++) bytes[i] = ((from + i) * 31 + ((from + i) >> 8)) & 0xff;
  return bytes;
}

/** Sends `total` bytes from one socket to another; throws unless they all arrive, in order. */
export function transfer(
  world: World,
  [fromHost, from]: [Host, TcpSocket],
  [toHost, to]: [Host, TcpSocket],
  total: number,
  us = 600_000_000,
): void {
  const data = pattern(total);
  let sent = 0;
  let received = 0;
  world.runUntil(() => {
    if (sent < total) {
      sent += write(fromHost, from, data.subarray(sent), world.nowUs);
    }
    const got = read(toHost, to, world.nowUs);
    for (let i = 0; i < got.length; i++) {
      if (got[i] !== data[received + i]) throw new Error(`byte ${received + i} is wrong`);
    }
    received += got.length;
    return received === total;
  }, us);
}
