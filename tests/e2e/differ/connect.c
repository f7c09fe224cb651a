/* connect(), its states, its failures. */
#include "differ.h"

CASE(connect, and_again) {
  int listener = listening(), fd = tcp();
  SHOW(dial(fd, LO, port_of(listener)));
  SHOW(dial(fd, LO, port_of(listener)));
  SHOW(dial(fd, PEER, CLOSED));
}

CASE(connect, refused_loopback) {
  int fd = tcp(), port = free_port();
  SHOW(dial(fd, LO, port));
  SHOW(so_error(fd));
  SHOW(dial(fd, LO, port));
  SHOW(so_error(fd));
  show_poll(fd, 0);
}

CASE(connect, refused_then_right) {
  int listener = listening(), fd = tcp();
  SHOW(dial(fd, LO, free_port()));
  SHOW(dial(fd, LO, port_of(listener)));
  SHOW(send(fd, "x", 1, MSG_NOSIGNAL));
}

CASE(connect, refused_by_the_peer) {
  int fd = tcp();
  SHOW(dial(fd, PEER, CLOSED));
  SHOW(dial(fd, PEER, CLOSED));
  SHOW(send(fd, "x", 1, MSG_NOSIGNAL));
  SHOW(recv(fd, &(char){0}, 1, 0));
}

CASE(connect, nobody_refused_nonblocking) {
  int fd = nonblocking(tcp());
  SHOW(dial(fd, PEER, CLOSED));
  show_poll(fd, POLLHUP);
  SHOW(so_error(fd));
  show_poll(fd, 0);
  SHOW(so_error(fd));
  SHOW(dial(fd, PEER, CLOSED));
}

CASE(connect, nonblocking_refused_connect_tells) {
  int fd = nonblocking(tcp());
  SHOW(dial(fd, PEER, CLOSED));
  await(fd, POLLHUP);
  SHOW(dial(fd, PEER, CLOSED));
  SHOW(so_error(fd));
}

CASE(connect, nonblocking_refused_send_tells) {
  int fd = nonblocking(tcp());
  SHOW(dial(fd, PEER, CLOSED));
  await(fd, POLLHUP);
  SHOW(send(fd, "x", 1, MSG_NOSIGNAL));
  SHOW(send(fd, "x", 1, MSG_NOSIGNAL));
  SHOW(recv(fd, &(char){0}, 1, 0));
}

CASE(connect, nonblocking_refused_recv_tells) {
  int fd = nonblocking(tcp());
  SHOW(dial(fd, PEER, CLOSED));
  await(fd, POLLHUP);
  SHOW(recv(fd, &(char){0}, 1, 0));
  SHOW(recv(fd, &(char){0}, 1, 0));
  SHOW(send(fd, "x", 1, MSG_NOSIGNAL));
}

CASE(connect, nonblocking_to_nobody) {
  int fd = nonblocking(tcp());
  SHOW(dial(fd, NOBODY, 9));
  SHOW(dial(fd, NOBODY, 9));
  SHOW(dial(fd, LO, 9));
  show_poll(fd, 0);
  SHOW(send(fd, "x", 1, MSG_NOSIGNAL));
  SHOW(recv(fd, &(char){0}, 1, 0));
  SHOW(so_error(fd));
  SHOW(listen(fd, 1));
  SHOW(bind_to(fd, LO, 0));
}

CASE(connect, names_while_connecting) {
  int fd = nonblocking(tcp());
  dial(fd, NOBODY, 9);
  show_peer_name(fd);
  show_own_name(fd);
  SHOW(shutdown(fd, SHUT_WR));
}

CASE(connect, shut_while_connecting) {
  int fd = nonblocking(tcp());
  dial(fd, NOBODY, 9);
  SHOW(shutdown(fd, SHUT_RDWR));
  show_poll(fd, 0);
  SHOW(shutdown(fd, SHUT_RDWR));
}

CASE(connect, closed_while_connecting) {
  int fd = nonblocking(tcp());
  dial(fd, NOBODY, 9);
  SHOW(close(fd));
}

CASE(connect, nonblocking_loopback) {
  int listener = listening(), fd = nonblocking(tcp());
  SHOW(dial(fd, LO, port_of(listener)));
  show_poll(fd, POLLOUT);
  SHOW(dial(fd, LO, port_of(listener)));
  SHOW(dial(fd, LO, port_of(listener)));
  SHOW(so_error(fd));
}

CASE(connect, nowhere) {
  SHOW(dial(tcp(), NOWHERE, 9));
  SHOW(dial(udp(), NOWHERE, 9));
}

CASE(connect, tcp_strange_addresses) {
  SHOW(dial(tcp(), "255.255.255.255", 9));
  SHOW(dial(tcp(), BROADCAST, 9));
  SHOW(dial(tcp(), GROUP, 9));
  SHOW(dial(tcp(), LO, 0));
}

CASE(connect, to_any_is_the_loopback) {
  int listener = tcp(), fd = tcp();
  bind_to(listener, ANY, 0);
  listen(listener, 1);
  SHOW(dial(fd, ANY, port_of(listener)));
  show_peer_name(fd);
}

CASE(connect, to_own_address) {
  int listener = tcp(), fd = tcp();
  bind_to(listener, ANY, 0);
  listen(listener, 1);
  SHOW(dial(fd, SELF, port_of(listener)));
  show_own_name(fd);
}

static int connect_len(int fd, int family, socklen_t len) {
  struct sockaddr_storage room = {0};
  struct sockaddr_in address = at(LO, 9);
  address.sin_family = (sa_family_t)family;
  memcpy(&room, &address, sizeof address);
  return connect(fd, (struct sockaddr *)&room, len);
}

