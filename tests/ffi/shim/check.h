/* What the case files share: a registry of cases, checks, and short forms of common calls. */
#ifndef CHECK_H
#define CHECK_H

#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#include "../../../ffi/shim/protocol.h"
#include "fake_service.h"

typedef void case_function(void);
void add_case(const char *name, case_function *function);
void fail_case(const char *file, int line, const char *what);

#define CASE(name)                                                                                 \
  static void name(void);                                                                          \
  __attribute__((constructor)) static void add_##name(void) { add_case(#name, name); }             \
  static void name(void)

#define CHECK(condition)                                                                           \
  do {                                                                                             \
    if (!(condition)) fail_case(__FILE__, __LINE__, #condition);                                   \
  } while (0)

/* The call fails with this errno. */
#define FAILS(error, call)                                                                         \
  do {                                                                                             \
    errno = 0;                                                                                     \
    CHECK((call) == -1);                                                                           \
    if (errno != (error)) fail_case(__FILE__, __LINE__, #call " fails with " #error);              \
  } while (0)

int tcp(int flags); /* SOCK_NONBLOCK ... */
int udp(void);
/* 198.18.0.1 and this port; the result is overwritten by the next call. */
const struct sockaddr *at(int port);
const struct sockaddr *address(uint32_t addr, int port);
#define AT_LEN ((socklen_t)sizeof(struct sockaddr_in))
/* A blocking stream connected to one of the fake's ports. */
int connected(int port);
/* poll for `events`, at most `ms`; the revents. */
int wait_for(int fd, int events, int ms);
void fake_set(int fd, int name, int value);
int fake_get(int fd, int name);
/* Requests with this op that the service has had. `fd`: any nuse socket. */
int requests(int fd, int op);
int so_error(int fd);
void echo_works(int fd);
/* libc's syscall, which the shim does not see. */
extern long (*past_shim)(long number, ...);
extern volatile int signal_count;
void count_signal(int signo, int sa_flags);
/* Waits until the condition holds; the case's alarm ends it if that is never. */
#define UNTIL(condition)                                                                           \
  while (!(condition)) sleep_ms(1)
/* What is to come will have come by then, on any machine. */
#define LIMIT_MS 8000
void sleep_ms(int ms);
/* Does this thread of ours sleep in the kernel? */
bool is_asleep(pid_t tid);
/* The control connection's number, from /proc/self/fd. */
int control_fd(void);
extern const char *own_path;
/* modes.c */
int exec_child(int argc, char **argv);

#endif
