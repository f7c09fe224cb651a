/*
 * EPOLLERR for the error with which a stream has ended, until somebody has taken it (poll.c). What
 * epoll gives does not say which descriptor it is about, but the program's own word for it: that is
 * kept for every stream, of its last registration, and looked for where one has hung up, or has
 * urgent data.
 */
#include "../core/shim.h"

#include <signal.h>
#include <sys/epoll.h>

#include "../core/real.h"
#include "../core/settle.h"
#include "../core/socket.h"
#include "../stream/stream.h"

EXPORT int epoll_ctl(int epoll_fd, int op, int fd, struct epoll_event *event) {
  struct fd_entry *e;
  int result = real()->epoll_ctl(epoll_fd, op, fd, event);
  if (result != 0 || op == EPOLL_CTL_DEL || table_kind(fd, &e) != KIND_STREAM) return result;
  atomic_store_explicit(&e->epoll_data, event->data.u64, memory_order_relaxed);
  entry_mark(e, WORD_WATCHED, 0);
  if (event->events & EPOLLPRI) urgent_watch(fd, false);
  return result;
}

static bool has_error(uint64_t data) {
  for (int fd = -1; (fd = table_next_watched(fd, data)) >= 0;) {
    struct fd_entry *e = table_peek(fd);
    if (entry_verify(fd, e) && (entry_refresh(fd, e) & NUSE_STATE_ERROR)) return true;
  }
  return false;
}

/* An urgent byte with nothing behind it is not EPOLLIN (stream/urgent.c). */
static bool is_only_urgent(uint64_t data) {
  for (int fd = -1; (fd = table_next_watched(fd, data)) >= 0;) {
    if (entry_verify(fd, table_peek(fd)) && urgent_is_alone(fd)) return true;
  }
  return false;
}

static int note_errors(struct epoll_event *events, int count) {
  for (int i = 0; i < count; i++) {
    bool is_end = (events[i].events & (EPOLLHUP | EPOLLERR)) == EPOLLHUP;
    if (UNLIKELY(is_end) && has_error(events[i].data.u64)) events[i].events |= EPOLLERR;
    bool is_both = (events[i].events & (EPOLLIN | EPOLLPRI)) == (EPOLLIN | EPOLLPRI);
    if (UNLIKELY(is_both) && is_only_urgent(events[i].data.u64)) {
      events[i].events &= ~(uint32_t)(EPOLLIN | EPOLLRDNORM);
    }
  }
  return count;
}

EXPORT int epoll_wait(int epoll_fd, struct epoll_event *events, int room, int timeout_ms) {
  settle_before_poll(timeout_ms != 0);
  return note_errors(events, real()->epoll_wait(epoll_fd, events, room, timeout_ms));
}

EXPORT int epoll_pwait(int epoll_fd, struct epoll_event *events, int room, int timeout_ms,
                       const sigset_t *mask) {
  settle_before_poll(timeout_ms != 0);
  return note_errors(events, real()->epoll_pwait(epoll_fd, events, room, timeout_ms, mask));
}

EXPORT int epoll_pwait2(int epoll_fd, struct epoll_event *events, int room,
                        const struct timespec *timeout, const sigset_t *mask) {
  settle_before_poll(timeout == NULL || timeout->tv_sec != 0 || timeout->tv_nsec != 0);
  return note_errors(events, real()->epoll_pwait2(epoll_fd, events, room, timeout, mask));
}
