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
#include <netinet/udp.h>
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
  /* nuse takes what waits in the pair just then: up to half, and what shows as writable */
  say("half at most", unsent <= mark / 2 + mark / 16);
  send(fd, piece, 1, 0);
  shutdown(fd, SHUT_WR);
  say("all is there", read(fd, piece, sizeof piece));
}

/* The peer sends three bytes, three more when a second connection is there, two and FIN when a
 * third one is. */
static void lowat(void) {
  char buf[16];
  int fd = socket(AF_INET, SOCK_STREAM, 0), five = 5, got = 0;
  socklen_t len = sizeof got;
  say("option", setsockopt(fd, SOL_SOCKET, SO_RCVLOWAT, &five, sizeof five));
  say("connect", connect(fd, (struct sockaddr *)&to, sizeof to));
  getsockopt(fd, SOL_SOCKET, SO_RCVLOWAT, &got, &len);
  say("mark", got);
  say("three", wait_for(fd, POLLIN, 500));
  dial();
  say("six", wait_for(fd, POLLIN, LIMIT_MS));
  say("read", read(fd, buf, sizeof buf));
  dial();
  say("the end", wait_for(fd, POLLIN | POLLRDHUP, LIMIT_MS) & POLLIN);
  say("read", read(fd, buf, sizeof buf));
  say("read", read(fd, buf, sizeof buf));
}

/* The peer sends ten bytes and FIN. */
static void peek(void) {
  char c, buf[16];
  int fd = dial(), offset = 2, got = -2;
  socklen_t len = sizeof got;
  getsockopt(fd, SOL_SOCKET, SO_PEEK_OFF, &got, &len);
  say("offset", got);
  say("option", setsockopt(fd, SOL_SOCKET, SO_PEEK_OFF, &offset, sizeof offset));
  wait_for(fd, POLLRDHUP, LIMIT_MS);
  for (int i = 0; i < 4; i++) {
    long n = recv(fd, &c, 1, i < 3 ? MSG_PEEK : 0);
    printf("%ld %c\n", n, c);
  }
  getsockopt(fd, SOL_SOCKET, SO_PEEK_OFF, &got, &len);
  say("offset", got);
  say("peek", recv(fd, buf, sizeof buf, MSG_PEEK));
  say("read", read(fd, buf, sizeof buf));
}

static struct sockaddr_in local(int port) {
  struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return at;
}

/* A datagram socket on the loopback, bound to `port`. */
static int udp_at(int port) {
  struct sockaddr_in at = local(port);
  int fd = socket(AF_INET, SOCK_DGRAM, 0);
  if (bind(fd, (struct sockaddr *)&at, sizeof at) != 0) say("bind", -1);
  return fd;
}

static void read_datagram(int fd) {
  static char buf[65536];
  char control[128];
  struct iovec iov = {buf, sizeof buf};
  struct msghdr msg = {
      .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
  wait_for(fd, POLLIN, LIMIT_MS);
  say("datagram", recvmsg(fd, &msg, MSG_DONTWAIT));
  for (struct cmsghdr *c = CMSG_FIRSTHDR(&msg); c != NULL; c = CMSG_NXTHDR(&msg, c)) {
    int value;
    memcpy(&value, CMSG_DATA(c), sizeof value);
    printf("message %d %d %zu: %d\n", c->cmsg_level, c->cmsg_type, c->cmsg_len, value);
  }
}

/* Four datagrams in one piece, sent and received. */
static void gro(void) {
  static char buf[3500];
  int on = 1, size = 1000, from = udp_at(4100), fd = udp_at(4101);
  struct sockaddr_in at = local(4101);
  say("segment", setsockopt(from, IPPROTO_UDP, UDP_SEGMENT, &size, sizeof size));
  say("gro", setsockopt(fd, IPPROTO_UDP, UDP_GRO, &on, sizeof on));
  say("sent", sendto(from, buf, sizeof buf, 0, (struct sockaddr *)&at, sizeof at));
  read_datagram(fd);
  say("sent", sendto(from, buf, 700, 0, (struct sockaddr *)&at, sizeof at));
  read_datagram(fd);
  say("off", setsockopt(fd, IPPROTO_UDP, UDP_GRO, &(int){0}, sizeof on));
  say("sent", sendto(from, buf, sizeof buf, 0, (struct sockaddr *)&at, sizeof at));
  for (int i = 0; i < 4; i++) read_datagram(fd);
}

static int port_of(int fd) {
  struct sockaddr_in at = {0};
  socklen_t len = sizeof at;
  getsockname(fd, (struct sockaddr *)&at, &len);
  return ntohs(at.sin_port);
}

/* Ports of a range of one's own. */
static void range(void) {
  uint32_t ports = 40001u << 16 | 40000u;
  int types[] = {SOCK_DGRAM, SOCK_STREAM};
  for (int i = 0; i < 2; i++) {
    struct sockaddr_in at = local(0);
    int sum = 0;
    for (int k = 0; k < 3; k++) {
      int fd = socket(AF_INET, types[i], 0);
      say("range", setsockopt(fd, IPPROTO_IP, 51, &ports, sizeof ports));
      say("bind", bind(fd, (struct sockaddr *)&at, sizeof at));
      sum += port_of(fd);
    }
    say("ports in all", sum);
  }
}

static void meminfo(void) {
  unsigned info[9];
  char c[1000] = "";
  struct sockaddr_in at = local(4102);
  int fd = udp_at(4102), size;
  socklen_t len = sizeof size;
  say("sent", sendto(fd, c, sizeof c, 0, (struct sockaddr *)&at, sizeof at));
  wait_for(fd, POLLIN, LIMIT_MS);
  getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, &len);
  len = sizeof info;
  say("option", getsockopt(fd, SOL_SOCKET, SO_MEMINFO, info, &len));
  say("length", len);
  say("received", info[0] >= 1000);
  say("buffer", (long)info[1] - size);
  say("unsent, lost", info[2] + info[5] + info[8]);
  read_datagram(fd);
  getsockopt(fd, SOL_SOCKET, SO_MEMINFO, info, &len);
  say("received", info[0]);
}

static const struct {
  const char *name;
  void (*run)(void);
} cases[] = {
    {"inq", inq},
    {"notsent", notsent},
    {"lowat", lowat},
    {"peek", peek},
    {"gro", gro},
    {"range", range},
    {"meminfo", meminfo},
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
