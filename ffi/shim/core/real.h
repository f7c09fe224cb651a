/*
 * libc's own functions: what an interposed call becomes when the descriptor is not ours, and what
 * the shim itself is made of.
 */
#ifndef NUSE_REAL_H
#define NUSE_REAL_H

#include "shim.h"

#include <spawn.h>
#include <stdio.h>
#include <sys/select.h>
#include <sys/wait.h>

struct addrinfo;
struct ifaddrs;
struct if_nameindex;
struct epoll_event;
struct pollfd;
struct rusage;

#define REAL_FUNCTIONS(F)                                                                          \
  F(int, socket, (int, int, int))                                                                  \
  F(int, socketpair, (int, int, int, int *))                                                       \
  F(int, bind, (int, const struct sockaddr *, socklen_t))                                          \
  F(int, connect, (int, const struct sockaddr *, socklen_t))                                       \
  F(int, listen, (int, int))                                                                       \
  F(int, accept4, (int, struct sockaddr *, socklen_t *, int))                                      \
  F(int, getsockname, (int, struct sockaddr *, socklen_t *))                                       \
  F(int, getpeername, (int, struct sockaddr *, socklen_t *))                                       \
  F(int, getsockopt, (int, int, int, void *, socklen_t *))                                         \
  F(int, setsockopt, (int, int, int, const void *, socklen_t))                                     \
  F(int, shutdown, (int, int))                                                                     \
  F(ssize_t, send, (int, const void *, size_t, int))                                               \
  F(ssize_t, sendto, (int, const void *, size_t, int, const struct sockaddr *, socklen_t))         \
  F(ssize_t, sendmsg, (int, const struct msghdr *, int))                                           \
  F(int, sendmmsg, (int, struct mmsghdr *, unsigned, int))                                         \
  F(ssize_t, recv, (int, void *, size_t, int))                                                     \
  F(ssize_t, recvfrom, (int, void *, size_t, int, struct sockaddr *, socklen_t *))                 \
  F(ssize_t, recvmsg, (int, struct msghdr *, int))                                                 \
  F(int, recvmmsg, (int, struct mmsghdr *, unsigned, int, struct timespec *))                      \
  F(ssize_t, read, (int, void *, size_t))                                                          \
  F(ssize_t, readv, (int, const struct iovec *, int))                                              \
  F(ssize_t, write, (int, const void *, size_t))                                                   \
  F(ssize_t, writev, (int, const struct iovec *, int))                                             \
  F(ssize_t, sendfile64, (int, int, off64_t *, size_t))                                            \
  F(int, poll, (struct pollfd *, unsigned long, int))                                              \
  F(int, select, (int, fd_set *, fd_set *, fd_set *, struct timeval *))                            \
  F(int, pselect,                                                                                  \
    (int, fd_set *, fd_set *, fd_set *, const struct timespec *, const sigset_t *))                \
  F(int, ppoll, (struct pollfd *, unsigned long, const struct timespec *, const sigset_t *))       \
  F(int, execve, (const char *, char *const *, char *const *))                                     \
  F(int, execvpe, (const char *, char *const *, char *const *))                                    \
  F(int, fexecve, (int, char *const *, char *const *))                                             \
  F(int, posix_spawn,                                                                              \
    (pid_t *, const char *, const posix_spawn_file_actions_t *, const posix_spawnattr_t *,         \
     char *const *, char *const *))                                                                \
  F(int, posix_spawnp,                                                                             \
    (pid_t *, const char *, const posix_spawn_file_actions_t *, const posix_spawnattr_t *,         \
     char *const *, char *const *))                                                                \
  F(int, system, (const char *))                                                                   \
  F(FILE *, popen, (const char *, const char *))                                                   \
  F(int, epoll_ctl, (int, int, int, struct epoll_event *))                                         \
  F(int, epoll_wait, (int, struct epoll_event *, int, int))                                        \
  F(int, epoll_pwait, (int, struct epoll_event *, int, int, const sigset_t *))                     \
  F(int, epoll_pwait2,                                                                             \
    (int, struct epoll_event *, int, const struct timespec *, const sigset_t *))                   \
  F(pid_t, wait, (int *))                                                                          \
  F(pid_t, waitpid, (pid_t, int *, int))                                                           \
  F(pid_t, wait3, (int *, int, struct rusage *))                                                   \
  F(pid_t, wait4, (pid_t, int *, int, struct rusage *))                                            \
  F(int, waitid, (idtype_t, id_t, siginfo_t *, int))                                               \
  F(int, kill, (pid_t, int))                                                                       \
  F(ssize_t, splice, (int, off64_t *, int, off64_t *, size_t, unsigned))                           \
  F(int, open, (const char *, int, ...))                                                           \
  F(int, open64, (const char *, int, ...))                                                         \
  F(int, openat, (int, const char *, int, ...))                                                    \
  F(int, openat64, (int, const char *, int, ...))                                                  \
  F(FILE *, fopen, (const char *, const char *))                                                   \
  F(FILE *, fopen64, (const char *, const char *))                                                 \
  F(int, fclose, (FILE *))                                                                         \
  F(int, prctl, (int, ...))                                                                        \
  F(long, syscall, (long, ...))                                                                    \
  F(int, close, (int))                                                                             \
  F(int, close_range, (unsigned, unsigned, int))                                                   \
  F(int, dup, (int))                                                                               \
  F(int, dup2, (int, int))                                                                         \
  F(int, dup3, (int, int, int))                                                                    \
  F(int, fcntl64, (int, int, ...))                                                                 \
  F(int, ioctl, (int, unsigned long, ...))                                                         \
  F(int, getifaddrs, (struct ifaddrs **))                                                          \
  F(int, getaddrinfo,                                                                              \
    (const char *, const char *, const struct addrinfo *, struct addrinfo **))                     \
  F(void, freeifaddrs, (struct ifaddrs *))                                                         \
  F(unsigned, if_nametoindex, (const char *))                                                      \
  F(char *, if_indextoname, (unsigned, char *))                                                    \
  F(struct if_nameindex *, if_nameindex, (void))                                                   \
  F(void, if_freenameindex, (struct if_nameindex *))

#define REAL_FIELD(ret, name, args) ret(*name) args;
struct real_table {
  REAL_FUNCTIONS(REAL_FIELD)
};
#undef REAL_FIELD

extern struct real_table real_functions;
extern atomic_bool real_resolved;
void real_resolve(void);

/* Callable before our constructor: other libraries' constructors come first. */
static inline const struct real_table *real(void) {
  if (UNLIKELY(!atomic_load_explicit(&real_resolved, memory_order_acquire))) real_resolve();
  return &real_functions;
}

#endif
