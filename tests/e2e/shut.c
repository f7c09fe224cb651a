/*
 * shut CASE: shutdown() in all its ways, and what is told afterwards; answers to what is not read.
 */
#define _GNU_SOURCE
#include <pthread.h>

#include "local.h"

/* ---- SHUT_RD ---- */

static void read_shut(void) {
  char text[8];
  int other, fd = connection(&other);
  send(other, "before", 6, 0);
  say("shutdown", shutdown(fd, SHUT_RD));
  printf("FIONREAD %d\n", readable(fd));
  say_recv(fd);
  say_recv(fd);
  say("send", send(other, "after", 5, 0));
  printf("FIONREAD %d\n", readable(fd));
  say("peek", recv(fd, text, 2, MSG_PEEK));
  say_recv(fd);
  say_recv(fd);
  say("blocking recv", recv(fd, text, 1, 0));
  say("send", send(other, "more", 4, 0));
  say("read", read(fd, text, 2));
  say("MSG_WAITALL", recv(fd, text, 8, MSG_WAITALL));
  say("answer", send(fd, "answer", 6, 0));
  say_recv(other);
  say("shutdown again", shutdown(fd, SHUT_RD));
  close(other);
  say_recv(fd);
  say_send(fd);
  say_send(fd);
  say_error(fd);
  say_recv(fd);
  close(fd);
  fd = connection(&other);
  shutdown(fd, SHUT_RD);
  send(other, "unread", 6, 0);
  close(fd);
  say_recv(other);
  close(other);
  fd = connection(&other);
  shutdown(fd, SHUT_RDWR);
  send(other, "into both", 9, MSG_NOSIGNAL);
  say_error(other);
  say_recv(other);
  say_send(other);
  close(fd);
  close(other);
}

/* Much more than any window: natively it is received, and nobody has to read it. */
static void read_shut_much(void) {
  static char block[65536];
  int other, fd = connection(&other), sent = 0;
  shutdown(fd, SHUT_RD);
  for (int i = 0; i < 30; i++) {
    if (send(other, block, sizeof block, MSG_DONTWAIT) > 0) sent++;
    else usleep(1000);
  }
  puts(sent < 30 && sent > 2 ? "some" : sent == 30 ? "all" : "few");
  long n, total = 0;
  while ((n = recv(fd, block, sizeof block, MSG_DONTWAIT)) > 0) total += n;
  say("end", n);
  puts(total > 100000 ? "read" : "lost");
  close(fd);
  close(other);
}

/* ---- an attempt ---- */

static struct sockaddr_in full;

static void fill_backlog(void) {
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  bind_any(fd);
  listen(fd, 0);
  full = name_of(fd);
  for (int i = 0; i < 2; i++) connect_to(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), full);
  usleep(100000);
}

static int attempt;
static int attempt_result, attempt_errno;

static void *waits(void *unused) {
  (void)unused;
  attempt_result = connect_to(attempt, full);
  attempt_errno = errno;
  return NULL;
}

static void attempts(void) {
  pthread_t thread;
  fill_backlog();
  for (int how = SHUT_RD; how <= SHUT_RDWR; how++) {
    attempt = socket(AF_INET, SOCK_STREAM, 0);
    pthread_create(&thread, NULL, waits, NULL);
    usleep(200000);
    say("shutdown", shutdown(attempt, how));
    for (int i = 0; i < 300 && pthread_tryjoin_np(thread, NULL) != 0; i++) {
      usleep(10000);
      if (i == 299) {
        puts("still waits");
        return;
      }
    }
    errno = attempt_errno;
    say("connect", attempt_result);
    say_error(attempt);
    say_send(attempt);
    say_recv(attempt);
    say("connect again", connect_to(attempt, listening));
    close(accept(listener, NULL, NULL));
    close(attempt);
  }
  for (int how = SHUT_RD; how <= SHUT_RDWR; how++) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    say("connect", connect_to(fd, full));
    say("shutdown", shutdown(fd, how));
    say("shutdown again", shutdown(fd, how));
    say("connect again", connect_to(fd, full));
    say("connect again", connect_to(fd, full));
    say("shutdown", shutdown(fd, how));
    say_error(fd);
    say_recv(fd);
    say_send(fd);
    say("connect again", connect_to(fd, listening));
    say("and again", connect_to(fd, listening));
    say("and again", connect_to(fd, listening));
    int other = accept(listener, NULL, NULL);
    say("accept", other >= 0);
    say_send(fd);
    close(fd);
    close(other);
  }
  for (int how = SHUT_RD; how <= SHUT_RDWR; how++) {
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    say("fresh", shutdown(fd, how));
    bind_any(fd);
    listen(fd, 1);
    say("listener", shutdown(fd, how));
    say("accept", fcntl(fd, F_SETFL, O_NONBLOCK) < 0 ? 0 : accept(fd, NULL, NULL));
    say_recv(fd);
    say_send(fd);
    say("listen", listen(fd, 1));
    int client = socket(AF_INET, SOCK_STREAM, 0);
    say("connect", connect_to(client, name_of(fd)));
    int other = accept(fd, NULL, NULL);
    say("accept", other < 0 ? -1 : 0);
    close(client);
    close(other);
    close(fd);
  }
}

