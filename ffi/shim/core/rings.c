/*
 * Rings come and go (rings.h).
 *
 * A thread at work in a ring holds it (`users`), as another may close the descriptor meanwhile: the
 * last one to leave unmaps it. The table is not inherited by a fork, nor is the memory: a child
 * finds no ring, and uses the pair.
 */
#include "rings.h"

#include <sys/mman.h>
#include <unistd.h>

#include "control.h"
#include "memory.h"
#include "process.h"
#include "real.h"
#include "watched.h"

#define RINGS 128
#define RING_CLOSED 0x80000000u
/* Bytes by the pair after which a stream is taken for one that carries many. */
#define MANY_BYTES (1u << 19)
#define PAGE_LEN 4096
#define SMALL 4096u /* bytes whose memory is asked for page by page */
#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22 /* Linux 5.14 */
#define MADV_POPULATE_WRITE 23
#endif

static struct ring *_Atomic rings; /* RINGS of them */
static atomic_bool is_refused[2];  /* the service has none to give */

static struct ring *table(void) {
  struct ring *found = atomic_load_explicit(&rings, memory_order_acquire), *expected = NULL;
  if (found != NULL) return found;
  size_t len = (RINGS * sizeof(struct ring) + PAGE_LEN - 1) & ~(size_t)(PAGE_LEN - 1);
  struct ring *fresh = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (fresh == MAP_FAILED) return NULL;
  if (madvise(fresh, len, MADV_WIPEONFORK) != 0) {
    munmap(fresh, len);
    return NULL;
  }
  if (atomic_compare_exchange_strong(&rings, &expected, fresh)) return fresh;
  munmap(fresh, len);
  return expected;
}

static size_t mapped_len(const struct ring *r) { return NUSE_RING_BYTES_OFF + r->capacity; }

/* Nobody is at work in it, and nobody will be. */
static void destroy(struct ring *r) {
  munmap(r->memory, mapped_len(r));
  atomic_store(&r->cookie, 0);
  atomic_store_explicit(&r->users, 0, memory_order_release);
}

static void ring_end(struct ring *r) {
  if (atomic_fetch_or(&r->users, RING_CLOSED) == 0) destroy(r);
}

struct ring *ring_take(const struct fd_entry *e, enum ring_way way) {
  unsigned index = atomic_load_explicit(&e->rings[way], memory_order_acquire);
  struct ring *all = atomic_load_explicit(&rings, memory_order_acquire);
  if (index == 0 || all == NULL) return NULL;
  struct ring *r = &all[index - 1];
  unsigned users = atomic_load(&r->users);
  do {
    if (users & RING_CLOSED) return NULL;
  } while (!atomic_compare_exchange_weak(&r->users, &users, users + 1));
  if (atomic_load(&r->cookie) == entry_cookie(e) && r->way == way) return r;
  ring_give_back(r);
  return NULL;
}

void ring_give_back(struct ring *r) {
  if (atomic_fetch_sub(&r->users, 1) == (RING_CLOSED | 1)) destroy(r);
}

uint32_t ring_unread(const struct fd_entry *e) {
  struct ring *r = ring_take(e, RING_RECEIVE);
  if (r == NULL) return 0;
  uint32_t word = atomic_load(ring_word(r));
  uint32_t unread = word & NUSE_RING_GONE ? 0 : ring_unread_at(r, word);
  ring_give_back(r);
  return unread;
}

bool ring_is_good(struct ring *r, const void *at, size_t len) {
  uintptr_t start = (uintptr_t)at, end = start + len;
  bool is_read = r->way == RING_SEND;
  if (start >= atomic_load_explicit(&r->good_from, memory_order_relaxed) &&
      end <= atomic_load_explicit(&r->good_to, memory_order_relaxed) && end >= start) {
    return true;
  }
  if (len <= SMALL) return (is_read ? check_readable(at, len) : check_writable(at, len)) == 0;
  int saved = errno;
  uintptr_t page = start & ~(uintptr_t)(PAGE_LEN - 1);
  int how = is_read ? MADV_POPULATE_READ : MADV_POPULATE_WRITE;
  bool is_good = end >= start && madvise((void *)page, end - page, how) == 0;
  if (!is_good && errno == EINVAL && !is_read) is_good = check_writable(at, len) == 0;
  errno = saved;
  if (!is_good) return false;
  /* Never wider than what was asked for, whatever another thread writes at the same time. */
  atomic_store_explicit(&r->good_to, 0, memory_order_relaxed);
  atomic_store_explicit(&r->good_from, start, memory_order_relaxed);
  atomic_store_explicit(&r->good_to, end, memory_order_relaxed);
  return true;
}

