/*
 * urgent ADDRESS PORT CASE…, urgent ADDRESS PORT: urgent data, both ways. Without a case it is the
 * server (urgent_server.h). The client prints what it sees, to be compared between nuse and the
 * kernel.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "urgent_server.h"

/* What the server is told about, and where it is told. */
static int fd, teller;

static void show(void) { puts(state_of(fd)); }
static void show_read(void) { printf("read: %s\n", read_from(fd, 0)); }
static void show_peek(void) { printf("peek: %s\n", read_from(fd, MSG_PEEK)); }
static void show_urgent(void) { printf("urgent: %s\n", read_from(fd, MSG_OOB)); }
static void peek_urgent(void) { printf("urgent peek: %s\n", read_from(fd, MSG_OOB | MSG_PEEK)); }

/* ---- the client ---- */

static int connected(void) {
  for (int i = 0; i < 1000; i++) {
    int s = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(s, (struct sockaddr *)&at, sizeof at) == 0) return s;
    close(s);
    usleep(10000);
  }
  exit(1);
}

/* The server does it; its answer. */
static char *peer(const char *command) {
  static char answer[300];
  char line[100];
  snprintf(line, sizeof line, "%s\n", command);
  send(teller, line, strlen(line), 0);
  if (!next_command(teller, answer, sizeof answer)) strcpy(answer, "gone");
  return answer;
}

static void show_peer(const char *command) { printf("peer %s: %s\n", command, peer(command)); }

static void in_the_middle(void) {
  peer("sabc");
  peer("u!");
  peer("sdef");
  show(), show_peek(), show_read(), show();
  peek_urgent(), show_urgent(), show_urgent(), show(), show_read(), show();
}

static void alone(void) {
  peer("u!");
  show(), show_urgent(), show(), show_urgent(), show_read(), show();
  peer("u?");
  show_read(), show(), show_urgent();
}

/* Nobody looks out for it: the program is not woken, and reads past it. */
static void unnoticed(void) {
  struct pollfd p = {.fd = fd, .events = POLLIN};
  peer("u!");
  printf("poll: %d\n", poll(&p, 1, 0));
  peer("sabc");
  printf("poll: %d\n", poll(&p, 1, LIMIT_MS));
  show_read();
  peer("ux!");
  printf("poll: %d\n", poll(&p, 1, LIMIT_MS));
  show_read();
  printf("poll: %d\n", poll(&p, 1, 0));
  show_urgent(), show();
}

static void read_first(void) {
  peer("uabc!");
  show(), show_urgent(), show(), show_read(), show(), show_read(), show();
  peer("sdef");
  show(), show_read();
  peer("uabc!");
  show_urgent(), show_read();
  peer("sdef");
  show(), show_read(), show();
}

static void in_line(void) {
  setsockopt(fd, SOL_SOCKET, SO_OOBINLINE, &(int){1}, sizeof(int));
  peer("uabc!");
  show(), show_urgent(), show_read(), show();
  peer("sdef");
  show(), show_read(), show();
  peer("u!");
  show(), show_read(), show();
}

static void in_line_later(void) {
  int is_inline = -1;
  socklen_t len = sizeof is_inline;
  peer("u!");
  show();
  setsockopt(fd, SOL_SOCKET, SO_OOBINLINE, &(int){1}, sizeof(int));
  getsockopt(fd, SOL_SOCKET, SO_OOBINLINE, &is_inline, &len);
  printf("in line: %d\n", is_inline);
  show(), show_urgent(), show_read(), show();
  setsockopt(fd, SOL_SOCKET, SO_OOBINLINE, &(int){0}, sizeof(int));
  peer("u?");
  show(), show_urgent(), show();
}

static void two(void) {
  show();
  peer("ua!");
  peer("ub?");
  show(), show_urgent(), show(), show_read(), show(), show_read();
}

static void at_the_end(void) {
  peer("uab!");
  peer("w");
  wait_for(fd, POLLRDHUP);
  show(), show_read(), show(), show_urgent(), show(), show_read(), show_urgent();
}

static void reading_shut(void) {
  peer("uab!");
  wait_for(fd, POLLPRI);
  shutdown(fd, SHUT_RD);
  show(), show_read(), show_urgent(), show_read(), show_urgent();
}

