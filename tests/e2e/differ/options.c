/* getsockopt() and setsockopt(), by option: what it is at first, what may be set, what it does. */
#include "differ.h"

#include <linux/filter.h>
#include <linux/in.h>

static void show_get(const char *what, int fd, int level, int name, socklen_t room) {
  unsigned char value[256];
  socklen_t len = room;
  memset(value, 0xee, sizeof value);
  errno = 0;
  int result = getsockopt(fd, level, name, value, &len);
  printf("%s get %u: %d %s", what, room, result, result < 0 ? strerrorname_np(errno) : "");
  if (result == 0) {
    printf("len %u value", len);
    for (socklen_t i = 0; i < len && i < 8; i++) printf(" %02x", value[i]);
  }
  puts("");
}

static void show_set(const char *what, int fd, int level, int name, int value, socklen_t len) {
  int room[4] = {value, 0, 0, 0};
  int result = setsockopt(fd, level, name, room, len);
  printf("%s set %d (%u): %d %s\n", what, value, len, result,
         result < 0 ? strerrorname_np(errno) : "");
  if (result == 0) show_get(what, fd, level, name, 4);
}

static void number(const char *what, int fd, int level, int name) {
  show_get(what, fd, level, name, 4);
  show_get(what, fd, level, name, 1);
  show_get(what, fd, level, name, 0);
  show_get(what, fd, level, name, 16);
  show_get(what, fd, level, name, (socklen_t)-1);
  int values[] = {0, 1, 2, 255, 256, -1, 1 << 30};
  for (int i = 0; i < 7; i++) show_set(what, fd, level, name, values[i], 4);
  show_set(what, fd, level, name, 1, 1);
  show_set(what, fd, level, name, 1, 0);
  show_set(what, fd, level, name, 1, (socklen_t)-1);
  errno = 0;
  int result = setsockopt(fd, level, name, NULL, 4);
  printf("%s set NULL: %d %s\n", what, result, result < 0 ? strerrorname_np(errno) : "");
  close(fd);
}

#define NUMBER(level, name)                                                                        \
  CASE(options, option_##name) {                                                                   \
    number("tcp", tcp(), level, name);                                                             \
    number("udp", udp(), level, name);                                                             \
    number("raw", socket(AF_INET, SOCK_RAW, IPPROTO_ICMP), level, name);                           \
  }

