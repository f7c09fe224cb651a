/*
 * connect, and the wait for its end.
 *
 *   CONNECT --> -EINPROGRESS --> write the filler, make SO_SNDBUF small --> not writable
 *   the service drains it when the handshake has ended --> writable --> SO_ERROR, SO_SNDBUF large
 *
 * Probed on Linux 6.18: an AF_UNIX stream end is writable while 4 * (bytes charged) <= sndbuf.
 * The smallest sndbuf is 4608, one message of 512 bytes is charged 1280 or more: not writable,
 * and one epoll edge (EPOLLOUT) when the last filler byte is read. Filler first, then the small
 * buffer: lowering the buffer while the queue is empty would wake a poller in another thread.
 *
 * A blocking connect restarts after signals whose handlers have SA_RESTART, and poll() never
 * does. So the wait happens with signals blocked and a signalfd telling that one is pending;
 * its disposition decides, and the handler runs when the mask is lifted, before connect
 * returns. With SO_SNDTIMEO the kernel returns EINTR for all handlers; so do we.
 */
#include "shim.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/time.h>

#define SOCKADDR_MAX 128
#define SIGNAL_MAX 64

static bool is_nonblocking(int fd) { return (real()->fcntl64(fd, F_GETFL) & O_NONBLOCK) != 0; }

void stream_raise(int fd, struct fd_entry *e) {
  int size = NUSE_STREAM_SNDBUF;
  if (real()->setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size) != 0) {
    real()->setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
  }
  entry_set_lowered(e, false);
}

static long stream_lower(int fd, struct fd_entry *e) {
  static const uint8_t filler[NUSE_FILLER_LEN];
  int smallest = 1;
  entry_set_lowered(e, true);
  if (real()->send(fd, filler, sizeof filler, MSG_DONTWAIT | MSG_NOSIGNAL) != sizeof filler) {
    return -ENETDOWN;
  }
  real()->setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &smallest, sizeof smallest);
  return 0;
}

/* SO_SNDTIMEO or SO_RCVTIMEO in milliseconds, -1 for none. */
static int timeout_ms(int fd, int option) {
  struct timeval timeout = {0};
  socklen_t len = sizeof timeout;
  if (real()->getsockopt(fd, SOL_SOCKET, option, &timeout, &len) != 0) return -1;
  if (timeout.tv_sec == 0 && timeout.tv_usec == 0) return -1;
  if (timeout.tv_sec > 2000000) return -1;
  return (int)(timeout.tv_sec * 1000 + (timeout.tv_usec + 999) / 1000);
}

struct signal_watch {
  sigset_t before; /* the thread's mask */
  int fd;          /* signalfd of everything that `before` lets through */
};

static void watch_end(void *argument) {
  struct signal_watch *watch = argument;
  real()->close(watch->fd);
  pthread_sigmask(SIG_SETMASK, &watch->before, NULL);
}

static bool watch_begin(struct signal_watch *watch) {
  sigset_t all, let_through;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, &watch->before);
  sigemptyset(&let_through);
  for (int signo = 1; signo <= SIGNAL_MAX; signo++) {
    if (sigismember(&watch->before, signo) == 0) sigaddset(&let_through, signo);
  }
  watch->fd = signalfd(-1, &let_through, SFD_CLOEXEC);
  if (watch->fd >= 0) return true;
  pthread_sigmask(SIG_SETMASK, &watch->before, NULL);
  return false;
}

/* Lets the pending signals happen. True when one of them has a handler without SA_RESTART. */
static bool deliver_signals(const struct signal_watch *watch) {
  sigset_t pending, all;
  bool interrupts = false;
  sigpending(&pending);
  for (int signo = 1; signo <= SIGNAL_MAX; signo++) {
    struct sigaction action;
    if (sigismember(&pending, signo) != 1 || sigismember(&watch->before, signo) == 1) continue;
    if (sigaction(signo, NULL, &action) != 0) continue;
    bool handled = (action.sa_flags & SA_SIGINFO) != 0 ||
                   (action.sa_handler != SIG_DFL && action.sa_handler != SIG_IGN);
    if (handled && !(action.sa_flags & SA_RESTART)) interrupts = true;
  }
  pthread_sigmask(SIG_SETMASK, &watch->before, NULL);
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, NULL);
  return interrupts;
}

