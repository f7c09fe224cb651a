/* Cases of behind.c: what sendmsg(), recvmsg() and their like take and give on datagram sockets. */
#define _GNU_SOURCE
#include "behind.h"

#include <arpa/inet.h>
#include <errno.h>
#include <time.h>

#include <linux/errqueue.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define WAIT_MS 10000
#define PIECES_MAX 1024
#define BAD ((void *)8)

static struct sockaddr_in own;

/* Bound; `other` is connected to it. */
static int pair_of_sockets(int *other) {
  socklen_t len = sizeof own;
  int fd = socket(AF_INET, SOCK_DGRAM, 0);
  own = target;
  own.sin_port = 0;
  bind(fd, (struct sockaddr *)&own, sizeof own);
  getsockname(fd, (struct sockaddr *)&own, &len);
  *other = socket(AF_INET, SOCK_DGRAM, 0);
  connect(*other, (struct sockaddr *)&own, sizeof own);
  return fd;
}

static void set(int fd, int level, int name, int value) {
  if (setsockopt(fd, level, name, &value, sizeof value) < 0) say("setsockopt", -1);
}

static void await(int fd, short events) {
  struct pollfd p = {.fd = fd, .events = events};
  poll(&p, 1, WAIT_MS);
}

static char room[64];
static union {
  char bytes[128];
  struct cmsghdr align;
} control;
static struct sockaddr_in from;

static struct msghdr message_of(struct iovec *piece, size_t control_len) {
  memset(room, 0, sizeof room);
  memset(&control, 0, sizeof control);
  *piece = (struct iovec){room, sizeof room};
  return (struct msghdr){.msg_name = &from, .msg_namelen = sizeof from, .msg_iov = piece,
                         .msg_iovlen = 1, .msg_control = control_len > 0 ? &control : NULL,
                         .msg_controllen = control_len};
}

static void say_control(struct msghdr *m) {
  printf("flags %x, control", m->msg_flags & ~MSG_CMSG_CLOEXEC);
  for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c != NULL; c = CMSG_NXTHDR(m, c)) {
    printf(" %d/%d:%zu", c->cmsg_level, c->cmsg_type, (size_t)c->cmsg_len);
    if (c->cmsg_type == IP_TTL) printf("=%d", *(int *)CMSG_DATA(c));
    if (c->cmsg_type != IP_PKTINFO) continue;
    struct in_pktinfo *info = (struct in_pktinfo *)CMSG_DATA(c);
    printf("=%d,%s", info->ipi_ifindex, inet_ntoa(info->ipi_addr));
  }
  printf("\n");
}

/* A TTL is sent with one datagram; what is asked for comes with each. */
static void with_control(int fd, int other) {
  struct iovec piece;
  struct msghdr m = message_of(&piece, CMSG_SPACE(sizeof(int)));
  int ttl = 9;
  m.msg_name = NULL;
  m.msg_namelen = 0;
  piece.iov_len = 5;
  set(fd, IPPROTO_IP, IP_RECVTTL, 1);
  set(fd, IPPROTO_IP, IP_PKTINFO, 1);
  control.align = (struct cmsghdr){CMSG_LEN(sizeof ttl), IPPROTO_IP, IP_TTL};
  memcpy(CMSG_DATA(&control.align), &ttl, sizeof ttl);
  for (int i = 0; i < 3; i++) say("with a TTL", sendmsg(other, &m, 0));
  control.align.cmsg_len = 3;
  say("a wrong one", sendmsg(other, &m, 0));
  for (size_t len = sizeof control; len > 0; len = len > 40 ? 40 : 0) {
    m = message_of(&piece, len);
    say_from("recvmsg", recvmsg(fd, &m, 0), &from, m.msg_namelen);
    say_control(&m);
  }
  m = message_of(&piece, 0);
  say("without room for any", recvmsg(fd, &m, 0));
  say_control(&m);
  set(fd, IPPROTO_IP, IP_RECVTTL, 0);
  set(fd, IPPROTO_IP, IP_PKTINFO, 0);
}

/* How much of a datagram is given and told. */
static void lengths(int fd, int other) {
  socklen_t len = 4;
  for (int i = 0; i < 3; i++) send(other, "abcdefgh", 8, 0);
  await(fd, POLLIN);
  say("peek", recv(fd, room, 3, MSG_PEEK));
  say("all that it was", recv(fd, room, 3, MSG_TRUNC));
  say("part", recv(fd, room, 3, 0));
  memset(&from, 0xee, sizeof from);
  say("named in part", recvfrom(fd, room, 8, 0, (struct sockaddr *)&from, &len));
  printf("name: %u bytes, %d, %x\n", len, from.sin_family, from.sin_addr.s_addr);
  send(other, "abcdefgh", 8, 0);
  say("to nowhere", recv(fd, BAD, 8, 0));
  sendto(other, "ab", 2, MSG_MORE, (struct sockaddr *)&own, sizeof own);
  sendto(other, "cd", 2, 0, (struct sockaddr *)&own, sizeof own);
  say("two in one", recv(fd, room, sizeof room, 0));
}

