/*
 * connect, and the end of a connect that nobody waits for: the program's half of the story that
 * io/app/endpoint/connecting.ts tells.
 *
 * Blocking: the request itself waits (core/control.c), signals, SA_RESTART and SO_SNDTIMEO
 * included. Non-blocking, or a wait that was cut short: the pair is made unwritable, by filler and
 * a small SO_SNDBUF, until the service reads the filler or closes its end.
 *
 * Probed on Linux 6.18: an AF_UNIX stream end is writable while 4 * (bytes charged) <= sndbuf.
 * The smallest sndbuf is 4608, one message of 512 bytes is charged 1280 or more: not writable,
 * and one epoll edge (EPOLLOUT) when the last filler byte is read. Filler first, then the small
 * buffer: lowering the buffer while the queue is empty would wake a poller in another thread.
 */
#include "stream.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/time.h>

#include "../core/real.h"
#include "../core/rings.h"
#include "../core/settle.h"
#include "../core/socket.h"
#include "../core/watched.h"

#define SOCKADDR_MAX 128

static void set_sndbuf(int fd, int size) {
  if (real()->setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size) != 0) {
    real()->setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
  }
}

void stream_grow_sndbuf(int fd, struct fd_entry *e) {
  bool is_sized = (entry_word(e) & NUSE_STATE_PAIR_SIZED) != 0;
  int size = is_sized ? atomic_load(&e->sndbuf) : NUSE_PAIR_SNDBUF;
  if (size > 0) set_sndbuf(fd, size);
  entry_mark(e, WORD_SNDBUF_GROWN, WORD_UNWRITABLE);
}

void stream_resize_sndbuf(int fd, struct fd_entry *e, int size) {
  ring_leave_any(fd, e, RING_SEND);
  atomic_store(&e->sndbuf, size);
  if (entry_word(e) & WORD_UNWRITABLE) return; /* when the connect has ended */
  set_sndbuf(fd, size);
  entry_mark(e, WORD_SNDBUF_GROWN, 0);
}

/* The size that a sized pair is to have again, before it is made unwritable. */
static void keep_sndbuf(int fd, struct fd_entry *e) {
  int size = 0;
  socklen_t len = sizeof size;
  if (!(entry_word(e) & NUSE_STATE_PAIR_SIZED) || (entry_word(e) & WORD_UNWRITABLE)) return;
  if (real()->getsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, &len) == 0) {
    atomic_store(&e->sndbuf, size / 2); /* the kernel doubles what it is told */
  }
}

/* Whether the pair has taken the filler. */
static bool fill(int fd, int len) {
  static const uint8_t filler[NUSE_FILLER_LEN];
  int smallest = 1;
  ssize_t n = real()->send(fd, filler, (size_t)len, MSG_DONTWAIT | MSG_NOSIGNAL);
  real()->setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &smallest, sizeof smallest);
  return n == len;
}

static long stream_make_unwritable(int fd, struct fd_entry *e, int len) {
  if (len <= 0 || len > NUSE_FILLER_LEN) return 0;
  keep_sndbuf(fd, e);
  entry_mark(e, WORD_UNWRITABLE, WORD_SNDBUF_GROWN);
  return fill(fd, len) ? 0 : -ENETDOWN;
}

void stream_make_unwritable_listener(int fd) {
  int saved = errno;
  fill(fd, NUSE_FILLER_LEN);
  errno = saved;
}

static bool is_hung_up(int fd) {
  struct pollfd p = {.fd = fd};
  return real()->poll(&p, 1, 0) == 1 && (p.revents & POLLHUP);
}

uint32_t stream_connect_outcome(int fd, struct fd_entry *e) {
  struct pollfd p = {.fd = fd, .events = POLLIN | POLLOUT};
  if (!entry_verify(fd, e) || real()->poll(&p, 1, 0) < 0) return 0;
  if (p.revents == 0) return NUSE_STATE_CONNECTING;
  if (p.revents != POLLOUT) return 0;
  entry_mark(e, NUSE_STATE_CONNECTED, NUSE_STATE_CONNECTING);
  stream_grow_sndbuf(fd, e);
  return NUSE_STATE_CONNECTED;
}

int stream_timeout_ms(int fd, int option) {
  struct timeval timeout = {0};
  socklen_t len = sizeof timeout;
  if (real()->getsockopt(fd, SOL_SOCKET, option, &timeout, &len) != 0) return -1;
  if (timeout.tv_sec == 0 && timeout.tv_usec == 0) return -1;
  if (timeout.tv_sec > 2000000) return -1;
  return (int)(timeout.tv_sec * 1000 + (timeout.tv_usec + 999) / 1000);
}

