/*
 * leave CASE: how a socket is left: close() with SO_LINGER, exit, dup, exec; which ports are free
 * then.
 */
#define _GNU_SOURCE
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <time.h>

#include "local.h"

/* ---- SO_LINGER ---- */

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void say_close(const char *what, int fd) {
  double before = now();
  long result = close(fd);
  double took = now() - before;
  say(what, result);
  puts(took < 0.5 ? "at once" : took < 0.95 ? "early" : "waited");
}

/* Every buffer on the way is full. */
static void fill(int fd) {
  static char block[65536];
  for (int stalled = 0; stalled < 10; stalled++) {
    if (send(fd, block, sizeof block, MSG_DONTWAIT) > 0) stalled = 0;
    else usleep(20000);
  }
}

static void *drain_later(void *argument) {
  static char block[65536];
  int fd = *(int *)argument;
  usleep(300000);
  while (recv(fd, block, sizeof block, 0) > 0) continue;
  return NULL;
}

static void *reset_later(void *argument) {
  int fd = *(int *)argument;
  usleep(300000);
  set_linger(fd, 1, 0);
  close(fd);
  return NULL;
}

static void say_inherited(void) {
  int fd = socket(AF_INET, SOCK_STREAM, 0), client = socket(AF_INET, SOCK_STREAM, 0);
  struct linger linger = {0};
  socklen_t len = sizeof linger;
  bind_any(fd);
  set_linger(fd, 1, 1);
  listen(fd, 1);
  connect_to(client, name_of(fd));
  int other = accept(fd, NULL, NULL);
  getsockopt(other, SOL_SOCKET, SO_LINGER, &linger, &len);
  printf("inherited %d %d\n", linger.l_onoff, linger.l_linger);
  fill(other);
  say_close("inherited", other);
  close(client);
  set_linger(fd, 1, 0);
  client = socket(AF_INET, SOCK_STREAM, 0);
  connect_to(client, name_of(fd));
  other = accept(fd, NULL, NULL);
  send(other, "data", 4, 0);
  close(other);
  say_recv(client);
  say_recv(client);
  close(client);
  close(fd);
}

static void lingering(void) {
  pthread_t thread;
  int other, fd;
  for (int nonblocking = 0; nonblocking < 2; nonblocking++) {
    fd = connection(&other);
    ioctl(fd, FIONBIO, &nonblocking);
    fill(fd);
    set_linger(fd, 1, 1);
    say_close(nonblocking ? "nonblocking" : "blocking", fd);
    close(other);
  }
  fd = connection(&other);
  set_linger(fd, 1, 5);
  say_close("nothing to wait for", fd);
  close(other);
  fd = connection(&other);
  set_linger(fd, 1, 5);
  send(fd, "x", 1, 0);
  say_close("acknowledged", fd);
  say_recv(other);
  close(other);
  fd = connection(&other);
  set_linger(fd, 0, 5);
  fill(fd);
  say_close("off", fd);
  close(other);
  fd = connection(&other);
  set_linger(fd, 1, 30);
  fill(fd);
  pthread_create(&thread, NULL, drain_later, &other);
  double before = now();
  say("close", close(fd));
  puts(now() - before > 0.2 && now() - before < 25 ? "until read" : "wrong");
  pthread_join(thread, NULL);
  close(other);
  fd = connection(&other);
  set_linger(fd, 1, 30);
  fill(fd);
  pthread_create(&thread, NULL, reset_later, &other);
  before = now();
  say("close", close(fd));
  puts(now() - before > 0.2 && now() - before < 25 ? "until reset" : "wrong");
  pthread_join(thread, NULL);
}

/* Linger where more than one has the socket. */
static void lingering_shared(void) {
  /* one of two descriptors */
  int other, fd = connection(&other);
  int copy = dup(fd);
  set_linger(fd, 1, 30);
  fill(fd);
  say_close("one of two", fd);
  set_linger(copy, 1, 1);
  say_close("the last", copy);
  close(other);
  /* a child has it, too */
  fd = connection(&other);
  set_linger(fd, 1, 30);
  int ends[2];
  if (pipe(ends) != 0) return;
  pid_t child = fork();
  if (child == 0) {
    char c;
    close(ends[1]);
    _exit(read(ends[0], &c, 1) == 0 ? 0 : 1);
  }
  fill(fd);
  say_close("a child has it", fd);
  set_linger(other, 1, 0);
  close(other);
  close(ends[1]);
  waitpid(child, NULL, 0);
  say_inherited();
}

static volatile sig_atomic_t was_handled;

static void on_alarm(int signo) { was_handled = signo; }

static void lingering_interrupted(void) {
  struct sigaction action = {.sa_handler = on_alarm};
  int other, fd = connection(&other);
  sigaction(SIGALRM, &action, NULL);
  set_linger(fd, 1, 10);
  fill(fd);
  ualarm(300000, 0);
  double before = now();
  say("close", close(fd));
  puts(now() - before < 5 ? "cut short" : "waited");
  puts(was_handled ? "handled" : "not handled");
  close(other);
}

/* ---- exit, dup, exec ---- */

