/*
 * epoll, with what the pair does not show.
 *
 * What is there at once (readiness.h): a wait does not wait then, and what it gives is added to.
 * Registered with several epolls, a socket shows more in the last one only; and who waits already
 * is not woken by it.
 *
 * EPOLLERR for the error with which a stream has ended, until somebody has taken it (poll.c), or
 * that has come to a datagram socket. What epoll gives does not say which descriptor it is about,
 * but the program's own word for it: that is kept (core/watched.h), and looked for where a stream
 * has hung up, or has urgent data, and for datagrams.
 */
#include "../core/shim.h"

#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>

#include "../core/real.h"
#include "../core/rings.h"
#include "../core/settle.h"
#include "../core/socket.h"
#include "../core/watched.h"
#include "../stream/stream.h"
#include "readiness.h"

_Static_assert(EPOLLIN == POLLIN && EPOLLERR == POLLERR && EPOLLHUP == POLLHUP, "the same bits");

#define ADDED_MAX 32 /* in one wait */

struct added {
  int count;
  struct epoll_event list[ADDED_MAX];
};

EXPORT int epoll_ctl(int epoll_fd, int op, int fd, struct epoll_event *event) {
  struct fd_entry *e = table_peek(fd);
  if (op != EPOLL_CTL_DEL && e != NULL && entry_has_ring(e, RING_RECEIVE)) ring_show(fd, e);
  int result = real()->epoll_ctl(epoll_fd, op, fd, event);
  if (result != 0 || !is_nuse(table_kind(fd, &e))) return result;
  if (op == EPOLL_CTL_DEL) {
    watched_end(e, epoll_fd);
    return result;
  }
  watched_note(fd, e, epoll_fd, event->events, event->data.u64);
  if (may_show_more(e, (short)event->events)) watched_may_show(fd, e);
  if (event->events & EPOLLPRI) urgent_watch(fd, false);
  return result;
}

static void add_one(struct added *more, int fd, struct fd_entry *e) {
  uint32_t events = atomic_load_explicit(&e->epoll_events, memory_order_relaxed);
  short bits = entry_word(e) & WORD_TOLD ? 0 : shows_more(fd, e, (short)events);
  if (bits == 0) return;
  bool is_kernels = (bits & (EPOLLIN | EPOLLRDNORM)) && (events & (EPOLLET | EPOLLONESHOT));
  if (is_kernels) return; /* which shows what it was told of, and the service what is left */
  struct epoll_event *event = &more->list[more->count++];
  event->events = (uint32_t)bits;
  event->data.u64 = atomic_load_explicit(&e->epoll_data, memory_order_relaxed);
  if (events & (EPOLLET | EPOLLONESHOT)) entry_mark(e, WORD_TOLD, 0);
}

static void find_more(struct added *more, int epoll_fd) {
  int fd, at = 0;
  more->count = 0;
  while (more->count < ADDED_MAX && (fd = watched_next(&at)) >= 0) {
    struct fd_entry *e = table_peek(fd);
    uint32_t events = e == NULL ? 0 : atomic_load_explicit(&e->epoll_events, memory_order_relaxed);
    if (e == NULL || !(entry_word(e) & WORD_WATCHED) || !may_show_more(e, (short)events)) {
      watched_forget(at);
    } else if (atomic_load_explicit(&e->epoll_fd, memory_order_relaxed) == epoll_fd) {
      add_one(more, fd, e);
    }
  }
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

static void note_datagram(struct epoll_event *event) {
  int fd = watched_datagram(event->data.u64);
  struct fd_entry *e = fd < 0 ? NULL : table_peek(fd);
  if (e == NULL) return;
  uint32_t asked = atomic_load_explicit(&e->epoll_events, memory_order_relaxed);
  short bits = with_datagram_error(fd, e, (short)event->events);
  event->events = (uint32_t)(uint16_t)bits & (asked | EPOLLERR | EPOLLHUP);
}

static void note_errors(struct epoll_event *events, int count) {
  for (int i = 0; i < count; i++) {
    bool is_end = (events[i].events & (EPOLLHUP | EPOLLERR)) == EPOLLHUP;
    if (UNLIKELY(is_end) && has_error(events[i].data.u64)) events[i].events |= EPOLLERR;
    bool is_both = (events[i].events & (EPOLLIN | EPOLLPRI)) == (EPOLLIN | EPOLLPRI);
    if (UNLIKELY(is_both) && is_only_urgent(events[i].data.u64)) {
      events[i].events &= ~(uint32_t)(EPOLLIN | EPOLLRDNORM);
    } else if (events[i].events & EPOLLIN) {
      note_datagram(&events[i]);
    }
  }
}

static int finish(struct epoll_event *events, int room, int count, const struct added *more) {
  note_errors(events, count);
  for (int k = 0; count >= 0 && k < more->count; k++) {
    int i = 0;
    while (i < count && events[i].data.u64 != more->list[k].data.u64) i++;
    if (i < count) {
      events[i].events |= more->list[k].events;
    } else if (count < room) {
      events[count++] = more->list[k];
    }
  }
  return count;
}

EXPORT int epoll_wait(int epoll_fd, struct epoll_event *events, int room, int timeout_ms) {
  struct added more;
  settle_before_poll(timeout_ms != 0);
  find_more(&more, epoll_fd);
  int n = real()->epoll_wait(epoll_fd, events, room, more.count > 0 ? 0 : timeout_ms);
  return finish(events, room, n, &more);
}

EXPORT int epoll_pwait(int epoll_fd, struct epoll_event *events, int room, int timeout_ms,
                       const sigset_t *mask) {
  struct added more;
  settle_before_poll(timeout_ms != 0);
  find_more(&more, epoll_fd);
  int n = real()->epoll_pwait(epoll_fd, events, room, more.count > 0 ? 0 : timeout_ms, mask);
  return finish(events, room, n, &more);
}

EXPORT int epoll_pwait2(int epoll_fd, struct epoll_event *events, int room,
                        const struct timespec *timeout, const sigset_t *mask) {
  static const struct timespec none = {0};
  struct added more;
  settle_before_poll(waits(timeout));
  find_more(&more, epoll_fd);
  int n = real()->epoll_pwait2(epoll_fd, events, room, more.count > 0 ? &none : timeout, mask);
  return finish(events, room, n, &more);
}
