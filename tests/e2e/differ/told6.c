/* Control messages and options of IPv6, and the options of IPv4's header. */
#include "differ.h"

#include <linux/errqueue.h>
#include <linux/ipv6.h>

#ifndef IPV6_FLOWINFO
#define IPV6_FLOWINFO 11
#endif
#ifndef IPV6_FLOWINFO_SEND
#define IPV6_FLOWINFO_SEND 33
#endif
#ifndef IPV6_FLOWLABEL_MGR
#define IPV6_FLOWLABEL_MGR 32
#endif
#ifndef IPV6_RECVFRAGSIZE
#define IPV6_RECVFRAGSIZE 77
#endif

static union {
  struct cmsghdr align;
  char bytes[1024];
} control;

/* Receives a message and prints what came with it, but for numbers of interfaces and labels. */
static void show_told(int fd, int flags) {
  char text[2000] = "";
  struct sockaddr_storage name = {0};
  struct iovec iov = {text, sizeof text - 1};
  struct msghdr msg = {.msg_name = &name, .msg_namelen = sizeof name, .msg_iov = &iov,
                       .msg_iovlen = 1, .msg_control = &control,
                       .msg_controllen = sizeof control.bytes};
  if (!(flags & MSG_DONTWAIT)) await(fd, flags & MSG_ERRQUEUE ? POLLERR : POLLIN);
  long n = recvmsg(fd, &msg, flags | MSG_DONTWAIT);
  show_result("recvmsg", n);
  if (n < 0) return;
  printf("name %u flags %#x\n", msg.msg_namelen, (unsigned)msg.msg_flags);
  for (struct cmsghdr *c = CMSG_FIRSTHDR(&msg); c != NULL; c = CMSG_NXTHDR(&msg, c)) {
    printf("level %d type %d len %zu:", c->cmsg_level, c->cmsg_type, (size_t)c->cmsg_len);
    size_t len = c->cmsg_len - CMSG_LEN(0);
    bool is_six = c->cmsg_level == IPPROTO_IPV6;
    for (size_t i = 0; i < len && i < 44; i++) {
      bool is_port = is_six && c->cmsg_type == 74 && (i == 2 || i == 3);
      bool is_index = is_six && (c->cmsg_type == IPV6_PKTINFO || c->cmsg_type == 2) && i >= 16;
      bool is_time = c->cmsg_level == IPPROTO_IP && CMSG_DATA(c)[0] == 68 && i >= 4;
      if (is_port || is_index || is_time) continue;
      printf(" %02x", CMSG_DATA(c)[i]);
    }
    puts("");
  }
}

static long send_told(int fd, int level, int type, const void *data, size_t len) {
  struct iovec iov = {"hello", 5};
  struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control,
                       .msg_controllen = CMSG_SPACE(len)};
  memset(&control, 0, sizeof control);
  struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
  c->cmsg_level = level;
  c->cmsg_type = type;
  c->cmsg_len = CMSG_LEN(len);
  if (len > 0) memcpy(CMSG_DATA(c), data, len);
  return sendmsg(fd, &msg, 0);
}

static void pair6(int fds[2]) {
  use_ipv6();
  udp_pair(fds);
}

static const uint8_t hop[] = {0, 0, 1, 4, 0, 0, 0, 0};

#define TOLD6(name, option)                                                                        \
  CASE(told6, name) {                                                                              \
    int fds[2];                                                                                    \
    pair6(fds);                                                                                    \
    SHOW(set_int(fds[1], IPPROTO_IPV6, option, 1));                                                \
    set_int(fds[0], IPPROTO_IPV6, 70 /* IPV6_AUTOFLOWLABEL */, 0);                                 \
    set_int(fds[0], IPPROTO_IPV6, IPV6_TCLASS, 0x28);                                              \
    set_int(fds[0], IPPROTO_IPV6, IPV6_UNICAST_HOPS, 9);                                           \
    SHOW(setsockopt(fds[0], IPPROTO_IPV6, IPV6_HOPOPTS, hop, sizeof hop));                         \
    SHOW(setsockopt(fds[0], IPPROTO_IPV6, IPV6_DSTOPTS, hop, sizeof hop));                         \
    SHOW(send(fds[0], "hello", 5, 0));                                                             \
    show_told(fds[1], MSG_PEEK);                                                                   \
    show_told(fds[1], 0);                                                                          \
  }
