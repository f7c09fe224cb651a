/*
 * Who watches a descriptor by epoll: the kernel tells it of each epoll descriptor in
 * /proc/self/fdinfo; without /proc nobody is found. By system calls: readdir allocates.
 */
#include "epoll_watchers.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../core/real.h"

#define EPOLL_LINK "anon_inode:[eventpoll]"

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

void find_watchers(struct watchers *found) {
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
