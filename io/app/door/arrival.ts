/**
 * Where doors arrive: the process that puts itself behind one hands its descriptor on, between fork
 * and exec (ffi/host/door_filter.c).
 *
 * @module
 */
import { EPOLLIN } from "../../../ffi/abi/epoll.ts";
import { MSG_DONTWAIT } from "../../../ffi/abi/socket.ts";
import type { Handler } from "../../loop/loop.ts";
import type { AppContext } from "../endpoint/app_context.ts";

const NEWS_LEN = 8;

export class DoorArrival implements Handler {
  readonly #app: AppContext;
  readonly #fd: number;
  readonly #onDoor: (fd: number) => boolean;
  readonly #newsOff: number;
  #slot: number;

  /** `fd`: our end of a socket, closed with this; `onDoor` takes the door's descriptor. */
  constructor(app: AppContext, fd: number, onDoor: (fd: number) => boolean) {
    this.#app = app;
    this.#fd = fd;
    this.#onDoor = onDoor;
    this.#newsOff = app.allocate(2 * NEWS_LEN);
    this.#slot = app.loop.add(fd, EPOLLIN, this);
  }

  onEvents(): void {
    const { sys, base, memory } = this.#app;
    const fdOff = this.#newsOff + NEWS_LEN;
    const n = sys.recvFd(this.#fd, base, this.#newsOff, NEWS_LEN, fdOff, MSG_DONTWAIT);
    const door = n <= 0 ? -1 : memory.dv.getInt32(fdOff, true);
    if (door >= 0 && !this.#onDoor(door)) sys.closeLater(door);
    if (n === 0) this.close(); // whoever could send one has gone
  }

  close(): void {
    if (this.#slot < 0) return;
    this.#app.loop.remove(this.#slot);
    this.#slot = -1;
    this.#app.sys.close(this.#fd);
  }
}
