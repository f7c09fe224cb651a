/*
 * The program's pieces of memory (struct iovec), passed through bit by bit.
 */
#ifndef NUSE_PIECES_H
#define NUSE_PIECES_H

#include "../core/shim.h"

/* Set up with `iov` and `count`, and passed by 0 bytes. */
struct pieces {
  const struct iovec *iov;
  size_t count, at; /* the piece */
  size_t skip;      /* in it */
};

static inline void pieces_pass(struct pieces *p, size_t n) {
  p->skip += n;
  while (p->at < p->count && p->skip >= p->iov[p->at].iov_len) p->skip -= p->iov[p->at++].iov_len;
}

/* What is left of the piece at hand; 0: there is none. */
static inline size_t pieces_next(const struct pieces *p, uint8_t **at) {
  if (p->at >= p->count) return 0;
  *at = (uint8_t *)p->iov[p->at].iov_base + p->skip;
  return p->iov[p->at].iov_len - p->skip;
}

/* Sends the next bytes, up to `limit`: n or -errno. `*tried`: how many. None are passed. */
long pieces_send(int fd, const struct pieces *p, size_t limit, int flags, size_t *tried);
/* Receives up to `limit` > 0 bytes: the same. */
long pieces_recv(int fd, const struct pieces *p, size_t limit, int flags, size_t *tried);

#endif
