/**
 * The last frames that crossed the simulated wires, printed when a run fails.
 *
 * @module
 */
import type { WireFrame } from "../support/packet_types.ts";
import { decodeFrame } from "../support/decode.ts";
import { frameText } from "../support/format.ts";

interface Record {
  readonly atUs: number;
  readonly where: string;
  readonly frame: WireFrame;
  readonly note: string;
}

export class Capture {
  readonly #ring: Record[] = [];
  #next = 0;
  /** Called with every frame, for tests that look at the traffic. */
  onFrame: ((where: string, frame: WireFrame, note: string, nowUs: number) => void) | null = null;

  constructor(readonly capacity = 60, readonly startUs = 0) {}

  add(nowUs: number, where: string, frame: WireFrame, note: string): void {
    this.onFrame?.(where, frame, note, nowUs);
    if (this.capacity === 0) return;
    this.#ring[this.#next % this.capacity] = { atUs: nowUs, where, frame, note };
    this.#next++;
  }

  /** The kept frames, oldest first, one line each; times are seconds since the start. */
  text(): string {
    const lines: string[] = [];
    const first = Math.max(0, this.#next - this.capacity);
    for (let i = first; i < this.#next; i++) {
      const r = this.#ring[i % this.capacity];
      const time = ((r.atUs - this.startUs) / 1e6).toFixed(6);
      const gso = r.frame.gsoSize > 0 ? ` gso ${r.frame.gsoSize}` : "";
      const note = r.note === "" ? "" : `  [${r.note}]`;
      lines.push(`${time} ${r.where}  ${frameText(decodeFrame(r.frame))}${gso}${note}`);
    }
    return lines.join("\n");
  }
}