/* Several at once; a time that is none is refused. */
static void at_once(int fd, int other) {
  char rooms[4][8] = {0};
  struct iovec pieces[4];
  struct mmsghdr all[4] = {0};
  for (int i = 0; i < 4; i++) {
    pieces[i] = (struct iovec){rooms[i], 4 + (size_t)i};
    all[i].msg_hdr = (struct msghdr){.msg_iov = pieces + i, .msg_iovlen = 1};
  }
  say("sendmmsg", sendmmsg(other, all, 3, 0));
  pieces[1].iov_len = 2;
  for (int count = 0; count < 3;) {
    int n = recvmmsg(fd, all + count, 4 - count, MSG_WAITFORONE, NULL);
    if (n <= 0) return say("recvmmsg", n);
    count += n;
  }
  printf("lengths: %u %u %u, flags %x %x %x\n", all[0].msg_len, all[1].msg_len, all[2].msg_len,
         all[0].msg_hdr.msg_flags, all[1].msg_hdr.msg_flags, all[2].msg_hdr.msg_flags);
  say("none", recvmmsg(fd, all, 4, MSG_DONTWAIT, NULL));
  struct timespec times[] = {{-1, 0}, {0, -1}, {0, 1000000000}, {0, 999999999}};
  for (int i = 0; i < 4; i++) say("time", recvmmsg(fd, all, 4, MSG_DONTWAIT, times + i));
  all[1].msg_hdr.msg_iov = BAD;
  say("the second is wrong", sendmmsg(other, all, 2, 0));
  say("the first is wrong", sendmmsg(other, all + 1, 2, 0));
}

/* What an ICMP error leaves in the queue. */
static void error_queue(void) {
  struct sockaddr_in nobody = target;
  struct iovec piece;
  int fd = socket(AF_INET, SOCK_DGRAM, 0);
  nobody.sin_port = htons(1);
  set(fd, IPPROTO_IP, IP_RECVERR, 1);
  struct msghdr m = message_of(&piece, sizeof control);
  say("no error", recvmsg(fd, &m, MSG_ERRQUEUE));
  sendto(fd, "lost one", 8, 0, (struct sockaddr *)&nobody, sizeof nobody);
  await(fd, POLLIN);
  m = message_of(&piece, sizeof control);
  piece.iov_len = 4;
  say_from("error", recvmsg(fd, &m, MSG_ERRQUEUE), &from, m.msg_namelen);
  struct cmsghdr *c = CMSG_FIRSTHDR(&m);
  struct sock_extended_err *e = (struct sock_extended_err *)CMSG_DATA(c);
  printf("port %d, flags %x, %d/%d: errno %u, origin %u, type %u, code %u, by %s\n",
         ntohs(from.sin_port), m.msg_flags, c->cmsg_level, c->cmsg_type, e->ee_errno, e->ee_origin,
         e->ee_type, e->ee_code, inet_ntoa(((struct sockaddr_in *)SO_EE_OFFENDER(e))->sin_addr));
  printf("text: %s\n", room);
  say("no more", recvmsg(fd, &m, MSG_ERRQUEUE));
  say("SO_ERROR", int_option(fd, SOL_SOCKET, SO_ERROR));
}

void messages(void) {
  int other, fd = pair_of_sockets(&other);
  with_control(fd, other);
  lengths(fd, other);
  at_once(fd, other);
  error_queue();
}

static long send_named(int fd, const void *name, socklen_t len) {
  return sendto(fd, "x", 1, 0, name, len);
}

/* Names, lengths and pointers that are wrong. */
void refusals(void) {
  int other, fd = pair_of_sockets(&other);
  struct sockaddr_storage name = {0};
  struct sockaddr_in unspecified = own;
  static struct iovec pieces[PIECES_MAX + 1];
  struct msghdr m = {.msg_iov = pieces, .msg_iovlen = 1};
  say("no name's length", send_named(fd, &own, 0));
  say("a long name", send_named(fd, &name, 200));
  say("a negative one", send_named(fd, &own, (socklen_t)-1));
  say("a name nowhere", send_named(fd, BAD, sizeof own));
  say("a short name", send_named(fd, &own, 8));
  name.ss_family = AF_INET6;
  say("another family", send_named(fd, &name, sizeof own));
  unspecified.sin_family = AF_UNSPEC;
  say("none", send_named(fd, &unspecified, sizeof own));
  say("urgent", sendto(fd, "x", 1, MSG_OOB, (struct sockaddr *)&own, sizeof own));
  say("from nowhere", send(other, BAD, 8, 0) < 0 && errno == EFAULT);
  m.msg_iovlen = PIECES_MAX + 1;
  say("too many pieces", sendmsg(other, &m, 0));
  m.msg_iovlen = PIECES_MAX;
  say("empty pieces", sendmsg(other, &m, 0));
  m.msg_name = &own;
  m.msg_namelen = (socklen_t)-1;
  say("a message's name", sendmsg(other, &m, 0));
  say("a message nowhere", sendmsg(other, BAD, 0));
  m = (struct msghdr){.msg_iov = pieces, .msg_iovlen = 1, .msg_control = BAD, .msg_controllen = 16};
  say("control nowhere", sendmsg(other, &m, 0));
  pieces[0] = (struct iovec){room, (size_t)-1};
  say("an endless piece", sendmsg(other, &m, 0));
  say("accept", accept(fd, NULL, NULL));
  say("listen", listen(fd, 1));
  socklen_t len = (socklen_t)-1;
  say("a name's length", recvfrom(fd, room, 8, 0, (struct sockaddr *)&from, &len));
  say("nowhere", recvfrom(fd, room, 8, 0, (struct sockaddr *)&from, NULL));
}

