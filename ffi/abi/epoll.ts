/** struct epoll_event and the EPOLL* constants (linux/eventpoll.h). @module */

/** Packed on x86-64 only. */
const IS_PACKED = Deno.build.arch === "x86_64";

export const EPOLL_EVENT = {
  LEN: IS_PACKED ? 12 : 16,
  EVENTS: 0,
  DATA: IS_PACKED ? 4 : 8,
} as const;

export const EPOLL_CTL_ADD = 1;
export const EPOLL_CTL_DEL = 2;
export const EPOLL_CTL_MOD = 3;

export const EPOLLIN = 0x001;
export const EPOLLPRI = 0x002;
export const EPOLLOUT = 0x004;
export const EPOLLERR = 0x008;
export const EPOLLHUP = 0x010;
export const EPOLLRDHUP = 0x2000;
/** Bit 31, as the unsigned number that epoll_ctl takes. */
export const EPOLLET = 0x80000000;
