/**
 * What a system call at the second door is answered with, and what answering it takes.
 *
 * @module
 */
import type { DoorCalls } from "../../../ffi/door.ts";
import type { Call } from "../control/call.ts";
import type { EndedSocket } from "../endpoint/ended_sockets.ts";
import type { Endpoint } from "../endpoint/endpoint.ts";
import type { NetlinkSocket } from "../netlink/netlink_socket.ts";
import type { NetlinkSockets } from "../netlink/netlink_sockets.ts";
import type { DoorThread } from "./door_threads.ts";
import type { KeptConnections } from "./kept_connections.ts";
import type { DoorMessage } from "./message.ts";
import type { ControlMessages } from "./control_messages.ts";
import { noteEnd } from "./program_end.ts";
import type { Trap } from "./trap.ts";

/** In the place of a result, above all of them: the kernel is to carry the call out. */
export const PASS = 0x7fffffff;
/** It has been answered, or will be by others. */
export const ANSWERED = 0x7ffffffe;
/** It waits until something is put into the socket's pair. */
export const WAIT = 0x7ffffffd;

/** One call, while it is looked at. */
export interface DoorCall {
  readonly trap: Trap;
  readonly thread: DoorThread;
  readonly calls: DoorCalls;
  readonly door: number;
  readonly kept: KeptConnections;
  /** Those of the programs behind the door. */
  readonly netlinks: NetlinkSockets<NetlinkSocket>;
  /** Room for what it sends or receives. */
  readonly message: DoorMessage;
  readonly control: ControlMessages;
  /** The request to the service that is made of it. */
  readonly call: Call;
  /** Whether it is the same call made again, after a signal has ended its wait. */
  readonly isRepeated: boolean;
}

/** One about a socket. */
export interface SocketCall extends DoorCall {
  /** Our copy of the program's descriptor, closed afterwards. */
  readonly fd: number;
  readonly cookie: number;
  /** null: what is known of it is in `ended`. */
  readonly endpoint: Endpoint | null;
  readonly ended: EndedSocket | null;
}

/**
 * Puts a copy of `fd`, the program's end of the pair of `endpoint`, at the program's lowest free
 * number: that is the answer. -ENOENT: a signal
 * has ended the wait; the call, if it is made again, begins anew.
 */
export function giveDescriptor(
  { trap, call: { app }, calls, door, thread }: DoorCall,
  fd: number,
  isCloexec: boolean,
  endpoint: Endpoint | null = null,
): number {
  const given = calls.give(door, trap.idLow, trap.idHigh, fd, -1, isCloexec ? 1 : 0);
  if (given < 0) return given;
  noteEnd(app, calls, endpoint, thread.process, given);
  return ANSWERED;
}