static long wait_watching(int fd, const struct signal_watch *watch) {
  for (;;) {
    struct pollfd both[2] = {{.fd = fd, .events = POLLOUT}, {.fd = watch->fd, .events = POLLIN}};
    if (poll(both, 2, -1) < 0 && errno != EINTR) return -errno;
    if (both[0].revents != 0) return 0;
    if (both[1].revents != 0 && deliver_signals(watch)) return -EINTR;
  }
}

static long wait_restarting(int fd) {
  struct signal_watch watch;
  long result;
  if (!watch_begin(&watch)) {
    struct pollfd only = {.fd = fd, .events = POLLOUT};
    return poll(&only, 1, -1) < 0 ? -errno : 0;
  }
  pthread_cleanup_push(watch_end, &watch);
  result = wait_watching(fd, &watch);
  pthread_cleanup_pop(1);
  return result;
}

/* Until the handshake has ended. `on_timeout` is the result when the socket's `option` passes. */
static long wait_connected(int fd, int option, long on_timeout) {
  int limit_ms = timeout_ms(fd, option);
  if (limit_ms < 0) return wait_restarting(fd);
  struct pollfd p = {.fd = fd, .events = POLLOUT};
  int n = poll(&p, 1, limit_ms);
  if (n < 0) return -errno;
  return n == 0 ? on_timeout : 0;
}

static long connect_stream(int fd, struct fd_entry *e, const struct sockaddr *addr, socklen_t len) {
  struct control_request request = {
      .op = NUSE_OP_CONNECT, .a = NUSE_FILLER_LEN, .data = addr, .data_len = len};
  struct control_reply reply = {0};
  long result = entry_call(fd, e, &request, &reply);
  if (result == -EINPROGRESS) {
    long lowered = stream_lower(fd, e);
    if (lowered < 0) return lowered;
  } else if (result != -EALREADY) {
    if ((entry_word(e) & WORD_LOWERED) && !(reply.state & NUSE_STATE_CONNECTING)) {
      stream_raise(fd, e);
    }
    return result;
  }
  if (is_nonblocking(fd)) return result;
  result = wait_connected(fd, SO_SNDTIMEO, -EINPROGRESS);
  if (result < 0) return result;
  int error = entry_take_error(fd, e);
  stream_raise(fd, e);
  if (error != 0) return -error;
  return entry_word(e) & NUSE_STATE_CONNECTED ? 0 : -ECONNABORTED;
}

static long connect_datagram(int fd, struct fd_entry *e, const struct sockaddr *addr,
                             socklen_t len) {
  struct control_request request = {.op = NUSE_OP_CONNECT, .data = addr, .data_len = len};
  struct control_reply reply = {0};
  check_forget(e);
  long result = entry_call(fd, e, &request, &reply);
  if (result == 0 && (reply.state & NUSE_STATE_CONNECTED)) check_trust_peer(e);
  return result;
}

EXPORT int connect(int fd, __CONST_SOCKADDR_ARG name, socklen_t len) {
  int saved = errno;
  const struct sockaddr *addr = name.__sockaddr__;
  struct fd_entry *e;
  enum fd_kind kind = table_kind(fd, &e);
  if (kind != KIND_STREAM && kind != KIND_DATAGRAM) return real()->connect(fd, addr, len);
  if (len > SOCKADDR_MAX || len < sizeof addr->sa_family) return (int)shim_return(-EINVAL, saved);
  long result =
      kind == KIND_STREAM ? connect_stream(fd, e, addr, len) : connect_datagram(fd, e, addr, len);
  return (int)shim_return(result, saved);
}

long stream_settle(int fd, struct fd_entry *e, int flags, int option) {
  bool lowered = (entry_word(e) & WORD_LOWERED) != 0;
  if (lowered) {
    struct pollfd p = {.fd = fd, .events = POLLOUT};
    if (poll(&p, 1, 0) == 0) {
      if ((flags & MSG_DONTWAIT) || is_nonblocking(fd)) return -EAGAIN;
      long result = wait_connected(fd, option, -EAGAIN);
      if (result < 0) return result;
    }
  }
  uint32_t state = entry_refresh(fd, e);
  if (lowered) stream_raise(fd, e);
  if (state & (NUSE_STATE_CONNECTED | NUSE_STATE_CONNECTING)) return 0;
  int error = entry_take_error(fd, e);
  return error != 0 ? -error : -ENOTCONN;
}
