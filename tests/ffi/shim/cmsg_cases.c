/* Control messages and addresses of datagram sockets, both ways. */
#include "check.h"

#include <netinet/udp.h>
#include <stdlib.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

static void enable(int fd, int level, int name) {
  CHECK(setsockopt(fd, level, name, &(int){1}, sizeof(int)) == 0);
}

/* Receives into `control`; the message. */
static struct msghdr *receive(int fd, void *control, size_t room) {
  static struct msghdr msg;
  static char payload[100];
  static struct iovec iov;
  iov = (struct iovec){payload, sizeof payload};
  msg = (struct msghdr){
      .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = room};
  fake_set(fd, FAKE_DATAGRAM, 10);
  CHECK(recvmsg(fd, &msg, 0) == 10);
  return &msg;
}

CASE(cmsg_received) {
  int fd = udp();
  _Alignas(struct cmsghdr) char control[256];
  struct msghdr *msg = receive(fd, control, sizeof control);
  CHECK(msg->msg_controllen == 0 && CMSG_FIRSTHDR(msg) == NULL);
  enable(fd, SOL_SOCKET, SO_TIMESTAMP);
  enable(fd, IPPROTO_IP, IP_PKTINFO);
  enable(fd, IPPROTO_IP, IP_RECVTTL);
  enable(fd, IPPROTO_IP, IP_RECVTOS);
  msg = receive(fd, control, sizeof control);
  struct cmsghdr *c = CMSG_FIRSTHDR(msg);
  CHECK(c->cmsg_level == SOL_SOCKET && c->cmsg_type == SO_TIMESTAMP);
  struct timeval *stamp = (struct timeval *)CMSG_DATA(c);
  CHECK(c->cmsg_len == CMSG_LEN(sizeof *stamp) && stamp->tv_sec == 1700000000);
  CHECK(stamp->tv_usec == 123456);
  c = CMSG_NXTHDR(msg, c);
  CHECK(c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO);
  struct in_pktinfo *info = (struct in_pktinfo *)CMSG_DATA(c);
  CHECK(info->ipi_ifindex == 2 && info->ipi_addr.s_addr == htonl(0xc6120002));
  c = CMSG_NXTHDR(msg, c);
  CHECK(c->cmsg_type == IP_TTL && *(int *)CMSG_DATA(c) == FAKE_TTL);
  c = CMSG_NXTHDR(msg, c);
  CHECK(c->cmsg_type == IP_TOS && c->cmsg_len == CMSG_LEN(1) && *CMSG_DATA(c) == FAKE_TOS);
  CHECK(CMSG_NXTHDR(msg, c) == NULL && !(msg->msg_flags & MSG_CTRUNC));
}

CASE(cmsg_nanoseconds) {
  int fd = udp();
  _Alignas(struct cmsghdr) char control[64];
  enable(fd, SOL_SOCKET, SO_TIMESTAMPNS);
  struct cmsghdr *c = CMSG_FIRSTHDR(receive(fd, control, sizeof control));
  struct timespec *stamp = (struct timespec *)CMSG_DATA(c);
  CHECK(c->cmsg_type == SO_TIMESTAMPNS && stamp->tv_nsec == 123456000);
}

CASE(cmsg_timestamping) {
  int fd = udp();
  _Alignas(struct cmsghdr) char control[256];
  enable(fd, SOL_SOCKET, SO_TIMESTAMPING);
  struct cmsghdr *c = CMSG_FIRSTHDR(receive(fd, control, sizeof control));
  struct timespec *stamps = (struct timespec *)CMSG_DATA(c);
  CHECK(c->cmsg_type == SO_TIMESTAMPING && c->cmsg_len == CMSG_LEN(3 * sizeof *stamps));
  CHECK(stamps[0].tv_sec == 1700000000 && stamps[0].tv_nsec == 123456000);
  CHECK(stamps[1].tv_sec == 0 && stamps[2].tv_sec == 0);
}

