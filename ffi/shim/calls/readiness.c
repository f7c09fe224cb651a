/*
 * Errors and hang-ups that a pair does not show (readiness.h).
 */
#include "readiness.h"

#include <poll.h>
#include <sys/ioctl.h>

#include "../core/real.h"
#include "../core/rings.h"
#include "../core/socket.h"
#include "../datagram/datagram.h"

static bool looks_unconnected(unsigned word) {
  const unsigned other = NUSE_STATE_CONNECTING | NUSE_STATE_CONNECTED | NUSE_STATE_LISTENING;
  return word_kind(word) == KIND_STREAM && !(word & (other | WORD_UNWRITABLE));
}

static inline short error_bits(const struct fd_entry *e) {
  return entry_word(e) & WORD_ERROR_PRI ? POLLERR | POLLPRI : POLLERR;
}

/* An error at the head of the pair is seen by POLLIN, where that is asked for. */
static bool may_have_error(const struct fd_entry *e, short events) {
  if (entry_word(e) & WORD_QUEUED) return true;
  return !(events & POLLIN) && dgram_can_have_errors(e);
}

/* Bytes in the ring show before their first are in the pair. */
static bool may_have_unread(const struct fd_entry *e, short events) {
  return (events & (POLLIN | POLLRDNORM)) && entry_has_ring(e, RING_RECEIVE);
}

bool may_show_more(const struct fd_entry *e, short events) {
  unsigned word = entry_word(e);
  if (word_kind(word) == KIND_DATAGRAM) return may_have_error(e, events);
  return looks_unconnected(word) || (word_kind(word) == KIND_STREAM && may_have_unread(e, events));
}

static short shows_unread(int fd, struct fd_entry *e, short events) {
  if (!may_have_unread(e, events) || ring_unread(e) == 0 || !entry_verify(fd, e)) return 0;
  return events & (POLLIN | POLLRDNORM);
}

short shows_more(int fd, struct fd_entry *e, short events) {
  unsigned word = entry_word(e);
  if (word_kind(word) == KIND_STREAM && !looks_unconnected(word)) {
    return shows_unread(fd, e, events);
  }
  if (!entry_verify(fd, e)) return 0;
  if (word_kind(entry_word(e)) == KIND_DATAGRAM) {
    bool is_error = (entry_word(e) & WORD_QUEUED) && errqueue_has_more(fd, e);
    if (!is_error) is_error = !(events & POLLIN) && dgram_error_waits(fd, e);
    return is_error ? error_bits(e) & (events | POLLERR) : 0;
  }
  entry_refresh(fd, e);
  if (!looks_unconnected(entry_word(e))) return 0;
  return entry_word(e) & NUSE_STATE_ERROR ? POLLHUP | POLLERR : POLLHUP;
}

short with_datagram_error(int fd, struct fd_entry *e, short revents) {
  if (!(revents & POLLIN) || !dgram_can_have_errors(e)) return revents;
  if (!dgram_error_waits(fd, e)) return revents;
  int waiting = 0; /* bytes, of all messages */
  bool is_last = real()->ioctl(fd, FIONREAD, &waiting) == 0 && waiting <= NUSE_DGRAM_HEADER_LEN;
  return (short)((is_last ? revents & ~(POLLIN | POLLRDNORM) : revents) | error_bits(e));
}