/* One that is nobody's, closed to all others until `users` is set to 0. */
static struct ring *find_free(struct ring *all) {
  for (int i = 0; i < RINGS; i++) {
    unsigned none = 0;
    uint64_t cookie = atomic_load(&all[i].cookie);
    if (cookie != 0 && table_next(-1, cookie) < 0) ring_end(&all[i]); /* closed past us */
    if (atomic_load(&all[i].cookie) != 0) continue;
    if (!atomic_compare_exchange_strong(&all[i].users, &none, RING_CLOSED)) continue;
    if (atomic_load(&all[i].cookie) == 0) return &all[i];
    atomic_store(&all[i].users, 0);
  }
  return NULL;
}

/* A ring's pair has a SO_SNDBUF of its own (send_ring.ts). */
static bool set_sndbuf(int fd, int size) {
  return real()->setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size) == 0;
}

/* A closed one has the memory that came along. */
static bool fill(struct ring *r, int fd, enum ring_way way, const struct control_reply *reply) {
  r->capacity = (uint32_t)reply->a;
  size_t len = mapped_len(r);
  void *memory = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, reply->fd, 0);
  if (memory == MAP_FAILED) return false;
  r->memory = memory;
  r->number = reply->b;
  r->way = way;
  atomic_store(&r->good_from, 0);
  atomic_store(&r->good_to, 0);
  if (madvise(memory, len, MADV_DONTFORK) == 0 &&
      (way == RING_RECEIVE || set_sndbuf(fd, NUSE_RING_SNDBUF + reply->b))) {
    return true;
  }
  munmap(memory, len);
  return false;
}

static const struct {
  int enter, look, leave;
} says[] = {
    [RING_SEND] = {NUSE_RING_ENTER, NUSE_RING_LOOK, NUSE_RING_LEAVE},
    [RING_RECEIVE] = {NUSE_RING_RECEIVE_ENTER, NUSE_RING_RECEIVE_LOOK, NUSE_RING_RECEIVE_LEAVE},
};

void ring_tell(int fd, struct fd_entry *e, enum ring_way way) {
  struct control_request request = {.op = NUSE_OP_RING, .a = says[way].look};
  entry_post(fd, e, &request);
}

void ring_show(int fd, struct fd_entry *e) {
  struct control_request request = {.op = NUSE_OP_RING, .a = NUSE_RING_RECEIVE_SHOW};
  struct control_reply reply = {0};
  int saved = errno;
  if (ring_unread(e) > 0 && entry_verify(fd, e)) entry_call(fd, e, &request, &reply);
  errno = saved;
}

/* What is in a receive ring is in the pair afterwards. */
static void tell_left(int fd, struct fd_entry *e, enum ring_way way) {
  struct control_request request = {.op = NUSE_OP_RING, .a = says[way].leave};
  struct control_reply reply = {0};
  if (way == RING_SEND) entry_post(fd, e, &request);
  else entry_call(fd, e, &request, &reply);
}

static void enter(int fd, struct fd_entry *e, enum ring_way way, struct ring *all,
                  struct ring *r) {
  struct control_request request = {.op = NUSE_OP_RING, .a = says[way].enter};
  struct control_reply reply = {.cloexec = true};
  uint64_t cookie = entry_cookie(e);
  long result = entry_call(fd, e, &request, &reply);
  bool is_made = result == 0 && reply.fd >= 0 && reply.a > 0 && fill(r, fd, way, &reply);
  if (reply.fd >= 0) real()->close(reply.fd);
  if (is_made) atomic_store(&r->cookie, cookie);
  atomic_store_explicit(&r->users, 0, memory_order_release);
  if (is_made) {
    atomic_store_explicit(&e->rings[way], (unsigned)(r - all) + 1, memory_order_release);
    if (way == RING_RECEIVE) watched_may_show(fd, e);
  } else if (result == 0) {
    tell_left(fd, e, way);
  }
  if (result == -EOPNOTSUPP || result == -EINVAL) atomic_store(&is_refused[way], true);
}