static void exits(void) {
  static const char *const words[] = {"exit", "SO_LINGER 0", "killed", "unread input", "exec"};
  for (int how = 0; how < 5; how++) {
    int other, fd = connection(&other);
    if (how == 3) send(other, "unread", 6, 0);
    pid_t child = fork();
    if (child == 0) {
      close(other);
      send(fd, "last words", 10, 0);
      if (how == 1) set_linger(fd, 1, 0);
      if (how == 2) raise(SIGKILL);
      if (how == 4) {
        fcntl(fd, F_SETFD, FD_CLOEXEC);
        execl("/bin/true", "true", NULL);
      }
      _exit(0);
    }
    close(fd);
    waitpid(child, NULL, 0);
    puts(words[how]);
    say_recv(other);
    say_recv(other);
    say_recv(other);
    say_error(other);
    close(other);
  }
  int other, fd = connection(&other), copy = dup(fd);
  set_linger(fd, 1, 0);
  close(fd);
  say_recv(other);
  say("send by the copy", send(copy, "copy", 4, 0));
  say_recv(other);
  dup2(listener, copy);
  say_recv(other);
  close(copy);
  close(other);
  fd = connection(&other);
  pid_t child = fork();
  if (child == 0) {
    shutdown(fd, SHUT_WR);
    _exit(0);
  }
  waitpid(child, NULL, 0);
  say_recv(other);
  say_send(fd);
  close(fd);
  close(other);
}

/* ---- ports ---- */

static void ports(void) {
  int one = 1, failed[6] = {0};
  for (int i = 0; i < 20; i++) {
    int other, fd = socket(AF_INET, SOCK_DGRAM, 0);
    struct sockaddr_in name = bind_any(fd);
    close(fd);
    fd = socket(AF_INET, SOCK_DGRAM, 0);
    failed[0] += bind(fd, (struct sockaddr *)&name, sizeof name) != 0;
    close_range((unsigned)fd, (unsigned)fd, 0);
    fd = socket(AF_INET, SOCK_DGRAM, 0);
    failed[1] += bind(fd, (struct sockaddr *)&name, sizeof name) != 0;
    dup2(0, fd);
    other = socket(AF_INET, SOCK_DGRAM, 0);
    failed[2] += bind(other, (struct sockaddr *)&name, sizeof name) != 0;
    fclose(fdopen(other, "w"));
    other = socket(AF_INET, SOCK_DGRAM, 0);
    failed[3] += bind(other, (struct sockaddr *)&name, sizeof name) != 0;
    pid_t child = fork();
    if (child == 0) _exit(0);
    close(other);
    waitpid(child, NULL, 0);
    other = socket(AF_INET, SOCK_DGRAM, 0);
    failed[4] += bind(other, (struct sockaddr *)&name, sizeof name) != 0;
    close(other);
    /* a listener with a connection that nobody has accepted */
    fd = socket(AF_INET, SOCK_STREAM, 0);
    name = bind_any(fd);
    listen(fd, 5);
    other = socket(AF_INET, SOCK_STREAM, 0);
    connect_to(other, name);
    close(fd);
    fd = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    failed[5] += bind(fd, (struct sockaddr *)&name, sizeof name) != 0;
    listen(fd, 5);
    if (i == 0) say_recv(other);
    close(fd);
    close(other);
  }
  printf("close %d, close_range %d, dup2 %d, fclose %d, fork %d, listener %d\n", failed[0],
         failed[1], failed[2], failed[3], failed[4], failed[5]);
}

static void ports_in_time_wait(void) {
  int one = 1;
  /* TIME-WAIT keeps a port, but not from its own peer */
  int other, fd = socket(AF_INET, SOCK_STREAM, 0);
  struct sockaddr_in name = bind_any(fd);
  say("connect", connect_to(fd, listening));
  other = accept(listener, NULL, NULL);
  close(fd);
  close(other);
  fd = socket(AF_INET, SOCK_STREAM, 0);
  say("bind", bind(fd, (struct sockaddr *)&name, sizeof name));
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  say("bind", bind(fd, (struct sockaddr *)&name, sizeof name));
  say("connect", connect_to(fd, listening));
  other = accept(listener, NULL, NULL);
  say_send(fd);
  say_recv(other);
  close(other);
  close(fd);
  /* the other side closed first: the listener's port */
  fd = socket(AF_INET, SOCK_STREAM, 0);
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  name = bind_any(fd);
  say("connect", connect_to(fd, listening));
  other = accept(listener, NULL, NULL);
  close(other);
  close(fd);
  fd = socket(AF_INET, SOCK_STREAM, 0);
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  say("bind", bind(fd, (struct sockaddr *)&name, sizeof name));
  say("connect", connect_to(fd, listening));
  other = accept(listener, NULL, NULL);
  close(fd);
  close(other);
}

static const struct local_case CASES[] = {
    {"lingering", lingering},
    {"lingering_shared", lingering_shared},
    {"interrupted", lingering_interrupted},
    {"exits", exits},
    {"ports", ports},
    {"ports_in_time_wait", ports_in_time_wait},
};

LOCAL_MAIN(CASES)
