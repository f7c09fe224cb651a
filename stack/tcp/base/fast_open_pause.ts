/**
 * How long clients of Fast Open do without after a sign of trouble (Linux
 * tcp_fastopen_blackhole_timeout), all connections of the stack together: twice as long each time.
 *
 *     sign -- base --> tried again -- sign -- 2 base --> ... at most 64 base
 *                          `-- data comes: all is forgotten
 *
 * @module
 */

const DOUBLINGS_MAX = 6;

export class FastOpenPause {
  #times = 0;
  #beganUs = 0;

  /** `baseUs` 0: there are no pauses (Linux's default). */
  constructor(readonly baseUs: number) {}

  begin(nowUs: number): void {
    this.#times++;
    this.#beganUs = nowUs;
  }

  end(): void {
    this.#times = 0;
  }

  isOn(nowUs: number): boolean {
    if (this.#times === 0) return false;
    const lengthUs = this.baseUs * 2 ** Math.min(this.#times - 1, DOUBLINGS_MAX);
    return nowUs < this.#beganUs + lengthUs;
  }
}
