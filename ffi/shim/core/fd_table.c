/*
 * The descriptor cache: by number, what the descriptor is. Only a cache: identity is SO_COOKIE,
 * and what a socket is can always be asked of the service (WHO), which is how descriptors
 * inherited over exec or received by SCM_RIGHTS are recognised at their first use.
 *
 * Rules that keep it right:
 *  - every call that can make a nuse socket appear at a number (socket, accept, dup*, fcntl,
 *    recvmsg) sets or clears the entry, so FOREIGN may outlive a close that we did not see
 *    (fclose);
 *  - an entry that says nuse may be stale (fclose, a raw system call): streams use plain system
 *    calls, which do the right thing on whatever is there, and every odd result (EOF, ENOTSOCK)
 *    is verified by cookie;
 *  - a vfork child has its own descriptors but its parent's memory: it must not write here.
 *
 * Whoever makes a pair of ours marks the program's end (NUSE_PAIR_MARK), so that one getsockopt
 * sorts out nearly everything that is not ours without a request.
 */
#include "fd_table.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "real.h"

static atomic_bool has_socket;
static struct fd_entry first_chunk[TABLE_CHUNK];
struct fd_entry *_Atomic table_chunks[TABLE_CHUNKS] = {first_chunk};

static struct fd_entry *table_make(int fd) {
  struct fd_entry *entry = table_peek(fd);
  if (entry != NULL || (unsigned)fd >= TABLE_MAX) return entry;
  int saved = errno;
  size_t len = sizeof(struct fd_entry) * TABLE_CHUNK;
  struct fd_entry *expected = NULL;
  struct fd_entry *chunk =
      mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  errno = saved;
  if (chunk == MAP_FAILED) return NULL;
  if (!atomic_compare_exchange_strong(&table_chunks[fd >> TABLE_CHUNK_SHIFT], &expected, chunk)) {
    munmap(chunk, len);
    chunk = expected;
  }
  return &chunk[fd & (TABLE_CHUNK - 1)];
}

static void entry_fill(struct fd_entry *e, const struct control_reply *who, unsigned marks) {
  unsigned meta = (unsigned)(who->b & 0xff) | (unsigned)(who->c & 0xff) << 8 |
                  (unsigned)(who->c >> 8 & 0xffff) << 16;
  atomic_store_explicit(&e->meta, meta, memory_order_relaxed);
  atomic_fetch_add_explicit(&e->epoch, 1, memory_order_relaxed);
  atomic_store_explicit(&e->error, 0, memory_order_relaxed);
  atomic_store_explicit(&e->looked, 0, memory_order_relaxed);
  atomic_store_explicit(&e->cookie, who->cookie, memory_order_relaxed);
  atomic_store_explicit(&e->shown, who->shown, memory_order_relaxed);
  atomic_store_explicit(&e->stamp_us, 0, memory_order_relaxed);
  atomic_store_explicit(&e->sndbuf, 0, memory_order_relaxed);
  atomic_store_explicit(&e->whole_below, 0, memory_order_relaxed);
  atomic_store_explicit(&e->whole_at, 0, memory_order_relaxed);
  for (int way = RING_SEND; way <= RING_RECEIVE; way++) {
    atomic_store_explicit(&e->rings[way], 0, memory_order_relaxed);
    atomic_store_explicit(&e->moved[way], 0, memory_order_relaxed);
  }
  marks &= ~WORD_NAMED;
  if (who->names != NULL) {
    memcpy(e->names, who->names, sizeof e->names);
    marks |= WORD_NAMED;
  }
  unsigned word = (who->state & WORD_STATE) | (unsigned)who->a << WORD_KIND_SHIFT | marks;
  atomic_store_explicit(&e->word, word, memory_order_release);
}

struct fd_entry *table_set_nuse(int fd, const struct control_reply *who, unsigned marks) {
  struct fd_entry *e = table_make(fd);
  if (e == NULL) return NULL;
  entry_fill(e, who, marks);
  atomic_store_explicit(&has_socket, true, memory_order_relaxed);
  return e;
}

bool table_has_socket(void) { return atomic_load_explicit(&has_socket, memory_order_relaxed); }

void table_set_kind(int fd, enum fd_kind kind) {
  struct fd_entry *e = table_peek(fd);
  unsigned word = (unsigned)kind << WORD_KIND_SHIFT;
  if (e != NULL && entry_word(e) == word) return;
  if (process_is_borrowed()) return;
  e = table_make(fd);
  if (e != NULL) atomic_store_explicit(&e->word, word, memory_order_release);
}

void table_forget(int fd) {
  struct fd_entry *e = table_peek(fd);
  if (e == NULL || entry_word(e) == 0 || process_is_borrowed()) return;
  atomic_store_explicit(&e->word, 0, memory_order_release);
}

void table_forget_nuse(int fd) {
  struct fd_entry *e = table_peek(fd);
  if (e != NULL && is_nuse(word_kind(entry_word(e)))) table_forget(fd);
}

