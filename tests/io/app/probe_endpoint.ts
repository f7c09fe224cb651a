/**
 * An endpoint that does nothing but tell, for the tests of what endpoints share.
 *
 * @module
 */
import { AF_INET, SOCK_SEQPACKET, SOCK_STREAM } from "../../../ffi/abi/socket.ts";
import type { AppContext } from "../../../io/app/endpoint/app_context.ts";
import { Endpoint } from "../../../io/app/endpoint/endpoint.ts";
import type { Socket } from "../../../stack/mod.ts";

export class ProbeEndpoint extends Endpoint {
  readonly kind = 1;
  readonly state = 0;
  /** EPOLL* bits of every call. */
  readonly seen: number[] = [];
  programFd = -1;
  onPump: () => void = () => {};

  static make(
    app: AppContext,
    onPump: () => void = () => {},
    formerCookie = 0,
  ): ProbeEndpoint {
    app.pairs.open(SOCK_SEQPACKET);
    const { ownFd, programFd, cookie } = app.pairs;
    const socket = app.stack.socket(AF_INET, SOCK_STREAM, 0) as Socket;
    const probe = new ProbeEndpoint(app, socket, ownFd, cookie);
    probe.programFd = programFd;
    probe.onPump = onPump;
    probe.formerCookie = formerCookie;
    if (probe.attach() < 0) throw new Error("attach");
    return probe;
  }

  get isWaiting(): boolean {
    return this.isBlocked;
  }

  /** Sends messages of 10,000 bytes until the pair is full, then waits; returns how many. */
  fill(): number {
    const { sys, base, scratchOff } = this.app;
    let count = 0;
    while (sys.send(this.fd, base, scratchOff, 10_000, 0, 0, 0) > 0) count++;
    this.block();
    return count;
  }

  /** The program takes `count` messages. */
  take(count: number): void {
    const { sys, base, scratchOff } = this.app;
    for (let i = 0; i < count; i++) sys.recv(this.programFd, base, scratchOff, 10_000, 0, 0, 0x40);
  }

  onEvents(events: number): void {
    this.seen.push(events);
    this.noteWritable(events);
    this.pump();
  }

  onSocket(): void {}

  pump(): void {
    this.onPump();
  }

  shutdown(): number {
    return 0;
  }

  markGone(nowUs: number): void {
    this.noteProgramGone(nowUs);
  }

  /** Ends it, as the program's close does. */
  end(nowUs: number): void {
    this.app.sys.close(this.programFd);
    this.abandon(nowUs);
  }
}