CASE(cmsg_drops_and_destination) {
  int fd = udp();
  _Alignas(struct cmsghdr) char control[256];
  enable(fd, SOL_SOCKET, SO_RXQ_OVFL);
  enable(fd, IPPROTO_IP, IP_RECVORIGDSTADDR);
  struct msghdr *msg = receive(fd, control, sizeof control);
  struct cmsghdr *c = CMSG_FIRSTHDR(msg);
  CHECK(c->cmsg_level == SOL_SOCKET && c->cmsg_type == SO_RXQ_OVFL);
  CHECK(c->cmsg_len == CMSG_LEN(4) && *(uint32_t *)CMSG_DATA(c) == FAKE_DROPS);
  c = CMSG_NXTHDR(msg, c);
  struct sockaddr_in *to = (struct sockaddr_in *)CMSG_DATA(c);
  CHECK(c->cmsg_type == IP_ORIGDSTADDR && c->cmsg_len == CMSG_LEN(sizeof *to));
  CHECK(to->sin_port == htons(FAKE_DST_PORT) && to->sin_addr.s_addr == htonl(0xc6120002));
}

CASE(cmsg_room) {
  int fd = udp();
  _Alignas(struct cmsghdr) char control[64];
  enable(fd, IPPROTO_IP, IP_RECVTTL);
  enable(fd, IPPROTO_IP, IP_PKTINFO);
  memset(control, 0x55, sizeof control);
  struct msghdr *msg = receive(fd, control, CMSG_SPACE(sizeof(struct in_pktinfo)) + 8);
  CHECK(msg->msg_flags & MSG_CTRUNC);
  CHECK(msg->msg_controllen == CMSG_SPACE(sizeof(struct in_pktinfo)));
  CHECK(control[CMSG_SPACE(sizeof(struct in_pktinfo)) + 8] == 0x55);
  msg = receive(fd, control, 4);
  CHECK(msg->msg_flags & MSG_CTRUNC && msg->msg_controllen == 0);
  msg = receive(fd, NULL, 0);
  CHECK(msg->msg_flags & MSG_CTRUNC && msg->msg_controllen == 0);
}

/* Sends '?' with one control message; the header that the service saw. */
static const uint8_t *sent_header(int fd, const void *name, socklen_t name_len, int level, int type,
                                  const void *data, size_t len, int flags) {
  static uint8_t seen[64];
  _Alignas(struct cmsghdr) char control[64] = {0};
  struct iovec iov = {"?", 1};
  struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1, .msg_name = (void *)name,
                       .msg_namelen = name_len};
  if (len > 0) {
    msg.msg_control = control;
    msg.msg_controllen = CMSG_SPACE(len);
    struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
    c->cmsg_level = level;
    c->cmsg_type = type;
    c->cmsg_len = CMSG_LEN(len);
    memcpy(CMSG_DATA(c), data, len);
  }
  if (sendmsg(fd, &msg, flags) != 1) return NULL;
  CHECK(recv(fd, seen, sizeof seen, 0) == sizeof seen);
  return seen;
}

static int half(const uint8_t *h, int off) { return h[off] | h[off + 1] << 8; }

