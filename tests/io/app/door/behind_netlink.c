/* Cases of behind.c: netlink sockets, of which the door answers every call. */
#define _GNU_SOURCE
#include "behind.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define BAD ((void *)8)
#define ROOM 8192

static const struct sockaddr_nl KERNEL = {.nl_family = AF_NETLINK};
static const struct sockaddr *const TO_KERNEL = (const struct sockaddr *)&KERNEL;
static char room[ROOM] __attribute__((aligned(8)));

static long name(int fd, uint32_t port, uint32_t groups, socklen_t len, bool connects) {
  struct sockaddr_nl own = {.nl_family = AF_NETLINK, .nl_pid = port, .nl_groups = groups};
  const struct sockaddr *addr = (struct sockaddr *)&own;
  return connects ? connect(fd, addr, len) : bind(fd, addr, len);
}

static void say_names(int fd) {
  struct sockaddr_nl own = {0}, peer = {0};
  socklen_t len = sizeof own, peer_len = sizeof peer;
  getsockname(fd, (struct sockaddr *)&own, &len);
  getpeername(fd, (struct sockaddr *)&peer, &peer_len);
  printf("own: %s %x, peer: %u, %u and %u bytes\n", own.nl_pid == (uint32_t)getpid() ? "pid"
         : own.nl_pid == 7 ? "7" : own.nl_pid == 0 ? "none" : "another", own.nl_groups, peer.nl_pid,
         len, peer_len);
}

static void names(void) {
  int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
  int other = socket(AF_NETLINK, SOCK_DGRAM, NETLINK_ROUTE), size = sizeof KERNEL;
  struct sockaddr_nl wrong = {.nl_family = AF_UNIX};
  printf("made: %d %d\n", fcntl(fd, F_GETFD), fcntl(fd, F_GETFL) & O_NONBLOCK);
  say("stream", socket(AF_NETLINK, SOCK_STREAM, NETLINK_ROUTE));
  say_names(fd);
  say("short", name(fd, 0, 0, 11, false));
  say("nowhere", bind(fd, BAD, sizeof KERNEL));
  say("family", bind(fd, (struct sockaddr *)&wrong, sizeof wrong));
  say("bind", name(fd, 0, 0x11, size, false));
  say_names(fd);
  say("another number", name(fd, 7, 0, size, false));
  say("again", name(fd, 0, 0, size, false));
  say_names(fd);
  say("taken", name(other, (uint32_t)getpid(), 0, size, false));
  say("seven", name(other, 7, 0, size, false));
  say_names(other);
  close(other);
  other = socket(AF_NETLINK, SOCK_DGRAM, NETLINK_ROUTE);
  say("connect", name(other, 0, 0, size, true));
  say_names(other);
  say("listen", listen(other, 1));
  say("accept", accept(other, NULL, NULL));
  say("shutdown", shutdown(other, SHUT_RD));
  close(fd);
  close(other);
}

static void option(int fd, int level, int which, int value) {
  int told = -1;
  socklen_t len = sizeof told;
  long set = setsockopt(fd, level, which, &value, sizeof value);
  printf("option %d/%d: %s", level, which, set < 0 ? strerrorname_np(errno) : "0");
  if (getsockopt(fd, level, which, &told, &len) < 0) printf(", %s\n", strerrorname_np(errno));
  else printf(", %d, %u bytes\n", told, len);
}

static void netlink_options(void) {
  int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE), value = 1;
  socklen_t len = sizeof value;
  option(fd, SOL_NETLINK, NETLINK_EXT_ACK, 5);
  option(fd, SOL_NETLINK, NETLINK_CAP_ACK, 1);
  option(fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, 1);
  option(fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, 0);
  option(fd, SOL_NETLINK, NETLINK_NO_ENOBUFS, 9);
  option(fd, SOL_NETLINK, NETLINK_PKTINFO, 1);
  option(fd, SOL_NETLINK, 13, 1);
  option(fd, SOL_SOCKET, SO_RCVBUF, 5000);
  option(fd, SOL_SOCKET, SO_SNDBUF, 6000);
  option(fd, IPPROTO_IP, 1, 1);
  value = 5;
  say("join", setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &value, sizeof value));
  value = 1;
  say("join", setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &value, sizeof value));
  say_names(fd);
  say("leave", setsockopt(fd, SOL_NETLINK, NETLINK_DROP_MEMBERSHIP, &value, sizeof value));
  say_names(fd);
  value = 0;
  say("group 0", setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &value, sizeof value));
  say("short", setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &value, 3));
  say("nowhere", setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, BAD, 4));
  say("nowhere", setsockopt(fd, SOL_SOCKET, SO_RCVBUF, BAD, 4));
  len = 3;
  say("short", getsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &value, &len));
  say("nowhere", getsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &value, NULL));
  printf("type %d, domain %d, protocol %d, error %d\n", int_option(fd, SOL_SOCKET, SO_TYPE),
         int_option(fd, SOL_SOCKET, SO_DOMAIN), int_option(fd, SOL_SOCKET, SO_PROTOCOL),
         int_option(fd, SOL_SOCKET, SO_ERROR));
  close(fd);
}

