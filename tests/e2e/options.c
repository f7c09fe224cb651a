/*
 * options CASE ADDRESS PORT: what socket options do, printed so that it can be compared between
 * nuse and the kernel.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define LIMIT_MS 10000

static struct sockaddr_in to = {.sin_family = AF_INET};

static void say(const char *what, long result) {
  printf("%s: %ld %s\n", what, result, result < 0 ? strerrorname_np(errno) : "");
}

static int wait_for(int fd, int events, int ms) {
  struct pollfd p = {.fd = fd, .events = (short)events};
  return poll(&p, 1, ms) == 1 ? p.revents : 0;
}

static int dial(void) {
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  if (connect(fd, (struct sockaddr *)&to, sizeof to) != 0) say("connect", -1);
  return fd;
}

/* Reads `len` bytes, and says what TCP_INQ's message tells. */
static void read_inq(int fd, size_t len) {
  char buf[64], control[64];
  struct iovec iov = {buf, len};
  struct msghdr msg = {
      .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
  say("recvmsg", recvmsg(fd, &msg, 0));
  for (struct cmsghdr *c = CMSG_FIRSTHDR(&msg); c != NULL; c = CMSG_NXTHDR(&msg, c)) {
    int inq;
    memcpy(&inq, CMSG_DATA(c), sizeof inq);
    printf("message %d %d %zu: %d\n", c->cmsg_level, c->cmsg_type, c->cmsg_len, inq);
  }
  say("flags", msg.msg_flags);
  int waiting;
  ioctl(fd, SIOCINQ, &waiting);
  say("SIOCINQ", waiting);
}

/* The peer sends ten bytes and FIN. */
static void inq(void) {
  int fd = dial(), one = 1, two = 2;
  say("2", setsockopt(fd, IPPROTO_TCP, TCP_INQ, &two, sizeof two));
  wait_for(fd, POLLRDHUP, LIMIT_MS);
  read_inq(fd, 2);
  say("1", setsockopt(fd, IPPROTO_TCP, TCP_INQ, &one, sizeof one));
  read_inq(fd, 3);
  read_inq(fd, 5);
  read_inq(fd, 5);
}

/* The peer does not read before a second connection is there. */
static void notsent(void) {
  static char piece[4096];
  int fd = dial(), mark = 1 << 18, unsent = 0, taken = 0;
  struct epoll_event event = {.events = EPOLLOUT | EPOLLET};
  int epoll = epoll_create1(0);
  say("option", setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &mark, sizeof mark));
  while (wait_for(fd, POLLOUT, 500)) taken += (int)send(fd, piece, sizeof piece, MSG_DONTWAIT);
  ioctl(fd, SIOCOUTQNSD, &unsent);
  /* Half of the mark, in pieces of up to 64 KiB */
  say("about half of the mark", unsent >= mark / 2 - 65536 && unsent <= mark / 2 + 65536);
  say("not writable", wait_for(fd, POLLOUT, 0));
  while (send(fd, piece, sizeof piece, MSG_DONTWAIT) > 0) continue;
  ioctl(fd, SIOCOUTQNSD, &unsent);
  say("not more than the mark", unsent >= mark / 2 && unsent <= mark + 65536);
  epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
  say("no edge", epoll_wait(epoll, &event, 1, 0));
  dial();
  say("an edge", epoll_wait(epoll, &event, 1, LIMIT_MS));
  ioctl(fd, SIOCOUTQNSD, &unsent);
  say("below half", unsent < mark / 2);
  send(fd, piece, 1, 0);
  shutdown(fd, SHUT_WR);
  say("all is there", read(fd, piece, sizeof piece));
}

static const struct {
  const char *name;
  void (*run)(void);
} cases[] = {
    {"inq", inq},
    {"notsent", notsent},
};

int main(int argc, char **argv) {
  if (argc != 4) return 2;
  alarm(60);
  inet_pton(AF_INET, argv[2], &to.sin_addr);
  to.sin_port = htons((uint16_t)atoi(argv[3]));
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    if (strcmp(argv[1], cases[i].name) == 0) cases[i].run();
  }
  return 0;
}
