/*
 * Receiving by a ring (ring_receive.c).
 */
#ifndef NUSE_RING_RECEIVE_H
#define NUSE_RING_RECEIVE_H

#include "../core/fd_table.h"
#include "ring_send.h"

/* Of an entry with a ring: n or -errno, up to `len` > 0 bytes into `count` pieces, or RING_NONE.
 * `flags`: MSG_DONTWAIT, MSG_PEEK, MSG_WAITALL. */
long ring_receive(int fd, struct fd_entry *e, const struct iovec *iov, size_t count, size_t len,
                  int flags);

#endif
