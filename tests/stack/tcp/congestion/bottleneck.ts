/**
 * A link with a drop-tail queue and a fixed delay behind it, for the closed loops of these tests.
 * First in, first out: a packet's fate is known when it is sent. Times are microseconds, rates
 * bytes per second.
 *
 * @module
 */
import { Prng } from "../../../support/prng.ts";

export interface PathConfig {
  rate: number;
  rttUs: number;
  bufferBytes: number;
  /** Share of the packets that is lost at random. */
  loss?: number;
  /** The queue marks packets (ECN) from this length on. */
  markBytes?: number;
  /** Acknowledgments arrive at multiples of this time only, all at once. */
  ackEveryUs?: number;
  seed?: number;
}

/** The link that all flows share. */
export class Bottleneck {
  drops = 0;
  losses = 0;
  maxQueueBytes = 0;
  isMarked = false;
  /** Nothing gets through. */
  isDown = false;
  #freeAtUs = 0;
  readonly #prng: Prng;

  constructor(readonly config: PathConfig) {
    this.#prng = new Prng(config.seed ?? 1);
  }

  queueBytes(nowUs: number): number {
    return Math.max(0, ((this.#freeAtUs - nowUs) * this.config.rate) / 1e6);
  }

  /** When the acknowledgment of a packet will be back; -1: it is lost. */
  send(lenBytes: number, nowUs: number): number {
    const { config } = this;
    if (this.isDown) return -1;
    const queue = this.queueBytes(nowUs);
    if (queue + lenBytes > config.bufferBytes) {
      this.drops++;
      return -1;
    }
    this.maxQueueBytes = Math.max(this.maxQueueBytes, queue + lenBytes);
    this.isMarked = queue >= (config.markBytes ?? Infinity);
    this.#freeAtUs = Math.max(this.#freeAtUs, nowUs) + (lenBytes * 1e6) / config.rate;
    if (config.loss !== undefined && this.#prng.chance(config.loss)) {
      this.losses++;
      return -1;
    }
    const atUs = Math.ceil(this.#freeAtUs + config.rttUs);
    const step = config.ackEveryUs ?? 1;
    return Math.ceil(atUs / step) * step;
  }
}
