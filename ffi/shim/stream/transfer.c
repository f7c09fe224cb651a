/*
 * Bytes on a stream. The pair moves them; what is left for us is to tell how a stream ended.
 *
 * Probed on Linux 6.18, on the program's end of an AF_UNIX stream pair, after the service has
 *   shutdown(SHUT_WR)             poll IN RDHUP, no HUP; read: queued bytes, then 0; write works
 *   shutdown(SHUT_RDWR) or close  poll IN OUT RDHUP HUP; read: queued bytes, then 0; write: EPIPE
 *   close with our bytes unread   the same with ERR; after the queued bytes one read: ECONNRESET
 * So EOF without HUP is the peer's FIN; EOF with HUP may be a reset, a timeout or both FINs:
 * SO_ERROR of the stack knows. A write to a dead stream first reports that error, and EPIPE
 * with SIGPIPE after that, as TCP in the kernel does; therefore every write is a send with
 * MSG_NOSIGNAL.
 *
 * MSG_MORE does not go through the pair. The service is told when it begins, before the bytes, and
 * when it has ended, after them; it reads what is in the pair before it takes note. The same of the
 * end of a record (MSG_EOR), and of an urgent byte (MSG_OOB), which is told beforehand. Where the
 * pair is empty and there is no ring, nobody waits until it has heard: it hears in time.
 */
#include "stream.h"

#include <linux/sockios.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>

#include "../core/real.h"
#include "../core/rings.h"
#include "../core/settle.h"
#include "../core/socket.h"
#include "ring_receive.h"
#include "ring_send.h"

#define SEND_FLAGS MSG_DONTWAIT
#define BULK 16384 /* bytes at once from which more are likely to follow */
#define LARGE 4096 /* bytes at once from which the pair gets a large buffer, and rings count */
#define RECV_FLAGS (MSG_DONTWAIT | MSG_PEEK | MSG_WAITALL)

/* Connected, as far as we know, and no connect under way. */
static inline bool is_connected(const struct fd_entry *e) {
  unsigned word = entry_word(e);
  return (word & (NUSE_STATE_CONNECTED | WORD_UNWRITABLE)) == NUSE_STATE_CONNECTED;
}

void stream_verify_and_grow_sndbuf(int fd, struct fd_entry *e) {
  int saved = errno;
  if (entry_verify(fd, e)) stream_grow_sndbuf(fd, e);
  errno = saved;
}

/* A read that found nothing is to be made again, when what was under way is there. */
static inline bool is_to_be_read_again(long result) { return result == -EAGAIN && settle(); }

/* There may be more than the pair gives: read_shut.c. */
static inline bool is_shut(const struct fd_entry *e) {
  return (entry_word(e) & NUSE_STATE_READ_SHUT) != 0;
}

static long read_on(int fd, struct fd_entry *e, void *buf, size_t len, int flags) {
  struct iovec iov = {buf, len};
  return stream_read_on(fd, e, &iov, 1, flags);
}

static inline long before_recv(int fd, struct fd_entry *e, int flags) {
  if (is_connected(e) || !entry_verify(fd, e)) return 0;
  return stream_await_connect(fd, e, flags, SO_RCVTIMEO);
}

/* `result` of a read of at least one byte. The pair's own ECONNRESET is no more than EOF: only the
 * stack knows whether the connection was reset, and whether the peer's FIN came before that. */
static long after_recv(int fd, struct fd_entry *e, long result, int flags) {
  if (UNLIKELY((entry_word(e) & WORD_MARKS) && !(flags & MSG_PEEK))) urgent_after_read(fd, e);
  if (result > 0 || (result < 0 && result != -ECONNRESET)) return result;
  if (process_is_sandboxed()) return result;
  if (result == 0) {
    struct pollfd p = {.fd = fd};
    real()->poll(&p, 1, 0);
    entry_mark(e, WORD_EOF, 0);
    if (!(p.revents & POLLHUP) || !entry_verify(fd, e)) return 0;
  }
  if (entry_refresh(fd, e) & NUSE_STATE_PEER_DONE) return 0;
  int error = entry_take_error(fd, e);
  return -error;
}