/* Not between sockets of one stack: what is under way there is to be known (settle.h). */
void ring_note(int fd, struct fd_entry *e, enum ring_way way, size_t len) {
  const unsigned unfit = NUSE_STATE_LOCAL | WORD_UNWRITABLE |
                         (way == RING_SEND ? NUSE_STATE_PAIR_SIZED : NUSE_STATE_READ_SHUT);
  if (atomic_load_explicit(&is_refused[way], memory_order_relaxed)) return;
  unsigned moved = atomic_fetch_add_explicit(&e->moved[way], (unsigned)len, memory_order_relaxed);
  int saved = errno;
  if (moved + len < MANY_BYTES) return;
  atomic_store_explicit(&e->moved[way], 0, memory_order_relaxed);
  if (process_is_sandboxed() || atomic_load(&sandbox_has_filter)) return;
  if ((entry_word(e) & unfit) || (way == RING_RECEIVE && entry_word(e) & WORD_URGENT)) return;
  if (process_is_borrowed() || !entry_verify(fd, e)) return;
  struct ring *all = table();
  struct ring *r = all == NULL ? NULL : find_free(all);
  if (r != NULL) enter(fd, e, way, all, r);
  errno = saved;
}

/* Under every number of the socket. */
static void forget(struct fd_entry *e, enum ring_way way) {
  uint64_t cookie = entry_cookie(e);
  unsigned index = atomic_exchange(&e->rings[way], 0);
  unsigned marks = way == RING_SEND ? WORD_SNDBUF_GROWN : 0;
  entry_mark(e, 0, marks);
  for (int fd = -1; (fd = table_next(fd, cookie)) >= 0;) {
    struct fd_entry *other = table_peek(fd);
    if (atomic_load(&other->rings[way]) != index) continue;
    atomic_store(&other->rings[way], 0);
    entry_mark(other, 0, marks);
  }
}

void ring_leave(int fd, struct fd_entry *e, enum ring_way way) {
  int saved = errno;
  struct ring *r = ring_take(e, way);
  if (r != NULL) {
    bool is_gone = atomic_fetch_or(ring_word(r), NUSE_RING_GONE) & NUSE_RING_GONE;
    bool is_same = entry_verify(fd, e);
    /* What the service has left may still be on its way into the pair */
    if (is_same && (!is_gone || way == RING_RECEIVE)) tell_left(fd, e, way);
    /* The small SO_SNDBUF stays until somebody sends much (stream_grow_sndbuf), or reads of it */
    if (is_same && way == RING_SEND) set_sndbuf(fd, NUSE_PAIR_SNDBUF);
    forget(e, way);
    ring_end(r);
    ring_give_back(r);
  } else {
    atomic_store(&e->rings[way], 0);
  }
  errno = saved;
}

void rings_leave(void) {
  struct ring *all = atomic_load_explicit(&rings, memory_order_acquire);
  if (all == NULL || process_is_borrowed()) return;
  for (int i = 0; i < RINGS; i++) {
    uint64_t cookie = atomic_load(&all[i].cookie);
    int fd = cookie == 0 ? -1 : table_next(-1, cookie);
    if (fd >= 0) ring_leave(fd, table_peek(fd), all[i].way);
  }
}

static void close_one(int fd, struct fd_entry *e, enum ring_way way) {
  if (!entry_has_ring(e, way) || process_is_borrowed()) return; /* any descriptor comes here */
  uint64_t cookie = entry_cookie(e);
  int saved = errno;
  int other = table_next(-1, cookie);
  if (other == fd) other = table_next(fd, cookie);
  struct ring *r = other >= 0 ? NULL : ring_take(e, way);
  if (r != NULL) {
    /* Other processes may have the socket, and read on */
    if (way == RING_RECEIVE) atomic_fetch_or(ring_word(r), NUSE_RING_GONE);
    ring_end(r);
    ring_give_back(r);
  }
  errno = saved;
}

void ring_close(int fd, struct fd_entry *e) {
  close_one(fd, e, RING_SEND);
  close_one(fd, e, RING_RECEIVE);
}
