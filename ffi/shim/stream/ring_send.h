/*
 * Sending by a ring (ring_send.c).
 */
#ifndef NUSE_RING_SEND_H
#define NUSE_RING_SEND_H

#include "../core/fd_table.h"

#define RING_NONE (-512) /* no errno: there is no ring, or none any more */

/* Of an entry with a ring: n or -errno, of `len` > 0 bytes in `count` pieces, or RING_NONE.
 * `flags`: MSG_DONTWAIT. */
long ring_send(int fd, struct fd_entry *e, const struct iovec *iov, size_t count, size_t len,
               int flags);

#endif
