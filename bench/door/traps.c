/*
 * What a system call costs that stops at the second door, from the side of the program:
 *
 *     traps KIND COUNT GAP_US [ADDRESS PORT]
 *
 *     name      getsockname()              connect   connect() to ADDRESS
 *     socket    socket()                   bytes     send() and recv() of 64 bytes, echoed there
 *     recv      recv() of what is not there, which waits for nobody
 *     floor     getsockname() that a supervisor answers who does nothing else: what it costs at
 *     sync      least; with SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP
 *     echo      serves "bytes" at ADDRESS, "ready" when it does
 *
 * GAP_US lies between two calls; 0: back to back. Prints a line of JSON: nanoseconds a call by the
 * clock, and CPU time a call of the process.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP
#define SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP (1UL << 0)
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS SECCOMP_IOW(4, __u64)
#endif
#define MESSAGE_LEN 64

static struct sockaddr_in target = {.sin_family = AF_INET};

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static long now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000L + t.tv_nsec;
}

static long cpu_ns(void) {
  struct rusage use;
  getrusage(RUSAGE_SELF, &use);
  long us = (use.ru_utime.tv_sec + use.ru_stime.tv_sec) * 1000000L;
  return (us + use.ru_utime.tv_usec + use.ru_stime.tv_usec) * 1000;
}

static int tcp(void) {
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  if (fd < 0) fail("socket");
  return fd;
}

static int connected(void) {
  int fd = tcp(), one = 1;
  if (connect(fd, (struct sockaddr *)&target, sizeof target) != 0) fail("connect");
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  return fd;
}

static void name_of(int fd) {
  struct sockaddr_in name;
  socklen_t len = sizeof name;
  if (getsockname(fd, (struct sockaddr *)&name, &len) != 0) fail("getsockname");
}

/* One call of `kind`, timed; what has to be done around it is not. */
static long timed(char kind, int fd) {
  char text[MESSAGE_LEN] = {0};
  int other = kind == 'c' ? tcp() : -1;
  long begin = now_ns();
  if (kind == 'n') name_of(fd);
  else if (kind == 's') other = tcp();
  else if (kind == 'c') {
    if (connect(other, (struct sockaddr *)&target, sizeof target) != 0) fail("connect");
  } else if (kind == 'r') {
    if (recv(fd, text, sizeof text, MSG_DONTWAIT) >= 0) fail("recv");
  } else if (send(fd, text, sizeof text, 0) != MESSAGE_LEN ||
             recv(fd, text, sizeof text, MSG_WAITALL) != MESSAGE_LEN) {
    fail("send, recv");
  }
  long took = now_ns() - begin;
  if (other >= 0) close(other);
  return took;
}

static int compare(const void *a, const void *b) {
  long x = *(const long *)a, y = *(const long *)b;
  return x < y ? -1 : x > y;
}

static void measure(char kind, int count, int gap_us) {
  long *took = calloc((size_t)count, sizeof *took);
  int fd = kind == 'b' || kind == 'r' ? connected() : kind == 'n' ? tcp() : -1;
  for (int i = 0; i < count / 10; i++) timed(kind, fd);
  long cpu = cpu_ns();
  for (int i = 0; i < count; i++) {
    took[i] = timed(kind, fd);
    if (gap_us > 0) usleep((useconds_t)gap_us);
  }
  cpu = (cpu_ns() - cpu) / count;
  qsort(took, (size_t)count, sizeof *took, compare);
  printf("{\"medianNs\":%ld,\"tenthNs\":%ld,\"ninetiethNs\":%ld,\"cpuNs\":%ld}\n", took[count / 2],
         took[count / 10], took[count * 9 / 10], cpu);
}

/* Puts this process behind a door of its own; returns what tells of its calls. */
static int stop_names(void) {
  struct sock_filter code[] = {
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getsockname, 0, 1),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  struct sock_fprog filter = {sizeof code / sizeof *code, code};
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER,
                      &filter);
}

static void supervise(int door, bool is_sync) {
  unsigned long flags = SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP;
  if (is_sync && ioctl(door, SECCOMP_IOCTL_NOTIF_SET_FLAGS, flags) != 0) fail("SET_FLAGS");
  for (;;) {
    struct seccomp_notif call = {0};
    struct pollfd p = {.fd = door, .events = POLLIN};
    if (poll(&p, 1, -1) < 0 || !(p.revents & POLLIN)) return;
    if (ioctl(door, SECCOMP_IOCTL_NOTIF_RECV, &call) != 0) continue;
    struct seccomp_notif_resp answer = {.id = call.id};
    ioctl(door, SECCOMP_IOCTL_NOTIF_SEND, &answer);
  }
}

/* The descriptor goes from child to parent by pidfd_getfd, when a byte says where it is. */
static void floor_of(int count, int gap_us, bool is_sync) {
  int told[2], taken[2];
  if (pipe(told) != 0 || pipe(taken) != 0) fail("pipe");
  pid_t child = fork();
  if (child == 0) {
    int door = stop_names();
    if (door < 0) fail("seccomp");
    write(told[1], &door, sizeof door);
    char gone;
    read(taken[0], &gone, 1);
    close(door);
    measure('n', count, gap_us);
    fflush(stdout);
    _exit(0);
  }
  int number = -1;
  if (read(told[0], &number, sizeof number) != sizeof number) fail("read");
  int door = (int)syscall(SYS_pidfd_getfd, syscall(SYS_pidfd_open, child, 0), number, 0);
  if (door < 0) fail("pidfd_getfd");
  write(taken[1], "", 1);
  supervise(door, is_sync);
  waitpid(child, NULL, 0);
}

static void echo(void) {
  int listener = tcp(), one = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (bind(listener, (struct sockaddr *)&target, sizeof target) != 0) fail("bind");
  listen(listener, 1024);
  signal(SIGCHLD, SIG_IGN);
  puts("ready");
  fflush(stdout);
  for (;;) {
    char text[MESSAGE_LEN];
    int fd = accept(listener, NULL, NULL);
    if (fd < 0) continue;
    if (fork() == 0) {
      setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
      for (long n; (n = recv(fd, text, sizeof text, 0)) > 0;) send(fd, text, (size_t)n, 0);
      _exit(0);
    }
    close(fd);
  }
}

int main(int argc, char **argv) {
  if (argc < 4) return 2;
  int count = atoi(argv[2]), gap_us = atoi(argv[3]);
  if (argc > 5) {
    inet_pton(AF_INET, argv[4], &target.sin_addr);
    target.sin_port = htons((uint16_t)atoi(argv[5]));
  }
  if (strcmp(argv[1], "echo") == 0) echo();
  else if (strcmp(argv[1], "floor") == 0) floor_of(count, gap_us, false);
  else if (strcmp(argv[1], "sync") == 0) floor_of(count, gap_us, true);
  else measure(argv[1][0], count, gap_us);
  return 0;
}
