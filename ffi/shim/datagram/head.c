/*
 * What lies first in the queue of a datagram socket: a datagram, or the record of an error that an
 * ICMP message has brought (SO_ERROR, in the kernel), which the next call takes.
 */
#include "datagram.h"

#include "../core/real.h"
#include "../core/watched.h"

/* The head of the queue, left there. False: nothing that is ours. */
static bool peek_header(int fd, struct dgram_header *h) {
  return real()->recv(fd, h, sizeof *h, MSG_PEEK | MSG_DONTWAIT) == (ssize_t)sizeof *h &&
         h->magic == NUSE_DGRAM_MAGIC;
}

long dgram_next_len(int fd, struct fd_entry *e) {
  struct dgram_header h;
  int saved = errno;
  while (peek_header(fd, &h)) {
    if (!(h.flags & NUSE_DGRAM_ERROR)) {
      errno = saved;
      return h.payload_len;
    }
    int none = 0;
    int error = dgram_take_error(fd, e);
    atomic_compare_exchange_strong(&e->error, &none, error);
  }
  errno = saved;
  return 0;
}

bool dgram_error_waits(int fd, struct fd_entry *e) {
  struct dgram_header h;
  int saved = errno;
  bool waits = peek_header(fd, &h) && (h.flags & NUSE_DGRAM_ERROR);
  if (waits) atomic_store_explicit(&e->looked, LOOKED_LONG_AGO, memory_order_relaxed);
  errno = saved;
  return waits;
}

void dgram_note_error(int fd, struct fd_entry *e) {
  destination_forget(e);
  if (!(entry_word(e) & WORD_ERRORS)) return;
  entry_mark(e, WORD_QUEUED, 0);
  watched_may_show(fd, e);
}

int dgram_take_error(int fd, struct fd_entry *e) {
  struct dgram_header h;
  int saved = errno;
  int error = 0;
  if (peek_header(fd, &h) && (h.flags & NUSE_DGRAM_ERROR)) {
    error = h.error;
    real()->recv(fd, &h, sizeof h, MSG_DONTWAIT);
    dgram_note_error(fd, e);
  }
  errno = saved;
  return error;
}

long dgram_pending_error(struct fd_entry *e) {
  if (atomic_load_explicit(&e->error, memory_order_relaxed) == 0) return 0;
  return -atomic_exchange(&e->error, 0);
}
