/*
 * Receiving by a ring: the program's half of io/app/endpoint/receive_ring.ts.
 *
 * What the pair holds comes first, then what the ring holds. Who finds nothing in either waits in
 * the pair, in the kernel as ever (signals, SO_RCVTIMEO), and goes on in the ring with what it was
 * woken for.
 */
#include "ring_receive.h"

#include <sched.h>
#include <string.h>

#include "../core/real.h"
#include "../core/rings.h"
#include "pieces.h"

#define CLAIMED_SPINS 200   /* the service needs a system call */
#define CLAIMED_YIELDS 2000 /* it has lost its CPU */

/* What came of a look into the ring, besides a number of bytes. */
enum {
  TRY_PAIR = -513, /* no errno: it is not for us now */
  STALE = -514     /* the number is not that of the ring's socket */
};

static void copy_from(const struct ring *r, uint32_t index, uint8_t *to, size_t len) {
  uint32_t at = (index - atomic_load(ring_origin(r))) & (r->capacity - 1);
  size_t until_wrap = r->capacity - at;
  size_t first = len < until_wrap ? len : until_wrap;
  memcpy(to, ring_bytes(r) + at, first);
  memcpy(to + first, ring_bytes(r), len - first);
}

/* Copies up to `most` bytes out; returns how many, -EFAULT when the first has no place. */
static long copy_all(struct ring *r, uint32_t index, struct pieces *p, size_t most) {
  size_t done = 0;
  while (done < most) {
    uint8_t *to = NULL;
    size_t len = pieces_next(p, &to);
    if (len == 0) break;
    if (len > most - done) len = most - done;
    if (!ring_is_good(r, to, len)) return done > 0 ? (long)done : -EFAULT;
    copy_from(r, index + (uint32_t)done, to, len);
    pieces_pass(p, len);
    done += len;
  }
  return (long)done;
}

static inline void pause_cpu(void) {
#ifdef __x86_64__
  __builtin_ia32_pause();
#endif
}

/* Nobody else takes bytes out until `set_free` or `publish`. 0, TRY_PAIR or RING_NONE. */
static long set_busy(const struct ring *r, uint32_t *word) {
  for (int tries = 0;; tries++) {
    *word = atomic_load_explicit(ring_word(r), memory_order_acquire);
    if (*word & (NUSE_RING_GONE | NUSE_RING_BUSY)) return RING_NONE;
    if (!(*word & NUSE_RING_CLAIMED)) {
      if (atomic_compare_exchange_weak(ring_word(r), word, *word | NUSE_RING_BUSY)) return 0;
    } else if (tries > CLAIMED_SPINS + CLAIMED_YIELDS) {
      return TRY_PAIR;
    } else if (tries > CLAIMED_SPINS) {
      sched_yield();
    } else {
      pause_cpu();
    }
  }
}

static void set_free(const struct ring *r) {
  atomic_fetch_and(ring_word(r), ~(uint32_t)NUSE_RING_BUSY);
}

/* The bytes up to `index` are ours. `is_dry`: there is nothing in the pair. False: they are not,
 * the ring is gone. */
static bool publish(int fd, struct fd_entry *e, const struct ring *r, uint32_t index, bool is_dry) {
  uint32_t word = atomic_load_explicit(ring_word(r), memory_order_relaxed), next;
  uint32_t cleared = NUSE_RING_BUSY | (is_dry ? NUSE_RING_HEAD : 0);
  bool is_told = false;
  do {
    if (word & NUSE_RING_GONE) return false;
    uint32_t beyond = (index - atomic_load(ring_wake(r))) & RING_INDEX_MASK;
    is_told = (word & NUSE_RING_ASLEEP) && beyond <= r->capacity;
    next = index << NUSE_RING_INDEX_SHIFT | (word & RING_FLAGS & ~cleared);
    if (is_told) next &= ~(uint32_t)NUSE_RING_ASLEEP;
  } while (!atomic_compare_exchange_weak(ring_word(r), &word, next));
  if (is_told) ring_tell(fd, e, RING_RECEIVE);
  return true;
}

static bool is_ring_socket(int fd, const struct ring *r) {
  uint64_t cookie = 0;
  int saved = errno;
  bool is_same = fd_cookie(fd, &cookie) && cookie == atomic_load(&r->cookie);
  errno = saved;
  return is_same;
}

