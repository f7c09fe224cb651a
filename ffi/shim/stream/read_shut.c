/*
 * Reading on after shutdown(SHUT_RD). As on Linux what arrives is still read, and where there is
 * nothing the answer is 0. The pair shows that, but takes no more bytes: those that arrive wait in
 * the service, which is asked for them.
 */
#include "stream.h"

#include "../core/memory.h"
#include "../core/settle.h"
#include "../core/socket.h"

/* Up to `room` bytes to `to`, NULL: nowhere. */
static long read_piece(int fd, struct fd_entry *e, uint8_t *to, size_t room, bool is_peek) {
  uint8_t found[NUSE_DATA_MAX];
  size_t want = room < sizeof found ? room : sizeof found;
  struct control_request request = {.op = NUSE_OP_READ, .a = (int)want, .b = is_peek ? 1 : 0};
  struct control_reply reply = {.data = found, .data_cap = sizeof found};
  long result = entry_call(fd, e, &request, &reply);
  if (result < 0) return result == -ENOTCONN ? 0 : result;
  if (to != NULL && copy_out(to, found, reply.data_len) < 0) return -EFAULT;
  return (long)reply.data_len;
}

long stream_read_on(int fd, struct fd_entry *e, const struct iovec *iov, size_t count, int flags) {
  bool is_dropped = flags & MSG_TRUNC;
  long total = 0;
  if (process_is_sandboxed()) return 0;
  settle();
  entry_mark(e, WORD_EOF, 0);
  for (size_t i = 0; i < count; i++) {
    size_t done = 0;
    while (done < iov[i].iov_len) {
      uint8_t *to = is_dropped ? NULL : (uint8_t *)iov[i].iov_base + done;
      long n = read_piece(fd, e, to, iov[i].iov_len - done, flags & MSG_PEEK);
      if (n <= 0) return total > 0 ? total : n;
      total += n;
      done += (size_t)n;
      if (flags & MSG_PEEK) return total;
    }
  }
  return total;
}