CASE(cmsg_sent) {
  int fd = udp();
  const uint8_t *h = sent_header(fd, at(5000), AT_LEN, 0, 0, NULL, 0, MSG_DONTROUTE);
  CHECK(half(h, NUSE_DGRAM_MAGIC_OFF) == NUSE_DGRAM_MAGIC);
  CHECK(half(h, NUSE_DGRAM_FLAGS_OFF) == (NUSE_DGRAM_HAS_ADDR | NUSE_DGRAM_DONTROUTE));
  CHECK(half(h, NUSE_DGRAM_PAYLOAD_LEN_OFF) == 1 && half(h, NUSE_DGRAM_FAMILY_OFF) == AF_INET);
  CHECK(half(h, NUSE_DGRAM_PORT_OFF) == 5000);
  CHECK(memcmp(h + NUSE_DGRAM_ADDR_OFF, "\xc6\x12\0\1\0\0\0\0\0\0\0\0\0\0\0\0", 16) == 0);
  h = sent_header(fd, at(1), AT_LEN, IPPROTO_IP, IP_TTL, &(int){5}, 4, 0);
  CHECK(half(h, NUSE_DGRAM_FLAGS_OFF) == (NUSE_DGRAM_HAS_ADDR | NUSE_DGRAM_HAS_TTL));
  CHECK(h[NUSE_DGRAM_TTL_OFF] == 5);
  h = sent_header(fd, at(1), AT_LEN, IPPROTO_IP, IP_TOS, &(char){0x20}, 1, 0);
  CHECK(half(h, NUSE_DGRAM_FLAGS_OFF) & NUSE_DGRAM_HAS_TOS && h[NUSE_DGRAM_TOS_OFF] == 0x20);
  struct in_pktinfo info = {.ipi_ifindex = 2, .ipi_spec_dst = {htonl(0xc6120002)}};
  h = sent_header(fd, at(1), AT_LEN, IPPROTO_IP, IP_PKTINFO, &info, sizeof info, 0);
  CHECK(half(h, NUSE_DGRAM_FLAGS_OFF) & NUSE_DGRAM_HAS_PKTINFO && h[NUSE_DGRAM_IFINDEX_OFF] == 2);
  CHECK(memcmp(h + NUSE_DGRAM_DST_OFF, "\xc6\x12\0\2", 4) == 0);
  CHECK(sent_header(fd, at(1), AT_LEN, IPPROTO_IP, IP_TTL, &(int){256}, 4, 0) == NULL);
  CHECK(errno == EINVAL);
  CHECK(sent_header(fd, at(1), AT_LEN, IPPROTO_UDP, 103, &(short){1}, 4, 0) == NULL);
  CHECK(errno == EINVAL);
  CHECK(sent_header(fd, at(1), AT_LEN, IPPROTO_UDP, 104, &(short){1}, 2, 0) == NULL);
  h = sent_header(fd, at(1), AT_LEN, IPPROTO_UDP, 103, &(uint16_t){1200}, 2, 0);
  CHECK(half(h, NUSE_DGRAM_FLAGS_OFF) == (NUSE_DGRAM_HAS_ADDR | NUSE_DGRAM_HAS_SEGMENT));
  CHECK(half(h, NUSE_DGRAM_SEGMENT_OFF) == 1200);
}

/* What Linux's ip_cmsg_send() and ip6_datagram_send_ctl() take. */
CASE(cmsg_values_sent) {
  int fd = udp();
  CHECK(sent_header(fd, at(1), AT_LEN, IPPROTO_IP, IP_TTL, &(int){0}, 4, 0) == NULL);
  CHECK(sent_header(fd, at(1), AT_LEN, IPPROTO_IP, IP_TTL, &(int){-1}, 4, 0) == NULL);
  CHECK(sent_header(fd, at(1), AT_LEN, IPPROTO_IP, IP_TTL, &(char){5}, 1, 0) == NULL);
  CHECK(sent_header(fd, at(1), AT_LEN, IPPROTO_IP, IP_TOS, &(int){-1}, 4, 0) == NULL);
  CHECK(sent_header(fd, at(1), AT_LEN, IPPROTO_IP, IP_TOS, &(short){1}, 2, 0) == NULL);
  CHECK(errno == EINVAL);
  const uint8_t *h = sent_header(fd, at(1), AT_LEN, IPPROTO_IP, IP_TOS, &(int){0}, 4, 0);
  CHECK(half(h, NUSE_DGRAM_FLAGS_OFF) & NUSE_DGRAM_HAS_TOS && h[NUSE_DGRAM_TOS_OFF] == 0);
  int fd6 = socket(AF_INET6, SOCK_DGRAM, 0);
  struct sockaddr_in6 to = {.sin6_family = AF_INET6, .sin6_port = htons(5000)};
  to.sin6_addr.s6_addr[15] = 1;
  for (int i = 0; i < 2; i++) {
    int type = i == 0 ? IPV6_TCLASS : IPV6_HOPLIMIT;
    int flag = i == 0 ? NUSE_DGRAM_HAS_TOS : NUSE_DGRAM_HAS_TTL;
    h = sent_header(fd6, &to, sizeof to, IPPROTO_IPV6, type, &(int){-1}, 4, 0);
    /* Of a hop limit it means the socket's own; Linux 6.18 takes the class for 255. */
    CHECK(h != NULL && !(half(h, NUSE_DGRAM_FLAGS_OFF) & flag) == (i == 1));
    CHECK(i == 1 || h[NUSE_DGRAM_TOS_OFF] == 255);
    h = sent_header(fd6, &to, sizeof to, IPPROTO_IPV6, type, &(int){0}, 4, 0);
    CHECK(h != NULL && half(h, NUSE_DGRAM_FLAGS_OFF) & flag);
    CHECK(sent_header(fd6, &to, sizeof to, IPPROTO_IPV6, type, &(int){-2}, 4, 0) == NULL);
    CHECK(sent_header(fd6, &to, sizeof to, IPPROTO_IPV6, type, &(char){1}, 1, 0) == NULL);
    CHECK(errno == EINVAL);
  }
}

