/*
 * Streams of rings_in.c that threads, handlers of signals and processes read from.
 */
#ifndef RINGS_IN_SHARED_H
#define RINGS_IN_SHARED_H

#include "rings_in_reads.h"

#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>

/* ---- several readers ---- */

static uint64_t sums[2], counts[2];

/* Bytes that two have shared are known by their sum. */
static void add(int who, const uint8_t *bytes, long n) {
  for (long i = 0; i < n; i++) sums[who] += bytes[i];
  counts[who] += (uint64_t)n;
}

static void *second_thread(void *unused) {
  static uint8_t own[MOST];
  (void)unused;
  for (long n; (n = read(sock, own, 1 + (size_t)(counts[1] * 7919 % 90000))) > 0;) add(1, own, n);
  return NULL;
}

static void check_sums(uint64_t from) {
  uint64_t sum = 0;
  for (uint64_t at = from; at < asked; at++) sum += pattern(at);
  printf("counts %d sums %d\n", counts[0] + counts[1] == asked - from, sums[0] + sums[1] == sum);
  seen = asked;
}

static void threads(void) {
  pthread_t thread;
  bulk(MANY);
  uint64_t from = asked;
  if (pthread_create(&thread, NULL, second_thread, NULL) != 0) fail("thread");
  ask(24 << 20);
  ask(FINISH);
  for (long n; (n = read(sock, buffer, 1 + next(MOST))) > 0;) add(0, buffer, n);
  pthread_join(thread, NULL);
  check_sums(from);
}

static void on_alarm(int signal) {
  int saved = errno;
  uint8_t bytes[5000];
  (void)signal;
  long n = recv(sock, bytes, sizeof bytes, MSG_DONTWAIT);
  if (n > 0) add(1, bytes, n);
  errno = saved;
}

static void handler(void) {
  struct sigaction action = {.sa_handler = on_alarm, .sa_flags = SA_RESTART};
  struct itimerval often = {{0, 700}, {0, 700}}, never = {{0, 0}, {0, 0}};
  bulk(MANY);
  uint64_t from = asked;
  ask(24 << 20);
  ask(FINISH);
  sigaction(SIGALRM, &action, NULL);
  setitimer(ITIMER_REAL, &often, NULL);
  for (long n; (n = read(sock, buffer, 1 + next(MOST))) > 0;) add(0, buffer, n);
  setitimer(ITIMER_REAL, &never, NULL);
  check_sums(from);
}

static void on_signal(int signal) { (void)signal; }

/* EINTR where nothing has come; what has come is not lost. */
static void interrupted(void) {
  struct sigaction action = {.sa_handler = on_signal};
  struct itimerval often = {{0, 3000}, {0, 3000}}, never = {{0, 0}, {0, 0}};
  int times = 0;
  bulk(MANY);
  sigaction(SIGALRM, &action, NULL);
  setitimer(ITIMER_REAL, &often, NULL);
  for (int i = 0; i < 20; i++) {
    long n = read(sock, buffer, MOST);
    times += n < 0 && errno == EINTR;
    int64_t count = 1 << 20;
    while (send(sock, &count, sizeof count, 0) < 0) continue;
    asked += (uint64_t)count;
    while (seen < asked) {
      n = recv(sock, buffer, MOST, next(2) ? MSG_WAITALL : 0);
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) fail("recv");
      look(buffer, (size_t)n);
    }
  }
  setitimer(ITIMER_REAL, &never, NULL);
  printf("interrupted: %d\n", times);
}

/* ---- several processes ---- */

/* Reads `len` bytes in another process. */
static void in_child(int kind, size_t len) {
  long pid = kind == 2 ? raw(SYS_clone, SIGCHLD, 0, 0, 0) : fork();
  if (pid == 0) {
    uint64_t end = seen + len;
    while (seen < end) some(kind == 1 ? by_recv : by_raw, end - seen < MOST ? end - seen : MOST);
    raw(SYS_exit_group, 0, 0, 0, 0);
  }
  int status = -1;
  waitpid((pid_t)pid, &status, 0);
  if (status != 0) fail("child");
  seen += len;
}

static void children(void) {
  for (int i = 0; i < 15; i++) {
    bulk(1 << 20);
    ask(600000);
    for (int k = 0; k < 3; k++) some(by_recv, 20000);
    in_child(i % 3, 1 + next(i % 2 ? 200000 : 500));
    while (seen < asked) some(by_read, MOST);
  }
}

static void other_process(int over) {
  while ((sock = take_passed(over, &seen)) >= 0) {
    for (uint64_t end = seen + 100000; seen < end;) some(by_recv, end - seen);
    close(sock);
    if (write(over, &seen, sizeof seen) < 0) exit(1);
  }
  exit(0);
}

static void passed(void) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends) != 0) fail("socketpair");
  pid_t pid = fork();
  if (pid == 0) {
    close(sock);
    close(ends[0]);
    other_process(ends[1]);
  }
  close(ends[1]);
  for (int i = 0; i < 15; i++) {
    bulk(1 << 20);
    ask(300000);
    some(by_recv, 10000);
    pass(ends[0], sock, &seen);
    if (read(ends[0], &seen, sizeof seen) != sizeof seen) fail("read");
    while (seen < asked) some(by_read, MOST);
  }
  close(ends[0]);
  waitpid(pid, NULL, 0);
}

static void executed(void) {
  char fd[16], at[32], until[32];
  bulk(MANY);
  ask(MANY);
  some(by_recv, 5000);
  sprintf(fd, "%d", sock);
  sprintf(at, "%lu", seen);
  sprintf(until, "%lu", asked);
  execl("/proc/self/exe", "rings_in", "go_on", fd, at, until, NULL);
  fail("exec");
}

#endif
