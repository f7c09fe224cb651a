/*
 * For programs whose sockets talk to each other, on the loopback, in one process: what they share.
 */
#ifndef LOCAL_H
#define LOCAL_H

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static struct sockaddr_in listening;
static int listener;

static inline void say(const char *what, long result) {
  printf("%s: %ld %s\n", what, result, result < 0 ? strerrorname_np(errno) : "");
}

static inline struct sockaddr_in name_of(int fd) {
  struct sockaddr_in name = {0};
  socklen_t len = sizeof name;
  getsockname(fd, (struct sockaddr *)&name, &len);
  return name;
}

static inline struct sockaddr_in bind_any(int fd) {
  struct sockaddr_in name = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  bind(fd, (struct sockaddr *)&name, sizeof name);
  return name_of(fd);
}

static inline int connect_to(int fd, struct sockaddr_in name) {
  return connect(fd, (struct sockaddr *)&name, sizeof name);
}

static inline int connection(int *other) {
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  connect_to(fd, listening);
  *other = accept(listener, NULL, NULL);
  return fd;
}

static inline int take_error(int fd) {
  int error = -1;
  socklen_t len = sizeof error;
  getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len);
  return error;
}

static inline void set_linger(int fd, int on, int seconds) {
  struct linger linger = {on, seconds};
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
}

static inline void say_recv(int fd) {
  char text[64] = "";
  long n = recv(fd, text, sizeof text - 1, MSG_DONTWAIT);
  say("recv", n);
  if (n > 0) puts(text);
}
static inline void say_send(int fd) { say("send", send(fd, "x", 1, MSG_NOSIGNAL | MSG_DONTWAIT)); }
static inline void say_error(int fd) { printf("SO_ERROR: %d\n", take_error(fd)); }
static inline int readable(int fd) {
  int n = -1;
  ioctl(fd, FIONREAD, &n);
  return n;
}

struct local_case {
  const char *name;
  void (*run)(void);
};

/* Runs the case that is named. */
static inline int run_case(int argc, char **argv, const struct local_case *cases, size_t count) {
  setvbuf(stdout, NULL, _IONBF, 0);
  listener = socket(AF_INET, SOCK_STREAM, 0);
  listening = bind_any(listener);
  listen(listener, 5);
  for (size_t i = 0; i < count; i++) {
    if (argc > 1 && strcmp(argv[1], cases[i].name) == 0) cases[i].run();
  }
  return 0;
}

#define LOCAL_MAIN(cases)                                                                          \
  int main(int argc, char **argv) {                                                                \
    return run_case(argc, argv, cases, sizeof cases / sizeof cases[0]);                            \
  }

#endif
