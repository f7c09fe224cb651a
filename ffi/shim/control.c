/*
 * The control channel: one connection per process, made at the first need, kept at a high
 * number out of the program's way. A request and its reply happen under a lock with all signals
 * blocked and cancellation off: a handler may itself call into the shim, and a reply must not
 * be left behind.
 *
 * A forked child inherits its parent's connection but not its right to it: it sends one end of
 * a fresh pair over it (ATTACH: one message, atomic whoever else is writing) and talks over the
 * other. So children that dropped privileges or changed root keep their network. By path only
 * when nothing was inherited.
 *
 * Before each use the descriptor is checked by SO_COOKIE: a program may have closed or replaced
 * it by a raw system call, and another file's descriptor must never see our messages.
 */
#include "shim.h"

#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#define CONTROL_FD_MIN 500
#define REPLY_TIMEOUT_SECONDS 30

struct wire_header {
  uint32_t word0, word1; /* request: magic, version | op << 16; reply: result, state */
  uint64_t cookie;
  int32_t a, b, c;
  uint32_t data_len;
};
_Static_assert(sizeof(struct wire_header) == NUSE_HEADER_LEN, "header length");

/* The connection last made in this memory; a forked child finds its parent's here. */
static struct {
  int fd_plus1;
  uint64_t cookie;
} inherited;

struct guard {
  sigset_t mask;
  int cancel_state;
};

static void page_lock(struct process_page *p) {
  int state = 0;
  if (atomic_compare_exchange_strong(&p->lock, &state, 1)) return;
  while (atomic_exchange(&p->lock, 2) != 0) {
    syscall(SYS_futex, &p->lock, FUTEX_WAIT_PRIVATE, 2, NULL, NULL, 0);
  }
}

static void page_unlock(struct process_page *p) {
  if (atomic_exchange(&p->lock, 0) == 2) {
    syscall(SYS_futex, &p->lock, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
  }
}

static void guard_enter(struct guard *g, struct process_page *p) {
  sigset_t all;
  sigfillset(&all);
  pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &g->cancel_state);
  pthread_sigmask(SIG_SETMASK, &all, &g->mask);
  page_lock(p);
}

static void guard_leave(struct guard *g, struct process_page *p) {
  page_unlock(p);
  pthread_sigmask(SIG_SETMASK, &g->mask, NULL);
  pthread_setcancelstate(g->cancel_state, &g->cancel_state);
}

static bool is_socket(int fd, uint64_t cookie) {
  uint64_t found = 0;
  socklen_t len = sizeof found;
  return real()->getsockopt(fd, SOL_SOCKET, SO_COOKIE, &found, &len) == 0 && found == cookie;
}

/* Sends one message with at most one descriptor. 0 or -errno. */
static long send_message(int fd, struct wire_header *h, const void *data, int passed_fd) {
  struct iovec iov[2] = {{h, sizeof *h}, {(void *)data, h->data_len}};
  union {
    struct cmsghdr header;
    char room[CMSG_SPACE(sizeof(int))];
  } control;
  struct msghdr msg = {.msg_iov = iov, .msg_iovlen = h->data_len > 0 ? 2 : 1};
  if (passed_fd >= 0) {
    memset(&control, 0, sizeof control);
    msg.msg_control = &control;
    msg.msg_controllen = sizeof control;
    control.header.cmsg_level = SOL_SOCKET;
    control.header.cmsg_type = SCM_RIGHTS;
    control.header.cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(&control.header), &passed_fd, sizeof(int));
  }
  long n;
  do {
    n = sys_result(real()->sendmsg(fd, &msg, MSG_NOSIGNAL));
  } while (n == -EINTR);
  return n < 0 ? n : 0;
}

