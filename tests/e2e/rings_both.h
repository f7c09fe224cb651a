/*
 * What rings.c and rings_in.c have in common: bytes at random, calls past the shim, a descriptor
 * for another process, and the end that listens.
 */
#ifndef RINGS_BOTH_H
#define RINGS_BOTH_H

#include "program.h"

#include <sys/uio.h>

#define MOST (1 << 18)
#define MANY (4 << 20) /* enough for a ring */
#define IOV_COUNT 100

static uint8_t buffer[MOST + 8];
static uint32_t seed = 1;

/* Of the byte at this place of a stream. */
static inline uint8_t pattern(uint64_t at) {
  return (uint8_t)((at * 0x9E3779B97F4A7C15ull) >> 56);
}

static inline uint32_t next(uint32_t below) {
  seed = seed * 1664525 + 1013904223;
  return (uint32_t)(((uint64_t)seed * below) >> 32);
}

static inline void fail(const char *what) {
  printf("%s: %s\n", what, strerror(errno));
  exit(1);
}

/* Cuts `len` bytes into up to IOV_COUNT pieces; returns how many. */
static inline int cut(struct iovec *iov, const uint8_t *bytes, size_t len) {
  int count = 0;
  for (size_t done = 0; done < len && count < IOV_COUNT;) {
    size_t part = count == IOV_COUNT - 1 ? len - done : 1 + next((uint32_t)(len - done));
    iov[count++] = (struct iovec){(void *)(bytes + done), part};
    done += part;
  }
  return count;
}

/* A system call by an instruction of our own, past the shim. */
static inline long raw(long number, long a, long b, long c, long d) {
  long result;
  register long r10 __asm__("r10") = d;
  register long r8 __asm__("r8") = 0;
  register long r9 __asm__("r9") = 0;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                   : "rcx", "r11", "memory");
  return result;
}

/* The first connection to `port`. */
static inline int accept_one(int port) {
  struct sockaddr_in own = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
  int on = 1, listener = socket(AF_INET, SOCK_STREAM, 0);
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(listener, (struct sockaddr *)&own, sizeof own) || listen(listener, 5)) fail("listen");
  printf("listening\n");
  fflush(stdout);
  return accept(listener, NULL, NULL);
}

union rights {
  struct cmsghdr header;
  char room[CMSG_SPACE(sizeof(int))];
};

/* Gives `fd`, and how far its stream is, to the process at the other end of `over`. */
static inline void pass(int over, int fd, uint64_t *at) {
  union rights control = {0};
  struct iovec iov = {at, sizeof *at};
  struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control,
                       .msg_controllen = sizeof control};
  control.header = (struct cmsghdr){CMSG_LEN(sizeof fd), SOL_SOCKET, SCM_RIGHTS};
  memcpy(CMSG_DATA(&control.header), &fd, sizeof fd);
  if (sendmsg(over, &msg, 0) < 0) fail("sendmsg");
}

/* What was given so; -1: nothing more will be. */
static inline int take_passed(int over, uint64_t *at) {
  union rights control;
  struct iovec iov = {at, sizeof *at};
  struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control,
                       .msg_controllen = sizeof control};
  int fd;
  if (recvmsg(over, &msg, 0) <= 0) return -1;
  memcpy(&fd, CMSG_DATA(&control.header), sizeof fd);
  return fd;
}

#endif
