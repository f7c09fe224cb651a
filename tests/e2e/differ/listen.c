/* listen(), accept(), what connections wait for. */
#include "differ.h"

CASE(listen, unbound) {
  int fd = tcp();
  SHOW(listen(fd, 5));
  SHOW(port_of(fd) > 1023);
  SHOW(listen(fd, 1));
  SHOW(listen(fd, -1));
  SHOW(get_int(fd, SOL_SOCKET, SO_ACCEPTCONN));
}

CASE(listen, of_datagrams) {
  SHOW(listen(udp(), 5));
  SHOW(accept(udp(), NULL, NULL));
  SHOW(accept4(udp(), NULL, NULL, 0x40));
  SHOW(listen(socket(AF_INET, SOCK_RAW, IPPROTO_ICMP), 5));
}

CASE(listen, connected) {
  int fds[2];
  pair_of(fds);
  SHOW(listen(fds[0], 1));
  SHOW(listen(fds[1], 1));
  SHOW(accept(fds[0], NULL, NULL));
}

CASE(listen, accept_without) {
  SHOW(accept(tcp(), NULL, NULL));
  SHOW(accept(nonblocking(listening()), NULL, NULL));
}

CASE(listen, accept4_flags) {
  int listener = listening(), flags[] = {0, SOCK_NONBLOCK, SOCK_CLOEXEC, 0x4};
  for (int i = 0; i < 4; i++) {
    connected(listener);
    int fd = accept4(listener, NULL, NULL, flags[i]);
    SHOW(fd < 0 ? -1 : 0);
    if (fd < 0) continue;
    SHOW(fcntl(fd, F_GETFL));
    SHOW(fcntl(fd, F_GETFD));
  }
}

CASE(listen, accepted_inherits_no_flags) {
  int listener = nonblocking(listening());
  fcntl(listener, F_SETFD, FD_CLOEXEC);
  connected(listener);
  await(listener, POLLIN);
  int fd = accept(listener, NULL, NULL);
  SHOW(fcntl(fd, F_GETFL));
  SHOW(fcntl(fd, F_GETFD));
}

CASE(listen, accepted_inherits_options) {
  int listener = tcp();
  set_int(listener, SOL_SOCKET, SO_KEEPALIVE, 1);
  set_int(listener, SOL_SOCKET, SO_REUSEADDR, 1);
  set_int(listener, IPPROTO_TCP, TCP_NODELAY, 1);
  set_int(listener, IPPROTO_TCP, TCP_KEEPIDLE, 77);
  set_int(listener, IPPROTO_IP, IP_TOS, 0x10);
  set_int(listener, IPPROTO_IP, IP_TTL, 33);
  set_linger(listener, 1, 3);
  bind_to(listener, LO, 0);
  listen(listener, 1);
  connected(listener);
  int fd = accept(listener, NULL, NULL);
  SHOW(get_int(fd, SOL_SOCKET, SO_KEEPALIVE));
  SHOW(get_int(fd, SOL_SOCKET, SO_REUSEADDR));
  SHOW(get_int(fd, SOL_SOCKET, SO_LINGER));
  SHOW(get_int(fd, SOL_SOCKET, SO_ACCEPTCONN));
  SHOW(get_int(fd, IPPROTO_TCP, TCP_NODELAY));
  SHOW(get_int(fd, IPPROTO_TCP, TCP_KEEPIDLE));
  SHOW(get_int(fd, IPPROTO_IP, IP_TOS));
  SHOW(get_int(fd, IPPROTO_IP, IP_TTL));
}

CASE(listen, accept_names) {
  int listener = listening(), fd = connected(listener);
  struct sockaddr_storage name;
  socklen_t len = sizeof name;
  int other = accept(listener, (struct sockaddr *)&name, &len);
  SHOW(len);
  SHOW(ntohs(((struct sockaddr_in *)&name)->sin_port) == port_of(fd));
  connected(listener);
  len = 4;
  SHOW(accept(listener, (struct sockaddr *)&name, &len) >= 0);
  SHOW(len);
  connected(listener);
  len = 0;
  SHOW(accept(listener, (struct sockaddr *)&name, &len) >= 0);
  SHOW(len);
  len = sizeof name;
  SHOW(getpeername(other, (struct sockaddr *)&name, &len));
}

CASE(listen, accept_wrong_pointers) {
  int listener = listening();
  struct sockaddr_storage name;
  connected(listener);
  SHOW(accept(listener, (struct sockaddr *)&name, NULL));
  socklen_t len = sizeof name;
  connected(listener);
  SHOW(accept(listener, (struct sockaddr *)8, &len));
  len = (socklen_t)-1;
  connected(listener);
  SHOW(accept(listener, (struct sockaddr *)&name, &len));
}

CASE(listen, in_order) {
  int listener = listening(), ports[3];
  for (int i = 0; i < 3; i++) ports[i] = port_of(connected(listener));
  for (int i = 0; i < 3; i++) {
    struct sockaddr_in name;
    socklen_t len = sizeof name;
    SHOW(accept(listener, (struct sockaddr *)&name, &len) >= 0);
    SHOW(ntohs(name.sin_port) == ports[i]);
  }
}

