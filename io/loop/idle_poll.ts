/**
 * How long to look for events before going to sleep.
 *
 * Putting a CPU to sleep and waking it costs tens of microseconds, more on a virtual machine: most
 * of a request/response's time is that. While events keep coming soon after one another, looking
 * for the next one a little while is cheaper than sleeping. The time is adapted as Linux's haltpoll
 * governor does (drivers/cpuidle/governors/haltpoll.c): it grows while sleeps are short and is
 * given up when they are long, so that an idle process costs nothing and a busy one never waits
 * here. Between two looks the CPU is offered to whoever else wants it.
 *
 * @module
 */

/** No sleep that was longer would have been worth it. */
const WINDOW_MAX_US = 200;
const WINDOW_START_US = 50;
/** A request or a response takes less. */
const BUSY_MAX_US = 30;

export class IdlePoll {
  /** Microseconds to look for events before sleeping. */
  windowUs = 0;

  /**
   * The window after a wake-up that kept us busy for `busyUs`: bulk work waits for nobody's answer.
   */
  windowAfter(busyUs: number): number {
    return busyUs > BUSY_MAX_US ? 0 : this.windowUs;
  }

  /** After a wait that took `waitedUs` in all, looking included. */
  adapt(waitedUs: number): void {
    if (waitedUs > WINDOW_MAX_US) {
      this.windowUs = this.windowUs > WINDOW_START_US ? this.windowUs / 2 : 0;
    } else if (waitedUs > this.windowUs) {
      this.windowUs = Math.min(WINDOW_MAX_US, Math.max(WINDOW_START_US, 2 * this.windowUs));
    }
  }
}