static void lengths(int (*make)(void)) {
  for (int len = 0; len <= 20; len += 2) SHOW(connect_len(make(), AF_INET, (socklen_t)len));
  SHOW(connect_len(make(), AF_INET, 129));
  SHOW(connect_len(make(), AF_INET, (socklen_t)-1));
  SHOW(connect_len(make(), AF_INET6, 28));
  SHOW(connect_len(make(), AF_UNIX, 16));
  SHOW(connect_len(make(), AF_UNSPEC, 2));
  SHOW(connect_len(make(), AF_UNSPEC, 16));
  SHOW(connect(make(), NULL, 16));
  SHOW(connect(make(), NULL, 0));
  SHOW(connect(make(), (struct sockaddr *)8, 16));
}
CASE(connect, tcp_lengths) { lengths(tcp); }
CASE(connect, udp_lengths) { lengths(udp); }

CASE(connect, unspec_ends_a_connection) {
  int fds[2];
  pair_of(fds);
  SHOW(connect_len(fds[0], AF_UNSPEC, 16));
  show_poll(fds[1], POLLHUP);
  show_recv(fds[1], 0);
  show_peer_name(fds[0]);
  show_poll(fds[0], 0);
  SHOW(send(fds[0], "x", 1, MSG_NOSIGNAL));
}

CASE(connect, unspec_then_again) {
  int fds[2], listener = listening();
  pair_of(fds);
  SHOW(connect_len(fds[0], AF_UNSPEC, 16));
  SHOW(dial(fds[0], LO, port_of(listener)));
  int other = accept(listener, NULL, NULL);
  SHOW(send(fds[0], "again", 5, MSG_NOSIGNAL));
  show_recv(other, 0);
}

CASE(connect, unspec_of_a_listener) {
  int fd = listening();
  SHOW(connect_len(fd, AF_UNSPEC, 16));
  SHOW(accept(nonblocking(fd), NULL, NULL));
  SHOW(get_int(fd, SOL_SOCKET, SO_ACCEPTCONN));
}

CASE(connect, a_listener) {
  int listener = listening(), fd = listening();
  SHOW(dial(fd, LO, port_of(listener)));
}

CASE(connect, itself) {
  int fd = tcp();
  bind_to(fd, LO, 0);
  SHOW(dial(fd, LO, port_of(fd)));
  SHOW(send(fd, "self", 4, MSG_NOSIGNAL));
  show_recv(fd, 0);
}

CASE(connect, two_at_once_from_one_port) {
  int listener = listening(), first = tcp(), second = tcp();
  set_int(first, SOL_SOCKET, SO_REUSEADDR, 1);
  set_int(second, SOL_SOCKET, SO_REUSEADDR, 1);
  bind_to(first, LO, 0);
  SHOW(bind_to(second, LO, port_of(first)));
  SHOW(dial(first, LO, port_of(listener)));
  SHOW(dial(second, LO, port_of(listener)));
}

CASE(connect, after_shutdown) {
  int listener = listening(), fd = tcp();
  SHOW(shutdown(fd, SHUT_RDWR));
  SHOW(dial(fd, LO, port_of(listener)));
  SHOW(send(fd, "x", 1, MSG_NOSIGNAL));
}

CASE(connect, backlog_full_is_not_refused) {
  int listener = tcp();
  bind_to(listener, LO, 0);
  listen(listener, 0);
  SHOW(dial(tcp(), LO, port_of(listener)));
  int fd = nonblocking(tcp());
  SHOW(dial(fd, LO, port_of(listener)));
  quiet_moment();
  SHOW((poll_bits(fd) & (POLLERR | POLLHUP)) == 0);
}

CASE(connect, interrupted_by_the_send_timeout) {
  int fd = tcp();
  set_timeout(fd, SO_SNDTIMEO, 60);
  SHOW(dial(fd, NOBODY, 9));
  SHOW(dial(fd, NOBODY, 9));
}

CASE(connect, user_timeout) {
  int fd = tcp();
  SHOW(set_int(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, 300));
  SHOW(set_int(fd, IPPROTO_TCP, TCP_SYNCNT, 1));
  SHOW(set_int(fd, IPPROTO_TCP, TCP_SYNCNT, 0));
  SHOW(set_int(fd, IPPROTO_TCP, TCP_SYNCNT, 256));
}

CASE(connect, from_a_foreign_address) {
  int listener = listening(), fd = tcp();
  bind_to(fd, SELF, 0);
  SHOW(dial(fd, LO, port_of(listener)));
  fd = nonblocking(tcp());
  bind_to(fd, LO, 0);
  SHOW(dial(fd, PEER, CLOSED));
}

CASE(connect, six_mapped) {
  int listener = listening(), fd = socket(AF_INET6, SOCK_STREAM, 0);
  struct sockaddr_in6 to = {.sin6_family = AF_INET6, .sin6_port = htons(port_of(listener))};
  inet_pton(AF_INET6, "::ffff:127.0.0.1", &to.sin6_addr);
  SHOW(connect(fd, (struct sockaddr *)&to, sizeof to));
  SHOW(connect(socket(AF_INET6, SOCK_STREAM, 0), (struct sockaddr *)&to, 24));
  SHOW(connect(socket(AF_INET6, SOCK_STREAM, 0), (struct sockaddr *)&to, 23));
  char text[60];
  socklen_t len = sizeof to;
  SHOW(getsockname(fd, (struct sockaddr *)&to, &len));
  puts(inet_ntop(AF_INET6, &to.sin6_addr, text, sizeof text));
}
