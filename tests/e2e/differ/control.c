/* Control messages, the error queue. */
#include "differ.h"

#include <linux/errqueue.h>

static union {
  struct cmsghdr align;
  char bytes[512];
} control;

/* Receives one message and prints what came with it. */
static void show_message(int fd, size_t room, int flags) {
  char text[300] = "";
  struct sockaddr_in name = {0};
  struct iovec iov = {text, sizeof text - 1};
  struct msghdr msg = {.msg_name = &name, .msg_namelen = sizeof name, .msg_iov = &iov,
                       .msg_iovlen = 1, .msg_control = &control, .msg_controllen = room};
  await(fd, flags & MSG_ERRQUEUE ? POLLERR : POLLIN);
  long n = recvmsg(fd, &msg, flags | MSG_DONTWAIT);
  show_result("recvmsg", n);
  if (n < 0) return;
  printf("%s name %u flags %#x control %zu\n", text, msg.msg_namelen, (unsigned)msg.msg_flags,
         msg.msg_controllen);
  for (struct cmsghdr *c = CMSG_FIRSTHDR(&msg); c != NULL; c = CMSG_NXTHDR(&msg, c)) {
    printf("level %d type %d len %zu:", c->cmsg_level, c->cmsg_type, (size_t)c->cmsg_len);
    bool is_time = c->cmsg_level == SOL_SOCKET;
    size_t len = c->cmsg_len - CMSG_LEN(0);
    bool has_number = c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO;
    for (size_t i = has_number ? 4 : 0; !is_time && i < len && i < 16; i++) {
      bool is_port = c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_ORIGDSTADDR &&
                     (i == 2 || i == 3);
      if (!is_port) printf(" %02x", CMSG_DATA(c)[i]);
    }
    puts("");
  }
}

#define TOLD(name, level, option, value)                                                           \
  CASE(control, name) {                                                                            \
    int fds[2];                                                                                    \
    udp_pair(fds);                                                                                 \
    SHOW(set_int(fds[1], level, option, value));                                                   \
    SHOW(send(fds[0], "hello", 5, 0));                                                             \
    show_message(fds[1], sizeof control.bytes, 0);                                                 \
    SHOW(send(fds[0], "short", 5, 0));                                                             \
    show_message(fds[1], 4, 0);                                                                    \
    SHOW(send(fds[0], "cut", 3, 0));                                                               \
    show_message(fds[1], CMSG_LEN(0) + 1, 0);                                                      \
    SHOW(send(fds[0], "none", 4, 0));                                                              \
    show_message(fds[1], 0, 0);                                                                    \
  }
TOLD(pktinfo, IPPROTO_IP, IP_PKTINFO, 1)
TOLD(ttl, IPPROTO_IP, IP_RECVTTL, 1)
TOLD(tos, IPPROTO_IP, IP_RECVTOS, 1)
TOLD(original_destination, IPPROTO_IP, IP_RECVORIGDSTADDR, 1)
TOLD(time_micro, SOL_SOCKET, SO_TIMESTAMP, 1)
TOLD(time_nano, SOL_SOCKET, SO_TIMESTAMPNS, 1)
TOLD(overflow, SOL_SOCKET, SO_RXQ_OVFL, 1)
TOLD(nothing, SOL_SOCKET, SO_KEEPALIVE, 1)

CASE(control, several) {
  int fds[2];
  udp_pair(fds);
  set_int(fds[1], IPPROTO_IP, IP_PKTINFO, 1);
  set_int(fds[1], IPPROTO_IP, IP_RECVTTL, 1);
  set_int(fds[1], IPPROTO_IP, IP_RECVTOS, 1);
  set_int(fds[1], SOL_SOCKET, SO_TIMESTAMP, 1);
  set_int(fds[0], IPPROTO_IP, IP_TOS, 0x28);
  set_int(fds[0], IPPROTO_IP, IP_TTL, 9);
  send(fds[0], "hello", 5, 0);
  show_message(fds[1], sizeof control.bytes, MSG_PEEK);
  show_message(fds[1], sizeof control.bytes, 0);
}

