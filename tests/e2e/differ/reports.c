/* Datagrams: connections dissolved, what ICMP tells, several in one, groups. */
#include "differ.h"

static int dissolve(int fd) {
  struct sockaddr_in none = {.sin_family = AF_UNSPEC};
  return connect(fd, (struct sockaddr *)&none, sizeof none);
}

CASE(udp, disconnect) {
  int fd = udp();
  SHOW(dissolve(fd));
  dial(fd, LO, 9);
  SHOW(port_of(fd) > 0);
  SHOW(dissolve(fd));
  SHOW(port_of(fd));
  show_peer_name(fd);
  SHOW(send(fd, "x", 1, 0));
  show_own_name(fd);
}

CASE(udp, disconnect_a_bound_one) {
  int fd = udp();
  bind_to(fd, LO, 0);
  int port = port_of(fd);
  dial(fd, LO, 9);
  SHOW(dissolve(fd));
  SHOW(port_of(fd) == port);
  show_own_name(fd);
}

CASE(udp, connect_chooses_the_address) {
  int fd = udp();
  dial(fd, PEER, 9);
  show_own_name(fd);
  dial(fd, LO, 9);
  show_own_name(fd);
  fd = udp();
  dial(fd, LO, 9);
  show_own_name(fd);
}

CASE(udp, refused_shows_by_poll) {
  int fd = udp();
  dial(fd, LO, free_port());
  SHOW(send(fd, "x", 1, 0));
  show_poll(fd, POLLERR);
  SHOW(so_error(fd));
  show_poll(fd, 0);
}

CASE(udp, refused_wakes_poll) {
  int fd = udp();
  dial(fd, PEER, CLOSED);
  struct pollfd p = {.fd = fd, .events = POLLIN};
  SHOW(send(fd, "x", 1, 0));
  SHOW(poll(&p, 1, 3000));
  SHOW(p.revents);
  SHOW(recv(fd, &(char){0}, 1, 0));
  SHOW(poll(&p, 1, 0));
}

CASE(udp, refused_by_recv) {
  int fd = udp();
  dial(fd, PEER, CLOSED);
  set_timeout(fd, SO_RCVTIMEO, 3000);
  SHOW(send(fd, "x", 1, 0));
  SHOW(recv(fd, &(char){0}, 1, 0));
  SHOW(recv(fd, &(char){0}, 1, MSG_DONTWAIT));
}

CASE(udp, refused_by_send) {
  int fd = udp();
  dial(fd, PEER, CLOSED);
  SHOW(send(fd, "x", 1, 0));
  await(fd, POLLERR);
  SHOW(send(fd, "x", 1, 0));
  SHOW(recv(fd, &(char){0}, 1, MSG_DONTWAIT) < 0);
}

CASE(udp, refused_by_recvfrom) {
  int fd = udp();
  struct sockaddr_in name;
  socklen_t len = sizeof name;
  dial(fd, PEER, CLOSED);
  set_timeout(fd, SO_RCVTIMEO, 3000);
  SHOW(send(fd, "x", 1, 0));
  SHOW(recvfrom(fd, &(char){0}, 1, 0, (struct sockaddr *)&name, &len));
}

CASE(udp, refused_wakes_epoll) {
  int fd = udp(), epoll = epoll_create1(0);
  struct epoll_event event = {.events = EPOLLIN};
  dial(fd, PEER, CLOSED);
  epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
  send(fd, "x", 1, 0);
  SHOW(epoll_wait(epoll, &event, 1, 3000));
  SHOW(event.events);
  SHOW(read(fd, &(char){0}, 1));
  SHOW(epoll_wait(epoll, &event, 1, 0));
}

CASE(udp, unconnected_hears_of_no_error) {
  int fd = udp();
  SHOW(send_to(fd, "x", PEER, CLOSED));
  quiet_moment();
  SHOW(so_error(fd));
  SHOW(recv(fd, &(char){0}, 1, MSG_DONTWAIT));
}

CASE(udp, refused_then_data) {
  int fds[2];
  udp_pair(fds);
  int port = port_of(fds[1]);
  close(fds[1]);
  SHOW(send(fds[0], "lost", 4, 0));
  await(fds[0], POLLERR);
  int again = udp();
  SHOW(bind_to(again, LO, port));
  dial(again, LO, port_of(fds[0]));
  SHOW(send(again, "here", 4, 0));
  SHOW(so_error(fds[0]));
  show_recv(fds[0], 0);
}