NUMBER(SOL_SOCKET, SO_REUSEADDR)
NUMBER(SOL_SOCKET, SO_REUSEPORT)
NUMBER(SOL_SOCKET, SO_TYPE)
NUMBER(SOL_SOCKET, SO_ERROR)
NUMBER(SOL_SOCKET, SO_DONTROUTE)
NUMBER(SOL_SOCKET, SO_BROADCAST)
NUMBER(SOL_SOCKET, SO_KEEPALIVE)
NUMBER(SOL_SOCKET, SO_OOBINLINE)
NUMBER(SOL_SOCKET, SO_PRIORITY)
NUMBER(SOL_SOCKET, SO_MARK)
NUMBER(SOL_SOCKET, SO_ACCEPTCONN)
NUMBER(SOL_SOCKET, SO_PROTOCOL)
NUMBER(SOL_SOCKET, SO_DOMAIN)
NUMBER(SOL_SOCKET, SO_TIMESTAMP)
NUMBER(SOL_SOCKET, SO_TIMESTAMPNS)
NUMBER(SOL_SOCKET, SO_RXQ_OVFL)
NUMBER(SOL_SOCKET, SO_RCVLOWAT)
NUMBER(SOL_SOCKET, SO_SNDLOWAT)
NUMBER(SOL_SOCKET, SO_BUSY_POLL)
NUMBER(SOL_SOCKET, SO_INCOMING_CPU)
NUMBER(SOL_SOCKET, SO_ZEROCOPY)
NUMBER(SOL_SOCKET, SO_LOCK_FILTER)
NUMBER(SOL_SOCKET, SO_NOFCS)
NUMBER(SOL_SOCKET, SO_PASSCRED)
NUMBER(SOL_SOCKET, SO_PEEK_OFF)
NUMBER(SOL_SOCKET, SO_BSDCOMPAT)
NUMBER(SOL_SOCKET, SO_DETACH_FILTER)
NUMBER(IPPROTO_IP, IP_TOS)
NUMBER(IPPROTO_IP, IP_TTL)
NUMBER(IPPROTO_IP, IP_HDRINCL)
NUMBER(IPPROTO_IP, IP_PKTINFO)
NUMBER(IPPROTO_IP, IP_RECVTTL)
NUMBER(IPPROTO_IP, IP_RECVTOS)
NUMBER(IPPROTO_IP, IP_RECVERR)
NUMBER(IPPROTO_IP, IP_RECVORIGDSTADDR)
NUMBER(IPPROTO_IP, IP_MTU_DISCOVER)
NUMBER(IPPROTO_IP, IP_MTU)
NUMBER(IPPROTO_IP, IP_FREEBIND)
NUMBER(IPPROTO_IP, IP_TRANSPARENT)
NUMBER(IPPROTO_IP, IP_MINTTL)
NUMBER(IPPROTO_IP, IP_NODEFRAG)
NUMBER(IPPROTO_IP, IP_MULTICAST_TTL)
NUMBER(IPPROTO_IP, IP_MULTICAST_LOOP)
NUMBER(IPPROTO_IP, IP_MULTICAST_ALL)
NUMBER(IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT)
NUMBER(IPPROTO_TCP, TCP_NODELAY)
NUMBER(IPPROTO_TCP, TCP_MAXSEG)
NUMBER(IPPROTO_TCP, TCP_CORK)
NUMBER(IPPROTO_TCP, TCP_KEEPIDLE)
NUMBER(IPPROTO_TCP, TCP_KEEPINTVL)
NUMBER(IPPROTO_TCP, TCP_KEEPCNT)
NUMBER(IPPROTO_TCP, TCP_SYNCNT)
NUMBER(IPPROTO_TCP, TCP_LINGER2)
NUMBER(IPPROTO_TCP, TCP_DEFER_ACCEPT)
NUMBER(IPPROTO_TCP, TCP_WINDOW_CLAMP)
NUMBER(IPPROTO_TCP, TCP_QUICKACK)
NUMBER(IPPROTO_TCP, TCP_USER_TIMEOUT)
NUMBER(IPPROTO_TCP, TCP_FASTOPEN)
NUMBER(IPPROTO_TCP, TCP_FASTOPEN_CONNECT)
NUMBER(IPPROTO_TCP, TCP_NOTSENT_LOWAT)
NUMBER(IPPROTO_TCP, TCP_INQ)
NUMBER(IPPROTO_TCP, TCP_SAVE_SYN)
NUMBER(IPPROTO_TCP, TCP_THIN_LINEAR_TIMEOUTS)
NUMBER(IPPROTO_TCP, TCP_THIN_DUPACK)
NUMBER(IPPROTO_UDP, UDP_CORK)
NUMBER(IPPROTO_UDP, UDP_SEGMENT)
NUMBER(IPPROTO_UDP, UDP_GRO)
NUMBER(IPPROTO_UDP, UDP_NO_CHECK6_TX)

static void unknown(int fd, int level, int name) {
  show_get("get", fd, level, name, 4);
  show_set("set", fd, level, name, 1, 4);
}

CASE(options, unknown_ones) {
  int levels[] = {SOL_SOCKET, IPPROTO_IP, IPPROTO_TCP, IPPROTO_UDP, IPPROTO_IPV6, IPPROTO_RAW,
                  99, -1};
  for (int i = 0; i < 8; i++) {
    printf("level %d\n", levels[i]);
    unknown(tcp(), levels[i], 9999);
    unknown(udp(), levels[i], 9999);
    unknown(tcp(), levels[i], -1);
  }
}

CASE(options, of_the_other_protocol) {
  unknown(udp(), IPPROTO_TCP, TCP_NODELAY);
  unknown(tcp(), IPPROTO_UDP, UDP_CORK);
  unknown(tcp(), IPPROTO_IPV6, IPV6_V6ONLY);
  unknown(udp(), IPPROTO_ICMP, 1);
}

