/*
 * differ [-6] [TOPIC]: runs the cases of one topic, or one, or all, each in a process of its own;
 * with -6 in IPv6, as far as they leave the family open (tools.c).
 *
 *     == topic name
 *     what a call was: its result
 */
#include "differ.h"

#include <sys/resource.h>

#define CASES_MAX 1000
#define CASE_LIMIT_S 60

static struct {
  const char *topic, *name;
  void (*run)(void);
} cases[CASES_MAX];
static int count;

void add_case(const char *topic, const char *name, void (*run)(void)) {
  if (count == CASES_MAX) abort();
  cases[count].topic = topic;
  cases[count].name = name;
  cases[count++].run = run;
}

void show_result(const char *what, long result) {
  int error = errno;
  if (result < 0) printf("%s: %ld %s\n", what, result, strerrorname_np(error));
  else printf("%s: %ld\n", what, result);
}

static void run(int i) {
  printf("== %s %s\n", cases[i].topic, cases[i].name);
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    setpgid(0, 0);
    signal(SIGPIPE, SIG_IGN);
    alarm(CASE_LIMIT_S);
    cases[i].run();
    fflush(stdout);
    _exit(0);
  }
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
  kill(-child, SIGKILL); /* its children */
  if (WIFSIGNALED(status)) printf("killed by signal %d\n", WTERMSIG(status));
}

int main(int argc, char **argv) {
  setvbuf(stdout, NULL, _IOLBF, 0);
  setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
  if (argc > 1 && strcmp(argv[1], "-6") == 0) {
    use_ipv6();
    argv++, argc--;
  }
  for (int i = 0; i < count; i++) {
    bool is_named = argc < 2 || strcmp(argv[1], cases[i].topic) == 0 ||
                    strcmp(argv[1], cases[i].name) == 0;
    if (is_named) run(i);
  }
  puts("== end");
  return 0;
}
