/* bind(): addresses, ports, who may have the same. */
#include "differ.h"

static int bind_len(int fd, int family, socklen_t len) {
  struct sockaddr_storage room = {0};
  struct sockaddr_in address = at(LO, 0);
  address.sin_family = (sa_family_t)family;
  memcpy(&room, &address, sizeof address);
  return bind(fd, (struct sockaddr *)&room, len);
}

/* One of these for streams and one for datagrams. */
#define BOTH(name)                                                                                 \
  static void both_##name(int (*make)(void));                                                      \
  CASE(bind, tcp_##name) { both_##name(tcp); }                                                     \
  CASE(bind, udp_##name) { both_##name(udp); }                                                     \
  static void both_##name(int (*make)(void))

BOTH(lengths) {
  for (int len = 0; len <= 32; len += 4) SHOW(bind_len(make(), AF_INET, (socklen_t)len));
  SHOW(bind_len(make(), AF_INET, 1));
  SHOW(bind_len(make(), AF_INET, 128));
  SHOW(bind_len(make(), AF_INET, 129));
  SHOW(bind_len(make(), AF_INET, (socklen_t)-1));
}

BOTH(families) {
  SHOW(bind_len(make(), AF_UNSPEC, 16));
  SHOW(bind_len(make(), AF_UNIX, 16));
  SHOW(bind_len(make(), AF_INET6, 28));
  SHOW(bind_len(make(), 99, 16));
  struct sockaddr_in any = at(ANY, 0);
  any.sin_family = AF_UNSPEC;
  SHOW(bind(make(), (struct sockaddr *)&any, sizeof any));
}

BOTH(pointers) {
  SHOW(bind(make(), NULL, 16));
  SHOW(bind(make(), (struct sockaddr *)8, 16));
  SHOW(bind(make(), NULL, 0));
}

BOTH(addresses) {
  const char *ips[] = {LO, ANY, SELF, PEER, NOWHERE, BROADCAST, GROUP, "255.255.255.255",
                       "127.1.2.3", "127.255.255.255", "198.18.0.0", "0.0.0.1"};
  for (size_t i = 0; i < sizeof ips / sizeof *ips; i++) SHOW_AS(ips[i], bind_to(make(), ips[i], 0));
}

BOTH(twice) {
  int fd = make();
  SHOW(bind_to(fd, LO, 0));
  SHOW(bind_to(fd, LO, 0));
  SHOW(bind_to(fd, SELF, 0));
  SHOW(bind_to(fd, ANY, port_of(fd)));
}

BOTH(used) {
  int fd = make();
  SHOW(bind_to(fd, LO, 0));
  int port = port_of(fd);
  SHOW(bind_to(make(), LO, port));
  SHOW(bind_to(make(), ANY, port));
  SHOW(bind_to(make(), SELF, port));
  SHOW(bind_to(make(), "127.0.0.2", port));
}

BOTH(used_wildcard) {
  int fd = make();
  SHOW(bind_to(fd, ANY, 0));
  int port = port_of(fd);
  SHOW(bind_to(make(), LO, port));
  SHOW(bind_to(make(), ANY, port));
  SHOW(bind_to(make(), SELF, port));
}

static int bound_with(int (*make)(void), int name, const char *ip, int port) {
  int fd = make();
  if (name != 0) set_int(fd, SOL_SOCKET, name, 1);
  return bind_to(fd, ip, port) < 0 ? -1 : fd;
}

static void conflicts(int (*make)(void), int first_option, int second_option) {
  const char *ips[] = {LO, ANY, SELF};
  for (int i = 0; i < 3; i++) {
    int fd = bound_with(make, first_option, ips[i], 0);
    for (int j = 0; j < 3; j++) {
      int other = bound_with(make, second_option, ips[j], port_of(fd));
      printf("%s %s: ", ips[i], ips[j]);
      SHOW_AS("bind", other < 0 ? -1 : 0);
      if (other >= 0) close(other);
    }
    close(fd);
  }
}

BOTH(reuse_neither) { conflicts(make, 0, 0); }
BOTH(reuse_first) { conflicts(make, SO_REUSEADDR, 0); }
BOTH(reuse_second) { conflicts(make, 0, SO_REUSEADDR); }
BOTH(reuse_both) { conflicts(make, SO_REUSEADDR, SO_REUSEADDR); }
BOTH(reuseport_first) { conflicts(make, SO_REUSEPORT, 0); }
BOTH(reuseport_both) { conflicts(make, SO_REUSEPORT, SO_REUSEPORT); }
BOTH(reuse_mixed) { conflicts(make, SO_REUSEADDR, SO_REUSEPORT); }

BOTH(option_after_bind) {
  int fd = make();
  bind_to(fd, LO, 0);
  set_int(fd, SOL_SOCKET, SO_REUSEADDR, 1);
  SHOW(bound_with(make, SO_REUSEADDR, LO, port_of(fd)) < 0 ? -1 : 0);
  fd = make();
  bind_to(fd, LO, 0);
  SHOW(set_int(fd, SOL_SOCKET, SO_REUSEPORT, 1));
  SHOW(bound_with(make, SO_REUSEPORT, LO, port_of(fd)) < 0 ? -1 : 0);
}

BOTH(free_after_close) {
  int fd = make();
  bind_to(fd, LO, 0);
  int port = port_of(fd);
  close(fd);
  SHOW(bind_to(make(), LO, port));
}

BOTH(port_zero_is_unique) {
  int ports[50], same = 0;
  for (int i = 0; i < 50; i++) {
    int fd = make();
    bind_to(fd, i % 2 ? LO : ANY, 0);
    ports[i] = port_of(fd);
    for (int j = 0; j < i; j++) same += ports[i] == ports[j];
    if (ports[i] < 1024) same += 1000;
  }
  SHOW(same);
}

BOTH(held_by_a_copy) {
  int fd = make();
  bind_to(fd, LO, 0);
  int copy = dup(fd), port = port_of(fd);
  close(fd);
  SHOW(bind_to(make(), LO, port));
  close(copy);
  SHOW(bind_to(make(), LO, port));
}

BOTH(freebind) {
  int fd = make();
  SHOW(set_int(fd, IPPROTO_IP, IP_FREEBIND, 1));
  SHOW(bind_to(fd, NOWHERE, 0));
  fd = make();
  SHOW(set_int(fd, IPPROTO_IP, IP_TRANSPARENT, 1));
  SHOW(bind_to(fd, NOWHERE, 0));
  fd = make();
  SHOW(set_int(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1));
  SHOW(bind_to(fd, LO, 0));
  SHOW(port_of(fd));
}

BOTH(privileged_port) {
  SHOW(bind_to(make(), LO, 1));
  SHOW(bind_to(make(), LO, 1023));
}

CASE(bind, streams_and_datagrams_do_not_meet) {
  int fd = tcp();
  bind_to(fd, LO, 0);
  SHOW(bind_to(udp(), LO, port_of(fd)));
}

CASE(bind, beside_a_listener) {
  int fd = tcp();
  set_int(fd, SOL_SOCKET, SO_REUSEADDR, 1);
  bind_to(fd, LO, 0);
  listen(fd, 1);
  int port = port_of(fd);
  SHOW(bound_with(tcp, 0, LO, port) < 0 ? -1 : 0);
  SHOW(bound_with(tcp, SO_REUSEADDR, LO, port) < 0 ? -1 : 0);
  SHOW(bound_with(tcp, SO_REUSEADDR, ANY, port) < 0 ? -1 : 0);
  SHOW(bound_with(tcp, SO_REUSEADDR, SELF, port) < 0 ? -1 : 0);
}

CASE(bind, two_listeners_of_one_port) {
  int first = bound_with(tcp, SO_REUSEADDR, LO, 0);
  int second = bound_with(tcp, SO_REUSEADDR, LO, port_of(first));
  SHOW(listen(first, 1));
  SHOW(listen(second, 1));
}

CASE(bind, two_listeners_by_reuseport) {
  int first = bound_with(tcp, SO_REUSEPORT, LO, 0);
  int second = bound_with(tcp, SO_REUSEPORT, LO, port_of(first));
  SHOW(listen(first, 1));
  SHOW(listen(second, 1));
}

CASE(bind, local_port_of_a_connection_is_taken) {
  int fds[2];
  pair_of(fds);
  int port = port_of(fds[0]);
  SHOW(bind_to(tcp(), LO, port));
  SHOW(bound_with(tcp, SO_REUSEADDR, LO, port) < 0 ? -1 : 0);
}

CASE(bind, server_port_with_connections) {
  int listener = listening(), port = port_of(listener);
  int fd = connected(listener), other = accept(listener, NULL, NULL);
  close(listener);
  SHOW(bind_to(tcp(), LO, port));
  int again = bound_with(tcp, SO_REUSEADDR, LO, port);
  SHOW(again < 0 ? -1 : 0);
  close(other);
  close(fd);
}

CASE(bind, in_time_wait) {
  int listener = listening(), port = port_of(listener);
  int fd = connected(listener), other = accept(listener, NULL, NULL);
  close(listener);
  close(other);
  show_recv(fd, 0);
  close(fd);
  quiet_moment();
  SHOW(bind_to(tcp(), LO, port));
  SHOW(bound_with(tcp, SO_REUSEADDR, LO, port) < 0 ? -1 : 0);
}

CASE(bind, to_device) {
  int fd = tcp();
  SHOW(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3));
  SHOW(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "none9", 6));
  SHOW(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "", 0));
  char name[16] = "?";
  socklen_t len = sizeof name;
  SHOW(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3));
  SHOW(getsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name, &len));
  printf("%s %u\n", name, len);
  SHOW(bind_to(fd, LO, 0));
  SHOW(bind_to(fd, SELF, 0));
}

CASE(bind, while_connected) {
  int fds[2];
  pair_of(fds);
  SHOW(bind_to(fds[0], LO, 0));
  SHOW(bind_to(fds[1], LO, 0));
  int fd = udp();
  dial(fd, LO, 9);
  SHOW(bind_to(fd, LO, 0));
}

CASE(bind, then_connect_keeps_the_port) {
  int listener = listening(), fd = tcp();
  bind_to(fd, LO, 0);
  int port = port_of(fd);
  SHOW(dial(fd, LO, port_of(listener)));
  SHOW(port_of(fd) == port);
}
