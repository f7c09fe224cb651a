/*
 * select is the kernel's, but for what readiness.h tells of (a hang-up is something to read, an
 * error something to read and to write), and where urgent data is looked out for (exceptfds,
 * SIGURG): an urgent byte with nothing behind it does not make its socket readable
 * (stream/urgent.c).
 */
#include "../core/shim.h"

#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/select.h>

#include "../core/fd_table.h"
#include "../core/memory.h"
#include "../core/real.h"
#include "../core/settle.h"
#include "../stream/stream.h"
#include "readiness.h"

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
  return !urgent_is_all(fd, e, is_exceptional, mask);
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

/* ---- what shows more than its pair (readiness.h) ---- */

#define SHOWN_MAX 64
#define COUNT_MAX 65536 /* numbers */

struct shown {
  int count;
  struct {
    int fd;
    bool is_read, is_written, is_exceptional; /* to be set */
  } list[SHOWN_MAX];
};

static bool is_asked(fd_set *set, int fd) { return set != NULL && is_in(set, fd); }

static void add_shown(struct shown *shown, int fd, fd_set *sets[3]) {
  struct fd_entry *e = table_peek(fd);
  short events = (short)((is_asked(sets[0], fd) ? POLLIN : 0) | POLLPRI);
  if (e == NULL) return;
  bool is_pri = word_kind(entry_word(e)) == KIND_DATAGRAM && (entry_word(e) & WORD_ERROR_PRI);
  if (is_pri && is_asked(sets[2], fd)) events = POLLPRI; /* POLLIN does not tell of errors */
  if (!may_show_more(e, events)) return;
  short bits = shows_more(fd, e, events);
  if (bits == 0) return;
  shown->list[shown->count].fd = fd;
  shown->list[shown->count].is_read = is_asked(sets[0], fd);
  shown->list[shown->count].is_written = (bits & POLLERR) && is_asked(sets[1], fd);
  shown->list[shown->count++].is_exceptional = (bits & POLLPRI) && is_asked(sets[2], fd);
}

static void find_shown(struct shown *shown, int count, fd_set *sets[3]) {
  shown->count = 0;
  if (count <= 0 || count > COUNT_MAX || !table_has_socket()) return;
  for (int k = 0; k < 3; k++) {
    if (sets[k] != NULL && check_readable(sets[k], set_len(count)) < 0) return;
  }
  for (int fd = 0; fd < count && shown->count < SHOWN_MAX; fd++) {
    unsigned long any = 0;
    for (int k = 0; k < 3; k++) any |= sets[k] == NULL ? 0 : *word_of(sets[k], fd);
    if (any == 0) fd |= WORD_BITS - 1;
    else if (any >> fd % WORD_BITS & 1) add_shown(shown, fd, sets);
  }
}

static int set_one(fd_set *set, int fd, bool is_shown) {
  if (!is_shown || is_in(set, fd)) return 0;
  *word_of(set, fd) |= 1ul << fd % WORD_BITS;
  return 1;
}

static int with_shown(const struct shown *shown, fd_set *sets[3], int ready) {
  for (int i = 0; ready >= 0 && i < shown->count; i++) {
    int fd = shown->list[i].fd;
    ready += set_one(sets[0], fd, shown->list[i].is_read);
    ready += set_one(sets[1], fd, shown->list[i].is_written);
    ready += set_one(sets[2], fd, shown->list[i].is_exceptional);
  }
  return ready;
}

EXPORT int select(int count, fd_set *restrict readable, fd_set *restrict writable,
                  fd_set *restrict exceptional, struct timeval *restrict timeout) {
  settle_before_poll(timeout == NULL || timeout->tv_sec != 0 || timeout->tv_usec != 0);
  watch(count, exceptional, timeout != NULL);
  fd_set *sets[3] = {readable, writable, exceptional};
  struct shown shown;
  find_shown(&shown, count, sets);
  struct timeval none = {0};
  int ready = real()->select(count, readable, writable, exceptional,
                             UNLIKELY(shown.count > 0) ? &none : timeout);
  ready = without_urgent(count, readable, exceptional, ready, NULL);
  return with_shown(&shown, sets, ready);
}

EXPORT int pselect(int count, fd_set *restrict readable, fd_set *restrict writable,
                   fd_set *restrict exceptional, const struct timespec *restrict timeout,
                   const sigset_t *restrict mask) {
  settle_before_poll(waits(timeout));
  watch(count, exceptional, timeout != NULL);
  fd_set *sets[3] = {readable, writable, exceptional};
  struct shown shown;
  find_shown(&shown, count, sets);
  const struct timespec none = {0};
  int ready = real()->pselect(count, readable, writable, exceptional,
                              UNLIKELY(shown.count > 0) ? &none : timeout, mask);
  ready = without_urgent(count, readable, exceptional, ready, mask);
  return with_shown(&shown, sets, ready);
}