/* After the reply to a CONNECT: the pair shows its state from now on. */
static long connect_note(int fd, struct fd_entry *e, const struct control_reply *reply) {
  if (entry_word(e) & NUSE_STATE_LOCAL) settle_note(UNDER_WAY_CHANGES);
  watched_may_show(fd, e); /* it may have failed, or be no more */
  if (reply->fd >= 0) stream_put_pair(fd, e, reply->fd); /* disconnected */
  if (reply->a > 0) {
    long result = stream_replace_pair(fd, e);
    if (result < 0) return result;
  }
  if (reply->b > 0) return stream_make_unwritable(fd, e, reply->b);
  if ((entry_word(e) & WORD_UNWRITABLE) && !(reply->state & NUSE_STATE_CONNECTING)) {
    stream_grow_sndbuf(fd, e);
  }
  return 0;
}

/* -EINPROGRESS, -EALREADY, -EINTR: it goes on without us. */
static long connect_wait(int fd, struct fd_entry *e, struct control_request *request,
                         int limit_ms) {
  struct control_reply reply = {.cloexec = true};
  bool is_second = (entry_word(e) & NUSE_STATE_CONNECTING) != 0;
  request->b = NUSE_CONNECT_WAIT;
  long result = entry_wait(fd, e, request, &reply, limit_ms);
  long noted = connect_note(fd, e, &reply);
  if (noted < 0) return noted;
  if (result != -EINPROGRESS) return result;
  if (reply.interrupted) return -EINTR;
  return is_second ? -EALREADY : result;
}

/* `how`: NUSE_CONNECT_FAST, _FAST_EMPTY or 0. */
static long connect_stream(int fd, struct fd_entry *e, const struct sockaddr *addr, socklen_t len,
                           int how, bool nonblocking) {
  settle();
  entry_mark(e, 0, WORD_NAMED);
  struct control_request request = {
      .op = NUSE_OP_CONNECT, .a = NUSE_FILLER_LEN, .c = how, .data = addr, .data_len = len};
  struct control_reply reply = {.cloexec = true};
  if (!nonblocking) {
    int limit_ms = entry_word(e) & WORD_TIMED ? stream_timeout_ms(fd, SO_SNDTIMEO) : -1;
    return connect_wait(fd, e, &request, limit_ms);
  }
  long result = entry_call(fd, e, &request, &reply);
  long noted = connect_note(fd, e, &reply);
  return noted < 0 ? noted : result;
}

long stream_connect(int fd, struct fd_entry *e, const struct sockaddr *addr, socklen_t len) {
  return connect_stream(fd, e, addr, len, 0, is_nonblocking(fd));
}

long stream_connect_fast(int fd, struct fd_entry *e, const struct msghdr *msg, int flags) {
  const struct sockaddr *addr = msg->msg_name;
  socklen_t len = msg->msg_namelen;
  if (!entry_verify(fd, e)) return -ENOTSOCK;
  if (addr == NULL && (entry_word(e) & NUSE_STATE_CONNECTED)) return -EISCONN;
  if (addr == NULL || len < sizeof addr->sa_family || len > SOCKADDR_MAX) return -EINVAL;
  if (addr->sa_family == AF_UNSPEC) return -EOPNOTSUPP;
  bool nonblocking = (flags & MSG_DONTWAIT) || is_nonblocking(fd);
  bool has_data = false;
  for (size_t i = 0; i < msg->msg_iovlen; i++) has_data |= msg->msg_iov[i].iov_len > 0;
  int how = has_data ? NUSE_CONNECT_FAST : NUSE_CONNECT_FAST_EMPTY;
  return connect_stream(fd, e, addr, len, how, nonblocking);
}

long stream_await_connect(int fd, struct fd_entry *e, int flags, int option) {
  bool is_unwritable = (entry_word(e) & WORD_UNWRITABLE) != 0;
  if (is_unwritable) {
    uint32_t outcome = stream_connect_outcome(fd, e);
    if (outcome == NUSE_STATE_CONNECTING) {
      if ((flags & MSG_DONTWAIT) || is_nonblocking(fd)) return -EAGAIN;
      struct control_request request = {.op = NUSE_OP_CONNECT};
      long result = connect_wait(fd, e, &request, stream_timeout_ms(fd, option));
      return result == -EINPROGRESS || result == -EALREADY ? -EAGAIN : result;
    }
    if (outcome == NUSE_STATE_CONNECTED) return 0;
  }
  uint32_t state = entry_refresh(fd, e);
  if (is_unwritable && !(state & NUSE_STATE_CONNECTING)) stream_grow_sndbuf(fd, e);
  if (state & (NUSE_STATE_CONNECTED | NUSE_STATE_CONNECTING)) return 0;
  int error = entry_take_error(fd, e);
  if (error != 0) return -error;
  return is_hung_up(fd) ? STREAM_ENDED : -ENOTCONN;
}
