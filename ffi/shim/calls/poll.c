/*
 * What poll and ppoll show beyond what the pair does.
 *
 * No POLLIN for an urgent byte that has nothing behind it (stream/urgent.c).
 *
 * POLLERR for the error with which a stream has ended, until somebody has taken it; the pair shows
 * POLLHUP, whereupon the service is asked. And what readiness.h tells of.
 */
#include "../core/shim.h"

#include <poll.h>
#include <signal.h>

#include "../core/memory.h"
#include "../core/real.h"
#include "../core/settle.h"
#include "../core/socket.h"
#include "../stream/stream.h"
#include "readiness.h"

extern void __chk_fail(void) __attribute__((noreturn));

static short with_stream_error(int fd, struct fd_entry *e, short revents, const sigset_t *mask) {
  if ((revents & POLLIN) && urgent_is_all(fd, e, (revents & POLLPRI) != 0, mask)) {
    revents &= ~(POLLIN | POLLRDNORM);
  }
  bool is_end = (revents & POLLHUP) && !(revents & POLLERR);
  if (!is_end || !entry_verify(fd, e)) return revents;
  return entry_refresh(fd, e) & NUSE_STATE_ERROR ? revents | POLLERR : revents;
}

static short with_error(int fd, struct fd_entry *e, short revents, const sigset_t *mask) {
  switch (word_kind(entry_word(e))) {
    case KIND_STREAM:
      return with_stream_error(fd, e, revents, mask);
    case KIND_DATAGRAM:
      return with_datagram_error(fd, e, revents);
    default:
      return revents;
  }
}

/* Is something among them that shows more at once? What was not known of it is known afterwards;
 * and the service, of whom urgent data is looked out for. */
static bool find_more(struct pollfd *fds, nfds_t count, bool is_waiting) {
  bool is_found = false;
  if (check_readable(fds, count * sizeof *fds) != 0) return false; /* poll will say EFAULT */
  for (nfds_t i = 0; i < count; i++) {
    struct fd_entry *e = table_peek(fds[i].fd);
    if (UNLIKELY(fds[i].events & POLLPRI)) urgent_watch(fds[i].fd, !is_waiting);
    if (e == NULL || !may_show_more(e, fds[i].events)) continue;
    is_found |= shows_more(fds[i].fd, e, fds[i].events) != 0;
  }
  return is_found;
}

static int note_more(struct pollfd *fds, nfds_t count, int ready) {
  for (nfds_t i = 0; ready >= 0 && i < count; i++) {
    struct fd_entry *e = table_peek(fds[i].fd);
    if (e == NULL || !may_show_more(e, fds[i].events)) continue;
    short bits = shows_more(fds[i].fd, e, fds[i].events);
    ready += bits != 0 && fds[i].revents == 0;
    fds[i].revents |= bits;
  }
  return ready;
}

static int note_errors(struct pollfd *fds, nfds_t count, int ready, const sigset_t *mask) {
  int left = ready;
  for (nfds_t i = 0; ready > 0 && i < count; i++) {
    struct fd_entry *e = fds[i].revents & (POLLIN | POLLHUP) ? table_peek(fds[i].fd) : NULL;
    if (e == NULL) continue;
    short asked = (short)(fds[i].events | POLLERR | POLLHUP | POLLNVAL);
    fds[i].revents = with_error(fds[i].fd, e, fds[i].revents, mask) & asked;
    left -= fds[i].revents == 0;
  }
  return left < ready && left == 0 ? (int)shim_return(-EINTR, 0) : left;
}

EXPORT int poll(struct pollfd *fds, nfds_t count, int timeout_ms) {
  settle_before_poll(timeout_ms != 0);
  bool at_once = find_more(fds, count, timeout_ms != 0);
  int ready = note_errors(fds, count, real()->poll(fds, count, at_once ? 0 : timeout_ms), NULL);
  return UNLIKELY(at_once) ? note_more(fds, count, ready) : ready;
}

EXPORT int ppoll(struct pollfd *fds, nfds_t count, const struct timespec *timeout,
                 const sigset_t *mask) {
  static const struct timespec none = {0};
  settle_before_poll(waits(timeout));
  bool at_once = find_more(fds, count, timeout == NULL);
  int ready = real()->ppoll(fds, count, at_once ? &none : timeout, mask);
  ready = note_errors(fds, count, ready, mask);
  return UNLIKELY(at_once) ? note_more(fds, count, ready) : ready;
}

EXPORT int __poll_chk(struct pollfd *fds, nfds_t count, int timeout_ms, size_t room) {
  if (room / sizeof *fds < count) __chk_fail();
  return poll(fds, count, timeout_ms);
}

EXPORT int __ppoll_chk(struct pollfd *fds, nfds_t count, const struct timespec *timeout,
                       const sigset_t *mask, size_t room) {
  if (room / sizeof *fds < count) __chk_fail();
  return ppoll(fds, count, timeout, mask);
}