TOLD6(packet_info, IPV6_RECVPKTINFO)
TOLD6(hop_limit, IPV6_RECVHOPLIMIT)
TOLD6(traffic_class, IPV6_RECVTCLASS)
TOLD6(flow_info, IPV6_FLOWINFO)
TOLD6(hop_options, IPV6_RECVHOPOPTS)
TOLD6(destination_options, IPV6_RECVDSTOPTS)
TOLD6(routing, IPV6_RECVRTHDR)
TOLD6(original_destination6, 74)
TOLD6(old_packet_info, IPV6_2292PKTINFO)
TOLD6(old_hop_limit, IPV6_2292HOPLIMIT)
TOLD6(old_hop_options, IPV6_2292HOPOPTS)
TOLD6(old_destination_options, IPV6_2292DSTOPTS)

CASE(told6, all_at_once) {
  int fds[2];
  int names[] = {IPV6_RECVPKTINFO, IPV6_RECVHOPLIMIT, IPV6_RECVTCLASS,   IPV6_RECVHOPOPTS,
                 IPV6_RECVDSTOPTS, IPV6_2292PKTINFO,  IPV6_2292HOPLIMIT, IPV6_2292HOPOPTS,
                 74};
  pair6(fds);
  for (int i = 0; i < 9; i++) set_int(fds[1], IPPROTO_IPV6, names[i], 1);
  SHOW(send_told(fds[0], IPPROTO_IPV6, IPV6_HOPOPTS, hop, sizeof hop));
  show_told(fds[1], 0);
  SHOW(send(fds[0], "plain", 5, 0));
  show_told(fds[1], 0);
}

CASE(told6, fragments) {
  static char block[3000];
  int fds[2];
  pair6(fds);
  SHOW(set_int(fds[1], IPPROTO_IPV6, IPV6_RECVFRAGSIZE, 1));
  SHOW(set_int(fds[0], IPPROTO_IPV6, IPV6_MTU, 1280));
  SHOW(send(fds[0], block, sizeof block, 0));
  show_told(fds[1], 0);
}

