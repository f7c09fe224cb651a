/**
 * What a fuzzing session consists of: steps, each complete in itself, so that a failing session can
 * be cut down by leaving steps out. Also their form in a file, a line of JSON each.
 *
 * @module
 */
import { decodeFrame } from "../support/decode.ts";
import { frameText } from "../support/format.ts";
import { wireFrame } from "../support/packet_types.ts";

/** A frame comes in. */
export interface FrameStep {
  readonly op: "frame";
  readonly id: number;
  readonly bytes: Uint8Array;
  /**
   * Offload metadata of the device: CSUM_*, GSO_*, as the stack will see them, be they nonsense.
   */
  readonly csum: number;
  readonly gsoType: number;
  readonly gsoSize: number;
  /** More of the same batch follows: no timers, no flush yet. */
  readonly isHeld: boolean;
  /**
   * The stack's initial sequence number and timestamp clock when the frame was made: on replay its
   * acknowledgment fields are moved to what they are then. -1: not of a connection.
   */
  readonly iss: number;
  readonly tsBase: number;
}

/**
 * Time passes: timer by timer, or (`isLate`) in one jump, as when the process was not scheduled.
 */
export interface WaitStep {
  readonly op: "wait";
  readonly id: number;
  readonly us: number;
  readonly isLate: boolean;
}

/** A program does something with the socket in a slot (calls.ts knows the names). */
export interface CallStep {
  readonly op: "call";
  readonly id: number;
  readonly name: string;
  readonly slot: number;
  readonly args: readonly number[];
  /** No flush yet. */
  readonly isHeld: boolean;
}

export type Step = FrameStep | WaitStep | CallStep;

function hex(bytes: Uint8Array): string {
  let text = "";
  for (const b of bytes) text += b.toString(16).padStart(2, "0");
  return text;
}

function unhex(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length >> 1);
  for (let i = 0; i < bytes.length; i++) bytes[i] = parseInt(text.slice(2 * i, 2 * i + 2), 16);
  return bytes;
}

/** A frame in words; never throws, whatever the frame. */
export function describeFrame(bytes: Uint8Array): string {
  try {
    return frameText(decodeFrame(wireFrame(bytes)));
  } catch {
    return `${bytes.length} bytes`;
  }
}

export function stepText(step: Step): string {
  const held = step.op !== "wait" && step.isHeld ? " (held)" : "";
  if (step.op === "wait") return `${step.isLate ? "sleep" : "wait"} ${step.us} us`;
  if (step.op === "call") return `${step.name} #${step.slot} (${step.args.join(", ")})${held}`;
  const gso = step.gsoType !== 0 ? ` gso ${step.gsoType}/${step.gsoSize}` : "";
  const csum = step.csum !== 0 ? ` csum ${step.csum}` : "";
  return `${describeFrame(step.bytes)}${csum}${gso}${held}`;
}

export function stepToJson(step: Step): Record<string, unknown> {
  if (step.op !== "frame") return { ...step };
  const { bytes, ...rest } = step;
  return { ...rest, text: describeFrame(bytes), bytes: hex(bytes) };
}

export function stepFromJson(json: Record<string, unknown>): Step {
  if (json.op !== "frame") return json as unknown as Step;
  const { text: _text, ...rest } = json;
  return { ...rest, bytes: unhex(json.bytes as string) } as unknown as FrameStep;
}
