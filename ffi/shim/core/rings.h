/*
 * The rings of this process: memory that it shares with the service, in which the bytes of a
 * stream go (io/app/endpoint/send_ring.ts and receive_ring.ts are the essays). Which of them are a
 * descriptor's is in its entry.
 */
#ifndef NUSE_RINGS_H
#define NUSE_RINGS_H

#include "fd_table.h"
#include "shim.h"

struct ring {
  atomic_uint users;       /* threads at work in it; RING_CLOSED */
  _Atomic uint64_t cookie; /* whose it is; 0: nobody's */
  uint8_t *memory;
  uint32_t capacity; /* a power of two */
  int number;
  enum ring_way way;
  /* What the program has sent from, or received into, last: memory that is good for that. */
  _Atomic uintptr_t good_from, good_to;
};

#define RING_INDEX_MASK (UINT32_MAX >> NUSE_RING_INDEX_SHIFT)
#define RING_FLAGS ((1u << NUSE_RING_INDEX_SHIFT) - 1)

static inline atomic_uint *ring_word(const struct ring *r) {
  return (atomic_uint *)(r->memory + NUSE_RING_WORD_OFF);
}
static inline atomic_uint *ring_limit(const struct ring *r) {
  return (atomic_uint *)(r->memory + NUSE_RING_LIMIT_OFF);
}
static inline atomic_uint *ring_wake(const struct ring *r) {
  return (atomic_uint *)(r->memory + NUSE_RING_WAKE_OFF);
}
static inline atomic_uint *ring_origin(const struct ring *r) {
  return (atomic_uint *)(r->memory + NUSE_RING_ORIGIN_OFF);
}
/* What lies in a receive ring, when its word is `word`. */
static inline uint32_t ring_unread_at(const struct ring *r, uint32_t word) {
  uint32_t limit = atomic_load_explicit(ring_limit(r), memory_order_acquire);
  uint32_t unread = (limit - (word >> NUSE_RING_INDEX_SHIFT)) & RING_INDEX_MASK;
  return unread <= r->capacity ? unread : 0;
}
static inline uint8_t *ring_bytes(const struct ring *r) { return r->memory + NUSE_RING_BYTES_OFF; }

/* The ring of a stream, to be given back by ring_give_back; NULL: it has none. */
struct ring *ring_take(const struct fd_entry *e, enum ring_way way);
void ring_give_back(struct ring *r);
/* So many bytes have gone by the pair: asks for a ring, if they are many. */
void ring_note(int fd, struct fd_entry *e, enum ring_way way, size_t len);
/* The stream goes by its pair again: by our own will, or because the service has left the ring. */
void ring_leave(int fd, struct fd_entry *e, enum ring_way way);
/* The same, if it has one. */
static inline void ring_leave_any(int fd, struct fd_entry *e, enum ring_way way) {
  if (UNLIKELY(entry_has_ring(e, way))) ring_leave(fd, e, way);
}
/* All of them. */
void rings_leave(void);
/* The descriptor is about to be closed, or replaced. */
void ring_close(int fd, struct fd_entry *e);
/* The service sleeps: bytes lie in the ring, or have been taken out of it. */
void ring_tell(int fd, struct fd_entry *e, enum ring_way way);
/* Should the receive ring hold bytes, the pair shows that when this returns. */
void ring_show(int fd, struct fd_entry *e);
/* Bytes in the receive ring that nobody has read. */
uint32_t ring_unread(const struct fd_entry *e);
/* May `len` bytes at `at` be read from (a ring that sends), or written to? A program that goes on
 * with the same memory is not asked twice. */
bool ring_is_good(struct ring *r, const void *at, size_t len);

#endif
