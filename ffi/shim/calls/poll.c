/*
 * poll and ppoll show POLLERR for an error that waits on a datagram socket (an ICMP message has
 * come back), which is when programs like traceroute read the error queue. The pair itself only
 * shows that there is something to read: the error's record. Where errors can come, that is looked
 * at, and POLLIN stays only if there is more behind it. Not so with epoll, whose results do not say
 * which descriptor they are about.
 */
#include "../core/shim.h"

#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>

#include "../core/real.h"
#include "../datagram/datagram.h"

extern void __chk_fail(void) __attribute__((noreturn));

static short with_error(int fd, struct fd_entry *e, short revents) {
  if (!dgram_error_waits(fd, e)) return revents;
  int waiting = 0; /* bytes, of all messages */
  bool is_last = real()->ioctl(fd, FIONREAD, &waiting) == 0 && waiting <= NUSE_DGRAM_HEADER_LEN;
  return (short)((is_last ? revents & ~(POLLIN | POLLRDNORM) : revents) | POLLERR);
}

static int note_errors(struct pollfd *fds, nfds_t count, int ready) {
  for (nfds_t i = 0; ready > 0 && i < count; i++) {
    struct fd_entry *e = fds[i].revents & POLLIN ? table_peek(fds[i].fd) : NULL;
    if (e == NULL || word_kind(entry_word(e)) != KIND_DATAGRAM) continue;
    if (dgram_can_have_errors(e)) fds[i].revents = with_error(fds[i].fd, e, fds[i].revents);
  }
  return ready;
}

EXPORT int poll(struct pollfd *fds, nfds_t count, int timeout_ms) {
  return note_errors(fds, count, real()->poll(fds, count, timeout_ms));
}

EXPORT int ppoll(struct pollfd *fds, nfds_t count, const struct timespec *timeout,
                 const sigset_t *mask) {
  return note_errors(fds, count, real()->ppoll(fds, count, timeout, mask));
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
