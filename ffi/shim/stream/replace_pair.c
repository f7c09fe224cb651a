/*
 * A fresh pair in the place of one that shows a failed connect().
 *
 * Only closing its end lets the service put POLLERR and POLLHUP on the program's, and what a unix
 * socket shows it shows for ever. So before that it sends the program's end of a fresh pair over
 * the old one. There it waits: closed with the old end, if the program is done with the socket;
 * taken out here, if it calls connect() again, and put under every number of the old one in this
 * process, with its flags, timeouts and registrations with epoll. (The kernel tells what is
 * registered in /proc/self/fdinfo; without /proc that is lost.)
 */
#include "stream.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include "../core/real.h"

#define WATCHERS 16 /* epoll descriptors in which one socket is registered */
#define EPOLL_LINK "anon_inode:[eventpoll]"

struct watcher {
  int epoll_fd;
  struct epoll_event event;
};

struct watchers {
  int fd; /* who is watched */
  int count;
  struct watcher list[WATCHERS];
};

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

static void copy_settings(int from, int to) {
  static const int names[] = {SO_RCVTIMEO, SO_SNDTIMEO, SO_RCVLOWAT};
  for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++) {
    struct timeval value;
    socklen_t len = sizeof value;
    if (real()->getsockopt(from, SOL_SOCKET, names[i], &value, &len) != 0) continue;
    real()->setsockopt(to, SOL_SOCKET, names[i], &value, len);
  }
  real()->fcntl64(to, F_SETFL, real()->fcntl64(from, F_GETFL));
}

/* "tfd: 5 events: 19 data: 5 ...": one line of an epoll's fdinfo. */
static void note_line(const char *line, int epoll_fd, struct watchers *found) {
  int fd;
  unsigned events;
  unsigned long long data;
  if (sscanf(line, "tfd: %d events: %x data: %llx", &fd, &events, &data) != 3) return;
  if (fd != found->fd || found->count == WATCHERS) return;
  struct watcher *w = &found->list[found->count++];
  w->epoll_fd = epoll_fd;
  w->event = (struct epoll_event){.events = events, .data = {.u64 = data}};
}

static void note_epoll(int epoll_fd, struct watchers *found) {
  char path[64], text[1024];
  size_t kept = 0;
  ssize_t n;
  snprintf(path, sizeof path, "/proc/self/fdinfo/%d", epoll_fd);
  int info = open(path, O_RDONLY | O_CLOEXEC);
  if (info < 0) return;
  while ((n = real()->read(info, text + kept, sizeof text - 1 - kept)) > 0) {
    char *line = text, *end;
    kept += (size_t)n;
    text[kept] = '\0';
    while ((end = strchr(line, '\n')) != NULL) {
      *end = '\0';
      note_line(line, epoll_fd, found);
      line = end + 1;
    }
    kept -= (size_t)(line - text);
    memmove(text, line, kept);
    if (kept == sizeof text - 1) kept = 0; /* no line is as long */
  }
  real()->close(info);
}

static void note_if_epoll(int directory, const char *name, struct watchers *found) {
  char target[sizeof EPOLL_LINK];
  ssize_t len = readlinkat(directory, name, target, sizeof target);
  if (len != sizeof EPOLL_LINK - 1 || memcmp(target, EPOLL_LINK, (size_t)len) != 0) return;
  note_epoll(atoi(name), found);
}

/* Who watches found->fd. By system calls: readdir allocates. */
static void find_watchers(struct watchers *found) {
  struct entry {
    uint64_t inode;
    int64_t next;
    uint16_t len;
    uint8_t type;
    char name[];
  };
  _Alignas(struct entry) char entries[1024];
  long n;
  int directory = open("/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory < 0) return;
  while ((n = real()->syscall(SYS_getdents64, directory, entries, sizeof entries)) > 0) {
    for (long at = 0; at < n;) {
      const struct entry *e = (const struct entry *)(entries + at);
      note_if_epoll(directory, e->name, found);
      at += e->len;
    }
  }
  real()->close(directory);
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

long stream_replace_pair(int fd, struct fd_entry *e) {
  int saved = errno;
  uint64_t former = entry_cookie(e), cookie = 0;
  socklen_t len = sizeof cookie;
  int fresh = take_fresh_end(fd);
  if (fresh >= 0 && real()->getsockopt(fresh, SOL_SOCKET, SO_COOKIE, &cookie, &len) == 0) {
    copy_settings(fd, fresh);
    for (int number = -1; (number = table_next(number, former)) >= 0;) {
      replace(number, fresh);
      table_rename(number, cookie);
    }
  }
  if (fresh >= 0) real()->close(fresh);
  errno = saved;
  return fresh < 0 ? -ENETDOWN : 0;
}
