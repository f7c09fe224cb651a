/* What a send or a receive on a stream asks for besides its bytes. */
#include "differ.h"

/* tcpi_data_segs_out, which the C library's struct tcp_info has not. */
#define DATA_SEGMENTS_OFF 156

static int data_segments(int fd) {
  char info[256] = {0};
  socklen_t len = sizeof info;
  int count;
  getsockopt(fd, IPPROTO_TCP, TCP_INFO, info, &len);
  memcpy(&count, info + DATA_SEGMENTS_OFF, sizeof count);
  return count;
}

static long send_message(int fd, const char *text, int flags) {
  struct iovec iov = {(void *)(uintptr_t)text, strlen(text)};
  struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
  return sendmsg(fd, &msg, flags);
}

CASE(streams, more_by_send) {
  int fds[2];
  pair_of(fds);
  SHOW(send(fds[0], "one ", 4, MSG_MORE));
  SHOW(send(fds[0], "two ", 4, MSG_MORE));
  SHOW(send(fds[0], "three", 5, 0));
  await_bytes(fds[1], 13);
  show_recv(fds[1], 0);
  SHOW(data_segments(fds[0]));
}

CASE(streams, more_by_sendmsg) {
  int fds[2];
  pair_of(fds);
  SHOW(send_message(fds[0], "one ", MSG_MORE));
  quiet_moment();
  SHOW(poll_bits(fds[1]));
  SHOW(send_message(fds[0], "two", 0));
  await_bytes(fds[1], 7);
  show_recv(fds[1], 0);
  SHOW(data_segments(fds[0]));
}

CASE(streams, more_ends_with_the_connection) {
  int fds[2];
  pair_of(fds);
  SHOW(send(fds[0], "all", 3, MSG_MORE));
  SHOW(close(fds[0]));
  await_bytes(fds[1], 3);
  show_recv(fds[1], 0);
  show_recv(fds[1], 0);
}

CASE(streams, cork) {
  int fds[2];
  pair_of(fds);
  SHOW(set_int(fds[0], IPPROTO_TCP, TCP_CORK, 1));
  for (int i = 0; i < 3; i++) SHOW(write(fds[0], "abc", 3));
  SHOW(set_int(fds[0], IPPROTO_TCP, TCP_CORK, 0));
  await_bytes(fds[1], 9);
  show_recv(fds[1], 0);
  SHOW(data_segments(fds[0]));
}

static void show_left(int fd, size_t len) {
  char text[16], control[64];
  struct iovec iov = {text, len};
  struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control};
  msg.msg_controllen = sizeof control;
  SHOW(recvmsg(fd, &msg, 0));
  for (struct cmsghdr *c = CMSG_FIRSTHDR(&msg); c != NULL; c = CMSG_NXTHDR(&msg, c)) {
    int left = -1;
    memcpy(&left, CMSG_DATA(c), sizeof left);
    printf("level %d type %d: %d\n", c->cmsg_level, c->cmsg_type, left);
  }
}

CASE(streams, how_much_is_left) {
  int fds[2];
  pair_of(fds);
  SHOW(set_int(fds[1], IPPROTO_TCP, TCP_INQ, 2));
  SHOW(set_int(fds[1], IPPROTO_TCP, TCP_INQ, 1));
  SHOW(get_int(fds[1], IPPROTO_TCP, TCP_INQ));
  SHOW(send(fds[0], "0123456789", 10, 0));
  await_bytes(fds[1], 10);
  show_left(fds[1], 4);
  close(fds[0]);
  await(fds[1], POLLRDHUP);
  show_left(fds[1], 6);
}

CASE(streams, connect_by_sendto) {
  int listener = listening(), fd = tcp();
  struct sockaddr_storage to = {0};
  socklen_t len = name_of(LO, port_of(listener), &to);
  SHOW(sendto(fd, "hello", 5, MSG_FASTOPEN, (struct sockaddr *)&to, len));
  int other = accept(listener, NULL, NULL);
  await_bytes(other, 5);
  show_recv(other, 0);
  SHOW(sendto(fd, "again", 5, MSG_FASTOPEN, (struct sockaddr *)&to, len));
  SHOW(send(fd, "!", 1, MSG_FASTOPEN));
}

CASE(streams, connect_by_sendto_refused) {
  int fd = tcp();
  struct sockaddr_storage to = {0};
  socklen_t len = name_of(LO, free_port(), &to);
  SHOW(sendto(fd, "x", 1, MSG_FASTOPEN | MSG_NOSIGNAL, (struct sockaddr *)&to, len));
  SHOW(send(fd, "x", 1, MSG_FASTOPEN | MSG_NOSIGNAL));
  to.ss_family = AF_UNSPEC;
  SHOW(sendto(fd, "x", 1, MSG_FASTOPEN | MSG_NOSIGNAL, (struct sockaddr *)&to, len));
}

CASE(streams, connect_has_a_limit) {
  int fd = tcp();
  struct timespec begin;
  set_timeout(fd, SO_SNDTIMEO, 80);
  clock_gettime(CLOCK_MONOTONIC, &begin);
  SHOW(dial(fd, NOBODY, 9));
  SHOW(elapsed_ms(&begin) >= 70 && elapsed_ms(&begin) < 900);
  show_poll(fd, 0);
  SHOW(dial(nonblocking(fd), NOBODY, 9));
}

CASE(streams, nothing_read_after_a_refusal) {
  char text[8];
  int fd = nonblocking(tcp());
  SHOW(dial(fd, PEER, CLOSED));
  await(fd, POLLHUP);
  SHOW(so_error(fd));
  SHOW(recv(fd, text, sizeof text, 0));
  int listener = listening();
  SHOW(dial(fd, LO, port_of(listener)));
  SHOW(dial(fd, LO, port_of(listener)) < 0 && errno != EINPROGRESS);
}

CASE(streams, unsent_mark) {
  static char block[1 << 20];
  int fds[2];
  pair_of(fds);
  SHOW(set_int(fds[0], IPPROTO_TCP, TCP_NOTSENT_LOWAT, 16384));
  nonblocking(fds[0]);
  for (int i = 0; i < 100 && send(fds[0], block, sizeof block, 0) > 0; i++) quiet_moment();
  SHOW(await(fds[0], 0) & POLLOUT);
}