void table_forget_range(unsigned first, unsigned last) {
  for (unsigned fd = first; fd < TABLE_MAX && fd <= last; fd++) {
    if (table_peek((int)fd) == NULL) {
      fd |= TABLE_CHUNK - 1;
      continue;
    }
    table_forget_nuse((int)fd);
  }
}

bool table_has_listener(void) {
  for (int fd = 0; fd < TABLE_MAX; fd++) {
    const struct fd_entry *e = table_peek(fd);
    if (e == NULL) {
      fd |= TABLE_CHUNK - 1;
      continue;
    }
    unsigned word = entry_word(e);
    if (word_kind(word) == KIND_STREAM && (word & NUSE_STATE_LISTENING)) return true;
  }
  return false;
}

void table_copy(int from, int to) {
  if (from == to || process_is_borrowed()) return;
  struct fd_entry *source = table_peek(from);
  unsigned word = source == NULL ? 0 : entry_word(source);
  if (!is_nuse(word_kind(word))) {
    if (word == 0) {
      table_forget(to);
    } else {
      table_set_kind(to, word_kind(word) == KIND_NETLINK ? KIND_NETLINK : KIND_FOREIGN);
    }
    return;
  }
  unsigned meta = atomic_load_explicit(&source->meta, memory_order_relaxed);
  struct control_reply who = {.state = word & WORD_STATE,
                              .cookie = entry_cookie(source),
                              .shown = atomic_load(&source->shown),
                              .names = word & WORD_NAMED ? source->names : NULL,
                              .a = word_kind(word),
                              .b = (int)(meta & 0xff),
                              .c = (int)(meta >> 8)};
  struct fd_entry *copy = table_set_nuse(to, &who, word & ~(WORD_STATE | WORD_KIND_MASK));
  if (copy == NULL) return;
  atomic_store(&copy->sndbuf, atomic_load(&source->sndbuf));
  for (int way = RING_SEND; way <= RING_RECEIVE; way++) {
    atomic_store(&copy->rings[way], atomic_load(&source->rings[way]));
  }
}

bool fd_cookie(int fd, uint64_t *cookie) {
  socklen_t len = sizeof *cookie;
  return real()->getsockopt(fd, SOL_SOCKET, SO_COOKIE, cookie, &len) == 0;
}

int table_next_watched(int fd, uint64_t data) {
  for (fd++; fd < TABLE_MAX; fd++) {
    const struct fd_entry *e = table_peek(fd);
    if (e == NULL) {
      fd |= TABLE_CHUNK - 1;
      continue;
    }
    unsigned word = entry_word(e);
    bool is_watched = word_kind(word) == KIND_STREAM && (word & WORD_WATCHED);
    if (is_watched && atomic_load_explicit(&e->epoll_data, memory_order_relaxed) == data) return fd;
  }
  return -1;
}

int table_next(int fd, uint64_t cookie) {
  for (fd++; fd < TABLE_MAX; fd++) {
    const struct fd_entry *e = table_peek(fd);
    uint64_t found;
    if (e == NULL) {
      fd |= TABLE_CHUNK - 1;
      continue;
    }
    if (!is_nuse(word_kind(entry_word(e))) || entry_cookie(e) != cookie) continue;
    if (fd_cookie(fd, &found) && found == cookie) return fd;
  }
  return -1;
}

void table_rename(int fd, uint64_t cookie) {
  struct fd_entry *e = table_peek(fd);
  atomic_store_explicit(&e->cookie, cookie, memory_order_relaxed);
  atomic_store_explicit(&e->whole_below, 0, memory_order_relaxed);
  atomic_store_explicit(&e->whole_at, 0, memory_order_relaxed);
  entry_mark(e, 0, WORD_UNWRITABLE | WORD_SNDBUF_GROWN | WORD_MORE | WORD_EOF | WORD_MARKS |
                       WORD_URGENT | WORD_NAMED);
}

static void word_replace(struct fd_entry *e, unsigned mask, unsigned bits) {
  unsigned word = entry_word(e);
  while ((word & mask) != bits &&
         !atomic_compare_exchange_weak(&e->word, &word, (word & ~mask) | bits)) {
  }
}

void entry_set_state(struct fd_entry *e, uint64_t cookie, uint32_t state) {
  if (entry_cookie(e) == cookie && is_nuse(word_kind(entry_word(e)))) {
    word_replace(e, WORD_STATE, state & WORD_STATE);
  }
}

void entry_mark(struct fd_entry *e, unsigned set, unsigned clear) {
  word_replace(e, set | clear, set);
}

bool entry_verify(int fd, struct fd_entry *e) {
  int saved = errno;
  uint64_t cookie = 0;
  if (process_is_sandboxed()) return true;
  bool same = fd_cookie(fd, &cookie) && cookie == entry_cookie(e);
  if (!same) table_forget(fd);
  errno = saved;
  return same;
}