CASE(options, pointers) {
  socklen_t len = 4;
  int value;
  SHOW(getsockopt(tcp(), SOL_SOCKET, SO_TYPE, &value, NULL));
  SHOW(getsockopt(tcp(), SOL_SOCKET, SO_TYPE, NULL, &len));
  SHOW(getsockopt(tcp(), SOL_SOCKET, SO_TYPE, (void *)8, &len));
  SHOW(getsockopt(tcp(), SOL_SOCKET, SO_TYPE, &value, (void *)8));
  SHOW(setsockopt(tcp(), SOL_SOCKET, SO_KEEPALIVE, (void *)8, 4));
}

CASE(options, linger) {
  show_get("linger", tcp(), SOL_SOCKET, SO_LINGER, 8);
  show_get("linger", tcp(), SOL_SOCKET, SO_LINGER, 4);
  int fd = tcp();
  SHOW(set_linger(fd, 1, 5));
  show_get("linger", fd, SOL_SOCKET, SO_LINGER, 8);
  show_set("linger", fd, SOL_SOCKET, SO_LINGER, 1, 4);
  SHOW(set_linger(fd, 0, 5));
  show_get("linger", fd, SOL_SOCKET, SO_LINGER, 8);
  SHOW(set_linger(fd, 1, -1));
  SHOW(set_linger(udp(), 1, 0));
}

CASE(options, timeouts) {
  int names[] = {SO_RCVTIMEO, SO_SNDTIMEO};
  for (int i = 0; i < 2; i++) {
    int fd = tcp();
    struct timeval times[] = {{0, 0}, {1, 500000}, {0, 1000000}, {0, -1}, {-1, 0}, {100000, 0}};
    for (int j = 0; j < 6; j++) {
      SHOW(setsockopt(fd, SOL_SOCKET, names[i], &times[j], sizeof times[j]));
      show_get("time", fd, SOL_SOCKET, names[i], 16);
    }
    SHOW(setsockopt(fd, SOL_SOCKET, names[i], &times[0], 8));
  }
}

static void buffers(int (*make)(void)) {
  int names[] = {SO_RCVBUF, SO_SNDBUF}, values[] = {0, 1, 2304, 10000, 65536, 150000, -1, 1 << 30};
  for (int i = 0; i < 2; i++) {
    for (int j = 0; j < 8; j++) show_set("buffer", make(), SOL_SOCKET, names[i], values[j], 4);
  }
}
CASE(options, buffers_tcp) { buffers(tcp); }
CASE(options, buffers_udp) { buffers(udp); }
CASE(options, buffers_forced) {
  show_set("receive", tcp(), SOL_SOCKET, SO_RCVBUFFORCE, 1 << 23, 4);
  show_set("send", udp(), SOL_SOCKET, SO_SNDBUFFORCE, 1 << 23, 4);
}
CASE(options, buffers_at_first) {
  show_get("receive", tcp(), SOL_SOCKET, SO_RCVBUF, 4);
  show_get("receive", udp(), SOL_SOCKET, SO_RCVBUF, 4);
  show_get("send", udp(), SOL_SOCKET, SO_SNDBUF, 4);
}

CASE(options, congestion) {
  char name[16] = "";
  socklen_t len = sizeof name;
  int fd = tcp();
  SHOW(getsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, name, &len));
  SHOW(len);
  SHOW(setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "reno", 4));
  SHOW(setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "nonesuch", 8));
  SHOW(setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "", 0));
  len = 2;
  memset(name, 0, sizeof name);
  SHOW(getsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, name, &len));
  printf("%s %u\n", name, len);
}

CASE(options, info_lengths) {
  struct tcp_info info;
  for (socklen_t room = 0; room <= 104; room += 52) {
    socklen_t len = room;
    SHOW(getsockopt(tcp(), IPPROTO_TCP, TCP_INFO, &info, &len));
    SHOW(len);
  }
  SHOW(setsockopt(tcp(), IPPROTO_TCP, TCP_INFO, &info, sizeof info));
}

