/**
 * One control connection: reads a request, has it carried out, and answers. A request is answered
 * at once, in the handler that has read it; only a connect() or a close() that waits is answered
 * later.
 *
 * Whoever sends anything else than requests, asks for more while a reply is owed (but for CANCEL,
 * and what its children say by its connection), or does not read its replies, is cut off.
 *
 * @module
 */
import { MSG_DONTWAIT } from "../../../ffi/abi/socket.ts";
import * as P from "../../../ffi/shim/protocol.ts";
import { peerCredentials } from "../../../ffi/socket.ts";
import { EAGAIN, EINTR } from "../../../stack/mod.ts";
import { OwnEvent } from "../../log/own_events.ts";
import type { Handler } from "../../loop/loop.ts";
import type { Account } from "../endpoint/account.ts";
import type { AppContext } from "../endpoint/app_context.ts";
import type { Holder } from "../endpoint/holders.ts";
import { DeferredReply, type RepliedSocket } from "../protocol/deferred_reply.ts";
import { MESSAGE_MAX_LEN, type Reply, type Request } from "../protocol/message.ts";
import type { Call, Caller } from "./call.ts";
import { carryOut, isSocketKnown } from "./operations.ts";
import { requestDetail, requestName, resultText } from "./request_text.ts";

/** What nobody waits for: of who has waited long enough, and of children. */
const WHILE_OWED: ReadonlySet<number> = new Set([
  P.NUSE_OP_CANCEL,
  P.NUSE_OP_ATTACH,
  P.NUSE_OP_IMAGE,
  P.NUSE_OP_PACKET_SOCKET,
]);

/** Who keeps the connections. */
export interface ClientKeeper {
  /** For the request of the client that the loop calls. */
  readonly call: Call;
  /** For those of others, which `catchUp` has carried out meanwhile. */
  readonly innerCall: Call;
  /** For what a connect() that waited has come to. */
  readonly lateReply: Reply;
  /**
   * Takes a descriptor over as another connection, or closes it: false. `of`: for a thread of that
   * one's process.
   */
  add(fd: number, of: ControlClient | null): boolean;
  /** Closes the connection. */
  drop(client: ControlClient): void;
  /** Carries out what the other clients have sent. */
  catchUp(client: ControlClient | null, nowUs: number): void;
}

export class ControlClient implements Handler, Caller {
  /** In the loop. */
  slot = -1;
  readonly later: LateReply = new LateReply(this);

  constructor(
    readonly app: AppContext,
    readonly keeper: ClientKeeper,
    readonly fd: number,
    readonly account: Account,
    /** On whom what is shown counts: for a thread's connection that of the process. */
    readonly holder: Holder,
  ) {}

  onEvents(_events: number, nowUs: number): void {
    const { call } = this.keeper;
    if (!this.#receive(call, nowUs)) return;
    if (!isSocketKnown(call)) this.keeper.catchUp(this, nowUs);
    this.#handle(call);
  }

  /** Carries out one request while another client's waits; false: there was none. */
  catchUpOne(nowUs: number): boolean {
    const call = this.keeper.innerCall;
    if (!this.#receive(call, nowUs)) return false;
    this.#handle(call);
    return true;
  }

  attach(fd: number, isThread: boolean): boolean {
    return this.keeper.add(fd, isThread ? this : null);
  }

  /** Reads a request; false: there is none, or the connection is no more. */
  #receive(call: Call, nowUs: number): boolean {
    const { sys, base, memory, counters, log } = this.app;
    const { request, requestOff, fdOff } = call;
    const n = sys.recvFd(this.fd, base, requestOff, MESSAGE_MAX_LEN + 1, fdOff, MSG_DONTWAIT);
    if (n === -EAGAIN || n === -EINTR) return false;
    call.fd = memory.dv.getInt32(fdOff, true);
    call.secondFd = memory.dv.getInt32(fdOff + 4, true);
    if (n <= 0) { // a message of no bytes may carry a descriptor, too
      call.closeFds();
      this.keeper.drop(this);
      return false;
    }
    call.caller = this;
    call.nowUs = nowUs;
    counters.requests++;
    const isWellFormed = request.parse(memory.dv, requestOff, n);
    if (isWellFormed && (!this.later.isOwed || WHILE_OWED.has(request.op))) return true;
    log?.tell(OwnEvent.CONTROL_MALFORMED, { pid: this.pid });
    counters.requestsMalformed++;
    call.closeFds();
    this.keeper.drop(this);
    return false;
  }

  #handle(call: Call): void {
    call.reply.clear();
    let hasReply = false;
    try {
      hasReply = carryOut(call);
      this.#tell(call, hasReply);
    } catch (error) {
      this.app.noteFault(error);
      this.onFault();
    }
    call.closeFds();
    if (hasReply) this.answer(call.reply);
    else if (!WHILE_OWED.has(call.request.op)) this.later.noteRequest(call.request);
  }

  #tell({ request, reply }: Call, hasReply: boolean): void {
    const { log, memory } = this.app;
    if (log === null || log.isOn[OwnEvent.CONTROL_REQUEST] === 0) return;
    const result = resultText(hasReply ? reply : null);
    const detail = requestDetail(request, memory);
    const { pid } = this;
    log.tell(OwnEvent.CONTROL_REQUEST, { pid, request: requestName(request.op), detail, result });
  }

  /** A request that waited has been answered. */
  tellLate(op: number, cookie: number, reply: Reply): void {
    const { log } = this.app;
    if (log === null || log.isOn[OwnEvent.CONTROL_REQUEST] === 0) return;
    const values = { request: requestName(op), detail: `socket ${cookie}` };
    const { pid } = this;
    log.tell(OwnEvent.CONTROL_REQUEST, { pid, ...values, result: resultText(reply) });
  }

  /** Of the process that connected; 0: not known. A call to the kernel, for the log only. */
  get pid(): number {
    const peer = peerCredentials(this.fd);
    return typeof peer === "number" ? 0 : peer.pid;
  }

  /** Serving it has failed: the program is cut off, the others go on. */
  onFault(): void {
    this.keeper.drop(this);
  }

  answer(reply: Reply): void {
    const { sys, base, memory, counters } = this.app;
    const len = reply.emit(memory.dv);
    const n = sys.sendFd(this.fd, base, reply.off, len, reply.passFd);
    if (reply.passFd >= 0) sys.close(reply.passFd);
    if (n === len) return;
    counters.repliesLost++;
    this.keeper.drop(this);
  }
}

/** The reply to a CONNECT or a CLOSE that waited. */
class LateReply extends DeferredReply {
  #op = 0;
  /** By which cookie the request has named the socket. */
  #cookie = 0;

  constructor(readonly client: ControlClient) {
    super();
  }

  noteRequest({ op, cookie }: Request): void {
    this.#op = op;
    this.#cookie = cookie;
  }

  protected override send(result: number, socket: RepliedSocket, fillerLen: number): void {
    const reply = this.client.keeper.lateReply;
    reply.clear();
    reply.result = result;
    reply.state = socket.state;
    reply.cookie = socket.cookie;
    reply.a = this.#cookie === socket.cookie ? 0 : 1;
    reply.b = fillerLen;
    this.client.tellLate(this.#op, this.#cookie, reply);
    this.client.answer(reply);
  }
}
