/*
 * Who looks at each byte that rings.c sends. Bytes of the main writer have 7 bits, those of a
 * second one, which writes at the same time, have the eighth set: each by itself is to arrive whole
 * and in order.
 */
#ifndef RINGS_RECEIVER_H
#define RINGS_RECEIVER_H

#include "rings_both.h"

static char pid_file[4096]; /* of the receiver */

static uint8_t seven_bits(uint64_t at) { return pattern(at) >> 1; }

static void fill(uint8_t *to, size_t len, uint64_t at, uint8_t mark) {
  for (size_t i = 0; i < len; i++) to[i] = seven_bits(at + i) | mark;
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
  if (!s->is_wrong && byte != seven_bits(s->count)) {
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
  struct seen seen[2] = {{0}};
  long n;
  FILE *file = fopen(pid_file, "w");
  if (file == NULL || fprintf(file, "%d", getpid()) < 0 || fclose(file) != 0) fail(pid_file);
  int fd = accept_one(port);
  while ((n = read(fd, buffer, MOST)) > 0) {
    for (long i = 0; i < n; i++) look(&seen[buffer[i] >> 7], buffer[i] & 0x7f);
    if (next(50) == 0) usleep(next(3000)); /* a reader that is late now and then */
  }
  show("main", &seen[0]);
  show("second", &seen[1]);
  say("end", n);
  return 0;
}

#endif
