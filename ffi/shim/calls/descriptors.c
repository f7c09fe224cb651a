/*
 * Descriptors come and go: close, dup, fcntl, close_range, closefrom. The table follows, and
 * the control connection stays out of reach: its number looks closed to the program, and moves
 * when dup2 wants it.
 *
 * A vfork child has descriptors of its own in its parent's memory. What it closes or replaces
 * is its own affair: nothing is written (the table functions see to that). But the control
 * connection it does not close, either: what it executes may need it.
 */
#include "../core/shim.h"

#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "../core/closing.h"
#include "../core/control.h"
#include "../core/fd_table.h"
#include "../core/real.h"
#include "../core/rings.h"
#include "../core/settle.h"
#include "../core/watched.h"
#include "../stream/stream.h"

#ifndef CLOSE_RANGE_CLOEXEC
#define CLOSE_RANGE_CLOEXEC 4
#endif

/* The control connection, as the program must not see it. */
static bool is_hidden(int fd) {
  struct fd_entry *e = table_peek(fd);
  if (e == NULL || word_kind(entry_word(e)) != KIND_CONTROL) return false;
  if (control_holds(fd)) return true;
  table_forget(fd);
  return false;
}

/* Before `fd` is closed. */
static struct closing let_go(int fd) {
  watched_epoll_gone(fd);
  struct closing closing = closing_begin(fd);
  struct fd_entry *e = table_peek(fd);
  if (e != NULL) ring_close(fd, e);
  table_forget_nuse(fd);
  return closing;
}

EXPORT int close(int fd) {
  int saved = errno;
  if (is_hidden(fd)) return (int)shim_return(-EBADF, saved);
  struct closing closing = let_go(fd);
  int result = real()->close(fd);
  closing_end(&closing);
  return result;
}

/* It closes by a call of its own, past us. */
EXPORT int fclose(FILE *stream) {
  struct closing closing = let_go(stream == NULL ? -1 : fileno(stream));
  int result = real()->fclose(stream);
  closing_end(&closing);
  return result;
}

EXPORT int dup(int fd) {
  int saved = errno;
  if (is_hidden(fd)) return (int)shim_return(-EBADF, saved);
  int copy = real()->dup(fd);
  if (copy >= 0) table_copy(fd, copy);
  return copy;
}

/* Before `fd` becomes something else. */
static struct closing make_way(int fd) {
  if (is_hidden(fd)) control_vacate(fd);
  return let_go(fd);
}

EXPORT int dup2(int from, int to) {
  int saved = errno;
  if (is_hidden(from)) return (int)shim_return(-EBADF, saved);
  if (from == to) return real()->dup2(from, to);
  struct closing closing = make_way(to);
  int result = real()->dup2(from, to);
  if (result >= 0) table_copy(from, to);
  closing_end(&closing);
  return result;
}

EXPORT int dup3(int from, int to, int flags) {
  int saved = errno;
  if (is_hidden(from)) return (int)shim_return(-EBADF, saved);
  struct closing closing = {0};
  if (from != to) closing = make_way(to);
  int result = real()->dup3(from, to, flags);
  if (result >= 0) table_copy(from, to);
  closing_end(&closing);
  return result;
}

static int fcntl_any(int fd, int op, void *argument) {
  int saved = errno;
  if (is_hidden(fd)) return (int)shim_return(-EBADF, saved);
  if (op == F_SETOWN || op == F_SETOWN_EX) urgent_own(fd);
  int result = real()->fcntl64(fd, op, argument);
  if (result >= 0 && (op == F_DUPFD || op == F_DUPFD_CLOEXEC)) table_copy(fd, result);
  return result;
}

EXPORT int fcntl(int fd, int op, ...) {
  va_list list;
  va_start(list, op);
  void *argument = va_arg(list, void *);
  va_end(list);
  return fcntl_any(fd, op, argument);
}

EXPORT int fcntl64(int fd, int op, ...) {
  va_list list;
  va_start(list, op);
  void *argument = va_arg(list, void *);
  va_end(list);
  return fcntl_any(fd, op, argument);
}

static long close_range_around(unsigned first, unsigned last, int flags) {
  long hidden;
  if (table_has_socket()) settle_note(UNDER_WAY_CHANGES);
  table_forget_range(first, last);
  while ((hidden = control_next(first, last)) >= 0) {
    unsigned number = (unsigned)hidden;
    if (number > first) {
      long result = sys_result(real()->close_range(first, number - 1, flags));
      if (result < 0) return result;
    }
    if (number == last) return 0;
    first = number + 1;
  }
  return sys_result(real()->close_range(first, last, flags));
}

EXPORT int close_range(unsigned first, unsigned last, int flags) {
  int saved = errno;
  if (first > last || (flags & CLOSE_RANGE_CLOEXEC)) {
    return real()->close_range(first, last, flags);
  }
  return (int)shim_return(close_range_around(first, last, flags), saved);
}

EXPORT void closefrom(int lowest) {
  struct rlimit limit;
  int first = lowest < 0 ? 0 : lowest;
  if (close_range((unsigned)first, UINT_MAX, 0) == 0) return;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  for (int fd = first; (rlim_t)fd < limit.rlim_cur && fd < TABLE_MAX; fd++) close(fd);
}
