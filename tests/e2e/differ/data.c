/* Sending and receiving on streams: flags, lengths, ends. */
#include "differ.h"

CASE(data, peek) {
  int fds[2];
  pair_of(fds);
  send(fds[0], "hello", 5, 0);
  show_recv(fds[1], MSG_PEEK);
  show_recv(fds[1], MSG_PEEK);
  show_recv(fds[1], 0);
  SHOW(recv(fds[1], &(char){0}, 1, MSG_PEEK | MSG_DONTWAIT));
}

CASE(data, trunc) {
  int fds[2];
  char text[8] = "-------";
  pair_of(fds);
  send(fds[0], "hello", 5, 0);
  await_bytes(fds[1], 5);
  SHOW(recv(fds[1], text, 3, MSG_TRUNC));
  puts(text);
  show_recv(fds[1], 0);
}

CASE(data, trunc_without_a_buffer) {
  int fds[2];
  pair_of(fds);
  send(fds[0], "hello", 5, 0);
  await_bytes(fds[1], 5);
  SHOW(recv(fds[1], NULL, 4, MSG_TRUNC));
  show_recv(fds[1], 0);
}

CASE(data, waitall) {
  int fds[2];
  char text[16] = "";
  pair_of(fds);
  if (fork() == 0) {
    send(fds[0], "one", 3, 0);
    usleep(40000);
    send(fds[0], "two", 3, 0);
    _exit(0);
  }
  SHOW(recv(fds[1], text, 6, MSG_WAITALL));
  puts(text);
  wait(NULL);
}

CASE(data, waitall_and_the_end) {
  int fds[2];
  char text[16] = "";
  pair_of(fds);
  send(fds[0], "one", 3, 0);
  shutdown(fds[0], SHUT_WR);
  SHOW(recv(fds[1], text, 6, MSG_WAITALL));
  SHOW(recv(fds[1], text, 6, MSG_WAITALL));
}

CASE(data, waitall_peek) {
  int fds[2];
  char text[16] = "";
  pair_of(fds);
  send(fds[0], "abcdef", 6, 0);
  SHOW(recv(fds[1], text, 6, MSG_WAITALL | MSG_PEEK));
  SHOW(recv(fds[1], text, 6, MSG_WAITALL));
  puts(text);
}

CASE(data, waitall_timeout) {
  int fds[2];
  char text[16] = "";
  pair_of(fds);
  set_timeout(fds[1], SO_RCVTIMEO, 60);
  send(fds[0], "one", 3, 0);
  SHOW(recv(fds[1], text, 6, MSG_WAITALL));
  SHOW(recv(fds[1], text, 6, MSG_WAITALL));
}

CASE(data, dontwait) {
  int fds[2];
  pair_of(fds);
  SHOW(recv(fds[1], &(char){0}, 1, MSG_DONTWAIT));
  SHOW(fcntl(fds[1], F_GETFL));
  SHOW(send(fds[0], "x", 1, MSG_DONTWAIT));
}

CASE(data, strange_flags) {
  int fds[2];
  pair_of(fds);
  SHOW(send(fds[0], "abc", 3, MSG_CONFIRM | MSG_DONTROUTE));
  show_recv(fds[1], MSG_CMSG_CLOEXEC | MSG_NOSIGNAL);
  SHOW(send(fds[0], "abc", 3, MSG_EOR));
  show_recv(fds[1], MSG_MORE);
  SHOW(send(fds[0], "abc", 3, MSG_TRUNC | MSG_PEEK));
  show_recv(fds[1], 0x01000000);
}

CASE(data, zero_lengths) {
  int fds[2];
  char c = 'c';
  pair_of(fds);
  SHOW(send(fds[0], "", 0, 0));
  SHOW(write(fds[0], "", 0));
  SHOW(recv(fds[1], &c, 0, MSG_DONTWAIT));
  SHOW(read(fds[1], &c, 0));
  SHOW(recv(fds[1], &c, 1, MSG_DONTWAIT));
  send(fds[0], "x", 1, 0);
  await(fds[1], POLLIN);
  SHOW(recv(fds[1], &c, 0, 0));
  show_recv(fds[1], 0);
}

CASE(data, wrong_pointers) {
  int fds[2];
  pair_of(fds);
  SHOW(send(fds[0], (void *)8, 5, 0));
  SHOW(send(fds[0], NULL, 5, 0));
  send(fds[0], "hello", 5, 0);
  await_bytes(fds[1], 5);
  SHOW(recv(fds[1], (void *)8, 5, 0));
  show_recv(fds[1], 0);
}

CASE(data, unconnected) {
  int fd = tcp();
  char c;
  SHOW(send(fd, "x", 1, MSG_NOSIGNAL));
  SHOW(write(fd, "", 0));
  SHOW(recv(fd, &c, 1, 0));
  SHOW(recv(fd, &c, 0, 0));
  SHOW(recv(fd, &c, 1, MSG_DONTWAIT));
  SHOW(send_to(fd, "x", LO, 9));
  SHOW(shutdown(fd, SHUT_WR));
  SHOW(shutdown(fd, 3));
  SHOW(shutdown(fd, -1));
}

CASE(data, to_an_address) {
  int fds[2];
  pair_of(fds);
  SHOW(send_to(fds[0], "abc", LO, 9));
  show_recv(fds[1], 0);
  SHOW(sendto(fds[0], "abc", 3, 0, (void *)8, 16));
  SHOW(sendto(fds[0], "abc", 3, 0, (void *)"", 1));
}

