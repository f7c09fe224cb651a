/* Runs one case: cases NAME, or lists them: cases --list. Bounded by alarm(). */
#include "check.h"

#include <dirent.h>
#include <dlfcn.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define CASES_MAX 256
#define CASE_SECONDS 20

static struct {
  const char *name;
  case_function *function;
} cases[CASES_MAX];
static int case_count;
volatile int signal_count;
const char *own_path;
long (*past_shim)(long number, ...);

__attribute__((constructor)) static void find_syscall(void) {
  *(void **)&past_shim = dlsym(dlopen("libc.so.6", RTLD_NOW), "syscall");
}

void add_case(const char *name, case_function *function) {
  if (case_count == CASES_MAX) abort();
  cases[case_count].name = name;
  cases[case_count++].function = function;
}

void fail_case(const char *file, int line, const char *what) {
  fprintf(stderr, "%s:%d: %s (errno %d %s)\n", file, line, what, errno, strerror(errno));
  _exit(1);
}

int tcp(int flags) {
  int fd = socket(AF_INET, SOCK_STREAM | flags, 0);
  CHECK(fd >= 0);
  return fd;
}

int udp(void) {
  int fd = socket(AF_INET, SOCK_DGRAM, IPPROTO_UDP);
  CHECK(fd >= 0);
  return fd;
}

const struct sockaddr *address(uint32_t addr, int port) {
  static struct sockaddr_in name;
  memset(&name, 0, sizeof name);
  name.sin_family = AF_INET;
  name.sin_port = htons((uint16_t)port);
  name.sin_addr.s_addr = htonl(addr);
  return (const struct sockaddr *)&name;
}

const struct sockaddr *at(int port) { return address(0xc6120001, port); }

int connected(int port) {
  int fd = tcp(0);
  CHECK(connect(fd, at(port), AT_LEN) == 0);
  return fd;
}

int wait_for(int fd, int events, int ms) {
  struct pollfd p = {.fd = fd, .events = (short)events};
  CHECK(poll(&p, 1, ms) >= 0);
  return p.revents;
}

void fake_set(int fd, int name, int value) {
  CHECK(setsockopt(fd, LEVEL_FAKE, name, &value, sizeof value) == 0);
}

int fake_get(int fd, int name) {
  int value = -1;
  socklen_t len = sizeof value;
  CHECK(getsockopt(fd, LEVEL_FAKE, name, &value, &len) == 0);
  return value;
}

int requests(int fd, int op) { return fake_get(fd, FAKE_COUNT_OP + op); }

int so_error(int fd) {
  int error = -1;
  socklen_t len = sizeof error;
  CHECK(getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) == 0);
  CHECK(len == sizeof error);
  return error;
}

void echo_works(int fd) {
  char back[5];
  CHECK(write(fd, "12345", 5) == 5);
  CHECK(recv(fd, back, sizeof back, MSG_WAITALL) == 5);
  CHECK(memcmp(back, "12345", 5) == 0);
}

static void on_signal(int signo) {
  (void)signo;
  signal_count++;
}

void count_signal(int signo, int sa_flags) {
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = on_signal;
  action.sa_flags = sa_flags;
  signal_count = 0;
  CHECK(sigaction(signo, &action, NULL) == 0);
}

void sleep_ms(int ms) {
  struct timespec t = {ms / 1000, ms % 1000 * 1000000L};
  while (nanosleep(&t, &t) != 0) {
  }
}

bool is_asleep(pid_t tid) {
  char path[64], line[256] = "";
  snprintf(path, sizeof path, "/proc/self/task/%d/stat", tid);
  FILE *file = fopen(path, "r");
  CHECK(file != NULL && fgets(line, sizeof line, file) != NULL);
  fclose(file);
  const char *name_end = strrchr(line, ')');
  return name_end != NULL && name_end[1] == ' ' && name_end[2] == 'S';
}

int control_fd(void) {
  int found = -1;
  DIR *dir = opendir("/proc/self/fd");
  CHECK(dir != NULL);
  for (struct dirent *d; (d = readdir(dir)) != NULL;) {
    if (atoi(d->d_name) >= 500) found = atoi(d->d_name);
  }
  closedir(dir);
  return found;
}

int main(int argc, char **argv) {
  own_path = argv[0];
  alarm(CASE_SECONDS);
  if (argc > 2) return exec_child(argc, argv);
  for (int i = 0; i < case_count; i++) {
    if (argc < 2 || strcmp(argv[1], "--list") == 0) {
      puts(cases[i].name);
    } else if (strcmp(argv[1], cases[i].name) == 0) {
      cases[i].function();
      return 0;
    }
  }
  return argc < 2 || strcmp(argv[1], "--list") == 0 ? 0 : 2;
}
