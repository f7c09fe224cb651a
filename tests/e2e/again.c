/*
 * again CASE: a socket that has had a connection, or was a listener, is disconnected
 * (connect() with AF_UNSPEC), and used again. BEHIND_DOOR: what the second door does not show of
 * sockets without a connection is left out.
 */
#define _GNU_SOURCE
#include <stdbool.h>
#include <sys/epoll.h>

#include "local.h"

static int disconnect(int fd) {
  struct sockaddr_in unspecified = {.sin_family = AF_UNSPEC};
  return connect_to(fd, unspecified);
}

/* As long as something that is under way may take. */
static void wait_for(int fd, short bits) {
  struct pollfd p = {.fd = fd, .events = bits};
  poll(&p, 1, 2000);
}

static void say_poll(const char *what, int fd) {
  struct pollfd p = {.fd = fd, .events = POLLIN | POLLOUT | POLLRDHUP | POLLPRI};
  poll(&p, 1, 0);
  printf("%s: poll %#x\n", what, p.revents);
}

/* Of a reset: behind the door only SO_ERROR tells. */
static void say_end(int fd) {
#ifdef BEHIND_DOOR
  say_error(fd);
#else
  say_recv(fd);
#endif
}

static void say_peer(int fd) {
  struct sockaddr_in name;
  socklen_t len = sizeof name;
  say("getpeername", getpeername(fd, (struct sockaddr *)&name, &len));
}

/* Nothing is left of the connection that `fd` had, and another one works, both ways. */
static void use_again(const char *what, int fd) {
  say(what, disconnect(fd));
#ifndef BEHIND_DOOR
  say_poll("disconnected", fd);
  say_recv(fd);
  say_send(fd);
  say_error(fd);
#endif
  say_peer(fd);
  printf("FIONREAD %d\n", readable(fd));
  say("connect", connect_to(fd, listening));
  say("connect", connect_to(fd, listening));
  int other = accept(listener, NULL, NULL);
  say_peer(fd);
  say_poll("connected", fd);
  say_recv(fd);
  say("send", send(fd, "there", 5, MSG_NOSIGNAL));
  wait_for(other, POLLIN);
  say_recv(other);
  send(other, "and back", 8, 0);
  wait_for(fd, POLLIN);
  say_recv(fd);
  shutdown(other, SHUT_WR);
  wait_for(fd, POLLRDHUP);
  say_recv(fd);
  say("send", send(fd, "half closed", 11, MSG_NOSIGNAL));
  close(fd);
  wait_for(other, POLLIN);
  say_recv(other);
  wait_for(other, POLLRDHUP);
  say_recv(other);
  close(other);
}

static void ended_by_peer(void) {
  int other, fd = connection(&other);
  send(other, "last words", 10, 0);
  close(other);
  wait_for(fd, POLLRDHUP);
  say_recv(fd);
  say_recv(fd);
  use_again("FIN read", fd);
  fd = connection(&other);
  send(other, "last words", 10, 0);
  close(other);
  wait_for(fd, POLLRDHUP);
  use_again("FIN and data unread", fd);
  fd = connection(&other);
  shutdown(other, SHUT_WR);
  wait_for(fd, POLLRDHUP);
  shutdown(fd, SHUT_WR);
  wait_for(fd, POLLHUP);
  use_again("FIN both ways", fd);
  close(other);
}

static void reset_by_peer(void) {
  int other, fd = connection(&other);
  set_linger(other, 1, 0);
  close(other);
  wait_for(fd, POLLHUP);
  use_again("reset", fd);
  fd = connection(&other);
  set_linger(other, 1, 0);
  close(other);
  wait_for(fd, POLLHUP);
  say_end(fd);
  say("connect", connect_to(fd, listening));
  use_again("reset told", fd);
  fd = connection(&other);
  send(other, "last words", 10, 0);
  wait_for(fd, POLLIN);
  set_linger(other, 1, 0);
  close(other);
  wait_for(fd, POLLHUP);
  use_again("reset, data unread", fd);
}

static void shut_down(void) {
  for (int how = SHUT_RD; how <= SHUT_RDWR; how++) {
    int other, fd = connection(&other);
    shutdown(fd, how);
    use_again("shut", fd);
    close(other);
    fd = connection(&other);
    send(other, "unread", 6, 0);
    wait_for(fd, POLLIN);
    shutdown(fd, how);
    use_again("shut, data unread", fd);
    close(other);
    fd = connection(&other);
    shutdown(other, how);
    use_again("the peer has shut", fd);
    close(other);
  }
}

