/* Options of TCP for which the shim has something to do itself: TCP_INQ, TCP_NOTSENT_LOWAT, those
 * that it tells the service without waiting. */
#include "check.h"

#include <linux/sockios.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The message of TCP_INQ with a recvmsg() of `len` bytes; -1: there is none. */
static int inq_of(int fd, size_t len) {
  char buf[64], control[64];
  int inq = -1;
  struct iovec iov = {buf, len};
  struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control,
                       .msg_controllen = sizeof control};
  CHECK(recvmsg(fd, &msg, 0) >= 0);
  struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
  if (c == NULL) return -1;
  CHECK(c->cmsg_level == IPPROTO_TCP && c->cmsg_type == TCP_CM_INQ);
  memcpy(&inq, CMSG_DATA(c), sizeof inq);
  return inq;
}

CASE(stream_inq) {
  int fd = connected(PORT_FIN_RESET), one = 1, waiting;
  CHECK(wait_for(fd, POLLRDHUP, LIMIT_MS) & POLLRDHUP); /* "fin", and FIN */
  CHECK(ioctl(fd, FIONREAD, &waiting) == 0 && waiting == 3);
  int asked = requests(fd, NUSE_OP_IOCTL);
  CHECK(inq_of(fd, 1) == -1);
  CHECK(setsockopt(fd, IPPROTO_TCP, TCP_INQ, &one, sizeof one) == 0);
  CHECK(inq_of(fd, 1) == 2); /* with the FIN */
  CHECK(inq_of(fd, 1) == 1);
  CHECK(inq_of(fd, 1) == 1);
  CHECK(requests(fd, NUSE_OP_IOCTL) == asked);
  fd = connected(PORT_ECHO);
  CHECK(setsockopt(fd, IPPROTO_TCP, TCP_INQ, &one, sizeof one) == 0);
  CHECK(write(fd, "abcd", 4) == 4);
  CHECK(wait_for(fd, POLLIN, LIMIT_MS) == POLLIN);
  CHECK(inq_of(fd, 3) == 1);
  CHECK(inq_of(fd, 3) == 0);
}

static int sndbuf_of(int fd) {
  int size = 0;
  socklen_t len = sizeof size;
  return past_shim(SYS_getsockopt, fd, SOL_SOCKET, SO_SNDBUF, &size, &len) == 0 ? size : -1;
}

CASE(stream_notsent_lowat) {
  int fd = tcp(SOCK_NONBLOCK), size = 10000;
  char large[8192] = "";
  CHECK(setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &size, sizeof size) == 0);
  CHECK(sndbuf_of(fd) == 20000);
  connect(fd, at(PORT_ECHO), AT_LEN);
  CHECK(sndbuf_of(fd) == 4608); /* with the filler */
  CHECK(wait_for(fd, POLLOUT, LIMIT_MS) == POLLOUT);
  CHECK(so_error(fd) == 0);
  CHECK(sndbuf_of(fd) == 20000);
  CHECK(write(fd, large, sizeof large) == sizeof large); /* does not make it large */
  CHECK(sndbuf_of(fd) == 20000);
  int copy = dup(fd);
  CHECK(write(copy, large, 1) == 1 && sndbuf_of(copy) == 20000);
  size = 20000;
  CHECK(setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &size, sizeof size) == 0);
  CHECK(sndbuf_of(fd) == 40000);
  fd = tcp(SOCK_NONBLOCK); /* while the connect is under way: afterwards */
  connect(fd, at(PORT_ECHO), AT_LEN);
  CHECK(setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &size, sizeof size) == 0);
  CHECK(sndbuf_of(fd) == 4608);
  CHECK(wait_for(fd, POLLOUT, LIMIT_MS) == POLLOUT && so_error(fd) == 0);
  CHECK(sndbuf_of(fd) == 40000);
}

CASE(stream_rcvlowat_acts_on_both) {
  int fd = connected(PORT_ECHO), mark = 7, got = 0;
  socklen_t len = sizeof got;
  int asked = requests(fd, NUSE_OP_SETOPT);
  CHECK(setsockopt(fd, SOL_SOCKET, SO_RCVLOWAT, &mark, sizeof mark) == 0);
  CHECK(requests(fd, NUSE_OP_SETOPT) == asked + 1);
  CHECK(past_shim(SYS_getsockopt, fd, SOL_SOCKET, SO_RCVLOWAT, &got, &len) == 0 && got == 7);
  CHECK(getsockopt(fd, SOL_SOCKET, SO_RCVLOWAT, &got, &len) == 0 && got == 7);
  int other = udp();
  CHECK(setsockopt(other, SOL_SOCKET, SO_RCVLOWAT, &mark, sizeof mark) == 0);
  CHECK(requests(fd, NUSE_OP_SETOPT) == asked + 1);
}

