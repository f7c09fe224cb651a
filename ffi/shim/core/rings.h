/*
 * The rings of this process: memory that it shares with the service, in which the bytes of a
 * stream go (io/app/endpoint/send_ring.ts is the essay). Which of them is a descriptor's is in its
 * entry.
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
  /* What the program has sent from last: memory that can be read. */
  _Atomic uintptr_t readable_from, readable_to;
};

static inline atomic_uint *ring_word(const struct ring *r) {
  return (atomic_uint *)(r->memory + NUSE_RING_WORD_OFF);
}
static inline atomic_uint *ring_limit(const struct ring *r) {
  return (atomic_uint *)(r->memory + NUSE_RING_LIMIT_OFF);
}
static inline uint8_t *ring_bytes(const struct ring *r) { return r->memory + NUSE_RING_BYTES_OFF; }

/* The ring of a stream, to be given back by ring_give_back; NULL: it has none. */
struct ring *ring_take(const struct fd_entry *e);
void ring_give_back(struct ring *r);
/* So many bytes have been sent by the pair: asks for a ring, if they are many. */
void ring_note_sent(int fd, struct fd_entry *e, size_t len);
/* The stream goes by its pair again: by our own will, or because the service has left the ring. */
void ring_leave(int fd, struct fd_entry *e);
/* All of them. */
void rings_leave(void);
/* The descriptor is about to be closed, or replaced. */
void ring_close(int fd, struct fd_entry *e);
/* Bytes lie in the ring, and the service sleeps. */
void ring_tell(int fd, struct fd_entry *e);

static inline bool entry_has_ring(const struct fd_entry *e) {
  return atomic_load_explicit(&e->ring, memory_order_relaxed) != 0;
}

#endif
