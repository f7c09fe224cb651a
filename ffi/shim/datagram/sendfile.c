/*
 * sendfile() to a datagram socket: what the pair would take has no header, so the bytes are read
 * and sent as one datagram. More than a datagram holds is EMSGSIZE, as in the kernel.
 */
#include "datagram.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../core/memory.h"

#define CHUNK 65536 /* what the kernel gives a socket at a time */

static ssize_t send_at(int out, struct fd_entry *e, int in, off64_t at, size_t count) {
  char *block = malloc(count);
  if (block == NULL) return -ENOMEM;
  ssize_t n = pread64(in, block, count, at);
  if (n < 0) n = -errno;
  if (n > 0) {
    struct iovec iov = {block, (size_t)n};
    struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
    n = dgram_sendmsg(out, e, &msg, 0);
  }
  free(block);
  return n;
}

ssize_t dgram_sendfile(int out, struct fd_entry *e, int in, off64_t *offset, size_t count) {
  struct stat info;
  off64_t at = 0;
  if (fstat(in, &info) != 0) return -errno;
  if (!S_ISREG(info.st_mode)) return -EINVAL;
  if (offset != NULL && copy_in(&at, offset, sizeof at) < 0) return -EFAULT;
  if (offset == NULL) at = lseek64(in, 0, SEEK_CUR);
  if (at < 0) return offset == NULL ? -errno : -EINVAL;
  if (count == 0) return 0;
  ssize_t n = send_at(out, e, in, at, count < CHUNK ? count : CHUNK);
  if (n <= 0) return n;
  at += n;
  if (offset != NULL) return copy_out(offset, &at, sizeof at) < 0 ? -EFAULT : n;
  lseek64(in, at, SEEK_SET);
  return n;
}