static void messages(void) {
  char byte = '-';
  struct iovec pieces[2] = {{NULL, 0}, {&byte, 1}};
  struct msghdr msg = {.msg_iov = pieces, .msg_iovlen = 2};
  peer("u!");
  wait_for(fd, POLLPRI);
  printf("no room: %zd\n", recv(fd, NULL, 0, MSG_OOB | MSG_PEEK));
  printf("recvmsg: %zd\n", recvmsg(fd, &msg, MSG_OOB));
  printf("%c %#x\n", byte, msg.msg_flags);
  printf("sent: %zd\n", sendmsg(fd, &msg, MSG_OOB));
  show_peer("l"), show_peer("o");
}

static void sent(void) {
  printf("sent: %zd %zd\n", send(fd, "", 0, MSG_OOB), send(fd, "abc!", 4, MSG_OOB));
  show_peer("l"), show_peer("r"), show_peer("l"), show_peer("o"), show_peer("o");
  send(fd, "def", 3, 0);
  show_peer("R3");
  peer("i");
  send(fd, "g!", 2, MSG_OOB);
  show_peer("l"), show_peer("o"), show_peer("r"), show_peer("r");
  shutdown(fd, SHUT_WR);
  long n = send(fd, "!", 1, MSG_OOB | MSG_NOSIGNAL);
  printf("shut: %ld %s\n", n, errno_name(n));
}

static void sent_large(void) {
  static char block[LARGE];
  printf("%zd\n", send(fd, block, LARGE, MSG_OOB));
  show_peer("l"), show_peer("r"), show_peer("o");
}

/* The urgent byte is seen although nobody has read what comes before it. */
static void behind_much(void) {
  peer("U");
  printf("poll: %#x\n", wait_for(fd, POLLPRI));
  show(), show_urgent(), show_read(), show();
}

static volatile sig_atomic_t signals;
static void count(int number) { signals += number == SIGURG; }

static void owned(void) {
  sigset_t urgent, before;
  int self = getpid(), owner = 0;
  struct timespec limit = {LIMIT_MS / 1000, 0};
  signal(SIGURG, count);
  sigemptyset(&urgent);
  sigaddset(&urgent, SIGURG);
  peer("u!"); /* nobody's */
  show_urgent();
  printf("signals: %d\n", signals);
  sigprocmask(SIG_BLOCK, &urgent, &before);
  for (int way = 0; way < 3; way++) {
    int result = way == 0   ? fcntl(fd, F_SETOWN, self)
                 : way == 1 ? ioctl(fd, FIOSETOWN, &self)
                            : ioctl(fd, SIOCSPGRP, &self);
    peer("u!");
    printf("%d: %d\n", result, sigtimedwait(&urgent, NULL, &limit) == SIGURG);
    show(), show_urgent();
    fcntl(fd, F_SETOWN, 0);
    peer("u!");
    wait_for(fd, POLLPRI);
    show_urgent();
    limit = (struct timespec){0, 0};
    printf("not owned: %d\n", sigtimedwait(&urgent, NULL, &limit));
    limit = (struct timespec){LIMIT_MS / 1000, 0};
  }
  fcntl(fd, F_SETOWN, -getpgrp());
  ioctl(fd, FIOGETOWN, &owner);
  printf("group: %d\n", owner == -getpgrp());
  sigprocmask(SIG_SETMASK, &before, NULL);
}

/* The handler of SIGURG takes the byte, which may not be there yet. */
static void take(int number) {
  char byte;
  int saved = errno;
  for (int i = 0; number == SIGURG && i < LIMIT_MS && recv(fd, &byte, 1, MSG_OOB) < 0; i++) {
    usleep(1000);
  }
  signals++;
  errno = saved;
}