static long receive_message(int fd, struct control_reply *reply) {
  struct wire_header h;
  struct iovec iov[2] = {{&h, sizeof h}, {reply->data, reply->data_cap}};
  union {
    struct cmsghdr header;
    char room[CMSG_SPACE(sizeof(int))];
  } control;
  struct msghdr msg = {.msg_iov = iov,
                       .msg_iovlen = reply->data_cap > 0 ? 2 : 1,
                       .msg_control = &control,
                       .msg_controllen = sizeof control};
  long n;
  do {
    n = sys_result(real()->recvmsg(fd, &msg, reply->cloexec ? MSG_CMSG_CLOEXEC : 0));
  } while (n == -EINTR);
  if (n == -EFAULT) return n;
  if (n < (long)sizeof h) return -ENETDOWN;
  reply->fd = -1;
  if (msg.msg_controllen >= CMSG_LEN(sizeof(int)) && control.header.cmsg_level == SOL_SOCKET &&
      control.header.cmsg_type == SCM_RIGHTS) {
    memcpy(&reply->fd, CMSG_DATA(&control.header), sizeof(int));
  } else if (msg.msg_flags & MSG_CTRUNC) {
    return -EMFILE;
  }
  reply->state = h.word1;
  reply->cookie = h.cookie;
  reply->a = h.a;
  reply->b = h.b;
  reply->c = h.c;
  reply->data_len = h.data_len;
  return (int32_t)h.word0;
}

static void fill_header(struct wire_header *h, const struct control_request *request) {
  h->word0 = NUSE_MAGIC;
  h->word1 = NUSE_VERSION | (uint32_t)request->op << 16;
  h->cookie = request->cookie;
  h->a = request->a;
  h->b = request->b;
  h->c = request->c;
  h->data_len = (uint32_t)request->data_len;
}

/* Moves `fd` up to where no program looks. */
static int move_high(int fd) {
  static const int lowest[] = {CONTROL_FD_MIN, 200, 64};
  for (unsigned i = 0; i < sizeof lowest / sizeof lowest[0]; i++) {
    int high = real()->fcntl64(fd, F_DUPFD_CLOEXEC, lowest[i]);
    if (high >= 0) {
      real()->close(fd);
      return high;
    }
  }
  return fd;
}

/* Takes `fd` into use as this process's connection. */
static void adopt(struct process_page *p, int fd) {
  struct timeval patience = {REPLY_TIMEOUT_SECONDS, 0};
  socklen_t len = sizeof p->control_cookie;
  fd = move_high(fd);
  real()->setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  real()->setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  real()->getsockopt(fd, SOL_SOCKET, SO_COOKIE, &p->control_cookie, &len);
  p->control_fd_plus1 = fd + 1;
  inherited.fd_plus1 = fd + 1;
  inherited.cookie = p->control_cookie;
  table_set_kind(fd, KIND_CONTROL);
}

static void drop(struct process_page *p) {
  int fd = p->control_fd_plus1 - 1;
  p->control_fd_plus1 = 0;
  inherited.fd_plus1 = 0;
  if (is_socket(fd, p->control_cookie)) {
    table_forget(fd);
    real()->close(fd);
  }
}

static bool attach_by_parent(struct process_page *p) {
  int parent = inherited.fd_plus1 - 1;
  int pair[2];
  if (parent < 0 || !is_socket(parent, inherited.cookie)) return false;
  if (real()->socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) return false;
  struct control_request attach = {.op = NUSE_OP_ATTACH, .a = atomic_load(&p->pid)};
  struct wire_header h;
  fill_header(&h, &attach);
  long result = send_message(parent, &h, NULL, pair[1]);
  real()->close(pair[1]);
  inherited.fd_plus1 = 0;
  table_forget(parent);
  real()->close(parent);
  if (result < 0) {
    real()->close(pair[0]);
    return false;
  }
  adopt(p, pair[0]);
  return true;
}

/* A setuid program's environment is the caller's: only root's service may be believed. */
static bool is_trusted(int fd) {
  struct ucred peer = {0};
  socklen_t len = sizeof peer;
  if (!shim_is_secure()) return true;
  return real()->getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0 && peer.uid == 0;
}