CASE(cmsg_mapped_addresses) {
  int fd = socket(AF_INET6, SOCK_DGRAM, IPPROTO_UDP);
  struct sockaddr_in6 to = {.sin6_family = AF_INET6, .sin6_port = htons(5000)}, from;
  socklen_t len = sizeof from;
  to.sin6_addr.s6_addr[10] = to.sin6_addr.s6_addr[11] = 0xff;
  memcpy(&to.sin6_addr.s6_addr[12], "\xc6\x12\0\1", 4);
  const uint8_t *h = sent_header(fd, &to, sizeof to, 0, 0, NULL, 0, 0);
  CHECK(half(h, NUSE_DGRAM_FAMILY_OFF) == AF_INET);
  CHECK(memcmp(h + NUSE_DGRAM_ADDR_OFF, "\xc6\x12\0\1\0", 5) == 0);
  CHECK(sent_header(fd, at(5), AT_LEN, 0, 0, NULL, 0, 0) != NULL);
  fake_set(fd, FAKE_DATAGRAM, 3);
  CHECK(recvfrom(fd, &(char[8]){0}, 8, 0, (struct sockaddr *)&from, &len) == 3);
  CHECK(len == sizeof from && memcmp(&from, &to, sizeof to) == 0);
  enable(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO);
  _Alignas(struct cmsghdr) char control[64];
  struct cmsghdr *c = CMSG_FIRSTHDR(receive(fd, control, sizeof control));
  struct in6_pktinfo *info = (struct in6_pktinfo *)CMSG_DATA(c);
  CHECK(c->cmsg_type == IPV6_PKTINFO && info->ipi6_ifindex == 2);
  CHECK(IN6_IS_ADDR_V4MAPPED(&info->ipi6_addr) && info->ipi6_addr.s6_addr[15] == 2);
}

CASE(cmsg_name_room) {
  int fd = udp();
  struct sockaddr_in from;
  socklen_t len = 4;
  memset(&from, 0xee, sizeof from);
  fake_set(fd, FAKE_DATAGRAM, 3);
  CHECK(recvfrom(fd, &(char[8]){0}, 8, 0, (struct sockaddr *)&from, &len) == 3);
  CHECK(len == sizeof from && from.sin_port == htons(5000) && from.sin_addr.s_addr == 0xeeeeeeee);
}

CASE(cmsg_joined_and_fragmented) {
  int fd = udp();
  _Alignas(struct cmsghdr) char control[256];
  enable(fd, IPPROTO_UDP, UDP_GRO);
  enable(fd, IPPROTO_IP, IP_RECVFRAGSIZE);
  struct msghdr *msg = receive(fd, control, sizeof control);
  struct cmsghdr *c = CMSG_FIRSTHDR(msg);
  CHECK(c->cmsg_level == IPPROTO_UDP && c->cmsg_type == UDP_GRO);
  CHECK(c->cmsg_len == CMSG_LEN(sizeof(int)) && *(int *)CMSG_DATA(c) == FAKE_GRO);
  enable(fd, IPPROTO_IP, IP_RECVTTL);
  msg = receive(fd, control, sizeof control);
  c = CMSG_NXTHDR(msg, CMSG_FIRSTHDR(msg));
  CHECK(c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_TTL);
  c = CMSG_NXTHDR(msg, c);
  CHECK(c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_RECVFRAGSIZE);
  CHECK(*(int *)CMSG_DATA(c) == FAKE_FRAG && CMSG_NXTHDR(msg, c) == NULL);
}
