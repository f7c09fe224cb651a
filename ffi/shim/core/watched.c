/*
 * Two small tables without locks: which sockets may show more, and which datagram socket has a
 * program's word. What they say is looked up in the table of descriptors before it is believed.
 */
#include "watched.h"

#define BUCKETS 4096

static atomic_int noted[NOTED_MAX]; /* fd + 1, 0: free */
static atomic_int noted_end;        /* from there on all are free */
static atomic_int datagrams[BUCKETS]; /* fd + 1, by a hash of the word */

static unsigned bucket_of(uint64_t data) {
  return (unsigned)(data * 0x9e3779b97f4a7c15u >> 52) % BUCKETS;
}

void watched_note(int fd, struct fd_entry *e, int epoll_fd, uint32_t events, uint64_t data) {
  atomic_store_explicit(&e->epoll_data, data, memory_order_relaxed);
  atomic_store_explicit(&e->epoll_fd, epoll_fd, memory_order_relaxed);
  atomic_store_explicit(&e->epoll_events, events, memory_order_relaxed);
  entry_mark(e, WORD_WATCHED, WORD_TOLD);
  if (word_kind(entry_word(e)) == KIND_DATAGRAM) {
    atomic_store_explicit(&datagrams[bucket_of(data)], fd + 1, memory_order_relaxed);
  }
}

void watched_may_show(int fd, struct fd_entry *e) {
  if (!(entry_word(e) & WORD_WATCHED)) return;
  entry_mark(e, 0, WORD_TOLD);
  int end = atomic_load(&noted_end);
  for (int i = 0; i < end; i++) {
    if (atomic_load(&noted[i]) == fd + 1) return;
  }
  for (int i = 0; i < NOTED_MAX; i++) {
    int none = 0;
    if (!atomic_compare_exchange_strong(&noted[i], &none, fd + 1)) continue;
    while (end <= i && !atomic_compare_exchange_weak(&noted_end, &end, i + 1)) continue;
    return;
  }
}

void watched_end(struct fd_entry *e, int epoll_fd) {
  if (atomic_load_explicit(&e->epoll_fd, memory_order_relaxed) == epoll_fd) {
    entry_mark(e, 0, WORD_WATCHED);
  }
}

void watched_epoll_gone(int epoll_fd) {
  for (int fd, at = 0; (fd = watched_next(&at)) >= 0;) {
    struct fd_entry *e = table_peek(fd);
    if (e != NULL) watched_end(e, epoll_fd);
  }
}

int watched_next(int *at) {
  int end = atomic_load_explicit(&noted_end, memory_order_relaxed);
  while (*at < end) {
    int fd = atomic_load_explicit(&noted[(*at)++], memory_order_relaxed) - 1;
    if (fd >= 0) return fd;
  }
  return -1;
}

void watched_forget(int at) { atomic_store(&noted[at - 1], 0); }

int watched_datagram(uint64_t data) {
  int fd = atomic_load_explicit(&datagrams[bucket_of(data)], memory_order_relaxed) - 1;
  const struct fd_entry *e = table_peek(fd);
  if (e == NULL || word_kind(entry_word(e)) != KIND_DATAGRAM) return -1;
  return atomic_load_explicit(&e->epoll_data, memory_order_relaxed) == data ? fd : -1;
}