/* Sends with one control message. */
static long send_with(int fd, int level, int type, const void *data, size_t len, size_t told) {
  struct iovec iov = {"hello", 5};
  struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control,
                       .msg_controllen = CMSG_SPACE(len)};
  memset(&control, 0, sizeof control);
  struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
  c->cmsg_level = level;
  c->cmsg_type = type;
  c->cmsg_len = told;
  if (len > 0) memcpy(CMSG_DATA(c), data, len);
  return sendmsg(fd, &msg, 0);
}

CASE(control, send_ttl) {
  int fds[2], values[] = {1, 7, 255, 0, 256, -1};
  udp_pair(fds);
  set_int(fds[1], IPPROTO_IP, IP_RECVTTL, 1);
  for (int i = 0; i < 6; i++) {
    long n = send_with(fds[0], IPPROTO_IP, IP_TTL, &values[i], 4, CMSG_LEN(4));
    show_result("sendmsg", n);
    if (n > 0) show_message(fds[1], sizeof control.bytes, 0);
  }
}

CASE(control, send_tos) {
  int fds[2], value = 0x10;
  unsigned char byte = 0x08;
  udp_pair(fds);
  set_int(fds[1], IPPROTO_IP, IP_RECVTOS, 1);
  SHOW(send_with(fds[0], IPPROTO_IP, IP_TOS, &value, 4, CMSG_LEN(4)));
  show_message(fds[1], sizeof control.bytes, 0);
  SHOW(send_with(fds[0], IPPROTO_IP, IP_TOS, &byte, 1, CMSG_LEN(1)));
  show_message(fds[1], sizeof control.bytes, 0);
}

CASE(control, send_from) {
  int fd = udp(), other = udp();
  bind_to(other, ANY, 0);
  set_int(other, IPPROTO_IP, IP_PKTINFO, 1);
  dial(fd, SELF, port_of(other));
  struct in_pktinfo info = {.ipi_spec_dst = at(SELF, 0).sin_addr};
  SHOW(send_with(fd, IPPROTO_IP, IP_PKTINFO, &info, sizeof info, CMSG_LEN(sizeof info)));
  show_message(other, sizeof control.bytes, 0);
  info.ipi_spec_dst = at(NOWHERE, 0).sin_addr;
  SHOW(send_with(fd, IPPROTO_IP, IP_PKTINFO, &info, sizeof info, CMSG_LEN(sizeof info)));
  info = (struct in_pktinfo){.ipi_ifindex = 999};
  SHOW(send_with(fd, IPPROTO_IP, IP_PKTINFO, &info, sizeof info, CMSG_LEN(sizeof info)));
}

CASE(control, send_wrong) {
  int fds[2], value = 1;
  udp_pair(fds);
  SHOW(send_with(fds[0], IPPROTO_IP, IP_TTL, &value, 4, 3));
  SHOW(send_with(fds[0], IPPROTO_IP, IP_TTL, &value, 4, 1000));
  SHOW(send_with(fds[0], IPPROTO_IP, IP_PKTINFO, &value, 4, CMSG_LEN(4)));
  SHOW(send_with(fds[0], IPPROTO_IP, 99, &value, 4, CMSG_LEN(4)));
  SHOW(send_with(fds[0], SOL_SOCKET, 99, &value, 4, CMSG_LEN(4)));
  SHOW(send_with(fds[0], IPPROTO_UDP, 99, &value, 4, CMSG_LEN(4)));
  SHOW(send_with(fds[0], 99, 99, &value, 4, CMSG_LEN(4)));
  SHOW(send_with(fds[0], IPPROTO_IPV6, IPV6_HOPLIMIT, &value, 4, CMSG_LEN(4)));
}

CASE(control, send_of_a_stream) {
  int fds[2], value = 1;
  pair_of(fds);
  SHOW(send_with(fds[0], IPPROTO_IP, IP_TTL, &value, 4, CMSG_LEN(4)));
  show_message(fds[1], sizeof control.bytes, 0);
  SHOW(send_with(fds[0], SOL_SOCKET, SCM_RIGHTS, fds, 4, CMSG_LEN(4)));
  show_message(fds[1], sizeof control.bytes, 0);
}