/* Busy: the pair's bytes, then the ring's. */
static long take_busy(int fd, struct fd_entry *e, struct ring *r, uint32_t word, struct pieces *p,
                      size_t len, bool is_peek) {
  uint32_t index = word >> NUSE_RING_INDEX_SHIFT;
  long head = 0;
  if (word & NUSE_RING_HEAD) {
    size_t tried;
    head = pieces_recv(fd, p, len, MSG_DONTWAIT | (is_peek ? MSG_PEEK : 0), &tried);
    bool is_dry = head == -EAGAIN || (head > 0 && (size_t)head < tried);
    if (!is_dry) {
      set_free(r);
      return head == 0 ? TRY_PAIR : head; /* its end is told by a read that knows of it */
    }
    if (head < 0) head = 0;
    pieces_pass(p, (size_t)head);
  }
  uint32_t unread = ring_unread_at(r, word);
  size_t most = len - (size_t)head;
  struct pieces before = *p;
  long n = copy_all(r, index, p, most < unread ? most : unread);
  if (is_peek) {
    if (atomic_load(ring_word(r)) & NUSE_RING_GONE) n = 0; /* it may have come by the pair */
    set_free(r);
  } else if (!publish(fd, e, r, index + (n > 0 ? (uint32_t)n : 0), true)) {
    n = 0; /* they come by the pair */
    *p = before;
  }
  return n > 0 ? head + n : head > 0 ? head : n;
}

/* What there is, without waiting: n, 0, -errno, TRY_PAIR, STALE or RING_NONE. */
static long take(int fd, struct fd_entry *e, struct ring *r, struct pieces *p, size_t len,
                 bool is_peek) {
  uint32_t word = atomic_load_explicit(ring_word(r), memory_order_acquire);
  if (word & NUSE_RING_GONE) return RING_NONE;
  if (ring_unread_at(r, word) == 0 && !(word & NUSE_RING_CLAIMED)) return 0;
  long result = set_busy(r, &word);
  if (result < 0) return result;
  if (!is_ring_socket(fd, r)) {
    set_free(r);
    return STALE;
  }
  return take_busy(fd, e, r, word, p, len, is_peek);
}

/* Goes on with what there is after `done` bytes that the pair has given. */
static long go_on(int fd, struct fd_entry *e, struct ring *r, struct pieces *p, size_t len,
                  size_t done) {
  long n = done < len ? take(fd, e, r, p, len - done, false) : 0;
  return n > 0 ? (long)done + n : (long)done;
}

/* What is looked at stays: that a wait has found something is no part of it. */
static long peek(int fd, struct fd_entry *e, struct ring *r, const struct pieces *p, size_t len,
                 int flags) {
  struct pieces begin = *p;
  size_t tried;
  long n = take(fd, e, r, &begin, len, true);
  if (n > 0 || (n < 0 && n != TRY_PAIR)) return n;
  n = pieces_recv(fd, p, len, flags & (MSG_DONTWAIT | MSG_PEEK), &tried);
  if (n <= 0) return n;
  begin = *p;
  long all = take(fd, e, r, &begin, len, true);
  return all > n ? all : n;
}

static long receive_all(int fd, struct fd_entry *e, struct ring *r, struct pieces *p, size_t len,
                        int flags) {
  size_t done = 0, tried;
  for (;;) {
    long n = take(fd, e, r, p, len - done, false);
    if (n > 0) done += (size_t)n;
    else if (n < 0 && n != TRY_PAIR) return done > 0 ? (long)done : n;
    if (done == len || (done > 0 && !(flags & MSG_WAITALL))) return (long)done;
    n = pieces_recv(fd, p, len - done, flags & MSG_DONTWAIT, &tried);
    if (n <= 0) return done > 0 ? (long)done : n == -ENOTSOCK ? STALE : n;
    pieces_pass(p, (size_t)n);
    done = (size_t)go_on(fd, e, r, p, len, done + (size_t)n);
    if (done == len || !(flags & MSG_WAITALL)) return (long)done;
  }
}

long ring_receive(int fd, struct fd_entry *e, const struct iovec *iov, size_t count, size_t len,
                  int flags) {
  struct ring *r = ring_take(e, RING_RECEIVE);
  if (r == NULL) {
    atomic_store(&e->rings[RING_RECEIVE], 0);
    return RING_NONE;
  }
  struct pieces pieces = {.iov = iov, .count = count};
  pieces_pass(&pieces, 0);
  bool is_odd = (flags & MSG_PEEK) && (flags & MSG_WAITALL);
  long result = is_odd              ? RING_NONE
                : flags & MSG_PEEK ? peek(fd, e, r, &pieces, len, flags)
                                    : receive_all(fd, e, r, &pieces, len, flags);
  ring_give_back(r);
  if (result == RING_NONE) ring_leave(fd, e, RING_RECEIVE);
  return result == STALE ? RING_NONE : result;
}
