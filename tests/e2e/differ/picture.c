/* poll(), select(), epoll: by level and by edge. */
#include "differ.h"

#include <sys/select.h>

static int watched(int fd, unsigned events) {
  struct epoll_event event = {.events = events, .data.u64 = 7};
  int epoll = epoll_create1(0);
  show_result("add", epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event));
  return epoll;
}

static void show_epoll(int epoll, int ms) {
  struct epoll_event event = {0};
  int n = epoll_wait(epoll, &event, 1, ms);
  printf("epoll: %d %#x\n", n, n == 1 ? event.events : 0);
}

#define EDGES (EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET)

CASE(epoll, level) {
  int fds[2];
  pair_of(fds);
  int epoll = watched(fds[1], EPOLLIN);
  show_epoll(epoll, 0);
  send(fds[0], "ab", 2, 0);
  show_epoll(epoll, 1000);
  show_epoll(epoll, 0);
  recv(fds[1], &(char){0}, 1, 0);
  show_epoll(epoll, 0);
  recv(fds[1], &(char){0}, 1, 0);
  show_epoll(epoll, 0);
}

CASE(epoll, edge_input) {
  int fds[2];
  pair_of(fds);
  int epoll = watched(fds[1], EPOLLIN | EPOLLET);
  show_epoll(epoll, 0);
  send(fds[0], "ab", 2, 0);
  show_epoll(epoll, 1000);
  show_epoll(epoll, 20);
  send(fds[0], "cd", 2, 0);
  show_epoll(epoll, 1000);
  recv(fds[1], &(char){0}, 1, 0);
  show_epoll(epoll, 20);
}

CASE(epoll, edge_output_once) {
  int fds[2];
  pair_of(fds);
  int epoll = watched(fds[0], EPOLLOUT | EPOLLET);
  show_epoll(epoll, 0);
  show_epoll(epoll, 20);
}

CASE(epoll, edge_output_after_full) {
  static char block[65536];
  int fds[2];
  pair_of(fds);
  nonblocking(fds[0]);
  nonblocking(fds[1]);
  int epoll = watched(fds[0], EPOLLOUT | EPOLLET);
  show_epoll(epoll, 0);
  for (int i = 0; i < 3; i++) {
    while (send(fds[0], block, sizeof block, 0) > 0) continue;
    usleep(20000);
  }
  while (epoll_wait(epoll, &(struct epoll_event){0}, 1, 0) == 1) {
    while (send(fds[0], block, sizeof block, 0) > 0) continue;
  }
  show_epoll(epoll, 20);
  for (int i = 0; i < 200; i++) {
    while (recv(fds[1], block, sizeof block, 0) > 0) continue;
    usleep(1000);
  }
  show_epoll(epoll, 1000);
}

CASE(epoll, edge_end) {
  int fds[2];
  pair_of(fds);
  int epoll = watched(fds[1], EDGES);
  show_epoll(epoll, 0);
  shutdown(fds[0], SHUT_WR);
  show_epoll(epoll, 1000);
  show_epoll(epoll, 20);
}

CASE(epoll, edge_reset) {
  int fds[2];
  pair_of(fds);
  int epoll = watched(fds[1], EDGES);
  show_epoll(epoll, 0);
  set_linger(fds[0], 1, 0);
  close(fds[0]);
  await(fds[1], POLLHUP);
  show_epoll(epoll, 1000);
  show_epoll(epoll, 20);
}

CASE(epoll, edge_connect) {
  int listener = listening(), fd = nonblocking(tcp());
  int epoll = watched(fd, EDGES);
  show_epoll(epoll, 0);
  dial(fd, LO, port_of(listener));
  await(fd, POLLOUT);
  show_epoll(epoll, 1000);
  show_epoll(epoll, 20);
}

CASE(epoll, edge_refused) {
  int fd = nonblocking(tcp());
  dial(fd, PEER, CLOSED);
  int epoll = watched(fd, EDGES);
  await(fd, POLLHUP);
  show_epoll(epoll, 1000);
  show_epoll(epoll, 20);
}

CASE(epoll, edge_listener) {
  int listener = listening(), epoll = watched(listener, EPOLLIN | EPOLLET);
  show_epoll(epoll, 0);
  connected(listener);
  show_epoll(epoll, 1000);
  show_epoll(epoll, 20);
  connected(listener);
  show_epoll(epoll, 1000);
}

CASE(epoll, one_shot) {
  int fds[2];
  struct epoll_event event = {.events = EPOLLIN | EPOLLONESHOT};
  pair_of(fds);
  int epoll = watched(fds[1], EPOLLIN | EPOLLONESHOT);
  send(fds[0], "a", 1, 0);
  show_epoll(epoll, 1000);
  show_epoll(epoll, 20);
  SHOW(epoll_ctl(epoll, EPOLL_CTL_MOD, fds[1], &event));
  show_epoll(epoll, 1000);
}

CASE(epoll, errors) {
  struct epoll_event event = {.events = EPOLLIN};
  int fd = tcp(), epoll = epoll_create1(0);
  SHOW(epoll_ctl(epoll, EPOLL_CTL_MOD, fd, &event));
  SHOW(epoll_ctl(epoll, EPOLL_CTL_DEL, fd, NULL));
  SHOW(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event));
  SHOW(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event));
  SHOW(epoll_ctl(epoll, 99, fd, &event));
  SHOW(epoll_ctl(epoll, EPOLL_CTL_ADD, 999, &event));
  SHOW(epoll_ctl(epoll, EPOLL_CTL_ADD, epoll, &event));
  SHOW(epoll_ctl(fd, EPOLL_CTL_ADD, epoll, &event));
  SHOW(epoll_ctl(epoll, EPOLL_CTL_ADD, udp(), NULL));
  SHOW(epoll_wait(epoll, &event, 0, 0));
  SHOW(epoll_wait(fd, &event, 1, 0));
  SHOW(epoll_ctl(epoll, EPOLL_CTL_DEL, fd, NULL));
}

