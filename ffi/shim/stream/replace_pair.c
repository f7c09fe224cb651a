/*
 * A fresh pair in the place of one that shows a failed connect(). Or, coming with the reply, in the
 * place of a listener's, after shutdown(SHUT_RD), or of that of a connection that connect() with
 * AF_UNSPEC has ended.
 *
 * Only closing its end lets the service put POLLERR and POLLHUP on the program's, and what a unix
 * socket shows it shows for ever. So before that it sends the program's end of a fresh pair over
 * the old one. There it waits: closed with the old end, if the program is done with the socket;
 * taken out here, if it calls connect() again, and put under every number of the old one in this
 * process, with its flags, timeouts, owner and registrations with epoll (epoll_watchers.c).
 */
#include "stream.h"

#include <fcntl.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "../core/real.h"
#include "epoll_watchers.h"

/* The descriptor that waits in the old pair, or -1. */
static int take_fresh_end(int fd) {
  union {
    struct cmsghdr header;
    char room[CMSG_SPACE(sizeof(int))];
  } control;
  char mark;
  int fresh = -1;
  struct iovec iov = {&mark, 1};
  struct msghdr msg = {
      .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
  ssize_t n = real()->recvmsg(fd, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  if (n == 1 && msg.msg_controllen >= CMSG_LEN(sizeof(int)) &&
      control.header.cmsg_type == SCM_RIGHTS) {
    memcpy(&fresh, CMSG_DATA(&control.header), sizeof fresh);
  }
  return fresh;
}

/* Who gets SIGIO and SIGURG. */
static void copy_owner(int from, int to) {
  struct f_owner_ex owner;
  if (real()->fcntl64(from, F_GETOWN_EX, &owner) != 0 || owner.pid == 0) return;
  real()->fcntl64(to, F_SETOWN_EX, &owner);
  real()->fcntl64(to, F_SETSIG, real()->fcntl64(from, F_GETSIG));
}

static void copy_settings(int from, int to) {
  static const int names[] = {SO_RCVTIMEO, SO_SNDTIMEO, SO_RCVLOWAT, SO_OOBINLINE, SO_PEEK_OFF};
  for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++) {
    struct timeval value;
    socklen_t len = sizeof value;
    if (real()->getsockopt(from, SOL_SOCKET, names[i], &value, &len) != 0) continue;
    real()->setsockopt(to, SOL_SOCKET, names[i], &value, len);
  }
  real()->fcntl64(to, F_SETFL, real()->fcntl64(from, F_GETFL));
  copy_owner(from, to);
}

/* `number` names the fresh pair from now on. */
static void replace(int number, int fresh) {
  struct watchers found = {.fd = number};
  int flags = real()->fcntl64(number, F_GETFD);
  find_watchers(&found);
  for (int i = 0; i < found.count; i++) {
    epoll_ctl(found.list[i].epoll_fd, EPOLL_CTL_DEL, number, NULL);
  }
  real()->dup3(fresh, number, flags & FD_CLOEXEC ? O_CLOEXEC : 0);
  for (int i = 0; i < found.count; i++) {
    struct watcher *w = &found.list[i];
    epoll_ctl(w->epoll_fd, EPOLL_CTL_ADD, number, &w->event);
  }
}

void stream_put_pair(int fd, struct fd_entry *e, int fresh) {
  uint64_t former = entry_cookie(e), cookie = 0;
  socklen_t len = sizeof cookie;
  if (real()->getsockopt(fresh, SOL_SOCKET, SO_COOKIE, &cookie, &len) == 0) {
    copy_settings(fd, fresh);
    for (int number = -1; (number = table_next(number, former)) >= 0;) {
      replace(number, fresh);
      table_rename(number, cookie);
    }
  }
  real()->close(fresh);
}

long stream_replace_pair(int fd, struct fd_entry *e) {
  int saved = errno;
  int fresh = take_fresh_end(fd);
  if (fresh >= 0) stream_put_pair(fd, e, fresh);
  errno = saved;
  return fresh < 0 ? -ENETDOWN : 0;
}
