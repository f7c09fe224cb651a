/* shutdown(), close(), resets: what either end sees. */
#include "differ.h"

static void write_shut(int how) {
  int fds[2];
  pair_of(fds);
  send(fds[0], "last", 4, 0);
  SHOW(shutdown(fds[0], how));
  await_bytes(fds[1], 4);
  show_poll(fds[1], how == SHUT_RD ? POLLIN : POLLRDHUP);
  show_recv(fds[1], 0);
  if (how != SHUT_RD) show_recv(fds[1], 0);
  show_poll(fds[0], 0);
  show_poll(fds[1], 0);
  SHOW(send(fds[0], "x", 1, MSG_NOSIGNAL));
  SHOW(recv(fds[0], &(char){0}, 1, MSG_DONTWAIT));
  SHOW(shutdown(fds[0], how));
  SHOW(send(fds[1], "y", 1, MSG_NOSIGNAL));
}
CASE(ends, shut_reading) { write_shut(SHUT_RD); }
CASE(ends, shut_writing) { write_shut(SHUT_WR); }
CASE(ends, shut_both) { write_shut(SHUT_RDWR); }

CASE(ends, half_closed_still_receives) {
  int fds[2];
  pair_of(fds);
  shutdown(fds[0], SHUT_WR);
  show_recv(fds[1], 0);
  SHOW(send(fds[1], "answer", 6, 0));
  show_recv(fds[0], 0);
  close(fds[1]);
  show_poll(fds[0], POLLHUP);
  show_recv(fds[0], 0);
}

CASE(ends, both_shut_writing) {
  int fds[2];
  pair_of(fds);
  shutdown(fds[0], SHUT_WR);
  shutdown(fds[1], SHUT_WR);
  show_poll(fds[0], POLLHUP);
  show_poll(fds[1], POLLHUP);
  quiet_moment();
  show_peer_name(fds[0]);
  show_peer_name(fds[1]);
  SHOW(shutdown(fds[0], SHUT_WR));
  SHOW(shutdown(fds[1], SHUT_RDWR));
}

CASE(ends, close_with_unread_input) {
  int fds[2];
  pair_of(fds);
  send(fds[0], "x", 1, 0);
  await(fds[1], POLLIN);
  close(fds[1]);
  show_poll(fds[0], POLLHUP);
  SHOW(recv(fds[0], &(char){0}, 1, 0));
  SHOW(recv(fds[0], &(char){0}, 1, 0));
  SHOW(send(fds[0], "x", 1, MSG_NOSIGNAL));
}

CASE(ends, linger_zero_resets) {
  int fds[2];
  pair_of(fds);
  set_linger(fds[1], 1, 0);
  close(fds[1]);
  show_poll(fds[0], POLLHUP);
  SHOW(so_error(fds[0]));
  SHOW(so_error(fds[0]));
  show_poll(fds[0], 0);
  SHOW(recv(fds[0], &(char){0}, 1, 0));
  SHOW(send(fds[0], "x", 1, MSG_NOSIGNAL));
  show_peer_name(fds[0]);
  show_own_name(fds[0]);
  SHOW(shutdown(fds[0], SHUT_RDWR));
}

CASE(ends, send_after_a_reset) {
  int fds[2];
  pair_of(fds);
  set_linger(fds[1], 1, 0);
  close(fds[1]);
  await(fds[0], POLLHUP);
  SHOW(send(fds[0], "x", 1, MSG_NOSIGNAL));
  SHOW(send(fds[0], "x", 1, MSG_NOSIGNAL));
  SHOW(recv(fds[0], &(char){0}, 1, 0));
}

CASE(ends, send_to_a_closed_end) {
  int fds[2];
  pair_of(fds);
  close(fds[1]);
  await(fds[0], POLLRDHUP);
  SHOW(send(fds[0], "x", 1, MSG_NOSIGNAL));
  await(fds[0], POLLHUP);
  SHOW(send(fds[0], "x", 1, MSG_NOSIGNAL));
  SHOW(recv(fds[0], &(char){0}, 1, 0));
}

CASE(ends, data_before_the_reset) {
  int fds[2];
  pair_of(fds);
  send(fds[1], "data", 4, 0);
  await_bytes(fds[0], 4);
  set_linger(fds[1], 1, 0);
  close(fds[1]);
  await(fds[0], POLLHUP);
  show_poll(fds[0], POLLHUP);
  show_recv(fds[0], 0);
  show_recv(fds[0], 0);
  show_recv(fds[0], 0);
}

CASE(ends, closed_in_one_process) {
  int fds[2];
  pair_of(fds);
  pid_t child = fork();
  if (child == 0) {
    char c;
    read(fds[0], &c, 1);
    write(fds[0], "child", 5);
    _exit(0);
  }
  close(fds[0]);
  send(fds[1], "x", 1, 0);
  show_recv(fds[1], 0);
  waitpid(child, NULL, 0);
  show_recv(fds[1], 0);
}

CASE(ends, shut_in_one_process) {
  int fds[2];
  pair_of(fds);
  if (fork() == 0) {
    shutdown(fds[0], SHUT_WR);
    _exit(0);
  }
  wait(NULL);
  show_recv(fds[1], 0);
  SHOW(send(fds[0], "x", 1, MSG_NOSIGNAL));
}

CASE(ends, copy_keeps_it_open) {
  int fds[2];
  pair_of(fds);
  int copy = dup(fds[0]);
  close(fds[0]);
  quiet_moment();
  show_poll(fds[1], 0);
  close(copy);
  show_poll(fds[1], POLLRDHUP);
}

CASE(ends, shut_read_then_data) {
  int fds[2];
  pair_of(fds);
  SHOW(shutdown(fds[0], SHUT_RD));
  SHOW(recv(fds[0], &(char){0}, 1, 0));
  show_poll(fds[0], 0);
  send(fds[1], "late", 4, 0);
  await_bytes(fds[0], 4);
  show_recv(fds[0], MSG_DONTWAIT);
  show_recv(fds[0], MSG_DONTWAIT);
}

CASE(ends, tcp_info_states) {
  int fds[2], listener = listening();
  struct tcp_info info;
  socklen_t len = sizeof info;
  getsockopt(listener, IPPROTO_TCP, TCP_INFO, &info, &len);
  SHOW(info.tcpi_state);
  len = sizeof info;
  int fresh = tcp();
  getsockopt(fresh, IPPROTO_TCP, TCP_INFO, &info, &len);
  SHOW(info.tcpi_state);
  pair_of(fds);
  getsockopt(fds[0], IPPROTO_TCP, TCP_INFO, &info, &len);
  SHOW(info.tcpi_state);
  shutdown(fds[0], SHUT_WR);
  await(fds[1], POLLRDHUP);
  quiet_moment();
  getsockopt(fds[0], IPPROTO_TCP, TCP_INFO, &info, &len);
  SHOW(info.tcpi_state);
  getsockopt(fds[1], IPPROTO_TCP, TCP_INFO, &info, &len);
  SHOW(info.tcpi_state);
}

CASE(ends, linger_waits_for_nothing) {
  int fds[2];
  struct timespec begin;
  pair_of(fds);
  set_linger(fds[0], 1, 2);
  clock_gettime(CLOCK_MONOTONIC, &begin);
  SHOW(close(fds[0]));
  SHOW(elapsed_ms(&begin) < 1500);
}