CASE(epoll, closed_is_forgotten) {
  int fds[2];
  pair_of(fds);
  int epoll = watched(fds[1], EPOLLIN);
  send(fds[0], "a", 1, 0);
  show_epoll(epoll, 1000);
  close(fds[1]);
  show_epoll(epoll, 0);
}

CASE(epoll, by_a_copy) {
  int fds[2];
  pair_of(fds);
  int copy = dup(fds[1]), epoll = watched(fds[1], EPOLLIN);
  close(fds[1]);
  send(fds[0], "a", 1, 0);
  show_epoll(epoll, 1000);
  close(copy);
  show_epoll(epoll, 0);
}

CASE(epoll, fresh_tcp) { show_epoll(watched(tcp(), EPOLLIN | EPOLLOUT), 0); }
CASE(epoll, fresh_udp) { show_epoll(watched(udp(), EPOLLIN | EPOLLOUT), 0); }

CASE(epoll, nested) {
  int fds[2];
  pair_of(fds);
  int inner = watched(fds[1], EPOLLIN), outer = watched(inner, EPOLLIN);
  show_epoll(outer, 0);
  send(fds[0], "a", 1, 0);
  show_epoll(outer, 1000);
}

CASE(epoll, exclusive) {
  int listener = listening();
  int epoll = watched(listener, EPOLLIN | EPOLLEXCLUSIVE);
  connected(listener);
  show_epoll(epoll, 1000);
}

CASE(epoll, udp_edge) {
  int fds[2];
  udp_pair(fds);
  int epoll = watched(fds[1], EPOLLIN | EPOLLET);
  send(fds[0], "one", 3, 0);
  show_epoll(epoll, 1000);
  show_epoll(epoll, 20);
  send(fds[0], "two", 3, 0);
  show_epoll(epoll, 1000);
  show_recv(fds[1], 0);
  show_epoll(epoll, 20);
}

CASE(poll, states_of_a_stream) {
  int fd = tcp(), fds[2];
  show_poll(fd, 0);
  bind_to(fd, LO, 0);
  show_poll(fd, 0);
  listen(fd, 1);
  show_poll(fd, 0);
  pair_of(fds);
  show_poll(fds[0], 0);
  send(fds[1], "x", 1, 0);
  show_poll(fds[0], POLLIN);
}

CASE(poll, states_of_datagrams) {
  int fd = udp();
  show_poll(fd, 0);
  dial(fd, LO, 9);
  show_poll(fd, 0);
  shutdown(fd, SHUT_RD);
  show_poll(fd, 0);
  shutdown(fd, SHUT_WR);
  show_poll(fd, 0);
}

CASE(poll, only_what_is_asked) {
  int fds[2];
  pair_of(fds);
  send(fds[0], "x", 1, 0);
  shutdown(fds[0], SHUT_WR);
  await(fds[1], POLLRDHUP);
  short asked[] = {0, POLLIN, POLLOUT, POLLRDHUP, POLLRDNORM, POLLWRNORM, POLLRDBAND, POLLPRI};
  for (int i = 0; i < 8; i++) {
    struct pollfd p = {.fd = fds[1], .events = asked[i]};
    int n = poll(&p, 1, 0);
    printf("%#x: %d %#x\n", (unsigned)asked[i], n, (unsigned)p.revents);
  }
}

CASE(poll, closed_number) {
  int fd = tcp();
  close(fd);
  struct pollfd p = {.fd = fd, .events = POLLIN};
  SHOW(poll(&p, 1, 0));
  SHOW(p.revents);
  p.fd = -1;
  SHOW(poll(&p, 1, 0));
  SHOW(p.revents);
}

CASE(poll, timeout) {
  struct timespec begin;
  struct pollfd p = {.fd = udp(), .events = POLLIN};
  clock_gettime(CLOCK_MONOTONIC, &begin);
  SHOW(poll(&p, 1, 40));
  SHOW(elapsed_ms(&begin) >= 35);
}

CASE(poll, selects) {
  int fds[2];
  pair_of(fds);
  send(fds[0], "x", 1, 0);
  await(fds[1], POLLIN);
  fd_set in, out, other;
  FD_ZERO(&in);
  FD_ZERO(&out);
  FD_ZERO(&other);
  for (int i = 0; i < 2; i++) {
    FD_SET(fds[i], &in);
    FD_SET(fds[i], &out);
    FD_SET(fds[i], &other);
  }
  SHOW(select(64, &in, &out, &other, &(struct timeval){0, 0}));
  SHOW(FD_ISSET(fds[0], &in));
  SHOW(FD_ISSET(fds[1], &in));
  SHOW(FD_ISSET(fds[0], &other));
  close(fds[0]);
  FD_SET(fds[0], &in);
  SHOW(select(64, &in, NULL, NULL, &(struct timeval){0, 0}));
  SHOW(select(-1, NULL, NULL, NULL, &(struct timeval){0, 0}));
}

CASE(poll, woken_from_the_wait) {
  int fds[2];
  pair_of(fds);
  if (fork() == 0) {
    usleep(30000);
    send(fds[0], "x", 1, 0);
    _exit(0);
  }
  struct pollfd p = {.fd = fds[1], .events = POLLIN};
  SHOW(poll(&p, 1, 5000));
  SHOW(p.revents);
  wait(NULL);
}