CASE(listen, calls_of_a_listener) {
  char c;
  int fd = listening(), bytes = -1;
  SHOW(send(fd, "x", 1, MSG_NOSIGNAL));
  SHOW(recv(fd, &c, 1, 0));
  SHOW(read(fd, &c, 1));
  SHOW(write(fd, "", 0));
  SHOW(ioctl(fd, FIONREAD, &bytes));
  SHOW(ioctl(fd, SIOCOUTQ, &bytes));
  SHOW(so_error(fd));
  show_peer_name(fd);
  SHOW(bind_to(fd, LO, 0));
}

CASE(listen, shutdown_ends_it) {
  int fd = listening(), port = port_of(fd);
  show_poll(fd, 0);
  SHOW(shutdown(fd, SHUT_WR));
  show_poll(fd, 0);
  SHOW(shutdown(fd, SHUT_RD));
  show_poll(fd, 0);
  SHOW(accept(fd, NULL, NULL));
  SHOW(dial(tcp(), LO, port));
  SHOW(listen(fd, 1));
  SHOW(dial(tcp(), LO, port));
}

CASE(listen, closed_with_connections_waiting) {
  int listener = listening(), fd = connected(listener);
  send(fd, "x", 1, MSG_NOSIGNAL);
  close(listener);
  show_poll(fd, POLLHUP);
  SHOW(recv(fd, &(char){0}, 1, 0));
}

CASE(listen, gone_before_accept) {
  int listener = listening(), fd = connected(listener);
  send(fd, "last", 4, MSG_NOSIGNAL);
  close(fd);
  int other = accept(listener, NULL, NULL);
  await_bytes(other, 4);
  show_recv(other, 0);
  show_recv(other, 0);
}

CASE(listen, reset_before_accept) {
  int listener = listening(), fd = connected(listener);
  set_linger(fd, 1, 0);
  close(fd);
  quiet_moment();
  int other = accept(listener, NULL, NULL);
  SHOW(other < 0 ? -1 : 0);
  SHOW(recv(other, &(char){0}, 1, 0));
}

CASE(listen, poll_of_a_listener) {
  int fd = listening();
  show_poll(fd, 0);
  connected(fd);
  show_poll(fd, POLLIN);
  accept(fd, NULL, NULL);
  show_poll(fd, 0);
}

CASE(listen, by_two_processes) {
  int fd = listening();
  pid_t child = fork();
  if (child == 0) {
    int other = accept(fd, NULL, NULL);
    send(other, "child", 5, 0);
    _exit(0);
  }
  int client = connected(fd);
  show_recv(client, 0);
  waitpid(child, NULL, 0);
  show_recv(client, 0);
  SHOW(accept(nonblocking(fd), NULL, NULL));
}

CASE(listen, accept_timeout) {
  int fd = listening();
  struct timespec begin;
  set_timeout(fd, SO_RCVTIMEO, 60);
  clock_gettime(CLOCK_MONOTONIC, &begin);
  SHOW(accept(fd, NULL, NULL));
  SHOW(elapsed_ms(&begin) >= 50);
}

CASE(listen, defer_accept) {
  int listener = listening();
  SHOW(set_int(listener, IPPROTO_TCP, TCP_DEFER_ACCEPT, 5));
  int fd = connected(listener);
  quiet_moment();
  show_poll(listener, 0);
  send(fd, "x", 1, 0);
  show_poll(listener, POLLIN);
}

CASE(listen, local_name_of_the_accepted) {
  int listener = tcp();
  bind_to(listener, ANY, 0);
  listen(listener, 1);
  const char *other = "127.3.2.1"; /* IPv6 has no second one */
  if (dial(tcp(), other, port_of(listener)) < 0) dial(tcp(), LO, port_of(listener));
  int fd = accept(listener, NULL, NULL);
  show_own_name(fd);
  SHOW(port_of(fd) == port_of(listener));
}

CASE(listen, backlog_one_more) {
  int listener = tcp(), made = 0;
  bind_to(listener, LO, 0);
  listen(listener, 2);
  for (int i = 0; i < 6; i++) {
    int fd = nonblocking(tcp());
    dial(fd, LO, port_of(listener));
    quiet_moment();
    if (poll_bits(fd) & POLLOUT) made++;
  }
  SHOW(made);
}

CASE(listen, reuseport_shares) {
  int listeners[2], got[2] = {0, 0};
  for (int i = 0; i < 2; i++) {
    listeners[i] = nonblocking(tcp());
    set_int(listeners[i], SOL_SOCKET, SO_REUSEPORT, 1);
    bind_to(listeners[i], LO, i == 0 ? 0 : port_of(listeners[0]));
    listen(listeners[i], 50);
  }
  for (int i = 0; i < 40; i++) connected(listeners[0]);
  quiet_moment();
  for (int i = 0; i < 2; i++) {
    while (accept(listeners[i], NULL, NULL) >= 0) got[i]++;
  }
  SHOW(got[0] + got[1]);
  SHOW(got[0] > 0 && got[1] > 0);
}
