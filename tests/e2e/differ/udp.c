/* Datagrams: connected or not, lengths, flags, what ICMP tells. */
#include "differ.h"

static int bound(void) {
  int fd = udp();
  bind_to(fd, LO, 0);
  return fd;
}

CASE(udp, without_a_destination) {
  int fd = udp();
  SHOW(send(fd, "x", 1, 0));
  SHOW(write(fd, "x", 1));
  SHOW(sendto(fd, "x", 1, 0, NULL, 0));
  SHOW(sendto(fd, "x", 1, 0, NULL, 16));
  SHOW(shutdown(fd, SHUT_RDWR));
  SHOW(recv(fd, &(char){0}, 1, MSG_DONTWAIT));
}

CASE(udp, lengths_of_the_name) {
  int fd = udp(), to = bound();
  struct sockaddr_in name = at(LO, port_of(to));
  for (socklen_t len = 0; len <= 20; len += 2) {
    SHOW(sendto(fd, "x", 1, 0, (struct sockaddr *)&name, len));
  }
  SHOW(sendto(fd, "x", 1, 0, (struct sockaddr *)&name, (socklen_t)-1));
  SHOW(sendto(fd, "x", 1, 0, (struct sockaddr *)8, 16));
  name.sin_family = AF_UNSPEC;
  SHOW(sendto(fd, "x", 1, 0, (struct sockaddr *)&name, 16));
  name.sin_family = AF_INET6;
  SHOW(sendto(fd, "x", 1, 0, (struct sockaddr *)&name, 16));
}

CASE(udp, destinations) {
  const char *ips[] = {LO, SELF, NOWHERE, BROADCAST, "255.255.255.255", GROUP, ANY};
  for (int i = 0; i < 7; i++) SHOW_AS(ips[i], send_to(udp(), "x", ips[i], 9));
  SHOW(send_to(udp(), "x", LO, 0));
}

CASE(udp, connected_destinations) {
  const char *ips[] = {LO, SELF, NOWHERE, BROADCAST, "255.255.255.255", GROUP, ANY};
  for (int i = 0; i < 7; i++) SHOW_AS(ips[i], dial(udp(), ips[i], 9));
  int fd = udp();
  SHOW(dial(fd, LO, 0));
  SHOW(send(fd, "x", 1, 0));
}

CASE(udp, broadcast) {
  int fd = udp();
  SHOW(send_to(fd, "x", BROADCAST, 9));
  SHOW(set_int(fd, SOL_SOCKET, SO_BROADCAST, 1));
  SHOW(send_to(fd, "x", BROADCAST, 9));
  SHOW(send_to(fd, "x", "255.255.255.255", 9));
  SHOW(dial(fd, BROADCAST, 9));
}

static void show_size(int fd, size_t len) {
  static char block[70000];
  printf("%zu ", len);
  SHOW(send(fd, block, len, 0));
}

CASE(udp, sizes) {
  int fds[2];
  udp_pair(fds);
  size_t sizes[] = {0, 1, 1472, 1473, 65506, 65507, 65508, 65535, 65536, 70000};
  for (int i = 0; i < 10; i++) show_size(fds[0], sizes[i]);
}

CASE(udp, sizes_to_the_peer_unfragmented) {
  int fd = udp();
  SHOW(set_int(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO));
  dial(fd, PEER, 9);
  SHOW(get_int(fd, IPPROTO_IP, IP_MTU));
  show_size(fd, 1472);
  so_error(fd);
  show_size(fd, 1473);
}

CASE(udp, empty_ones) {
  int fds[2];
  char c = 'c';
  udp_pair(fds);
  SHOW(send(fds[0], "", 0, 0));
  show_poll(fds[1], POLLIN);
  int bytes = -1;
  ioctl(fds[1], FIONREAD, &bytes);
  SHOW(bytes);
  SHOW(recv(fds[1], &c, 1, 0));
  SHOW(write(fds[0], "", 0));
  send(fds[0], "x", 1, 0);
  SHOW(recv(fds[1], &c, 1, 0));
  show_poll(fds[1], POLLIN);
}

CASE(udp, peek_and_trunc) {
  int fds[2];
  char text[8] = "";
  udp_pair(fds);
  send(fds[0], "hello", 5, 0);
  SHOW(recv(fds[1], text, 2, MSG_PEEK));
  SHOW(recv(fds[1], text, 2, MSG_PEEK | MSG_TRUNC));
  SHOW(recv(fds[1], text, 2, MSG_TRUNC));
  puts(text);
  SHOW(recv(fds[1], text, 2, MSG_DONTWAIT));
}

CASE(udp, waitall_does_not) {
  int fds[2];
  char text[8] = "";
  udp_pair(fds);
  send(fds[0], "abc", 3, 0);
  SHOW(recv(fds[1], text, 8, MSG_WAITALL));
}

CASE(udp, flags_of_a_message) {
  int fds[2];
  char text[2];
  udp_pair(fds);
  struct iovec iov = {text, 2};
  struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
  send(fds[0], "hello", 5, 0);
  SHOW(recvmsg(fds[1], &msg, 0));
  SHOW(msg.msg_flags);
  send(fds[0], "x", 1, 0);
  SHOW(recvmsg(fds[1], &msg, MSG_CMSG_CLOEXEC));
  printf("flags: %#x\n", (unsigned)msg.msg_flags);
}

CASE(udp, who_sent_it) {
  int fd = bound(), from = bound();
  char text[8];
  struct sockaddr_in name;
  socklen_t len = sizeof name;
  send_to(from, "abc", LO, port_of(fd));
  SHOW(recvfrom(fd, text, 8, 0, (struct sockaddr *)&name, &len));
  SHOW(len);
  SHOW(ntohs(name.sin_port) == port_of(from));
  puts(inet_ntoa(name.sin_addr));
  len = 3;
  send_to(from, "abc", LO, port_of(fd));
  SHOW(recvfrom(fd, text, 8, 0, (struct sockaddr *)&name, &len));
  SHOW(len);
  len = (socklen_t)-1;
  send_to(from, "abc", LO, port_of(fd));
  SHOW(recvfrom(fd, text, 8, 0, (struct sockaddr *)&name, &len));
  len = 16;
  send_to(from, "abc", LO, port_of(fd));
  SHOW(recvfrom(fd, text, 8, 0, (struct sockaddr *)8, &len));
  send_to(from, "abc", LO, port_of(fd));
  SHOW(recvfrom(fd, text, 8, 0, (struct sockaddr *)&name, NULL));
}

CASE(udp, connected_hears_its_peer_only) {
  int fds[2], other = bound();
  udp_pair(fds);
  SHOW(send_to(other, "stranger", LO, port_of(fds[0])));
  SHOW(send(fds[1], "friend", 6, 0));
  show_recv(fds[0], 0);
  SHOW(recv(fds[0], &(char){0}, 1, MSG_DONTWAIT));
}

CASE(udp, connected_sends_elsewhere) {
  int fds[2], other = bound();
  udp_pair(fds);
  SHOW(send_to(fds[0], "elsewhere", LO, port_of(other)));
  show_recv(other, 0);
}

CASE(udp, reconnect) {
  int fd = udp(), first = bound(), second = bound();
  SHOW(dial(fd, LO, port_of(first)));
  int port = port_of(fd);
  SHOW(send(fd, "one", 3, 0));
  SHOW(dial(fd, LO, port_of(second)));
  SHOW(port_of(fd) == port);
  SHOW(send(fd, "two", 3, 0));
  show_recv(first, 0);
  show_recv(second, 0);
}