CASE(stream_peek_offset) {
  int fd = connected(PORT_ECHO), offset = 1;
  char c;
  CHECK(setsockopt(fd, SOL_SOCKET, SO_PEEK_OFF, &offset, sizeof offset) == 0);
  CHECK(write(fd, "abcd", 4) == 4);
  UNTIL(ioctl(fd, FIONREAD, &offset) == 0 && offset == 4);
  CHECK(recv(fd, &c, 1, MSG_PEEK) == 1 && c == 'b');
  CHECK(recv(fd, &c, 1, MSG_PEEK) == 1 && c == 'c');
  CHECK(read(fd, &c, 1) == 1 && c == 'a');
  CHECK(recv(fd, &c, 1, MSG_PEEK) == 1 && c == 'd');
  int other = udp(), asked = requests(other, NUSE_OP_SETOPT);
  setsockopt(other, SOL_SOCKET, SO_PEEK_OFF, &offset, sizeof offset);
  CHECK(requests(other, NUSE_OP_SETOPT) == asked + 1);
}

/* What holds back what follows is told without waiting only when all before it has been read. */
CASE(stream_corked_without_waiting) {
  int fd = connected(PORT_ECHO);
  int value = 1, asked = requests(fd, NUSE_OP_SETOPT), unread = 1;
  socklen_t len = sizeof value;
  CHECK(setsockopt(fd, IPPROTO_TCP, TCP_CORK, &value, sizeof value) == 0);
  CHECK(getsockopt(fd, IPPROTO_TCP, TCP_CORK, &value, &len) == 0 && value == 1);
  CHECK(requests(fd, NUSE_OP_SETOPT) == asked);
  fake_set(fd, FAKE_STALL, 1); /* from now on nobody reads the pair */
  asked = requests(fd, NUSE_OP_SETOPT);
  CHECK(write(fd, "before", 6) == 6);
  CHECK(past_shim(SYS_ioctl, fd, SIOCOUTQ, &unread) == 0 && unread > 0);
  CHECK(setsockopt(fd, IPPROTO_TCP, TCP_CORK, &value, sizeof value) == 0);
  CHECK(requests(fd, NUSE_OP_SETOPT) == asked + 1);
  value = 0; /* holds nothing back */
  CHECK(setsockopt(fd, IPPROTO_TCP, TCP_CORK, &value, sizeof value) == 0);
  CHECK(requests(fd, NUSE_OP_SETOPT) == asked + 1);
  CHECK(getsockopt(fd, IPPROTO_TCP, TCP_CORK, &value, &len) == 0 && value == 0);
}

/* Beyond what the rules say, the service decides. */
CASE(stream_options_in_range) {
  int fd = connected(PORT_ECHO);
  int value = 127, asked = requests(fd, NUSE_OP_SETOPT);
  CHECK(setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &value, sizeof value) == 0);
  CHECK(requests(fd, NUSE_OP_SETOPT) == asked);
  value = 128;
  setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &value, sizeof value);
  CHECK(requests(fd, NUSE_OP_SETOPT) == asked + 1);
  value = 0;
  setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &value, sizeof value);
  CHECK(requests(fd, NUSE_OP_SETOPT) == asked + 2);
}

/* How often the service is asked what waits outside, by one look. */
static int asked_for(int fd, int expected) {
  int waiting = -1, asked = requests(fd, NUSE_OP_IOCTL);
  CHECK(ioctl(fd, FIONREAD, &waiting) == 0 && waiting == expected);
  return requests(fd, NUSE_OP_IOCTL) - asked;
}

CASE(stream_unread_without_asking) {
  static char block[60000];
  int fd = connected(PORT_ECHO), waiting;
  CHECK(send(fd, block, sizeof block, 0) == sizeof block);
  UNTIL(past_shim(SYS_ioctl, fd, FIONREAD, &waiting) == 0 && waiting == sizeof block);
  CHECK(asked_for(fd, 60000) >= 1);
  CHECK(asked_for(fd, 60000) >= 1); /* who waits for more is told of more */
  CHECK(read(fd, block, 1000) == 1000 && asked_for(fd, 59000) == 0);
  CHECK(read(fd, block, 1000) == 1000 && asked_for(fd, 58000) == 0);
  CHECK(send(fd, block, 5000, 0) == 5000);
  UNTIL(past_shim(SYS_ioctl, fd, FIONREAD, &waiting) == 0 && waiting == 63000);
  fake_set(fd, FAKE_OUTSIDE, 70);
  CHECK(asked_for(fd, 63070) >= 1);
  CHECK(read(fd, block, 1000) == 1000 && asked_for(fd, 62070) >= 1); /* it waits until it is told */
  fake_set(fd, FAKE_OUTSIDE, 0);
  CHECK(read(fd, block, 40000) == 40000 && asked_for(fd, 22000) == 0); /* the pair is not full */
}
