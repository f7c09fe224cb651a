/*
 * The program again, exec'ed with a socket by a case (process_cases.c), or started by the test
 * without the usual service: cases exec MODE FD.
 */
#include "check.h"

#include <fcntl.h>
#include <ifaddrs.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void stream_mode(int fd) { echo_works(fd); }

static void datagram_mode(int fd) {
  char buf[16];
  CHECK(write(fd, "xyz", 3) == 3 && read(fd, buf, sizeof buf) == 3);
  int who = requests(fd, NUSE_OP_WHO);
  CHECK(write(fd, "xyz", 3) == 3 && read(fd, buf, sizeof buf) == 3);
  CHECK(requests(fd, NUSE_OP_WHO) == who);
}

/* Uses its network, then executes itself with the environment that it has. */
static void twice_mode(int fd) {
  char number[16];
  snprintf(number, sizeof number, "%d", fd);
  datagram_mode(fd);
  CHECK(fcntl(fd, F_SETFD, 0) == 0);
  execl(own_path, own_path, "exec", "datagram", number, NULL);
  CHECK(!"executed");
}

static void connecting_mode(int fd) {
  char buf[4];
  int size = 0;
  socklen_t len = sizeof size;
  CHECK(send(fd, "late", 4, 0) == 4 && recv(fd, buf, 4, MSG_WAITALL) == 4);
  CHECK(past_shim(SYS_getsockopt, fd, SOL_SOCKET, SO_SNDBUF, &size, &len) == 0 && size > 200000);
}

static void listener_mode(int fd) { CHECK(accept(fd, NULL, NULL) >= 0); }

/* $NUSE_SOCK names nothing. */
static void unreachable_mode(int fd) {
  struct ifaddrs *list;
  int pipes[2];
  FAILS(ENETDOWN, socket(AF_INET, SOCK_STREAM, 0));
  FAILS(ENETDOWN, getifaddrs(&list));
  CHECK(pipe(pipes) == 0 && write(pipes[1], "x", 1) == 1 && read(pipes[0], &(char){0}, 1) == 1);
  CHECK(write(fd, "still here\n", 11) == 11);
}

/* No $NUSE_SOCK at all: as if the library were not there. */
static void native_mode(int fd) {
  struct sockaddr_in name;
  socklen_t len = sizeof name;
  struct ifaddrs *list;
  int own = socket(AF_INET, SOCK_DGRAM, 0);
  CHECK(own >= 0 && bind(own, address(0x7f000001, 0), AT_LEN) == 0);
  CHECK(getsockname(own, (struct sockaddr *)&name, &len) == 0 && name.sin_port != 0);
  CHECK(sendto(own, "x", 1, 0, (struct sockaddr *)&name, len) == 1);
  CHECK(recv(own, &(char){0}, 1, 0) == 1);
  CHECK(getifaddrs(&list) == 0);
  freeifaddrs(list);
  CHECK(fd == 1);
}

/* The service dies between "go" and the end of standard input. */
static void wait_for_death(int fd) {
  char c;
  CHECK(write(fd, "go\n", 3) == 3);
  while (read(0, &c, 1) > 0) {
  }
}

static void outlive_mode(int fd) {
  int stream = connected(PORT_ECHO);
  int datagram = udp();
  struct ifaddrs *list;
  char c;
  CHECK(connect(datagram, at(5000), AT_LEN) == 0);
  count_signal(SIGPIPE, 0);
  wait_for_death(fd);
  CHECK(read(stream, &c, 1) == 0);
  FAILS(EPIPE, write(stream, "x", 1));
  FAILS(ENETDOWN, send(datagram, "x", 1, 0));
  FAILS(ENETDOWN, connect(stream, at(PORT_ECHO), AT_LEN));
  FAILS(ENETDOWN, socket(AF_INET, SOCK_STREAM, 0));
  FAILS(ENETDOWN, getifaddrs(&list));
  CHECK(close(stream) == 0 && close(datagram) == 0);
}

/* Those who would wait for the network for ever end with it. */
static void accepting_mode(int fd) {
  int listener = tcp(SOCK_NONBLOCK);
  CHECK(listen(listener, 5) == 0);
  FAILS(EAGAIN, accept(listener, NULL, NULL));
  wait_for_death(fd);
  CHECK(wait_for(listener, POLLIN, 0) & POLLHUP);
  accept(listener, NULL, NULL);
}

static void serve_by_children(int listener) {
  for (int i = 0; i < 3; i++) {
    pid_t pid = fork();
    if (pid == 0) {
      accept(listener, NULL, NULL);
      _exit(0);
    }
    CHECK(waitpid(pid, NULL, 0) == pid);
  }
}

static void prefork_mode(int fd) {
  int listener = tcp(0);
  CHECK(listen(listener, 5) == 0);
  wait_for_death(fd);
  serve_by_children(listener);
}

/* As prefork, by a process that has never asked the service anything itself. */
static void daemon_mode(int fd) {
  int status = 0, listener = tcp(0);
  CHECK(listen(listener, 5) == 0);
  pid_t pid = fork();
  if (pid == 0) {
    wait_for_death(fd);
    serve_by_children(listener);
    _exit(0);
  }
  CHECK(waitpid(pid, &status, 0) == pid);
  if (WIFSIGNALED(status)) raise(WTERMSIG(status));
}

static void receiving_mode(int fd) {
  int datagram = udp();
  wait_for_death(fd);
  recv(datagram, &(char){0}, 1, 0);
}

/* The service dies with a datagram unread, which the kernel tells by ECONNRESET. */
static void unread_mode(int fd) {
  char c;
  int datagram = udp();
  CHECK(connect(datagram, at(5000), AT_LEN) == 0);
  CHECK(send(datagram, "x", 1, 0) == 1 && recv(datagram, &c, 1, 0) == 1);
  CHECK(write(fd, "go\n", 3) == 3);
  CHECK(read(0, &c, 1) == 1); /* the service has been stopped */
  CHECK(send(datagram, "x", 1, 0) == 1);
  CHECK(write(fd, "go\n", 3) == 3);
  CHECK(read(0, &c, 1) == 0);
  FAILS(ENETDOWN, recv(datagram, &c, 1, 0));
}

static void dialling_mode(int fd) {
  int stream = tcp(0);
  CHECK(write(fd, "go\n", 3) == 3);
  FAILS(ENETDOWN, connect(stream, at(PORT_NEVER), AT_LEN));
}

int exec_child(int argc, char **argv) {
  static const struct {
    const char *name;
    void (*run)(int fd);
  } modes[] = {{"stream", stream_mode},           {"datagram", datagram_mode},
               {"connecting", connecting_mode},   {"listener", listener_mode},
               {"unreachable", unreachable_mode}, {"native", native_mode},
               {"outlive", outlive_mode},         {"accepting", accepting_mode},
               {"receiving", receiving_mode},     {"dialling", dialling_mode},
               {"prefork", prefork_mode},         {"daemon", daemon_mode},
               {"unread", unread_mode},           {"twice", twice_mode}};
  if (argc != 4) return 2;
  for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
    if (strcmp(argv[2], modes[i].name) != 0) continue;
    modes[i].run(atoi(argv[3]));
    return 0;
  }
  return 2;
}
