/*
 * ends CASE ADDRESS PORT, ends serve ADDRESS PORT: how a stream ends, seen from both sides. The
 * first byte of a connection tells the server what to do with it. Both print what they see, to be
 * compared between nuse and the kernel.
 */
#define _GNU_SOURCE
#include "program.h"

#include <stdbool.h>
#include <sys/epoll.h>
#include <time.h>

static struct sockaddr_in at;

static void set_linger(int fd, int seconds) {
  struct linger linger = {1, seconds};
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
}

static void reset(int fd) {
  set_linger(fd, 0);
  close(fd);
}

/* Connected to the server, which may not have come up yet. */
static int connected(void) {
  for (int i = 0; i < 1000; i++) {
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(fd, (struct sockaddr *)&at, sizeof at) == 0) return fd;
    close(fd);
    usleep(10000);
  }
  say("connect", -1);
  exit(1);
}

/* A connection on which the server does what `what` says. */
static int dial(const char *what) {
  int fd = connected();
  send(fd, what, 1, 0);
  return fd;
}

static void say_read(int fd) {
  char text[64] = "";
  long n = recv(fd, text, sizeof text - 1, MSG_DONTWAIT);
  say("recv", n);
  if (n > 0) puts(text);
}

static void say_send(int fd) { say("send", send(fd, "x", 1, MSG_NOSIGNAL)); }
static void say_error(int fd) { say("SO_ERROR", take_error(fd)); }
static void say_poll(int fd) { printf("poll: %#x\n", poll_now(fd, 0)); }

/* What is still told of a connection that has ended, in every order of asking. */
static void tell_end(const char *what) {
  static void (*const ask[])(int) = {say_read, say_send, say_error};
  for (int i = 0; i < 3; i++) {
    int fd = dial(what);
    if (what[0] == 'f') {
      wait_for(fd, POLLRDHUP);
      if (what[1] == 'r') say_read(fd);
      say_send(fd);
    }
    wait_for(fd, POLLHUP);
    printf("%s %d\n", what, i);
    say_poll(fd);
    for (int k = 0; k < 6; k++) ask[(i + k) % 3](fd);
    say_poll(fd);
    close(fd);
  }
}

static void fin_rst(void) { tell_end("f"); }
static void fin_read_rst(void) { tell_end("fr"); }
static void rst(void) { tell_end("r"); }
static void data_rst(void) { tell_end("d"); }

static void unread(void) {
  int fd = dial("u");
  wait_for(fd, POLLIN);
  say("send", send(fd, "answer", 6, 0));
  close(fd);
}

static void unread_linger(void) {
  int fd = dial("u");
  wait_for(fd, POLLIN);
  say("send", send(fd, "answer", 6, 0));
  reset(fd);
}

static void reset_epoll(void) {
  struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP};
  int epoll = epoll_create1(0), fd = dial("r");
  wait_for(fd, POLLHUP);
  epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
  int n = epoll_wait(epoll, &event, 1, 0);
  printf("epoll: %d %#x\n", n, event.events);
}

static void fresh(void) {
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  struct pollfd p = {.fd = fd, .events = POLLIN};
  int n = poll(&p, 1, 1000);
  printf("poll: %d %#x\n", n, p.revents);
  say_poll(fd);
}

/* The side that closed first connects again, from the same port, and again. */
static void again(void) {
  char text[16];
  int one = 1;
  struct sockaddr_in own = {.sin_family = AF_INET, .sin_port = htons(4979)};
  for (int i = 0; i < 3; i++) {
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    say("bind", bind(fd, (struct sockaddr *)&own, sizeof own));
    say("connect", connect(fd, (struct sockaddr *)&at, sizeof at));
    send(fd, "e", 1, 0);
    say("shutdown", shutdown(fd, SHUT_WR));
    say("recv", recv(fd, text, sizeof text, 0));
    close(fd);
  }
}

/* What close() has promised is true when it returns, for a socket that was there before. */
static void closed(void) {
  struct sockaddr_in own = {.sin_family = AF_INET, .sin_port = htons(4978)};
  int not_free = 0, not_refused = 0;
  inet_pton(AF_INET, "127.0.0.1", &own.sin_addr);
  for (int i = 0; i < 300; i++) {
    int type = i % 3 == 2 ? SOCK_DGRAM : SOCK_STREAM;
    int other = socket(AF_INET, type, 0), fd = socket(AF_INET, type, 0);
    bind(fd, (struct sockaddr *)&own, sizeof own);
    if (type == SOCK_STREAM) listen(fd, 1);
    close(fd);
    if (i % 3 == 0) {
      int result = connect(other, (struct sockaddr *)&own, sizeof own);
      not_refused += result == 0 || errno != ECONNREFUSED;
    } else {
      not_free += bind(other, (struct sockaddr *)&own, sizeof own) != 0;
    }
    close(other);
  }
  printf("not free: %d, not refused: %d\n", not_free, not_refused);
}