CASE(told6, send_headers) {
  const uint8_t two[] = {0, 1, 1, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
  int fds[2], types[] = {IPV6_HOPOPTS, IPV6_2292HOPOPTS, IPV6_DSTOPTS, IPV6_2292DSTOPTS,
                         IPV6_RTHDRDSTOPTS, IPV6_RTHDR, IPV6_2292RTHDR};
  pair6(fds);
  for (int i = 0; i < 7; i++) {
    printf("type %d\n", types[i]);
    SHOW(send_told(fds[0], IPPROTO_IPV6, types[i], hop, 0));
    SHOW(send_told(fds[0], IPPROTO_IPV6, types[i], hop, 1));
    SHOW(send_told(fds[0], IPPROTO_IPV6, types[i], two, 8));
    SHOW(send_told(fds[0], IPPROTO_IPV6, types[i], hop, 8));
    SHOW(send_told(fds[0], IPPROTO_IPV6, types[i], two, 16));
  }
}

CASE(told6, send_numbers) {
  int fds[2], values[] = {-2, -1, 0, 1, 255, 256};
  int types[] = {IPV6_HOPLIMIT, IPV6_2292HOPLIMIT, IPV6_TCLASS, IPV6_DONTFRAG};
  pair6(fds);
  set_int(fds[1], IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1);
  set_int(fds[1], IPPROTO_IPV6, IPV6_RECVTCLASS, 1);
  for (int i = 0; i < 4; i++) {
    for (int k = 0; k < 6; k++) {
      printf("type %d value %d\n", types[i], values[k]);
      long n = send_told(fds[0], IPPROTO_IPV6, types[i], &values[k], 4);
      show_result("sendmsg", n);
      if (n > 0) show_told(fds[1], 0);
    }
    SHOW(send_told(fds[0], IPPROTO_IPV6, types[i], &values[3], 2));
  }
  SHOW(send_told(fds[0], IPPROTO_IPV6, IPV6_FLOWINFO, &values[2], 2));
  SHOW(send_told(fds[0], IPPROTO_IPV6, 99, &values[2], 4));
}

CASE(told6, send_from) {
  int fd = socket(AF_INET6, SOCK_DGRAM, 0);
  struct sockaddr_in6 to = at6(PEER6, 9);
  struct in6_pktinfo info = {.ipi6_addr = at6(SELF6, 0).sin6_addr};
  SHOW(connect(fd, (struct sockaddr *)&to, sizeof to));
  SHOW(send_told(fd, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof info));
  info.ipi6_addr = at6("2001:db8:ffff::1", 0).sin6_addr;
  SHOW(send_told(fd, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof info));
  info = (struct in6_pktinfo){.ipi6_ifindex = 999};
  SHOW(send_told(fd, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof info));
  info = (struct in6_pktinfo){.ipi6_addr = at6("fe80::77", 0).sin6_addr};
  SHOW(send_told(fd, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof info));
  SHOW(send_told(fd, IPPROTO_IPV6, IPV6_PKTINFO, &info, 4));
}

CASE(told6, flow_labels) {
  int fds[2];
  pair6(fds);
  struct sockaddr_in6 to = at6("::1", port_of(fds[1]));
  SHOW(set_int(fds[1], IPPROTO_IPV6, IPV6_FLOWINFO, 1));
  set_int(fds[0], IPPROTO_IPV6, 70, 0);
  uint32_t label = htonl(0x12345);
  SHOW(send_told(fds[0], IPPROTO_IPV6, IPV6_FLOWINFO, &label, 4));
  show_told(fds[1], 0);
  to.sin6_flowinfo = label;
  SHOW(sendto(fds[0], "x", 1, 0, (struct sockaddr *)&to, sizeof to));
  show_told(fds[1], 0);
  SHOW(set_int(fds[0], IPPROTO_IPV6, IPV6_FLOWINFO_SEND, 1));
  SHOW(sendto(fds[0], "x", 1, 0, (struct sockaddr *)&to, sizeof to));
  show_told(fds[1], 0);
  SHOW(connect(fds[0], (struct sockaddr *)&to, sizeof to));
  SHOW(send(fds[0], "x", 1, 0));
  show_told(fds[1], 0);
}

CASE(told6, too_long_for_the_path) {
  static char block[2000];
  int fd = socket(AF_INET6, SOCK_DGRAM, 0);
  struct sockaddr_in6 to = at6(PEER6, 4990);
  struct ip6_mtuinfo info = {0};
  socklen_t len = sizeof info;
  SHOW(set_int(fd, IPPROTO_IPV6, IPV6_RECVPATHMTU, 1));
  SHOW(set_int(fd, IPPROTO_IPV6, IPV6_DONTFRAG, 1));
  SHOW(getsockopt(fd, IPPROTO_IPV6, IPV6_PATHMTU, &info, &len));
  SHOW(connect(fd, (struct sockaddr *)&to, sizeof to));
  SHOW(getsockopt(fd, IPPROTO_IPV6, IPV6_PATHMTU, &info, &len));
  SHOW(info.ip6m_mtu);
  SHOW(info.ip6m_addr.sin6_family);
  SHOW(get_int(fd, IPPROTO_IPV6, IPV6_MTU));
  SHOW(send(fd, block, 1452, 0));
  set_int(fd, IPPROTO_IPV6, IPV6_DONTFRAG, 0);
  set_int(fd, IPPROTO_IPV6, IPV6_DONTFRAG, 1);
  so_error(fd);
  SHOW(send(fd, block, sizeof block, 0));
  so_error(fd);
  show_told(fd, MSG_DONTWAIT);
}

CASE(told6, error_queue) {
  static char block[2000];
  int fd = socket(AF_INET6, SOCK_DGRAM, 0);
  struct sockaddr_in6 to = at6(PEER6, 4990);
  SHOW(set_int(fd, IPPROTO_IPV6, IPV6_RECVERR, 1));
  SHOW(get_int(fd, IPPROTO_IP, IP_RECVERR));
  SHOW(set_int(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_DO));
  SHOW(connect(fd, (struct sockaddr *)&to, sizeof to));
  SHOW(send(fd, "question", 8, 0));
  show_poll(fd, POLLERR);
  show_told(fd, MSG_ERRQUEUE);
  SHOW(so_error(fd));
  SHOW(send(fd, block, sizeof block, 0));
  show_poll(fd, POLLERR);
  show_told(fd, MSG_ERRQUEUE);
}

CASE(told6, sticky_headers) {
  uint8_t value[64];
  int fd = socket(AF_INET6, SOCK_DGRAM, 0);
  int names[] = {IPV6_HOPOPTS, IPV6_RTHDRDSTOPTS, IPV6_DSTOPTS, IPV6_RTHDR};
  for (int i = 0; i < 4; i++) {
    socklen_t len = sizeof value;
    SHOW(setsockopt(fd, IPPROTO_IPV6, names[i], hop, sizeof hop));
    SHOW(getsockopt(fd, IPPROTO_IPV6, names[i], value, &len));
    SHOW(len);
    len = 4;
    SHOW(getsockopt(fd, IPPROTO_IPV6, names[i], value, &len));
    SHOW(len);
    SHOW(setsockopt(fd, IPPROTO_IPV6, names[i], NULL, 0));
    SHOW(setsockopt(fd, IPPROTO_IPV6, names[i], hop, 7));
  }
}

CASE(told6, headers_without_the_right) {
  int fd = socket(AF_INET6, SOCK_DGRAM, 0), fds[2];
  pair6(fds);
  SHOW(setgid(65534));
  SHOW(setuid(65534));
  SHOW(setsockopt(fd, IPPROTO_IPV6, IPV6_HOPOPTS, hop, sizeof hop));
  SHOW(setsockopt(fd, IPPROTO_IPV6, IPV6_DSTOPTS, NULL, 0));
  SHOW(set_int(fd, IPPROTO_IPV6, IPV6_TRANSPARENT, 1));
  SHOW(set_int(fd, IPPROTO_IPV6, IPV6_TRANSPARENT, 0));
  SHOW(set_int(fd, IPPROTO_IPV6, IPV6_FREEBIND, 1));
  SHOW(send_told(fds[0], IPPROTO_IPV6, IPV6_HOPOPTS, hop, sizeof hop));
  SHOW(send_told(fds[0], IPPROTO_IPV6, IPV6_DSTOPTS, hop, sizeof hop));
}

CASE(told6, flow_label_manager) {
  struct {
    struct in6_addr dst;
    uint32_t label;
    uint8_t action, share;
    uint16_t flags, expires, linger;
    uint32_t pad;
  } request = {.label = 0};
  int fd = socket(AF_INET6, SOCK_DGRAM, 0);
  socklen_t len = sizeof request;
  request.dst = at6(PEER6, 0).sin6_addr;
  request.share = 1;
  SHOW(setsockopt(fd, IPPROTO_IPV6, IPV6_FLOWLABEL_MGR, &request, sizeof request));
  SHOW(getsockopt(fd, IPPROTO_IPV6, IPV6_FLOWLABEL_MGR, &request, &len));
  request.action = 1;
  SHOW(setsockopt(fd, IPPROTO_IPV6, IPV6_FLOWLABEL_MGR, &request, sizeof request));
  request.action = 9;
  SHOW(setsockopt(fd, IPPROTO_IPV6, IPV6_FLOWLABEL_MGR, &request, sizeof request));
  SHOW(setsockopt(fd, IPPROTO_IPV6, IPV6_FLOWLABEL_MGR, &request, 31));
}

/* ---- options of IPv4's header */

static const uint8_t route[] = {7, 11, 4, 0, 0, 0, 0, 0, 0, 0, 0};
static const uint8_t stamps[] = {68, 12, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0};
static const uint8_t both[] = {68, 12, 5, 1, 0, 0, 0, 0, 0, 0, 0, 0};
static const uint8_t loose[] = {131, 7, 4, 127, 0, 0, 1};
static const uint8_t unknown[] = {150, 4, 0, 0};
static const uint8_t wrong[] = {7, 2, 4};
static const struct {
  const uint8_t *bytes;
  size_t len;
} ip_options[] = {{route, 11}, {stamps, 12}, {both, 12}, {loose, 7}, {unknown, 4}, {wrong, 3}};

static void show_ip_options(int fd, bool is_route) {
  uint8_t value[64];
  socklen_t len = sizeof value;
  SHOW(getsockopt(fd, IPPROTO_IP, IP_OPTIONS, value, &len));
  for (size_t i = 0; is_route && i < len; i++) printf(" %02x", value[i]);
  printf(" %u bytes\n", len);
}

CASE(told6, ip_options) {
  int fds[2];
  udp_pair(fds);
  SHOW(set_int(fds[1], IPPROTO_IP, IP_RECVOPTS, 1));
  SHOW(set_int(fds[1], IPPROTO_IP, IP_RETOPTS, 1));
  for (int i = 0; i < 6; i++) {
    SHOW(setsockopt(fds[0], IPPROTO_IP, IP_OPTIONS, ip_options[i].bytes, ip_options[i].len));
    show_ip_options(fds[0], true);
    if (i == 3) continue; /* source routes are not let in */
    SHOW(send(fds[0], "hello", 5, 0));
    show_told(fds[1], 0);
  }
  SHOW(setsockopt(fds[0], IPPROTO_IP, IP_OPTIONS, NULL, 0));
  show_ip_options(fds[0], true);
}

CASE(told6, ip_options_of_one) {
  int fds[2];
  udp_pair(fds);
  SHOW(set_int(fds[1], IPPROTO_IP, IP_RECVOPTS, 1));
  SHOW(send_told(fds[0], IPPROTO_IP, IP_RETOPTS, route, sizeof route));
  show_told(fds[1], 0);
  SHOW(send_told(fds[0], IPPROTO_IP, IP_RETOPTS, wrong, sizeof wrong));
  SHOW(send_told(fds[0], IPPROTO_IP, IP_RECVOPTS, route, sizeof route));
  SHOW(send(fds[0], "plain", 5, 0));
  show_told(fds[1], 0);
}

CASE(told6, ip_options_without_the_right) {
  int fd = udp();
  SHOW(setgid(65534));
  SHOW(setuid(65534));
  for (int i = 0; i < 6; i++) {
    SHOW(setsockopt(fd, IPPROTO_IP, IP_OPTIONS, ip_options[i].bytes, ip_options[i].len));
  }
}