CASE(data, from_an_address) {
  int fds[2];
  char text[8];
  struct sockaddr_in name;
  socklen_t len = sizeof name;
  pair_of(fds);
  memset(&name, 0x55, sizeof name);
  send(fds[0], "abc", 3, 0);
  await(fds[1], POLLIN);
  SHOW(recvfrom(fds[1], text, 8, 0, (struct sockaddr *)&name, &len));
  SHOW(len);
  SHOW(name.sin_family);
}

CASE(data, many_at_once) {
  static char out[300000], in[300000];
  int fds[2];
  pair_of(fds);
  for (size_t i = 0; i < sizeof out; i++) out[i] = (char)(i * 7);
  if (fork() == 0) {
    SHOW(send(fds[0], out, sizeof out, 0));
    _exit(0);
  }
  size_t got = 0;
  while (got < sizeof in) {
    long n = recv(fds[1], in + got, sizeof in - got, 0);
    if (n <= 0) break;
    got += (size_t)n;
  }
  SHOW(got);
  SHOW(memcmp(in, out, sizeof in));
  wait(NULL);
}

CASE(data, fills_up) {
  static char block[65536];
  int fds[2];
  long n;
  pair_of(fds);
  nonblocking(fds[0]);
  for (int quiet = 0; quiet < 3; quiet++) {
    while ((n = send(fds[0], block, sizeof block, 0)) > 0) continue;
    usleep(20000);
  }
  SHOW(n);
  show_poll(fds[0], 0);
}

CASE(data, send_timeout) {
  static char block[1 << 20];
  int fds[2];
  pair_of(fds);
  set_timeout(fds[0], SO_SNDTIMEO, 80);
  long n = 0;
  for (int i = 0; i < 40 && n >= 0; i++) n = send(fds[0], block, sizeof block, 0);
  SHOW(n);
}

CASE(data, recv_timeout) {
  int fds[2];
  struct timespec begin;
  pair_of(fds);
  set_timeout(fds[1], SO_RCVTIMEO, 60);
  clock_gettime(CLOCK_MONOTONIC, &begin);
  SHOW(recv(fds[1], &(char){0}, 1, 0));
  SHOW(elapsed_ms(&begin) >= 50);
  SHOW(read(fds[1], &(char){0}, 1));
}

CASE(data, more_waits) {
  int fds[2];
  pair_of(fds);
  SHOW(send(fds[0], "head ", 5, MSG_MORE));
  SHOW(send(fds[0], "body", 4, 0));
  await_bytes(fds[1], 9);
  show_recv(fds[1], 0);
}

CASE(data, low_water_mark) {
  int fds[2];
  pair_of(fds);
  SHOW(set_int(fds[1], SOL_SOCKET, SO_RCVLOWAT, 4));
  SHOW(get_int(fds[1], SOL_SOCKET, SO_RCVLOWAT));
  send(fds[0], "ab", 2, 0);
  quiet_moment();
  show_poll(fds[1], 0);
  send(fds[0], "cd", 2, 0);
  show_poll(fds[1], POLLIN);
  show_recv(fds[1], 0);
  SHOW(set_int(fds[1], SOL_SOCKET, SO_RCVLOWAT, 0));
  SHOW(get_int(fds[1], SOL_SOCKET, SO_RCVLOWAT));
  SHOW(set_int(fds[1], SOL_SOCKET, SO_RCVLOWAT, -1));
}

CASE(data, unsent_low_water_mark) {
  static char block[4096];
  int fds[2];
  pair_of(fds);
  SHOW(set_int(fds[0], IPPROTO_TCP, TCP_NOTSENT_LOWAT, 16384));
  nonblocking(fds[0]);
  for (int i = 0; i < 2000; i++) {
    if (!(poll_bits(fds[0]) & POLLOUT)) usleep(2000);
    if (!(poll_bits(fds[0]) & POLLOUT)) break;
    send(fds[0], block, sizeof block, 0);
  }
}

CASE(data, queues) {
  int fds[2], bytes = -1;
  pair_of(fds);
  send(fds[0], "hello", 5, 0);
  await_bytes(fds[1], 5);
  SHOW(ioctl(fds[1], FIONREAD, &bytes));
  SHOW(bytes);
  SHOW(ioctl(fds[1], SIOCOUTQ, &bytes));
  SHOW(bytes);
  SHOW(ioctl(fds[1], SIOCOUTQNSD, &bytes));
  SHOW(bytes);
  show_recv(fds[1], 0);
  ioctl(fds[1], FIONREAD, &bytes);
  SHOW(bytes);
}

CASE(data, both_ways) {
  int fds[2];
  pair_of(fds);
  for (int i = 0; i < 5; i++) {
    send(fds[i % 2], "ping-pong", 9, 0);
    show_recv(fds[1 - i % 2], 0);
  }
}

CASE(data, errqueue_of_a_stream) {
  int fds[2];
  pair_of(fds);
  SHOW(recv(fds[0], &(char){0}, 1, MSG_ERRQUEUE));
  struct msghdr msg = {0};
  SHOW(recvmsg(fds[0], &msg, MSG_ERRQUEUE | MSG_DONTWAIT));
}

CASE(data, peek_offset) {
  int fds[2];
  pair_of(fds);
  SHOW(get_int(fds[1], SOL_SOCKET, SO_PEEK_OFF));
  SHOW(set_int(fds[1], SOL_SOCKET, SO_PEEK_OFF, 2));
  send(fds[0], "abcdef", 6, 0);
  await_bytes(fds[1], 6);
  show_recv(fds[1], MSG_PEEK);
  SHOW(get_int(fds[1], SOL_SOCKET, SO_PEEK_OFF));
}