/* Between two sockets of one stack: what was sent is there when send() returns. */
static void local(void) {
  struct sockaddr_in own = {.sin_family = AF_INET, .sin_port = htons(4977)};
  int one = 1, missed = 0, listener = socket(AF_INET, SOCK_STREAM, 0);
  int ends[2] = {socket(AF_INET, SOCK_STREAM, 0)};
  char c;
  inet_pton(AF_INET, "127.0.0.1", &own.sin_addr);
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  bind(listener, (struct sockaddr *)&own, sizeof own);
  listen(listener, 1);
  connect(ends[0], (struct sockaddr *)&own, sizeof own);
  ends[1] = accept(listener, NULL, NULL);
  for (int i = 0; i < 500; i++) {
    int from = ends[i % 2], to = ends[1 - i % 2];
    send(from, "x", 1, 0);
    missed += i % 4 < 2 ? (poll_now(to, 0) & POLLIN) == 0 : recv(to, &c, 1, MSG_DONTWAIT) != 1;
    if (i % 4 < 2) recv(to, &c, 1, 0);
  }
  printf("missed: %d\n", missed);
}

/* The server does not read: close() waits for the time set, and the rest is delivered after it. */
static void linger(void) {
  static char block[65536];
  struct timespec before, after;
  int fd = dial("l");
  for (int stalled = 0; stalled < 20; stalled++) { /* every buffer on the way is full */
    if (send(fd, block, sizeof block, MSG_DONTWAIT) > 0) stalled = 0;
    else usleep(50000);
  }
  set_linger(fd, 1);
  clock_gettime(CLOCK_MONOTONIC, &before);
  say("close", close(fd));
  clock_gettime(CLOCK_MONOTONIC, &after);
  long ms = (after.tv_sec - before.tv_sec) * 1000 + (after.tv_nsec - before.tv_nsec) / 1000000;
  puts(ms >= 950 ? "waited" : "did not wait");
  close(dial("h"));
}

/* Until the connection ends: everything that comes, and how it ended. */
static void read_all(int fd) {
  char text[4096];
  long n, total = 0;
  while ((n = recv(fd, text, sizeof text, 0)) > 0) total += n;
  printf("server got %ld bytes, then ", total);
  say("", n);
}

static int listener;

/* False: it was the last. */
static bool serve_one(int fd) {
  char what = 0, more, text[4096];
  recv(fd, &what, 1, 0);
  switch (what) {
  case 'q': return false;
  case 'r': reset(fd); break;
  case 'd':
    send(fd, "data", 4, 0);
    reset(fd);
    break;
  case 'f':
    shutdown(fd, SHUT_WR);
    recv(fd, &more, 1, 0);
    reset(fd);
    break;
  case 'l':
    serve_one(accept(listener, NULL, NULL));
    while (recv(fd, text, sizeof text, 0) > 0) continue;
    puts("all has come");
    close(fd);
    break;
  case 'e':
    read_all(fd);
    close(fd);
    break;
  case 'u':
    send(fd, "hello", 5, 0);
    read_all(fd);
    close(fd);
    break;
  default: close(fd);
  }
  return true;
}

static void serve(void) {
  int one = 1;
  listener = socket(AF_INET, SOCK_STREAM, 0);
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  bind(listener, (struct sockaddr *)&at, sizeof at);
  listen(listener, 5);
  while (serve_one(accept(listener, NULL, NULL))) continue;
}

static const struct {
  const char *name;
  void (*run)(void);
} CASES[] = {
    {"unread", unread},
    {"unread_linger", unread_linger},
    {"fin_rst", fin_rst},
    {"fin_read_rst", fin_read_rst},
    {"rst", rst},
    {"data_rst", data_rst},
    {"reset_epoll", reset_epoll},
    {"fresh", fresh},
    {"again", again},
    {"closed", closed},
    {"linger", linger},
    {"local", local},
    {"serve", serve},
};

int main(int argc, char **argv) {
  setvbuf(stdout, NULL, _IOLBF, 0);
  if (argc != 4) return 2;
  at = address_of(argv + 2);
  bool is_client = strcmp(argv[1], "serve") != 0;
  if (is_client) close(dial("h")); /* the server is up */
  for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
    if (strcmp(argv[1], CASES[i].name) == 0) CASES[i].run();
  }
  if (is_client) close(dial("q"));
  return 0;
}
