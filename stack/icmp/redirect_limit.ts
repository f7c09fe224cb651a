/**
 * How often a host is told of a better way (RFC 1812 4.3.2.8), as Linux's `ip_rt_send_redirect`:
 * the next time after 40 ms, then after twice as long, and so on; who has not listened nine times
 * is told nothing more, until nothing was due for 20 seconds.
 *
 * @module
 */
import { HOSTS_MAX } from "../base/host_buckets.ts";

/** Half of the first pause. */
const PAUSE_US = 20_000;
const TIMES_MAX = 9;
const SILENCE_US = PAUSE_US * 2 ** (TIMES_MAX + 1);

interface Told {
  times: number;
  lastUs: number;
}

export class RedirectLimit {
  /** By int32 address, the latest last. */
  readonly #hosts = new Map<number, Told>();

  /** Whether `host` may be told now; it is then. */
  allow(host: number, nowUs: number): boolean {
    const told = this.#hosts.get(host) ?? this.#add(host);
    if (nowUs >= told.lastUs + SILENCE_US) told.times = 0;
    if (told.times >= TIMES_MAX) {
      told.lastUs = nowUs;
      return false;
    }
    if (told.times > 0 && nowUs < told.lastUs + PAUSE_US * 2 ** told.times) return false;
    told.times++;
    told.lastUs = nowUs;
    return true;
  }

  #add(host: number): Told {
    if (this.#hosts.size >= HOSTS_MAX) {
      for (const oldest of this.#hosts.keys()) {
        this.#hosts.delete(oldest);
        break;
      }
    }
    const told = { times: 0, lastUs: -Infinity };
    this.#hosts.set(host, told);
    return told;
  }
}
