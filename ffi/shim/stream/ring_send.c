/*
 * Sending by a ring: the program's half of io/app/endpoint/send_ring.ts.
 *
 * What has room goes into the ring; for the rest there is the pair, in pieces, each of which fills
 * it, so that waiting for it to be writable is waiting for room.
 */
#include "ring_send.h"

#include <poll.h>
#include <string.h>

#include "../core/real.h"
#include "../core/rings.h"
#include "../core/socket.h"
#include "pieces.h"
#include "stream.h"

#ifndef SO_MEMINFO
#define SO_MEMINFO 55
#endif

/* Of the array that SO_MEMINFO gives (linux/sock_diag.h). */
enum { MEMINFO_RCVBUF = 1, MEMINFO_WMEM_ALLOC = 2, MEMINFO_SNDBUF = 3, MEMINFO_VARS = 9 };

#define IN_USE (NUSE_RING_BUSY | NUSE_RING_CLAIMED | NUSE_RING_GONE)
#define PIECE 8128u /* what the small SO_SNDBUF takes at once, and is not writable with */

/* ---- into the ring ---- */

static void copy_into(const struct ring *r, uint32_t index, const uint8_t *from, size_t len) {
  uint32_t at = index & (r->capacity - 1);
  size_t until_wrap = r->capacity - at;
  size_t first = len < until_wrap ? len : until_wrap;
  memcpy(ring_bytes(r) + at, from, first);
  memcpy(ring_bytes(r), from + first, len - first);
}

/* Copies up to `room` bytes in; returns how many. */
static size_t copy_all(struct ring *r, uint32_t index, struct pieces *s, size_t room) {
  size_t done = 0;
  while (done < room) {
    uint8_t *from = NULL;
    size_t len = pieces_next(s, &from);
    if (len == 0) break;
    if (len > room - done) len = room - done;
    if (!ring_is_good(r, from, len)) break; /* the pair will say what is wrong with it */
    copy_into(r, index + (uint32_t)done, from, len);
    pieces_pass(s, len);
    done += len;
  }
  return done;
}

/* Is the descriptor the ring's socket, and its pair empty? */
static bool is_pair_empty(int fd, const struct ring *r) {
  uint32_t info[MEMINFO_VARS] = {0};
  socklen_t len = sizeof info;
  int saved = errno;
  int result = real()->getsockopt(fd, SOL_SOCKET, SO_MEMINFO, info, &len);
  errno = saved;
  return result == 0 && info[MEMINFO_RCVBUF] == 2 * NUSE_PAIR_MARK &&
         info[MEMINFO_SNDBUF] == 2u * (uint32_t)(NUSE_RING_SNDBUF + r->number) &&
         info[MEMINFO_WMEM_ALLOC] == 0;
}

static size_t room_in(const struct ring *r, uint32_t index) {
  uint32_t limit = atomic_load_explicit(ring_limit(r), memory_order_acquire);
  uint32_t room = (limit - index) & RING_INDEX_MASK;
  return room <= r->capacity ? room : 0;
}

/* The bytes are the service's. False: they are not, the ring is gone. */
static bool publish(int fd, struct fd_entry *e, const struct ring *r, uint32_t index, size_t len) {
  uint32_t word = atomic_load_explicit(ring_word(r), memory_order_relaxed), next;
  do {
    next = (index + (uint32_t)len) << NUSE_RING_INDEX_SHIFT |
           (word & RING_FLAGS & ~(uint32_t)(NUSE_RING_BUSY | NUSE_RING_ASLEEP));
    if (word & NUSE_RING_GONE) return false;
  } while (!atomic_compare_exchange_weak(ring_word(r), &word, next));
  if (word & NUSE_RING_ASLEEP) ring_tell(fd, e, RING_SEND);
  return true;
}

/* What of it has room, and may go there: returns how many bytes, passed in `s`. */
static size_t put(int fd, struct fd_entry *e, struct ring *r, struct pieces *s) {
  uint32_t word = atomic_load_explicit(ring_word(r), memory_order_relaxed);
  do {
    if (word & IN_USE) return 0;
  } while (!atomic_compare_exchange_weak(ring_word(r), &word, word | NUSE_RING_BUSY));
  uint32_t index = word >> NUSE_RING_INDEX_SHIFT;
  struct pieces before = *s;
  size_t room = is_pair_empty(fd, r) ? room_in(r, index) : 0;
  size_t done = copy_all(r, index, s, room);
  if (done > 0 && publish(fd, e, r, index, done)) return done;
  if (done == 0) atomic_fetch_and(ring_word(r), ~(uint32_t)NUSE_RING_BUSY);
  *s = before;
  return 0;
}

/* ---- into the pair ---- */

static bool is_waiting(int fd, int flags) {
  return !(flags & MSG_DONTWAIT) && !is_nonblocking(fd);
}

/* Until the pair is empty. False: a signal came, or time is up. */
static bool wait_for_room(int fd, const struct fd_entry *e) {
  struct pollfd p = {.fd = fd, .events = POLLOUT};
  int limit_ms = entry_word(e) & WORD_TIMED ? stream_timeout_ms(fd, SO_SNDTIMEO) : -1;
  return real()->poll(&p, 1, limit_ms) > 0;
}

/* The whole; `len` bytes. What a first piece waits for, waits in the kernel as ever (signals,
 * SO_SNDTIMEO); a later one ends with what has been sent. */
static long send_all(int fd, struct fd_entry *e, struct ring *r, struct pieces *s, size_t len,
                     int flags) {
  size_t done = 0;
  for (;;) {
    done += put(fd, e, r, s);
    if (done == len) return (long)done;
    bool is_gone = atomic_load(ring_word(r)) & NUSE_RING_GONE;
    int how = done > 0 ? flags | MSG_DONTWAIT : flags;
    size_t tried;
    long n = pieces_send(fd, s, is_gone ? len - done : PIECE, how, &tried);
    bool is_short = n < (long)tried;
    if (n > 0) {
      done += (size_t)n;
      pieces_pass(s, (size_t)n);
      if (done == len) return (long)done;
    } else if (n < 0 && (n != -EAGAIN || done == 0)) {
      return done > 0 ? (long)done : n;
    }
    /* A program that does not wait is told a part only where the pair shows no room. */
    if (is_waiting(fd, flags) ? !wait_for_room(fd, e) : is_short) return (long)done;
  }
}

long ring_send(int fd, struct fd_entry *e, const struct iovec *iov, size_t count, size_t len,
               int flags) {
  struct ring *r = ring_take(e, RING_SEND);
  if (r == NULL) {
    atomic_store(&e->rings[RING_SEND], 0);
    return RING_NONE;
  }
  struct pieces source = {.iov = iov, .count = count};
  long result = RING_NONE;
  bool is_gone = atomic_load(ring_word(r)) & NUSE_RING_GONE;
  pieces_pass(&source, 0);
  if (!is_gone) result = send_all(fd, e, r, &source, len, flags);
  ring_give_back(r);
  if (is_gone) ring_leave(fd, e, RING_SEND);
  return result;
}