static bool connect_by_path(struct process_page *p) {
  struct sockaddr_un name = {.sun_family = AF_UNIX};
  const char *path = shim_path();
  size_t path_len = strlen(path);
  if (path_len == 0) return false;
  memcpy(name.sun_path, path, path_len);
  if (name.sun_path[0] == '@') name.sun_path[0] = '\0';
  socklen_t name_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + path_len);
  int fd = real()->socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
  if (fd < 0) return false;
  if (real()->connect(fd, (struct sockaddr *)&name, name_len) != 0 || !is_trusted(fd)) {
    real()->close(fd);
    return false;
  }
  adopt(p, fd);
  struct control_request hello = {.op = NUSE_OP_HELLO, .a = atomic_load(&p->pid)};
  struct control_reply reply = {0};
  struct wire_header h;
  fill_header(&h, &hello);
  fd = p->control_fd_plus1 - 1;
  if (send_message(fd, &h, NULL, -1) == 0 && receive_message(fd, &reply) >= 0) return true;
  drop(p);
  return false;
}

static bool has_connection(struct process_page *p) {
  if (p->control_fd_plus1 > 0) {
    if (is_socket(p->control_fd_plus1 - 1, p->control_cookie)) return true;
    p->control_fd_plus1 = 0;
    inherited.fd_plus1 = 0;
  }
  return attach_by_parent(p) || connect_by_path(p);
}

static long exchange(struct process_page *p, const struct control_request *request,
                     struct control_reply *reply) {
  struct wire_header h;
  long result = -ENETDOWN;
  fill_header(&h, request);
  for (int attempt = 0; attempt < 2 && has_connection(p); attempt++) {
    int fd = p->control_fd_plus1 - 1;
    result = send_message(fd, &h, request->data, -1);
    if (result == 0) {
      result = receive_message(fd, reply);
      if (result == -ENETDOWN) drop(p);
      return result;
    }
    if (result == -EFAULT) return result;
    drop(p);
    result = -ENETDOWN;
  }
  return result;
}

long control_call(const struct control_request *request, struct control_reply *reply) {
  struct guard guard;
  int saved = errno;
  reply->fd = -1;
  reply->state = 0;
  reply->data_len = 0;
  if (!shim_enabled() || process_is_borrowed()) return -ENETDOWN;
  if (request->data_len > NUSE_DATA_MAX) return -EINVAL;
  struct process_page *p = process_page();
  guard_enter(&guard, p);
  long result = exchange(p, request, reply);
  guard_leave(&guard, p);
  errno = saved;
  return result;
}

bool control_holds(int fd) {
  int saved = errno;
  struct process_page *p = process_page();
  bool held = (p->control_fd_plus1 == fd + 1 && is_socket(fd, p->control_cookie)) ||
              (inherited.fd_plus1 == fd + 1 && is_socket(fd, inherited.cookie));
  errno = saved;
  return held;
}

long control_next(unsigned first, unsigned last) {
  int candidates[2] = {process_page()->control_fd_plus1 - 1, inherited.fd_plus1 - 1};
  long lowest = -1;
  for (int i = 0; i < 2; i++) {
    int fd = candidates[i];
    if (fd < 0 || (unsigned)fd < first || (unsigned)fd > last || !control_holds(fd)) continue;
    if (lowest < 0 || fd < lowest) lowest = fd;
  }
  return lowest;
}

void control_vacate(int fd) {
  struct guard guard;
  int saved = errno;
  if (process_is_borrowed()) return;
  struct process_page *p = process_page();
  guard_enter(&guard, p);
  int *holder = NULL;
  if (p->control_fd_plus1 == fd + 1) holder = &p->control_fd_plus1;
  if (holder != NULL || inherited.fd_plus1 == fd + 1) {
    int lowest = fd >= CONTROL_FD_MIN ? fd + 1 : CONTROL_FD_MIN;
    int moved = real()->fcntl64(fd, F_DUPFD_CLOEXEC, lowest);
    if (moved < 0) moved = real()->fcntl64(fd, F_DUPFD_CLOEXEC, 3);
    if (holder != NULL) *holder = moved + 1;
    inherited.fd_plus1 = moved + 1;
    if (moved >= 0) table_set_kind(moved, KIND_CONTROL);
    table_forget(fd);
  }
  guard_leave(&guard, p);
  errno = saved;
}
