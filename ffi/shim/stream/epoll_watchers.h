/*
 * Who watches a descriptor by epoll, in this process.
 */
#ifndef NUSE_EPOLL_WATCHERS_H
#define NUSE_EPOLL_WATCHERS_H

#include "../core/shim.h"

#include <sys/epoll.h>

#define WATCHERS 16 /* epoll descriptors in which one socket is registered */

struct watcher {
  int epoll_fd;
  struct epoll_event event;
};

struct watchers {
  int fd; /* who is watched */
  int count;
  struct watcher list[WATCHERS];
};

/* Fills in who watches found->fd, WATCHERS at most. */
void find_watchers(struct watchers *found);

#endif