CASE(control, segments) {
  int fds[2];
  uint16_t size = 2;
  udp_pair(fds);
  SHOW(send_with(fds[0], IPPROTO_UDP, UDP_SEGMENT, &size, 2, CMSG_LEN(2)));
  for (int i = 0; i < 3; i++) show_message(fds[1], 0, 0);
  SHOW(send_with(fds[0], IPPROTO_UDP, UDP_SEGMENT, &(int){2}, 4, CMSG_LEN(4)));
  SHOW(set_int(fds[0], IPPROTO_UDP, UDP_SEGMENT, 3));
  SHOW(send(fds[0], "abcdef", 6, 0));
  for (int i = 0; i < 2; i++) show_message(fds[1], 0, 0);
}

CASE(control, joined_segments) {
  int fds[2];
  uint16_t size = 2;
  udp_pair(fds);
  SHOW(set_int(fds[1], IPPROTO_UDP, UDP_GRO, 1));
  SHOW(send_with(fds[0], IPPROTO_UDP, UDP_SEGMENT, &size, 2, CMSG_LEN(2)));
  show_message(fds[1], sizeof control.bytes, 0);
}

CASE(control, in_queue_of_a_stream) {
  int fds[2];
  pair_of(fds);
  SHOW(set_int(fds[1], IPPROTO_TCP, TCP_INQ, 1));
  send(fds[0], "hello", 5, 0);
  await_bytes(fds[1], 5);
  show_message(fds[1], sizeof control.bytes, 0);
}

CASE(errors, queue_of_a_refusal) {
  int fd = udp();
  SHOW(set_int(fd, IPPROTO_IP, IP_RECVERR, 1));
  dial(fd, PEER, CLOSED);
  SHOW(send(fd, "question", 8, 0));
  show_poll(fd, POLLERR);
  show_message(fd, sizeof control.bytes, MSG_ERRQUEUE);
  show_message(fd, sizeof control.bytes, MSG_ERRQUEUE);
  show_poll(fd, 0);
  SHOW(so_error(fd));
}

CASE(errors, queue_unconnected) {
  int fd = udp();
  set_int(fd, IPPROTO_IP, IP_RECVERR, 1);
  SHOW(send_to(fd, "question", PEER, CLOSED));
  show_poll(fd, POLLERR);
  SHOW(so_error(fd));
  show_poll(fd, POLLERR);
  show_message(fd, sizeof control.bytes, MSG_ERRQUEUE);
  show_poll(fd, 0);
}

CASE(errors, queue_of_too_long) {
  static char block[2000];
  int fd = udp();
  set_int(fd, IPPROTO_IP, IP_RECVERR, 1);
  set_int(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO);
  dial(fd, PEER, CLOSED);
  SHOW(send(fd, block, sizeof block, 0));
  show_poll(fd, POLLERR);
  show_message(fd, sizeof control.bytes, MSG_ERRQUEUE);
}

CASE(errors, queue_short_control) {
  int fd = udp();
  set_int(fd, IPPROTO_IP, IP_RECVERR, 1);
  dial(fd, PEER, CLOSED);
  send(fd, "question", 8, 0);
  show_message(fd, 20, MSG_ERRQUEUE);
  show_message(fd, sizeof control.bytes, MSG_ERRQUEUE);
}

CASE(errors, queue_empty) {
  int fd = udp();
  show_message(fd, sizeof control.bytes, MSG_ERRQUEUE);
  SHOW(recv(fd, &(char){0}, 1, MSG_ERRQUEUE));
  SHOW(recvfrom(fd, &(char){0}, 1, MSG_ERRQUEUE, NULL, NULL));
}

CASE(errors, switched_off) {
  int fd = udp();
  set_int(fd, IPPROTO_IP, IP_RECVERR, 1);
  dial(fd, PEER, CLOSED);
  send(fd, "question", 8, 0);
  await(fd, POLLERR);
  SHOW(set_int(fd, IPPROTO_IP, IP_RECVERR, 0));
  show_message(fd, sizeof control.bytes, MSG_ERRQUEUE);
}