static void *accepts(void *unused) {
  (void)unused;
  attempt_result = accept(attempt, NULL, NULL);
  attempt_errno = errno;
  return NULL;
}

static void waiting_accept(void) {
  pthread_t thread;
  attempt = socket(AF_INET, SOCK_STREAM, 0);
  bind_any(attempt);
  listen(attempt, 1);
  pthread_create(&thread, NULL, accepts, NULL);
  usleep(200000);
  say("shutdown", shutdown(attempt, SHUT_RD));
  pthread_join(thread, NULL);
  errno = attempt_errno;
  say("accept", attempt_result);
  int client = socket(AF_INET, SOCK_STREAM, 0);
  say("connect", connect_to(client, name_of(attempt)));
  say("listen", listen(attempt, 1));
  say("connect", connect_to(client, name_of(attempt)));
  int other = accept(attempt, NULL, NULL);
  say("accept", other < 0 ? -1 : 0);
}

/* ---- an answer, and the rest of the request unread ---- */

static void unread(void) {
  static char body[100000];
  for (int how = 0; how < 4; how++) {
    char text[4096];
    long n, total = 0;
    int other, fd = connection(&other);
    if (how >= 2) fcntl(fd, F_SETFL, O_NONBLOCK);
    say("request", send(fd, body, sizeof body, how >= 2 ? MSG_DONTWAIT : 0) > 0);
    recv(other, text, 10, 0);
    memset(text, 'a', sizeof text);
    for (int i = 0; i < 5; i++) send(other, text, sizeof text, 0);
    if (how == 1) shutdown(other, SHUT_WR);
    if (how == 3) shutdown(other, SHUT_RDWR);
    close(other);
    while ((n = recv(fd, text, sizeof text, MSG_DONTWAIT)) > 0) total += n;
    printf("%ld bytes, then ", total);
    say("", n);
    say_recv(fd);
    say_send(fd);
    say_send(fd);
    close(fd);
  }
}

static void trunc_discards(void) {
  char text[16];
  int other, fd = connection(&other);
  send(other, "0123456789abcdefghij", 20, 0);
  say("discard", recv(fd, NULL, 5, MSG_TRUNC));
  say("discard", recv(fd, NULL, 5, MSG_TRUNC | MSG_DONTWAIT));
  say("peek", recv(fd, NULL, 100, MSG_TRUNC | MSG_PEEK));
  say("recv", recv(fd, text, 2, 0));
  printf("%.2s\n", text);
  struct iovec iov = {NULL, 3};
  struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
  say("recvmsg", recvmsg(fd, &msg, MSG_TRUNC));
  printf("%#x\n", msg.msg_flags);
  say("recvfrom", recvfrom(fd, NULL, 100, MSG_TRUNC, NULL, NULL));
  say("nothing", recv(fd, NULL, 100, MSG_TRUNC | MSG_DONTWAIT));
  say("null", recv(fd, NULL, 0, MSG_DONTWAIT));
  send(other, "x", 1, 0);
  say("null", recv(fd, NULL, 1, MSG_DONTWAIT));
  say("null", recv(fd, NULL, 0, MSG_DONTWAIT));
  close(other);
  say("discard", recv(fd, NULL, 100, MSG_TRUNC));
  say("end", recv(fd, NULL, 100, MSG_TRUNC));
  close(fd);
}

static const struct local_case CASES[] = {
    {"read_shut", read_shut},
    {"read_shut_much", read_shut_much},
    {"attempts", attempts},
    {"waiting_accept", waiting_accept},
    {"unread", unread},
    {"trunc", trunc_discards},
};

LOCAL_MAIN(CASES)
