/*
 * Who looks at each byte that rings.c sends. Bytes of the main writer have 7 bits, those of a
 * second one, which writes at the same time, have the eighth set: each by itself is to arrive whole
 * and in order.
 */
#ifndef RINGS_RECEIVER_H
#define RINGS_RECEIVER_H

#include "program.h"

#define MOST (1 << 18)

static uint8_t buffer[MOST + 8];
static uint32_t seed = 1;
static char pid_file[4096]; /* of the receiver */

static uint8_t pattern(uint64_t at) { return (uint8_t)((at * 0x9E3779B97F4A7C15ull) >> 57); }

static uint32_t next(uint32_t below) {
  seed = seed * 1664525 + 1013904223;
  return (uint32_t)(((uint64_t)seed * below) >> 32);
}

static void fill(uint8_t *to, size_t len, uint64_t at, uint8_t mark) {
  for (size_t i = 0; i < len; i++) to[i] = pattern(at + i) | mark;
}

static void fail(const char *what) {
  printf("%s: %s\n", what, strerror(errno));
  exit(1);
}

struct seen {
  uint64_t count, wrong_at;
  int is_wrong;
};

static int receiver_pid(void) {
  int pid = 0;
  FILE *file = fopen(pid_file, "r");
  if (file == NULL || fscanf(file, "%d", &pid) != 1) fail(pid_file);
  fclose(file);
  return pid;
}

static void look(struct seen *s, uint8_t byte) {
  if (!s->is_wrong && byte != pattern(s->count)) {
    s->is_wrong = 1;
    s->wrong_at = s->count;
  }
  s->count++;
}

static void show(const char *name, const struct seen *s) {
  printf("%s %llu", name, (unsigned long long)s->count);
  if (s->is_wrong) printf(" WRONG AT %llu", (unsigned long long)s->wrong_at);
  printf("\n");
}

static int take(int port) {
  struct sockaddr_in own = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
  int on = 1, listener = socket(AF_INET, SOCK_STREAM, 0);
  struct seen seen[2] = {{0}};
  long n;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(listener, (struct sockaddr *)&own, sizeof own) || listen(listener, 5)) fail("listen");
  FILE *file = fopen(pid_file, "w");
  if (file == NULL || fprintf(file, "%d", getpid()) < 0 || fclose(file) != 0) fail(pid_file);
  printf("listening\n");
  fflush(stdout);
  int fd = accept(listener, NULL, NULL);
  while ((n = read(fd, buffer, MOST)) > 0) {
    for (long i = 0; i < n; i++) look(&seen[buffer[i] >> 7], buffer[i] & 0x7f);
    if (next(50) == 0) usleep(next(3000)); /* a reader that is late now and then */
  }
  show("main", &seen[0]);
  show("second", &seen[1]);
  say("end", n);
  return 0;
}

/* A system call by an instruction of our own, past the shim. */
static long raw(long number, long a, long b, long c, long d) {
  long result;
  register long r10 __asm__("r10") = d;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10)
                   : "rcx", "r11", "memory");
  return result;
}

#endif