CASE(udp, shutdown) {
  int fds[2];
  udp_pair(fds);
  SHOW(shutdown(fds[0], SHUT_WR));
  SHOW(send(fds[0], "x", 1, MSG_NOSIGNAL));
  SHOW(send(fds[1], "y", 1, 0));
  show_recv(fds[0], 0);
  SHOW(shutdown(fds[0], SHUT_RD));
  show_poll(fds[0], 0);
  SHOW(recv(fds[0], &(char){0}, 1, 0));
}

CASE(udp, urgent_there_is_none) {
  int fds[2];
  udp_pair(fds);
  SHOW(send(fds[0], "x", 1, MSG_OOB));
  SHOW(recv(fds[0], &(char){0}, 1, MSG_OOB | MSG_DONTWAIT));
  SHOW(ioctl(fds[0], SIOCATMARK, &(int){0}));
}

CASE(udp, next_length) {
  int fds[2], bytes = -1;
  udp_pair(fds);
  SHOW(ioctl(fds[1], FIONREAD, &bytes));
  SHOW(bytes);
  send(fds[0], "abc", 3, 0);
  send(fds[0], "defgh", 5, 0);
  await(fds[1], POLLIN);
  quiet_moment();
  ioctl(fds[1], FIONREAD, &bytes);
  SHOW(bytes);
  show_recv(fds[1], 0);
  ioctl(fds[1], FIONREAD, &bytes);
  SHOW(bytes);
  SHOW(ioctl(fds[1], SIOCOUTQ, &bytes));
}

CASE(udp, corked) {
  int fds[2];
  udp_pair(fds);
  SHOW(send(fds[0], "ab", 2, MSG_MORE));
  SHOW(send(fds[0], "cd", 2, 0));
  show_recv(fds[1], 0);
  SHOW(set_int(fds[0], IPPROTO_UDP, UDP_CORK, 1));
  SHOW(send(fds[0], "ef", 2, 0));
  SHOW(send(fds[0], "gh", 2, 0));
  SHOW(set_int(fds[0], IPPROTO_UDP, UDP_CORK, 0));
  show_recv(fds[1], 0);
}

CASE(udp, by_read_and_write) {
  int fds[2];
  char text[8] = "";
  udp_pair(fds);
  SHOW(write(fds[0], "abc", 3));
  SHOW(read(fds[1], text, 2));
  SHOW(write(fds[0], "def", 3));
  SHOW(read(fds[1], text, 8));
  puts(text);
}

CASE(udp, reuse_the_last_one_hears) {
  int fds[2], from = udp();
  for (int i = 0; i < 2; i++) {
    fds[i] = udp();
    set_int(fds[i], SOL_SOCKET, SO_REUSEADDR, 1);
    bind_to(fds[i], LO, i == 0 ? 0 : port_of(fds[0]));
  }
  SHOW(send_to(from, "x", LO, port_of(fds[0])));
  show_recv(fds[1], MSG_DONTWAIT);
  SHOW(recv(fds[0], &(char){0}, 1, MSG_DONTWAIT));
}

CASE(udp, multicast_loop) {
  int fd = udp(), from = udp();
  struct ip_mreqn join = {.imr_multiaddr = at(GROUP, 0).sin_addr,
                          .imr_address = at(SELF, 0).sin_addr};
  bind_to(fd, ANY, 0);
  SHOW(setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &join, sizeof join));
  SHOW(setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &join, sizeof join));
  SHOW(setsockopt(from, IPPROTO_IP, IP_MULTICAST_IF, &join, sizeof join));
  SHOW(send_to(from, "group", GROUP, port_of(fd)));
  show_recv(fd, MSG_DONTWAIT);
  SHOW(set_int(from, IPPROTO_IP, IP_MULTICAST_LOOP, 0));
  SHOW(send_to(from, "group", GROUP, port_of(fd)));
  quiet_moment();
  SHOW(recv(fd, &(char){0}, 1, MSG_DONTWAIT));
  SHOW(setsockopt(fd, IPPROTO_IP, IP_DROP_MEMBERSHIP, &join, sizeof join));
  SHOW(setsockopt(fd, IPPROTO_IP, IP_DROP_MEMBERSHIP, &join, sizeof join));
}

CASE(udp, receive_buffer_is_full) {
  int fds[2], got = 0;
  static char block[1000];
  udp_pair(fds);
  SHOW(set_int(fds[1], SOL_SOCKET, SO_RCVBUF, 4096));
  for (int i = 0; i < 100; i++) send(fds[0], block, sizeof block, 0);
  int left = 1;
  for (int i = 0; i < 1000 && left > 0; i++) {
    ioctl(fds[0], SIOCOUTQ, &left);
    usleep(1000);
  }
  quiet_moment();
  while (recv(fds[1], block, sizeof block, MSG_DONTWAIT) > 0) got++;
  SHOW(got > 0 && got < 100);
}