static void connected(void) {
  int other, fd = connection(&other);
  say("connect", connect_to(fd, listening));
  use_again("connected", fd);
  wait_for(other, POLLHUP);
  say_end(other);
  close(other);
  fd = connection(&other);
  send(other, "unread", 6, 0);
  wait_for(fd, POLLIN);
  use_again("data unread", fd);
  wait_for(other, POLLHUP);
  say_end(other);
  close(other);
  fd = connection(&other);
  send(other, "urgent", 6, MSG_OOB);
  wait_for(fd, POLLPRI);
  use_again("urgent data unread", fd);
  close(other);
  fd = connection(&other);
  send(fd, "on its way", 10, 0);
  say("disconnect", disconnect(fd));
  wait_for(other, POLLHUP);
  say_recv(other);
  close(other);
  say("twice", disconnect(fd));
  use_again("three times", fd);
}

static void accepted(void) {
  int other, fd = connection(&other);
  use_again("accepted", other);
  close(fd);
}

static void say_name(const char *what, int fd, struct sockaddr_in former) {
  struct sockaddr_in name = name_of(fd);
  bool is_any = name.sin_addr.s_addr == INADDR_ANY;
  bool is_same = name.sin_port == former.sin_port;
  printf("%s: address %s, port %s\n", what, is_any ? "any" : "as before",
         is_same ? "as before" : "another");
}

/* What bind() was told stays. */
static void names(void) {
  for (int i = 0; i < 2; i++) {
    int other, fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_port = htons(4801 + i)};
    if (i == 1) name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
    say("bind", bind(fd, (struct sockaddr *)&name, sizeof name));
    connect_to(fd, listening);
    other = accept(listener, NULL, NULL);
    name = name_of(fd);
    say("disconnect", disconnect(fd));
    say_name("bound", fd, name);
    close(other);
    close(fd);
  }
}

static void listeners(void) {
  int fd = socket(AF_INET, SOCK_STREAM, 0), client = socket(AF_INET, SOCK_STREAM, 0);
  struct sockaddr_in name = bind_any(fd);
  listen(fd, 5);
  use_again("listener", fd);
  fd = socket(AF_INET, SOCK_STREAM, 0);
  name = bind_any(fd);
  listen(fd, 5);
  connect_to(client, name);
  wait_for(fd, POLLIN);
  say("connect", connect_to(fd, listening));
  say("disconnect", disconnect(fd));
  say("accept", accept(fd, NULL, NULL));
  wait_for(client, POLLHUP);
  say_end(client);
  close(client);
  say_name("disconnected", fd, name);
  client = socket(AF_INET, SOCK_STREAM, 0);
  say("connect", connect_to(client, name));
  say("listen", listen(fd, 5));
  say("connect", connect_to(client, name_of(fd)));
  int other = accept(fd, NULL, NULL);
  say("accept", other < 0 ? -1 : 0);
  close(client);
  close(other);
  use_again("a listener again", fd);
}

/* What a program has set, and who watches the descriptor, stays. */
static void settings(void) {
  int other, on = 1, fd = connection(&other), epoll = epoll_create1(0), got = 0;
  struct epoll_event event = {.events = EPOLLIN | EPOLLOUT, .data.u32 = 7}, seen;
  struct timeval limit = {3, 0}, found = {0};
  socklen_t len = sizeof found;
  fcntl(fd, F_SETFD, FD_CLOEXEC);
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
#ifdef BEHIND_DOOR /* nobody puts the fresh pair there, nor under other numbers */
  epoll_ctl(epoll, EPOLL_CTL_DEL, fd, &event);
  int twin = -1;
#else
  int twin = dup(fd);
#endif
  close(other);
  wait_for(fd, POLLRDHUP);
  say("disconnect", disconnect(fd));
  say("watched", epoll_wait(epoll, &seen, 1, 0));
  printf("%#x %u\n", seen.events, seen.data.u32);
  say("connect", connect_to(fd, listening));
  other = accept(listener, NULL, NULL);
  say("watched", epoll_wait(epoll, &seen, 1, 0));
  printf("%#x %u\n", seen.events, seen.data.u32);
  send(other, "text", 4, 0);
  if (twin < 0) twin = fd;
  wait_for(twin, POLLIN);
  say_recv(twin);
  printf("%d\n", fcntl(fd, F_GETFD));
  getsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &found, &len);
  len = sizeof got;
  getsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &got, &len);
  printf("%ld s, keep-alive %d\n", (long)found.tv_sec, got);
}

static const struct local_case CASES[] = {
    {"ended_by_peer", ended_by_peer}, {"reset_by_peer", reset_by_peer},
    {"shut_down", shut_down},         {"connected", connected},
    {"accepted", accepted},           {"listeners", listeners},
    {"settings", settings},           {"names", names},
};

LOCAL_MAIN(CASES)
