/*
 * Calls that would stop at the second door (ffi/host/door_filter.c), were they not marked as the
 * shim's own: by the sixth argument, which the kernel has no use for. So they are made by number;
 * where the C library lets a thread be cancelled, it may be cancelled here too.
 */
#include "marked.h"

#include "fd_table.h"

#include <pthread.h>
#include <stdarg.h>
#include <sys/ioctl.h>
#include <sys/single_threaded.h>
#include <sys/syscall.h>

#define MARKED(number, a, b, c, d, e) \
  real()->syscall(number, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), mark_for((int)(a)))

/* The second door is to see the calls on a netlink socket. */
static inline long mark_for(int fd) {
  const struct fd_entry *e = table_peek(fd);
  bool is_netlink = e != NULL && word_kind(entry_word(e)) == KIND_NETLINK;
  return is_netlink ? 0 : NUSE_DOOR_MARK;
}

/* As MARKED, a cancellation point. Alone, a thread can only be cancelled by itself. */
static long cancellable(long number, long a, long b, long c, long d) {
  int type;
  if (__libc_single_threaded) return MARKED(number, a, b, c, d, 0);
  pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, &type);
  long result = MARKED(number, a, b, c, d, 0);
  pthread_setcanceltype(type, &type);
  return result;
}

static int marked_socket(int domain, int type, int protocol) {
  return (int)real()->syscall(SYS_socket, (long)domain, (long)type, (long)protocol, 0L, 0L,
                              NUSE_DOOR_MARK);
}

static int marked_bind(int fd, const struct sockaddr *addr, socklen_t len) {
  return (int)MARKED(SYS_bind, fd, addr, len, 0, 0);
}

static int marked_connect(int fd, const struct sockaddr *addr, socklen_t len) {
  return (int)cancellable(SYS_connect, fd, (long)addr, len, 0);
}

static int marked_listen(int fd, int backlog) {
  return (int)MARKED(SYS_listen, fd, backlog, 0, 0, 0);
}

static int marked_accept4(int fd, struct sockaddr *addr, socklen_t *len, int flags) {
  return (int)cancellable(SYS_accept4, fd, (long)addr, (long)len, flags);
}

static int marked_getsockname(int fd, struct sockaddr *addr, socklen_t *len) {
  return (int)MARKED(SYS_getsockname, fd, addr, len, 0, 0);
}

static int marked_getpeername(int fd, struct sockaddr *addr, socklen_t *len) {
  return (int)MARKED(SYS_getpeername, fd, addr, len, 0, 0);
}

static int marked_getsockopt(int fd, int level, int name, void *value, socklen_t *len) {
  return (int)MARKED(SYS_getsockopt, fd, level, name, value, len);
}

static int marked_setsockopt(int fd, int level, int name, const void *value, socklen_t len) {
  return (int)MARKED(SYS_setsockopt, fd, level, name, value, len);
}

/* Of the others those on sockets that are not nuse's are the door's, too. */
static int marked_ioctl(int fd, unsigned long op, ...) {
  va_list rest;
  va_start(rest, op);
  void *argument = va_arg(rest, void *);
  va_end(rest);
  long mark = op == FIONREAD ? mark_for(fd) : 0;
  return (int)real()->syscall(SYS_ioctl, (long)fd, (long)op, (long)argument, 0L, 0L, mark);
}

static int marked_shutdown(int fd, int how) { return (int)MARKED(SYS_shutdown, fd, how, 0, 0, 0); }

static ssize_t marked_sendmsg(int fd, const struct msghdr *msg, int flags) {
  return cancellable(SYS_sendmsg, fd, (long)msg, flags, 0);
}

static ssize_t marked_recvmsg(int fd, struct msghdr *msg, int flags) {
  return cancellable(SYS_recvmsg, fd, (long)msg, flags, 0);
}

static int marked_sendmmsg(int fd, struct mmsghdr *vector, unsigned count, int flags) {
  return (int)cancellable(SYS_sendmmsg, fd, (long)vector, count, flags);
}

/* Put in the place of the C library's. */
void mark_calls(struct real_table *table) {
  table->socket = marked_socket;
  table->bind = marked_bind;
  table->connect = marked_connect;
  table->listen = marked_listen;
  table->accept4 = marked_accept4;
  table->getsockname = marked_getsockname;
  table->getpeername = marked_getpeername;
  table->getsockopt = marked_getsockopt;
  table->setsockopt = marked_setsockopt;
  table->ioctl = marked_ioctl;
  table->shutdown = marked_shutdown;
  table->sendmsg = marked_sendmsg;
  table->recvmsg = marked_recvmsg;
  table->sendmmsg = marked_sendmmsg;
}