void stream_note_sent(const struct fd_entry *e, long result) {
  bool is_local = (entry_word(e) & NUSE_STATE_LOCAL) && result > 0;
  if (UNLIKELY(is_local)) settle_note(result < BULK ? UNDER_WAY_BYTES : UNDER_WAY_BULK);
}

/* Who sends much at once is likely to go on. */
static inline void note_by_pair(int fd, struct fd_entry *e, long result) {
  if (result >= LARGE) ring_note(fd, e, RING_SEND, (size_t)result);
}

static long after_send(int fd, struct fd_entry *e, long result, int flags) {
  stream_note_sent(e, result);
  if (result != -EPIPE) return result;
  int error = entry_take_error(fd, e);
  if (error != 0) return -error;
  if (!(flags & MSG_NOSIGNAL)) raise(SIGPIPE);
  return result;
}

static inline long before_send(int fd, struct fd_entry *e, size_t len, int flags) {
  if (UNLIKELY(entry_word(e) & WORD_EOF)) settle(); /* a RST may have come since */
  settle_changes();
  if (is_connected(e)) {
    bool is_tight = len >= LARGE && !(entry_word(e) & WORD_SNDBUF_GROWN);
    if (UNLIKELY(is_tight && !process_is_sandboxed())) stream_verify_and_grow_sndbuf(fd, e);
    return 0;
  }
  if (!entry_verify(fd, e)) return 0;
  long result = stream_await_connect(fd, e, flags, SO_SNDTIMEO);
  if (result != -ENOTCONN && result != STREAM_ENDED) return result;
  if (!(flags & MSG_NOSIGNAL)) raise(SIGPIPE);
  return -EPIPE;
}

bool stream_may_post_hold(int fd, const struct fd_entry *e) {
  int saved = errno, unread = 0;
  if (entry_has_ring(e, RING_SEND)) return false;
  bool is_empty = real()->ioctl(fd, SIOCOUTQ, &unread) == 0 && unread == 0;
  errno = saved;
  return is_empty;
}

/* `what` is `a` of MORE. Most often nobody writes until the service has heard. */
static long tell_more(int fd, struct fd_entry *e, int what) {
  struct control_request request = {.op = NUSE_OP_MORE, .a = what};
  struct control_reply reply = {0};
  int saved = errno;
  long result = -ENOTSOCK;
  bool is_posted = what == NUSE_MORE_END || what == NUSE_MORE_POSTED;
  if (entry_verify(fd, e)) {
    result = is_posted ? entry_post(fd, e, &request) : entry_call(fd, e, &request, &reply);
  }
  errno = saved;
  return result;
}

void stream_say_more(int fd, struct fd_entry *e, bool is_on) {
  int begin = is_on && stream_may_post_hold(fd, e) ? NUSE_MORE_POSTED : NUSE_MORE_BEGIN;
  if (tell_more(fd, e, is_on ? begin : NUSE_MORE_END) != 0) return;
  entry_mark(e, is_on ? WORD_MORE : 0, is_on ? 0 : WORD_MORE);
}

/* Before and after the bytes of a send. */
static inline void say_before(int fd, struct fd_entry *e, size_t len, int flags) {
  if (UNLIKELY((flags & MSG_MORE) && !(entry_word(e) & WORD_MORE))) stream_say_more(fd, e, true);
  if (UNLIKELY(flags & MSG_OOB)) urgent_before_send(fd, e, len);
}
static inline void say_after(int fd, struct fd_entry *e, size_t len, long result, int flags) {
  if (UNLIKELY(flags & MSG_OOB)) urgent_after_send(fd, e, len, result);
  if (UNLIKELY((flags & MSG_EOR) && result > 0)) tell_more(fd, e, NUSE_MORE_RECORD_END);
  if (UNLIKELY(!(flags & MSG_MORE) && (entry_word(e) & WORD_MORE))) stream_say_more(fd, e, false);
}