/* Asks for the links: what comes back, until the list is over. */
static void say_links(int fd) {
  int links = 0;
  for (bool is_over = false; !is_over;) {
    long n = recv(fd, room, sizeof room, 0);
    if (n < 0) return say("links", n);
    struct nlmsghdr *h = (struct nlmsghdr *)room;
    for (int left = (int)n; NLMSG_OK(h, left); h = NLMSG_NEXT(h, left)) {
      if (h->nlmsg_type == RTM_NEWLINK) links++;
      if (h->nlmsg_type == NLMSG_DONE) is_over = true;
    }
  }
  printf("links: %d\n", links > 0);
}

static void transfers(void) {
  struct {
    struct nlmsghdr head;
    struct ifinfomsg link;
  } ask = {{sizeof ask, RTM_GETLINK, NLM_F_REQUEST | NLM_F_DUMP, 1, 0}, {0}};
  struct sockaddr_nl to = KERNEL, from;
  struct iovec piece = {&ask, sizeof ask}, pieces[2] = {{room, sizeof room}, {room, 4}};
  struct msghdr m = {.msg_iov = &piece, .msg_iovlen = 1};
  struct mmsghdr both[2] = {{.msg_hdr = m}, {.msg_hdr = m}};
  int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
  socklen_t len = sizeof from;
  say("nothing", recv(fd, room, sizeof room, MSG_DONTWAIT));
  say("nothing", recvfrom(fd, room, 8, MSG_DONTWAIT, (struct sockaddr *)&from, &len));
  say("sendto", sendto(fd, &ask, sizeof ask, 0, TO_KERNEL, sizeof KERNEL));
  say_links(fd);
  say("write", write(fd, &ask, sizeof ask));
  say_links(fd);
  say("sendmsg", sendmsg(fd, &m, 0));
  long whole = recv(fd, room, 4, MSG_PEEK | MSG_TRUNC);
  say("all of it", whole > 100);
  m = (struct msghdr){.msg_name = &from, .msg_namelen = sizeof from, .msg_iov = pieces + 1,
                      .msg_iovlen = 1};
  memset(&from, 0xee, sizeof from);
  say("in part", recvmsg(fd, &m, MSG_PEEK));
  printf("flags %x, from %u, %x, %u bytes\n", m.msg_flags, from.nl_pid, from.nl_groups,
         m.msg_namelen);
  say_links(fd);
  ask.head.nlmsg_flags = NLM_F_REQUEST;
  ask.link.ifi_index = 1;
  say("sendmmsg", sendmmsg(fd, both, 2, 0));
  for (int i = 0; i < 2; i++) {
    pieces[0].iov_len = pieces[1].iov_len = sizeof room;
    both[i].msg_hdr.msg_iov = pieces + i;
  }
  say("recvmmsg", recvmmsg(fd, both, 2, MSG_DONTWAIT, NULL));
  printf("type %d, whole %d\n", ((struct nlmsghdr *)room)->nlmsg_type,
         ((struct nlmsghdr *)room)->nlmsg_len == both[1].msg_len);
  say("urgent", send(fd, &ask, sizeof ask, MSG_OOB));
  say("urgent", recv(fd, room, sizeof room, MSG_OOB));
  say("a short name", sendto(fd, &ask, sizeof ask, 0, TO_KERNEL, 8));
  say("a name nowhere", sendto(fd, &ask, sizeof ask, 0, BAD, sizeof KERNEL));
  to.nl_pid = 99999;
  say("nobody", sendto(fd, &ask, sizeof ask, 0, (struct sockaddr *)&to, sizeof to));
  to.nl_family = AF_INET;
  say("family", sendto(fd, &ask, sizeof ask, 0, (struct sockaddr *)&to, sizeof to));
  say("from nowhere", sendto(fd, BAD, sizeof ask, 0, TO_KERNEL, sizeof KERNEL));
  len = (socklen_t)-1;
  ask.head.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
  say("write", write(fd, &ask, sizeof ask));
  say("a name's length", recvfrom(fd, room, 8, 0, (struct sockaddr *)&from, &len));
  close(fd);
}

void netlink(void) {
  names();
  netlink_options();
  transfers();
}
