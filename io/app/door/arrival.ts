/**
 * Where doors arrive: the process that puts itself behind one hands its descriptor on, between fork
 * and exec (ffi/host/door_filter.c), and before that the one of the file system that it sees as
 * /proc/net (ffi/host/view.c).
 *
 * @module
 */
import { EPOLLIN } from "../../../ffi/abi/epoll.ts";
import { MSG_DONTWAIT } from "../../../ffi/abi/socket.ts";
import type { Handler } from "../../loop/loop.ts";
import type { AppContext } from "../endpoint/app_context.ts";

const NEWS_LEN = 8;
/** What a descriptor is of; the twin is ffi/host/door_filter.h. */
const NEWS_VIEW = 1;
const NEWS_UNIX = 2;

/** Who takes the descriptors over; false: not this one. */
export interface Arrivals {
  onDoor(fd: number): boolean;
  onView(fd: number): boolean;
  onUnixList(fd: number): boolean;
}

/** `news`: the byte that came with the descriptor. */
export function takeNews(arrivals: Arrivals, news: number, fd: number): boolean {
  if (news === NEWS_VIEW) return arrivals.onView(fd);
  return news === NEWS_UNIX ? arrivals.onUnixList(fd) : arrivals.onDoor(fd);
}

export function isDoorNews(news: number): boolean {
  return news !== NEWS_VIEW && news !== NEWS_UNIX;
}

export class DoorArrival implements Handler {
  readonly #app: AppContext;
  readonly #fd: number;
  readonly #arrivals: Arrivals;
  readonly #newsOff: number;
  #slot: number;

  /** `fd`: our end of a socket, closed with this. */
  constructor(app: AppContext, fd: number, arrivals: Arrivals) {
    this.#app = app;
    this.#fd = fd;
    this.#arrivals = arrivals;
    this.#newsOff = app.allocate(2 * NEWS_LEN);
    this.#slot = app.loop.add(fd, EPOLLIN, this);
  }

  onEvents(): void {
    const { sys, base, memory } = this.#app;
    const fdOff = this.#newsOff + NEWS_LEN;
    const n = sys.recvFd(this.#fd, base, this.#newsOff, NEWS_LEN, fdOff, MSG_DONTWAIT);
    const arrived = n <= 0 ? -1 : memory.dv.getInt32(fdOff, true);
    if (arrived >= 0 && !takeNews(this.#arrivals, memory.u8[this.#newsOff], arrived)) {
      sys.closeLater(arrived);
    }
    if (n === 0) this.close(); // whoever could send one has gone
  }

  close(): void {
    if (this.#slot < 0) return;
    this.#app.loop.remove(this.#slot);
    this.#slot = -1;
    this.#app.sys.close(this.#fd);
  }
}
