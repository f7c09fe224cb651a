/*
 * What close() promises is to be true when it returns: the port is free, nobody listens, and with
 * SO_LINGER all has arrived. The service learns of a close by itself, but later; so where it
 * matters it is asked, after the close: by then our end of the pair has hung up, unless somebody
 * else has the socket, too.
 */
#ifndef NUSE_CLOSING_H
#define NUSE_CLOSING_H

#include "settle.h"
#include "shim.h"

struct closing {
  uint64_t cookie; /* 0: nothing to wait for */
  int linger_ms;
  bool is_local; /* its peer is a socket of ours, too */
};

/* Before the number is closed, or taken for something else. */
struct closing closing_begin(int fd);
/* After it. */
void closing_wait(const struct closing *c);
static inline void closing_end(const struct closing *c) {
  if (UNLIKELY(c->cookie != 0)) closing_wait(c);
  if (UNLIKELY(c->is_local)) settle_note(UNDER_WAY_CHANGES);
}

#endif
