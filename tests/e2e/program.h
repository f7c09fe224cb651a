/*
 * What the C programs of these tests have in common. Each prints what a call has brought, to be
 * compared between nuse and the kernel.
 */
#ifndef PROGRAM_H
#define PROGRAM_H

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* ADDRESS PORT of the command line. */
static inline struct sockaddr_in address_of(char **words) {
  struct sockaddr_in address = {.sin_family = AF_INET};
  inet_pton(AF_INET, words[0], &address.sin_addr);
  address.sin_port = htons((uint16_t)atoi(words[1]));
  return address;
}

static inline void say(const char *what, long result) {
  printf("%s: %ld %s\n", what, result, result < 0 ? strerrorname_np(errno) : "");
}

#define ALL (POLLIN | POLLOUT | POLLERR | POLLHUP | POLLRDHUP)

/* What poll() tells of a socket, of all that it can tell. */
static inline int poll_now(int fd, int ms) {
  struct pollfd p = {.fd = fd, .events = ALL};
  poll(&p, 1, ms);
  return p.revents;
}

/* Until all of `bits` are told, some seconds at most. */
static inline void wait_for(int fd, int bits) {
  for (int i = 0; i < 5000 && (poll_now(fd, 0) & bits) != bits; i++) usleep(1000);
}

static inline int take_error(int fd) {
  int error = -1;
  socklen_t len = sizeof error;
  getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len);
  return error;
}

#endif
