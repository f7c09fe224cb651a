/*
 * System calls on a part of the program's pieces.
 */
#include "pieces.h"

#include "../core/real.h"

#define PIECES 64 /* at once */

/* The next bytes, up to `limit`, as pieces of their own; returns how many bytes. */
static size_t cut(const struct pieces *p, size_t limit, struct iovec *iov, size_t *count) {
  struct pieces rest = *p;
  size_t total = 0;
  for (*count = 0; *count < PIECES && total < limit; (*count)++) {
    uint8_t *at = NULL;
    size_t len = pieces_next(&rest, &at);
    if (len == 0) break;
    if (len > limit - total) len = limit - total;
    iov[*count] = (struct iovec){at, len};
    pieces_pass(&rest, len);
    total += len;
  }
  return total;
}

long pieces_send(int fd, const struct pieces *p, size_t limit, int flags, size_t *tried) {
  struct iovec iov[PIECES];
  struct msghdr msg = {.msg_iov = iov};
  *tried = cut(p, limit, iov, &msg.msg_iovlen);
  return sys_result(real()->sendmsg(fd, &msg, flags | MSG_NOSIGNAL));
}

long pieces_recv(int fd, const struct pieces *p, size_t limit, int flags, size_t *tried) {
  struct iovec iov[PIECES];
  struct msghdr msg = {.msg_iov = iov};
  *tried = cut(p, limit, iov, &msg.msg_iovlen);
  return sys_result(real()->recvmsg(fd, &msg, flags));
}
