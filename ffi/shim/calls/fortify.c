/*
 * The second names under which libc exports the same calls: `__` twins, and the _chk forms that
 * programs built with _FORTIFY_SOURCE call (the compiler passes the size of the buffer along).
 */
#include "../core/shim.h"

#include <fcntl.h>
#include <stdarg.h>
#include <unistd.h>

extern void __chk_fail(void) __attribute__((noreturn));

EXPORT ssize_t __read_chk(int fd, void *buf, size_t len, size_t room) {
  if (len > room) __chk_fail();
  return read(fd, buf, len);
}

EXPORT ssize_t __recv_chk(int fd, void *buf, size_t len, size_t room, int flags) {
  if (len > room) __chk_fail();
  return recv(fd, buf, len, flags);
}

EXPORT ssize_t __recvfrom_chk(int fd, void *buf, size_t len, size_t room, int flags,
                              struct sockaddr *addr, socklen_t *addr_len) {
  if (len > room) __chk_fail();
  return recvfrom(fd, buf, len, flags, addr, addr_len);
}

EXPORT ssize_t __read(int fd, void *buf, size_t len) { return read(fd, buf, len); }

EXPORT ssize_t __write(int fd, const void *buf, size_t len) { return write(fd, buf, len); }

EXPORT ssize_t __send(int fd, const void *buf, size_t len, int flags) {
  return send(fd, buf, len, flags);
}

EXPORT int __connect(int fd, const struct sockaddr *addr, socklen_t len) {
  return connect(fd, addr, len);
}

EXPORT int __close(int fd) { return close(fd); }

EXPORT int __dup2(int from, int to) { return dup2(from, to); }

EXPORT int __fcntl(int fd, int op, ...) {
  va_list list;
  va_start(list, op);
  void *argument = va_arg(list, void *);
  va_end(list);
  return fcntl(fd, op, argument);
}