/* By a ring, if there is one; else RING_NONE. What is thrown away is the pair's business. */
static long recv_by_ring(int fd, struct fd_entry *e, const struct iovec *iov, size_t count,
                         size_t len, int flags) {
  if (!entry_has_ring(e, RING_RECEIVE) || len == 0) return RING_NONE;
  if (flags & MSG_TRUNC) {
    ring_leave(fd, e, RING_RECEIVE);
    return RING_NONE;
  }
  return ring_receive(fd, e, iov, count, len, flags & RECV_FLAGS);
}

/* Who receives much at once by the pair is likely to go on. */
static inline void note_received(int fd, struct fd_entry *e, long result, int flags) {
  if (result >= LARGE && !(flags & MSG_PEEK)) {
    ring_note(fd, e, RING_RECEIVE, (size_t)result);
  }
}

static long recv_flags_error(int flags) { return flags & MSG_ERRQUEUE ? -EAGAIN : 0; }

/* recv with MSG_TRUNC: up to `len` bytes are thrown away, or with MSG_PEEK counted; the program's
 * buffer is not touched. */
static long discard(int fd, size_t len, int flags) {
  char scratch[4096];
  int waiting = 0;
  size_t done = 0;
  while (done < len) {
    size_t part = len - done < sizeof scratch ? len - done : sizeof scratch;
    long n = sys_result(real()->recv(fd, scratch, part, flags & RECV_FLAGS));
    if (n <= 0) return done > 0 ? (long)done : n;
    if (flags & MSG_PEEK) {
      if (real()->ioctl(fd, FIONREAD, &waiting) != 0) return n;
      return (size_t)waiting < len ? waiting : (long)len;
    }
    done += (size_t)n;
    if (!(flags & MSG_WAITALL)) flags |= MSG_DONTWAIT;
  }
  return (long)done;
}

ssize_t stream_read(int fd, struct fd_entry *e, void *buf, size_t len) {
  long result = before_recv(fd, e, 0);
  if (result != 0) return result < 0 ? result : 0;
  result = recv_by_ring(fd, e, &(struct iovec){buf, len}, 1, len, 0);
  if (result == RING_NONE) {
    do {
      result = sys_result(real()->read(fd, buf, len));
    } while (is_to_be_read_again(result));
    note_received(fd, e, result, 0);
  }
  if (UNLIKELY(result == 0 && is_shut(e))) return read_on(fd, e, buf, len, 0);
  return len == 0 ? result : after_recv(fd, e, result, 0);
}

ssize_t stream_recv(int fd, struct fd_entry *e, void *buf, size_t len, int flags) {
  if (UNLIKELY(flags & MSG_OOB)) return urgent_recv(fd, e, buf, len, flags);
  long result = recv_flags_error(flags);
  if (result == 0) result = before_recv(fd, e, flags);
  if (result != 0) return result < 0 ? result : 0;
  result = recv_by_ring(fd, e, &(struct iovec){buf, len}, 1, len, flags);
  if (result == RING_NONE) {
    do {
      result = UNLIKELY(flags & MSG_TRUNC)
                   ? discard(fd, len, flags)
                   : sys_result(real()->recv(fd, buf, len, flags & RECV_FLAGS));
    } while (is_to_be_read_again(result));
    note_received(fd, e, result, flags);
  }
  if (UNLIKELY(result == 0 && is_shut(e))) return read_on(fd, e, buf, len, flags);
  return len == 0 ? result : after_recv(fd, e, result, flags);
}

ssize_t stream_write(int fd, struct fd_entry *e, const void *buf, size_t len, int flags) {
  if (process_is_sandboxed() && flags == 0) return sys_result(real()->write(fd, buf, len));
  long result = before_send(fd, e, len, flags);
  if (result < 0) return result;
  say_before(fd, e, len, flags);
  result = RING_NONE;
  if (entry_has_ring(e, RING_SEND) && len > 0) {
    struct iovec iov = {(void *)buf, len};
    result = ring_send(fd, e, &iov, 1, len, flags & SEND_FLAGS);
  }
  if (result == RING_NONE) {
    result = sys_result(real()->send(fd, buf, len, (flags & SEND_FLAGS) | MSG_NOSIGNAL));
    note_by_pair(fd, e, result);
  }
  say_after(fd, e, len, result, flags);
  return after_send(fd, e, result, flags);
}

