/* socket(), close(), what a descriptor is. */
#include "differ.h"

#include <sys/stat.h>

static void make(int domain, int type, int protocol) {
  errno = 0;
  int fd = socket(domain, type, protocol);
  char what[60];
  snprintf(what, sizeof what, "socket %d %#x %d", domain, type, protocol);
  show_result(what, fd < 0 ? -1 : 0);
  if (fd >= 0) close(fd);
}

#define MAKE(name, domain, type, protocol)                                                         \
  CASE(create, make_##name) { make(domain, type, protocol); }

MAKE(tcp, AF_INET, SOCK_STREAM, 0)
MAKE(tcp_named, AF_INET, SOCK_STREAM, IPPROTO_TCP)
MAKE(tcp_as_udp, AF_INET, SOCK_STREAM, IPPROTO_UDP)
MAKE(udp_as_tcp, AF_INET, SOCK_DGRAM, IPPROTO_TCP)
MAKE(udp_named, AF_INET, SOCK_DGRAM, IPPROTO_UDP)
MAKE(raw_none, AF_INET, SOCK_RAW, 0)
MAKE(raw_icmp, AF_INET, SOCK_RAW, IPPROTO_ICMP)
MAKE(raw_raw, AF_INET, SOCK_RAW, IPPROTO_RAW)
MAKE(raw_255_plus, AF_INET, SOCK_RAW, 256)
MAKE(negative_protocol, AF_INET, SOCK_STREAM, -1)
MAKE(seqpacket, AF_INET, SOCK_SEQPACKET, 0)
MAKE(rdm, AF_INET, SOCK_RDM, 0)
MAKE(packet_type, AF_INET, 10, 0)
MAKE(type_eleven, AF_INET, 11, 0)
MAKE(type_zero, AF_INET, 0, 0)
MAKE(stream_icmp, AF_INET, SOCK_STREAM, IPPROTO_ICMP)
MAKE(strange_flag, AF_INET, SOCK_STREAM | 0x100, 0)
MAKE(strange_bit, AF_INET, SOCK_STREAM | 0x10000000, 0)
MAKE(domain_high, 1000, SOCK_STREAM, 0)
MAKE(domain_negative, -1, SOCK_STREAM, 0)
MAKE(domain_zero, 0, SOCK_STREAM, 0)
MAKE(six_tcp, AF_INET6, SOCK_STREAM, 0)
MAKE(six_udp, AF_INET6, SOCK_DGRAM, 0)
MAKE(unix_stream, AF_UNIX, SOCK_STREAM, 0)

CASE(create, flags_of_a_socket) {
  int kinds[] = {0, SOCK_NONBLOCK, SOCK_CLOEXEC, SOCK_NONBLOCK | SOCK_CLOEXEC};
  for (int i = 0; i < 8; i++) {
    int fd = socket(AF_INET, (i < 4 ? SOCK_STREAM : SOCK_DGRAM) | kinds[i % 4], 0);
    SHOW(fcntl(fd, F_GETFL));
    SHOW(fcntl(fd, F_GETFD));
  }
}

CASE(create, lowest_number) {
  int first = tcp(), second = udp(), third = tcp();
  SHOW(second - first);
  close(first);
  SHOW(udp() - first);
  close(third);
  SHOW(tcp() - third);
}

CASE(create, closed_twice) {
  int fd = tcp();
  SHOW(close(fd));
  SHOW(close(fd));
  SHOW(close(-1));
  SHOW(listen(fd, 1));
  SHOW(bind_to(fd, LO, 0));
  SHOW(dial(fd, LO, 9));
  SHOW(send(fd, "x", 1, 0));
  SHOW(get_int(fd, SOL_SOCKET, SO_TYPE));
  SHOW(shutdown(fd, SHUT_RDWR));
}

CASE(create, not_a_socket) {
  char c;
  int fd = open("/dev/null", O_RDWR);
  SHOW(bind_to(fd, LO, 0));
  SHOW(dial(fd, LO, 9));
  SHOW(listen(fd, 1));
  SHOW(accept(fd, NULL, NULL));
  SHOW(send(fd, "x", 1, 0));
  SHOW(recv(fd, &c, 1, 0));
  SHOW(send_to(fd, "x", LO, 9));
  SHOW(get_int(fd, SOL_SOCKET, SO_TYPE));
  SHOW(set_int(fd, SOL_SOCKET, SO_KEEPALIVE, 1));
  SHOW(shutdown(fd, SHUT_WR));
  struct msghdr msg = {0};
  SHOW(sendmsg(fd, &msg, 0));
  SHOW(recvmsg(fd, &msg, 0));
}

CASE(create, stat_of_a_socket) {
  struct stat info;
  int fds[2] = {tcp(), udp()};
  for (int i = 0; i < 2; i++) {
    SHOW(fstat(fds[i], &info));
    SHOW(S_ISSOCK(info.st_mode));
    SHOW(lseek(fds[i], 0, SEEK_CUR));
    SHOW(ftruncate(fds[i], 0));
    SHOW(fsync(fds[i]));
    SHOW(isatty(fds[i]));
  }
}

CASE(create, what_it_is) {
  int fds[] = {tcp(), udp(), socket(AF_INET, SOCK_RAW, IPPROTO_ICMP)};
  for (int i = 0; i < 3; i++) {
    SHOW(get_int(fds[i], SOL_SOCKET, SO_TYPE));
    SHOW(get_int(fds[i], SOL_SOCKET, SO_DOMAIN));
    SHOW(get_int(fds[i], SOL_SOCKET, SO_PROTOCOL));
    SHOW(get_int(fds[i], SOL_SOCKET, SO_ACCEPTCONN));
  }
}

CASE(create, too_many_files) {
  int last = -1, fds = 0;
  for (int i = 0; i < 1500 && (last = i % 2 ? tcp() : udp()) >= 0; i++) fds++;
  SHOW(last < 0 ? -1 : 0);
  printf("some: %d\n", fds > 200);
}

CASE(create, socketpair_of_inet) {
  int fds[2];
  SHOW(socketpair(AF_INET, SOCK_STREAM, 0, fds));
  SHOW(socketpair(AF_INET, SOCK_DGRAM, 0, fds));
  SHOW(socketpair(AF_INET6, SOCK_STREAM, 0, fds));
  SHOW(socketpair(AF_UNIX, SOCK_STREAM, 0, fds));
}

CASE(create, pread_and_pwrite) {
  int fds[2];
  char c;
  pair_of(fds);
  SHOW(pread(fds[0], &c, 1, 0));
  SHOW(pwrite(fds[0], &c, 1, 0));
}
