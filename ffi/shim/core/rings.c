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
#include "process.h"
#include "real.h"

#define RINGS 128
#define RING_CLOSED 0x80000000u
/* Bytes by the pair after which a stream is taken for one that carries many. */
#define MANY_BYTES (1u << 19)
#define PAGE_LEN 4096

static struct ring *_Atomic rings; /* RINGS of them */
static atomic_bool is_refused;     /* the service has none to give */

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

struct ring *ring_take(const struct fd_entry *e) {
  unsigned index = atomic_load_explicit(&e->ring, memory_order_acquire);
  struct ring *all = atomic_load_explicit(&rings, memory_order_acquire);
  if (index == 0 || all == NULL) return NULL;
  struct ring *r = &all[index - 1];
  unsigned users = atomic_load(&r->users);
  do {
    if (users & RING_CLOSED) return NULL;
  } while (!atomic_compare_exchange_weak(&r->users, &users, users + 1));
  if (atomic_load(&r->cookie) == entry_cookie(e)) return r;
  ring_give_back(r);
  return NULL;
}

void ring_give_back(struct ring *r) {
  if (atomic_fetch_sub(&r->users, 1) == (RING_CLOSED | 1)) destroy(r);
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

/* A closed one has the memory that came along. */
static bool fill(struct ring *r, int fd, const struct control_reply *reply) {
  int sndbuf = NUSE_RING_SNDBUF + reply->b;
  r->capacity = (uint32_t)reply->a;
  size_t len = mapped_len(r);
  void *memory = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, reply->fd, 0);
  if (memory == MAP_FAILED) return false;
  r->memory = memory;
  r->number = reply->b;
  atomic_store(&r->readable_from, 0);
  atomic_store(&r->readable_to, 0);
  if (madvise(memory, len, MADV_DONTFORK) == 0 &&
      real()->setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &sndbuf, sizeof sndbuf) == 0) {
    return true;
  }
  munmap(memory, len);
  return false;
}

static void tell(int fd, struct fd_entry *e, int what) {
  struct control_request request = {.op = NUSE_OP_RING, .a = what};
  entry_post(fd, e, &request);
}

void ring_tell(int fd, struct fd_entry *e) { tell(fd, e, NUSE_RING_LOOK); }

static void enter(int fd, struct fd_entry *e, struct ring *all, struct ring *r) {
  struct control_request request = {.op = NUSE_OP_RING, .a = NUSE_RING_ENTER};
  struct control_reply reply = {.cloexec = true};
  uint64_t cookie = entry_cookie(e);
  long result = entry_call(fd, e, &request, &reply);
  bool is_made = result == 0 && reply.fd >= 0 && reply.a > 0 && fill(r, fd, &reply);
  if (reply.fd >= 0) real()->close(reply.fd);
  if (is_made) atomic_store(&r->cookie, cookie);
  atomic_store_explicit(&r->users, 0, memory_order_release);
  if (is_made) atomic_store_explicit(&e->ring, (unsigned)(r - all) + 1, memory_order_release);
  else if (result == 0) tell(fd, e, NUSE_RING_LEAVE);
  if (result == -EOPNOTSUPP || result == -EINVAL) atomic_store(&is_refused, true);
}

/* Not between sockets of one stack: what is under way there is to be known (settle.h). */
void ring_note_sent(int fd, struct fd_entry *e, size_t len) {
  const unsigned unfit = NUSE_STATE_LOCAL | NUSE_STATE_PAIR_SIZED | WORD_UNWRITABLE;
  if (atomic_load_explicit(&is_refused, memory_order_relaxed)) return;
  unsigned sent = atomic_fetch_add_explicit(&e->sent, (unsigned)len, memory_order_relaxed);
  int saved = errno;
  if (sent + len < MANY_BYTES) return;
  atomic_store_explicit(&e->sent, 0, memory_order_relaxed);
  if (process_is_sandboxed() || atomic_load(&sandbox_has_filter)) return;
  if (entry_word(e) & unfit) return;
  if (process_is_borrowed() || !entry_verify(fd, e)) return;
  struct ring *all = table();
  struct ring *r = all == NULL ? NULL : find_free(all);
  if (r != NULL) enter(fd, e, all, r);
  errno = saved;
}

/* Under every number of the socket. */
static void forget(struct fd_entry *e) {
  uint64_t cookie = entry_cookie(e);
  unsigned index = atomic_exchange(&e->ring, 0);
  entry_mark(e, 0, WORD_SNDBUF_GROWN);
  for (int fd = -1; (fd = table_next(fd, cookie)) >= 0;) {
    struct fd_entry *other = table_peek(fd);
    if (atomic_load(&other->ring) != index) continue;
    atomic_store(&other->ring, 0);
    entry_mark(other, 0, WORD_SNDBUF_GROWN);
  }
}

/* The small SO_SNDBUF stays until somebody sends much (stream_grow_sndbuf), or reads of it. */
static void widen(int fd) {
  int size = NUSE_PAIR_SNDBUF;
  real()->setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
}

void ring_leave(int fd, struct fd_entry *e) {
  int saved = errno;
  struct ring *r = ring_take(e);
  if (r != NULL) {
    bool is_gone = atomic_fetch_or(ring_word(r), NUSE_RING_GONE) & NUSE_RING_GONE;
    bool is_same = entry_verify(fd, e);
    if (is_same && !is_gone) tell(fd, e, NUSE_RING_LEAVE);
    if (is_same) widen(fd);
    forget(e);
    ring_end(r);
    ring_give_back(r);
  } else {
    atomic_store(&e->ring, 0);
  }
  errno = saved;
}

void rings_leave(void) {
  struct ring *all = atomic_load_explicit(&rings, memory_order_acquire);
  if (all == NULL || process_is_borrowed()) return;
  for (int i = 0; i < RINGS; i++) {
    uint64_t cookie = atomic_load(&all[i].cookie);
    int fd = cookie == 0 ? -1 : table_next(-1, cookie);
    if (fd >= 0) ring_leave(fd, table_peek(fd));
  }
}

void ring_close(int fd, struct fd_entry *e) {
  uint64_t cookie = entry_cookie(e);
  int saved = errno;
  if (!entry_has_ring(e) || process_is_borrowed()) return;
  int other = table_next(-1, cookie);
  if (other == fd) other = table_next(fd, cookie);
  struct ring *r = other >= 0 ? NULL : ring_take(e);
  if (r != NULL) {
    ring_end(r);
    ring_give_back(r);
  }
  errno = saved;
}