static size_t total_len(const struct msghdr *msg) {
  size_t total = 0;
  for (size_t i = 0; i < msg->msg_iovlen; i++) total += msg->msg_iov[i].iov_len;
  return total;
}

/* recvmsg(MSG_OOB): one byte, into the first piece that has room. */
static long recvmsg_urgent(int fd, struct fd_entry *e, struct msghdr *msg, int flags) {
  size_t i = 0;
  while (i < msg->msg_iovlen && msg->msg_iov[i].iov_len == 0) i++;
  bool has_room = i < msg->msg_iovlen;
  long result = urgent_recv(fd, e, has_room ? msg->msg_iov[i].iov_base : NULL, has_room, flags);
  msg->msg_namelen = 0;
  msg->msg_controllen = 0;
  msg->msg_flags = has_room ? MSG_OOB : MSG_OOB | MSG_TRUNC;
  return result;
}

ssize_t stream_recvmsg(int fd, struct fd_entry *e, struct msghdr *msg, int flags) {
  if (UNLIKELY(flags & MSG_OOB)) return recvmsg_urgent(fd, e, msg, flags);
  struct msghdr plain = {.msg_iov = msg->msg_iov, .msg_iovlen = msg->msg_iovlen};
  long result = recv_flags_error(flags);
  if (result == 0) result = before_recv(fd, e, flags);
  if (result < 0) return result;
  if (result == 0) {
    size_t len = total_len(msg);
    result = recv_by_ring(fd, e, msg->msg_iov, msg->msg_iovlen, len, flags);
    if (result == RING_NONE) {
      do {
        result = UNLIKELY(flags & MSG_TRUNC)
                     ? discard(fd, len, flags)
                     : sys_result(real()->recvmsg(fd, &plain, flags & RECV_FLAGS));
      } while (is_to_be_read_again(result));
      note_received(fd, e, result, flags);
    }
    if (UNLIKELY(result == 0 && is_shut(e))) {
      result = stream_read_on(fd, e, msg->msg_iov, msg->msg_iovlen, flags);
    }
    if (len > 0) result = after_recv(fd, e, result, flags);
    if (result < 0) return result;
  } else {
    result = 0; /* STREAM_ENDED */
  }
  size_t room = msg->msg_control == NULL ? 0 : msg->msg_controllen;
  msg->msg_namelen = 0;
  msg->msg_controllen = 0;
  msg->msg_flags = 0;
  if (UNLIKELY(entry_word(e) & NUSE_STATE_INQ)) stream_put_inq(fd, e, msg, room);
  return result;
}

ssize_t stream_sendmsg(int fd, struct fd_entry *e, const struct msghdr *msg, int flags) {
  struct msghdr plain = {.msg_iov = msg->msg_iov, .msg_iovlen = msg->msg_iovlen};
  size_t len = total_len(msg);
  if (process_is_sandboxed() && flags == 0) {
    return sys_result(real()->writev(fd, msg->msg_iov, (int)msg->msg_iovlen));
  }
  long result = flags & MSG_FASTOPEN ? stream_connect_fast(fd, e, msg, flags) : 0;
  if (result == 0) result = before_send(fd, e, len, flags);
  if (result < 0) return result;
  say_before(fd, e, len, flags);
  result = RING_NONE;
  if (entry_has_ring(e, RING_SEND) && len > 0) {
    result = ring_send(fd, e, msg->msg_iov, msg->msg_iovlen, len, flags & SEND_FLAGS);
  }
  if (result == RING_NONE) {
    result = sys_result(real()->sendmsg(fd, &plain, (flags & SEND_FLAGS) | MSG_NOSIGNAL));
    note_by_pair(fd, e, result);
  }
  say_after(fd, e, len, result, flags);
  return after_send(fd, e, result, flags);
}
