/*
 * select is the kernel's, but where urgent data is looked out for (exceptfds, SIGURG): an urgent
 * byte with nothing behind it does not make its socket readable (stream/urgent.c).
 */
#include "../core/shim.h"

#include <limits.h>
#include <signal.h>
#include <sys/select.h>

#include "../core/fd_table.h"
#include "../core/memory.h"
#include "../core/real.h"
#include "../core/settle.h"
#include "../stream/stream.h"

#define WORD_BITS (int)(sizeof(unsigned long) * CHAR_BIT)

/* Descriptor sets may be longer than fd_set says. */
static unsigned long *word_of(fd_set *set, int fd) { return (unsigned long *)set + fd / WORD_BITS; }
static bool is_in(fd_set *set, int fd) { return *word_of(set, fd) >> fd % WORD_BITS & 1; }

static size_t set_len(int count) {
  return (size_t)(count + WORD_BITS - 1) / WORD_BITS * sizeof(unsigned long);
}

static void watch(int count, fd_set *exceptional, bool is_at_once) {
  if (exceptional == NULL || count <= 0 || count > TABLE_MAX) return;
  if (check_readable(exceptional, set_len(count)) < 0) return; /* select will say EFAULT */
  for (int fd = 0; fd < count; fd++) {
    if (*word_of(exceptional, fd) == 0) fd |= WORD_BITS - 1;
    else if (is_in(exceptional, fd)) urgent_watch(fd, is_at_once);
  }
}

static bool is_readable(int fd, bool is_exceptional, const sigset_t *mask) {
  struct fd_entry *e;
  if (table_kind(fd, &e) != KIND_STREAM) return true;
  if (is_exceptional && entry_verify(fd, e) && urgent_is_alone(fd)) return false;
  return !urgent_was_all(fd, e, mask);
}

/* What select gave, without those that are readable for an urgent byte alone. */
static int without_urgent(int count, fd_set *readable, fd_set *exceptional, int ready,
                          const sigset_t *mask) {
  bool is_owned = atomic_load_explicit(&urgent_has_owner, memory_order_relaxed);
  if (ready <= 0 || readable == NULL || (exceptional == NULL && !is_owned)) return ready;
  int left = ready;
  for (int fd = 0; fd < count; fd++) {
    if (*word_of(readable, fd) == 0) fd |= WORD_BITS - 1;
    else if (is_in(readable, fd) &&
             !is_readable(fd, exceptional != NULL && is_in(exceptional, fd), mask)) {
      *word_of(readable, fd) &= ~(1ul << fd % WORD_BITS);
      left--;
    }
  }
  return left < ready && left == 0 ? (int)shim_return(-EINTR, 0) : left;
}

EXPORT int select(int count, fd_set *restrict readable, fd_set *restrict writable,
                  fd_set *restrict exceptional, struct timeval *restrict timeout) {
  settle_before_poll(timeout == NULL || timeout->tv_sec != 0 || timeout->tv_usec != 0);
  watch(count, exceptional, timeout != NULL);
  int ready = real()->select(count, readable, writable, exceptional, timeout);
  return without_urgent(count, readable, exceptional, ready, NULL);
}

EXPORT int pselect(int count, fd_set *restrict readable, fd_set *restrict writable,
                   fd_set *restrict exceptional, const struct timespec *restrict timeout,
                   const sigset_t *restrict mask) {
  settle_before_poll(timeout == NULL || timeout->tv_sec != 0 || timeout->tv_nsec != 0);
  watch(count, exceptional, timeout != NULL);
  int ready = real()->pselect(count, readable, writable, exceptional, timeout, mask);
  return without_urgent(count, readable, exceptional, ready, mask);
}