CASE(options, of_a_connection) {
  int fds[2];
  pair_of(fds);
  SHOW(set_int(fds[0], IPPROTO_TCP, TCP_MAXSEG, 500));
  SHOW(set_int(fds[0], IPPROTO_TCP, TCP_SYNCNT, 3));
  SHOW(set_int(fds[0], IPPROTO_TCP, TCP_DEFER_ACCEPT, 3));
  SHOW(set_int(fds[0], IPPROTO_TCP, TCP_FASTOPEN, 3));
  SHOW(set_int(fds[0], IPPROTO_TCP, TCP_FASTOPEN_CONNECT, 1));
  SHOW(set_int(fds[0], SOL_SOCKET, SO_REUSEADDR, 1));
  SHOW(set_int(fds[0], SOL_SOCKET, SO_REUSEPORT, 1));
  SHOW(set_int(fds[0], IPPROTO_IP, IP_TTL, 3));
  SHOW(get_int(fds[0], IPPROTO_IP, IP_MTU));
}

CASE(options, filter_of_datagrams) {
  struct sock_filter none[] = {{BPF_RET | BPF_K, 0, 0, 0}};
  struct sock_filter all[] = {{BPF_RET | BPF_K, 0, 0, 0xffff}};
  struct sock_fprog program = {1, none};
  int fds[2];
  udp_pair(fds);
  SHOW(setsockopt(fds[1], SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program));
  send(fds[0], "dropped", 7, 0);
  quiet_moment();
  SHOW(recv(fds[1], &(char){0}, 1, MSG_DONTWAIT));
  program.filter = all;
  SHOW(setsockopt(fds[1], SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program));
  send(fds[0], "taken", 5, 0);
  show_recv(fds[1], MSG_DONTWAIT);
  SHOW(set_int(fds[1], SOL_SOCKET, SO_DETACH_FILTER, 0));
  SHOW(set_int(fds[1], SOL_SOCKET, SO_DETACH_FILTER, 0));
  program.len = 0;
  SHOW(setsockopt(fds[1], SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program));
  SHOW(setsockopt(fds[1], SOL_SOCKET, SO_ATTACH_FILTER, &program, 8));
}

CASE(options, fast_open) {
  int listener = listening(), fd = tcp();
  SHOW(set_int(listener, IPPROTO_TCP, TCP_FASTOPEN, 5));
  struct sockaddr_storage name = {0};
  socklen_t len = name_of(LO, port_of(listener), &name);
  SHOW(sendto(fd, "first", 5, MSG_FASTOPEN, (struct sockaddr *)&name, len));
  int other = accept(listener, NULL, NULL);
  show_recv(other, 0);
  SHOW(sendto(fd, "then", 4, MSG_FASTOPEN, (struct sockaddr *)&name, len));
}

CASE(options, fast_open_by_message) {
  int listener = listening(), fd = tcp();
  struct sockaddr_storage name = {0};
  socklen_t len = name_of(LO, port_of(listener), &name);
  struct iovec iov = {"first", 5};
  struct msghdr msg = {.msg_name = &name, .msg_namelen = len, .msg_iov = &iov, .msg_iovlen = 1};
  SHOW(sendmsg(fd, &msg, MSG_FASTOPEN));
  int other = accept(listener, NULL, NULL);
  show_recv(other, 0);
}

CASE(options, fast_open_at_connect) {
  int listener = listening(), fd = tcp();
  SHOW(set_int(fd, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, 1));
  SHOW(dial(fd, LO, port_of(listener)));
  SHOW(write(fd, "first", 5));
  int other = accept(listener, NULL, NULL);
  show_recv(other, 0);
}

CASE(options, fast_open_refused) {
  struct sockaddr_storage name = {0};
  socklen_t len = name_of(PEER, CLOSED, &name);
  SHOW(sendto(tcp(), "x", 1, MSG_FASTOPEN | MSG_NOSIGNAL, (struct sockaddr *)&name, len));
  SHOW(sendto(tcp(), "x", 1, MSG_FASTOPEN | MSG_NOSIGNAL, NULL, 0));
}
