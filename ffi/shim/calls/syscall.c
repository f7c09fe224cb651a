/*
 * syscall(): a program that makes its socket calls by number (libuv's recvmmsg) means the same
 * sockets. Numbers that have an interposed function go to it, all others to libc; what a program
 * does by an instruction of its own is not seen.
 *
 * Some calls return twice, or on another stack (clone, vfork), and a frame of ours would be in
 * their way: libc's function is jumped to, which is why this one is not variadic, unlike its
 * declaration; the registers are the same.
 */
#include "../core/shim.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../core/real.h"
#include "../core/sandbox.h"

EXPORT long syscall_by_number(long number, long a, long b, long c, long d, long e,
                              long f) __asm__("syscall");

static long about_messages(long number, int fd, long b, long c, long d, long e, long f) {
  switch (number) {
    case SYS_read:
      return read(fd, (void *)b, (size_t)c);
    case SYS_readv:
      return readv(fd, (const struct iovec *)b, (int)c);
    case SYS_write:
      return write(fd, (const void *)b, (size_t)c);
    case SYS_writev:
      return writev(fd, (const struct iovec *)b, (int)c);
    case SYS_sendto:
      return sendto(fd, (const void *)b, (size_t)c, (int)d, (const struct sockaddr *)e,
                    (socklen_t)f);
    case SYS_recvfrom:
      return recvfrom(fd, (void *)b, (size_t)c, (int)d, (struct sockaddr *)e, (socklen_t *)f);
    case SYS_sendmsg:
      return sendmsg(fd, (const struct msghdr *)b, (int)c);
    case SYS_recvmsg:
      return recvmsg(fd, (struct msghdr *)b, (int)c);
    case SYS_sendmmsg:
      return sendmmsg(fd, (struct mmsghdr *)b, (unsigned)c, (int)d);
    case SYS_recvmmsg:
      return recvmmsg(fd, (struct mmsghdr *)b, (unsigned)c, (int)d, (struct timespec *)e);
    default: /* SYS_sendfile */
      return sendfile(fd, (int)b, (off_t *)c, (size_t)d);
  }
}

static long about_sockets(long number, int fd, long b, long c, long d, long e) {
  switch (number) {
    case SYS_socket:
      return socket(fd, (int)b, (int)c);
    case SYS_socketpair:
      return socketpair(fd, (int)b, (int)c, (int *)d);
    case SYS_bind:
      return bind(fd, (const struct sockaddr *)b, (socklen_t)c);
    case SYS_connect:
      return connect(fd, (const struct sockaddr *)b, (socklen_t)c);
    case SYS_listen:
      return listen(fd, (int)b);
    case SYS_accept:
      return accept(fd, (struct sockaddr *)b, (socklen_t *)c);
    case SYS_accept4:
      return accept4(fd, (struct sockaddr *)b, (socklen_t *)c, (int)d);
    case SYS_getsockname:
      return getsockname(fd, (struct sockaddr *)b, (socklen_t *)c);
    case SYS_getpeername:
      return getpeername(fd, (struct sockaddr *)b, (socklen_t *)c);
    case SYS_getsockopt:
      return getsockopt(fd, (int)b, (int)c, (void *)d, (socklen_t *)e);
    case SYS_setsockopt:
      return setsockopt(fd, (int)b, (int)c, (const void *)d, (socklen_t)e);
    default: /* SYS_shutdown */
      return shutdown(fd, (int)b);
  }
}

static long about_descriptors(long number, long a, long b, long c) {
  switch (number) {
    case SYS_close:
      return close((int)a);
    case SYS_dup:
      return dup((int)a);
#ifdef SYS_dup2
    case SYS_dup2:
      return dup2((int)a, (int)b);
#endif
    case SYS_dup3:
      return dup3((int)a, (int)b, (int)c);
    case SYS_fcntl:
      return fcntl((int)a, (int)b, (void *)c);
#ifdef SYS_close_range
    case SYS_close_range:
      return close_range((unsigned)a, (unsigned)b, (int)c);
#endif
#ifdef SYS_poll
    case SYS_poll:
      return poll((struct pollfd *)a, (nfds_t)b, (int)c);
#endif
    default: /* SYS_ioctl */
      return ioctl((int)a, (unsigned long)b, (void *)c);
  }
}

long syscall_by_number(long number, long a, long b, long c, long d, long e, long f) {
  switch (number) {
    case SYS_read:
    case SYS_readv:
    case SYS_write:
    case SYS_writev:
    case SYS_sendto:
    case SYS_recvfrom:
    case SYS_sendmsg:
    case SYS_recvmsg:
    case SYS_sendmmsg:
    case SYS_recvmmsg:
    case SYS_sendfile:
      return about_messages(number, (int)a, b, c, d, e, f);
    case SYS_socket:
    case SYS_socketpair:
    case SYS_bind:
    case SYS_connect:
    case SYS_listen:
    case SYS_accept:
    case SYS_accept4:
    case SYS_getsockname:
    case SYS_getpeername:
    case SYS_getsockopt:
    case SYS_setsockopt:
    case SYS_shutdown:
      return about_sockets(number, (int)a, b, c, d, e);
    case SYS_close:
    case SYS_dup:
#ifdef SYS_dup2
    case SYS_dup2:
#endif
    case SYS_dup3:
    case SYS_fcntl:
#ifdef SYS_close_range
    case SYS_close_range:
#endif
#ifdef SYS_poll
    case SYS_poll:
#endif
    case SYS_ioctl:
      return about_descriptors(number, a, b, c);
    case SYS_prctl:
      return prctl((int)a, b, c, d, e);
    case SYS_seccomp:
      return sandbox_seccomp(a, b, (const void *)c);
    default:
      return real()->syscall(number, a, b, c, d, e, f);
  }
}
