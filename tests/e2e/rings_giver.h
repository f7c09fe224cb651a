/*
 * Who sends the bytes that rings_in.c reads, as it asks for them.
 */
#ifndef RINGS_GIVER_H
#define RINGS_GIVER_H

#include "rings_both.h"

#include <sys/time.h>

#define RESET (-1)   /* end with a RST */
#define FINISH (-2)  /* end with a FIN */
#define URGENT (-3)  /* one byte, urgent */

static void fill(uint8_t *to, size_t len, uint64_t at) {
  for (size_t i = 0; i < len; i++) to[i] = pattern(at + i);
}

/* In pieces of any size, sometimes after a while. */
static int give_bytes(int fd, int64_t count, uint64_t *at) {
  while (count > 0) {
    size_t len = 1 + next(next(3) ? MOST : 2000);
    if ((int64_t)len > count) len = (size_t)count;
    fill(buffer, len, *at);
    for (size_t done = 0; done < len;) {
      ssize_t n = send(fd, buffer + done, len - done, MSG_NOSIGNAL);
      if (n <= 0) return -1;
      done += (size_t)n;
    }
    *at += len;
    count -= (int64_t)len;
    if (next(40) == 0) usleep(next(2000));
  }
  return 0;
}

static int give(int port) {
  int64_t count;
  uint64_t at = 0;
  int fd = accept_one(port);
  ssize_t n;
  while ((n = recv(fd, &count, sizeof count, MSG_WAITALL)) == sizeof count) {
    if (count == FINISH) shutdown(fd, SHUT_WR);
    if (count == URGENT) send(fd, "!", 1, MSG_OOB);
    if (count == RESET) {
      setsockopt(fd, SOL_SOCKET, SO_LINGER, &(struct linger){1, 0}, sizeof(struct linger));
      close(fd);
      return 0;
    }
    if (count > 0 && give_bytes(fd, count, &at) != 0) {
      printf("gave until %s\n", strerrorname_np(errno));
      return 0;
    }
  }
  printf("end: %zd %s\n", n, n < 0 ? strerrorname_np(errno) : "");
  return 0;
}

#endif