/* What was waited for has been taken: the call was interrupted, and nothing is readable. */
static void interrupted(void) {
  struct pollfd p = {.fd = fd, .events = POLLIN};
  struct timespec limit = {LIMIT_MS / 1000, 0};
  sigset_t urgent, before;
  fd_set in;
  sigemptyset(&urgent);
  sigaddset(&urgent, SIGURG);
  sigprocmask(SIG_BLOCK, &urgent, &before);
  signal(SIGURG, take);
  fcntl(fd, F_SETOWN, getpid());
  for (int i = 0; i < 50; i++) {
    char answer[10];
    signals = 0;
    send(teller, "u!\n", 3, 0);
    FD_ZERO(&in);
    FD_SET(fd, &in);
    int n = i % 2 == 0 ? ppoll(&p, 1, &limit, &before)
                       : pselect(fd + 1, &in, NULL, NULL, &limit, &before);
    if (n >= 0 || errno != EINTR || signals != 1) printf("%d: %d, %d signals\n", i, n, signals);
    next_command(teller, answer, sizeof answer);
  }
  show();
}

static void show_events(int epoll_fd, int ms) {
  struct epoll_event event = {0};
  int n = epoll_wait(epoll_fd, &event, 1, ms);
  printf("epoll: %d %#x\n", n, n > 0 ? event.events : 0);
}

static void epolls(void) {
  for (int is_edge = 0; is_edge < 2; is_edge++) {
    int epoll_fd = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN | EPOLLPRI | (is_edge ? EPOLLET : 0u)};
    epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event);
    show_events(epoll_fd, 0);
    peer("u!");
    show_events(epoll_fd, LIMIT_MS), show_events(epoll_fd, 0);
    show_urgent();
    show_events(epoll_fd, 0);
    peer("sabc");
    show_events(epoll_fd, LIMIT_MS), show_events(epoll_fd, 0);
    show_read();
    show_events(epoll_fd, 0);
    peer("uabc!");
    show_events(epoll_fd, LIMIT_MS);
    show_read(), show_urgent();
    show_events(epoll_fd, 0);
    close(epoll_fd);
  }
}

static void shared(void) {
  int copy = dup(fd);
  peer("uabc!");
  show();
  fflush(stdout);
  if (fork() == 0) {
    show_urgent(), show();
    fflush(stdout);
    _exit(0);
  }
  wait(NULL);
  show_urgent();
  fd = copy;
  show_urgent(), show_read();
  peer("u?");
  show(), show_urgent();
}

/* Of a listener whose urgent data is in line. */
static void accepted(void) {
  struct sockaddr_in own = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
  socklen_t len = sizeof own;
  int listener = socket(AF_INET, SOCK_STREAM, 0), from = socket(AF_INET, SOCK_STREAM, 0);
  show_urgent();
  fd = from;
  show_urgent();
  fd = listener;
  setsockopt(listener, SOL_SOCKET, SO_OOBINLINE, &(int){1}, sizeof(int));
  bind(listener, (struct sockaddr *)&own, sizeof own);
  listen(listener, 1);
  show_urgent();
  getsockname(listener, (struct sockaddr *)&own, &len);
  printf("connect: %d\n", connect(from, (struct sockaddr *)&own, sizeof own));
  fd = accept(listener, NULL, NULL);
  printf("sent: %zd\n", send(from, "abc!", 4, MSG_OOB));
  show(), show_urgent(), show_read(), show(), show_read();
}

#define CASE(name) \
  { #name, name }
static const struct {
  const char *name;
  void (*run)(void);
} cases[] = {
    CASE(in_the_middle), CASE(alone),        CASE(unnoticed), CASE(read_first), CASE(in_line),
    CASE(in_line_later), CASE(two),          CASE(at_the_end), CASE(reading_shut), CASE(messages),
    CASE(sent),          CASE(sent_large),   CASE(behind_much), CASE(owned), CASE(interrupted),
    CASE(epolls),        CASE(shared),       CASE(accepted),
};

static void run(const char *name) {
  int s = fd = connected();
  teller = connected();
  signals = 0;
  printf("== %s\n", name);
  for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    if (strcmp(name, cases[i].name) == 0) cases[i].run();
  }
  fflush(stdout);
  close(s);
}

int main(int argc, char **argv) {
  if (argc < 3) return 2;
  inet_pton(AF_INET, argv[1], &at.sin_addr);
  at.sin_port = htons((uint16_t)atoi(argv[2]));
  alarm(60);
  if (argc == 3) return serve();
  for (int i = 3; i < argc; i++) {
    run(argv[i]);
    if (i + 1 == argc) send(teller, "q\n", 2, 0);
    close(teller);
  }
  return 0;
}