/* Datagrams to itself and to nobody. */
void datagrams(void) {
  char text[64] = {0}, more[8] = {0};
  struct sockaddr_in own = target, from;
  socklen_t len = sizeof own;
  int fd = socket(AF_INET, SOCK_DGRAM, 0), other = socket(AF_INET, SOCK_DGRAM, 0);
  own.sin_port = 0;
  say("bind", bind(fd, (struct sockaddr *)&own, sizeof own));
  getsockname(fd, (struct sockaddr *)&own, &len);
  say("unconnected", send(other, "x", 1, 0));
  say("sendto", sendto(other, "one", 3, 0, (struct sockaddr *)&own, sizeof own));
  say("sendto", sendto(other, "", 0, 0, (struct sockaddr *)&own, sizeof own));
  say("connect", connect(other, (struct sockaddr *)&own, sizeof own));
  say("send", send(other, "three", 5, 0));
  len = sizeof from;
  say_from("peek", recvfrom(fd, text, sizeof text, MSG_PEEK, (struct sockaddr *)&from, &len), &from,
           len);
  say("read", read(fd, text, sizeof text));
  len = sizeof from;
  say_from("empty", recvfrom(fd, text, sizeof text, 0, (struct sockaddr *)&from, &len), &from, len);
  struct iovec pieces[] = {{text, 2}, {more, 2}};
  struct msghdr message = {.msg_name = &from, .msg_namelen = sizeof from, .msg_iov = pieces};
  message.msg_iovlen = 2;
  memset(&from, 0, sizeof from);
  long n = recvmsg(fd, &message, 0);
  say_from("recvmsg", n, &from, message.msg_namelen);
  printf("text: %.2s%.2s, flags %x\n", text, more, message.msg_flags);
  say("nothing", recvfrom(fd, text, 8, MSG_DONTWAIT, (struct sockaddr *)&from, &len));
  message = (struct msghdr){.msg_iov = pieces, .msg_iovlen = 2};
  say("sendmsg", sendmsg(other, &message, 0));
  struct mmsghdr both[2] = {{.msg_hdr = message}, {.msg_hdr = message}};
  say("sendmmsg", sendmmsg(other, both, 2, 0));
  say("recvmmsg", recvmmsg(fd, both, 2, MSG_WAITFORONE, NULL) > 0);
  say("bytes", both[0].msg_len);
  for (int i = 0; i < 2; i++) say("whole", send(other, "fore", 4, 0));
  say("recvmmsg", recvmmsg(fd, both + 1, 1, MSG_WAITFORONE, NULL));
  message = (struct msghdr){.msg_iov = pieces, .msg_iovlen = 2};
  say("recvmsg", recvmsg(fd, &message, 0));
  printf("flags %x\n", message.msg_flags);
  fflush(stdout);
  if (fork() == 0) {
    usleep(50000);
    sendto(other, "late", 4, 0, (struct sockaddr *)&own, sizeof own);
    _exit(0);
  }
  while (recv(fd, text, sizeof text, MSG_DONTWAIT) >= 0) {
  }
  len = sizeof from;
  say_from("waits", recvfrom(fd, text, 64, 0, (struct sockaddr *)&from, &len), &from, len);
  wait(NULL);
  own.sin_port = htons(1);
  say("to nobody", sendto(fd, "x", 1, 0, (struct sockaddr *)&own, sizeof own));
  usleep(20000);
  connect(fd, (struct sockaddr *)&own, sizeof own);
  say("send", send(fd, "x", 1, 0));
  usleep(20000);
  say("SO_ERROR", int_option(fd, SOL_SOCKET, SO_ERROR));
  say("long", sendto(other, text, 70000, 0, (struct sockaddr *)&own, sizeof own));
}

void datagram(void) {
  int fd = socket(AF_INET, SOCK_DGRAM, 0);
  say("sendto", sendto(fd, "hello", 5, 0, (struct sockaddr *)&target, sizeof target));
}
