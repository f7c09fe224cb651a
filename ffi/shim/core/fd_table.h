/*
 * What each descriptor is, by its number.
 */
#ifndef NUSE_FD_TABLE_H
#define NUSE_FD_TABLE_H

#include "control.h"
#include "shim.h"

enum fd_kind {
  KIND_UNKNOWN = 0,
  KIND_STREAM = NUSE_KIND_STREAM,
  KIND_DATAGRAM = NUSE_KIND_DATAGRAM,
  KIND_FOREIGN = 3,
  KIND_CONTROL = 4,
  KIND_NETLINK = 5, /* served by the second door: to us as FOREIGN, but its calls are not marked */
};

/* word: bits 0..15 NUSE_STATE_, 16..18 kind, then WORD_ flags */
#define WORD_STATE 0xffffu
#define WORD_KIND_SHIFT 16
#define WORD_KIND_MASK (7u << WORD_KIND_SHIFT)
#define WORD_NAMED (1u << 19)        /* an accepted stream, whose names are known */
#define WORD_UNWRITABLE (1u << 20)   /* the pair was made so, for a connect under way */
#define WORD_SNDBUF_GROWN (1u << 21) /* SO_SNDBUF is as large as it is to be */
#define WORD_TIMED (1u << 22)        /* SO_SNDTIMEO may be set */
#define WORD_MORE (1u << 23)         /* the last send had MSG_MORE */
#define WORD_ERRORS (1u << 24)       /* IP_RECVERR may be set */

#define LOOKS_BITS 2
#define LOOKS_MASK 3u
#define LOOKED_LONG_AGO 1u

#define WORD_WATCHED (1u << 25)      /* registered with an epoll, under epoll_data */
#define WORD_URGENT (1u << 26)       /* the service knows that urgent data is looked out for */
#define WORD_MARK_AHEAD (1u << 27)   /* an urgent byte has been read, its mark is in the pair */
#define WORD_AT_MARK (1u << 28)      /* that was taken away: what comes next follows it */
#define WORD_OWNED (1u << 29)        /* SIGURG goes to an owner */
#define WORD_EOF (1u << 30)          /* a read has given 0 */
#define WORD_TOLD (1u << 31)         /* an edge-triggered epoll has been given what it shows more */
/* Of datagram sockets, in the place of bits that only streams have: */
#define WORD_QUEUED (1u << 26)       /* the error queue may hold something */
#define WORD_ERROR_PRI (1u << 27)    /* SO_SELECT_ERR_QUEUE */
#define WORD_MARKS (WORD_MARK_AHEAD | WORD_AT_MARK)

/* What a ring is for. */
enum ring_way { RING_SEND, RING_RECEIVE };

struct fd_entry {
  atomic_uint word;
  atomic_uint meta;  /* domain | type << 8 | protocol << 16 */
  atomic_uint epoch; /* of the destination verdicts, destination_cache.c */
  atomic_int error;  /* to be reported by the next call (positive errno) */
  /* when a send last looked for an error, milliseconds, and how often in that one; 0: never */
  atomic_uint looked;
  atomic_int sndbuf; /* SO_SNDBUF asked for by the service (NUSE_STATE_PAIR_SIZED); 0: as it is */
  _Atomic uint64_t cookie;
  _Atomic uint64_t shown; /* the connection on which the service has seen it (control.c) */
  _Atomic uint64_t epoll_data; /* of the last registration (watched.h) */
  atomic_int epoll_fd;
  atomic_uint epoll_events;
  atomic_uint rings[2]; /* of a stream: 1 + where in the table of rings (rings.h); 0: none */
  atomic_uint moved[2]; /* bytes by the pair, of a stream that may get one */
  /* of a stream (stream/unread.c): a pair that holds less than that is not full, and nothing waited
   * outside when it held so much; 0: not known */
  atomic_int whole_below;
  atomic_int whole_at;
  uint8_t names[2 * NUSE_SOCKADDR_LEN]; /* its own and its peer's, with WORD_NAMED */
  _Atomic uint64_t stamp_us; /* receive time of the last datagram (SIOCGSTAMP) */
};

#define TABLE_CHUNK_SHIFT 10
#define TABLE_CHUNK (1 << TABLE_CHUNK_SHIFT)
#define TABLE_CHUNKS 1024
#define TABLE_MAX (TABLE_CHUNK * TABLE_CHUNKS)

extern struct fd_entry *_Atomic table_chunks[TABLE_CHUNKS];

/* The entry of a number without looking at the descriptor; NULL when nothing was ever stored
 * near it. */
static inline struct fd_entry *table_peek(int fd) {
  if ((unsigned)fd >= TABLE_MAX) return NULL;
  struct fd_entry *chunk =
      atomic_load_explicit(&table_chunks[fd >> TABLE_CHUNK_SHIFT], memory_order_acquire);
  return chunk == NULL ? NULL : &chunk[fd & (TABLE_CHUNK - 1)];
}

static inline unsigned entry_word(const struct fd_entry *e) {
  return atomic_load_explicit(&e->word, memory_order_acquire);
}
static inline enum fd_kind word_kind(unsigned word) {
  return (enum fd_kind)((word & WORD_KIND_MASK) >> WORD_KIND_SHIFT);
}
static inline bool is_nuse(enum fd_kind kind) {
  return kind == KIND_STREAM || kind == KIND_DATAGRAM;
}
static inline uint64_t entry_cookie(const struct fd_entry *e) {
  return atomic_load_explicit(&e->cookie, memory_order_relaxed);
}
static inline int entry_domain(const struct fd_entry *e) {
  return (int)(atomic_load_explicit(&e->meta, memory_order_relaxed) & 0xff);
}
static inline int entry_protocol(const struct fd_entry *e) {
  return (int)(atomic_load_explicit(&e->meta, memory_order_relaxed) >> 16);
}
static inline int entry_type(const struct fd_entry *e) {
  return (int)(atomic_load_explicit(&e->meta, memory_order_relaxed) >> 8 & 0xff);
}

static inline bool entry_has_ring(const struct fd_entry *e, enum ring_way way) {
  return atomic_load_explicit(&e->rings[way], memory_order_relaxed) != 0;
}

/* A stream whose peer is a socket of ours, too. */
static inline bool word_is_local_stream(unsigned word) {
  return word_kind(word) == KIND_STREAM && (word & NUSE_STATE_LOCAL);
}

enum fd_kind table_classify(int fd, struct fd_entry **entry);

/* What `fd` is; *entry is valid for KIND_STREAM and KIND_DATAGRAM. One look-up when it is known. */
static inline enum fd_kind table_kind(int fd, struct fd_entry **entry) {
  struct fd_entry *e = table_peek(fd);
  if (e != NULL) {
    enum fd_kind kind = word_kind(entry_word(e));
    if (kind != KIND_UNKNOWN) {
      *entry = e;
      return kind;
    }
  }
  return table_classify(fd, entry);
}

/* A socket of ours, as the service describes it, with WORD_ flags. NULL: no room. */
struct fd_entry *table_set_nuse(int fd, const struct control_reply *who, unsigned marks);
/* SO_COOKIE. */
bool fd_cookie(int fd, uint64_t *cookie);
void table_set_kind(int fd, enum fd_kind kind); /* FOREIGN, CONTROL, NETLINK */
void table_forget(int fd);                      /* back to unknown */
void table_forget_nuse(int fd);                 /* only when it is a nuse socket: for close */
void table_forget_range(unsigned first, unsigned last);
void table_copy(int from, int to);
/* Has this process had a socket of ours? */
bool table_has_socket(void);
/* Has a listener been seen here that is not known to be closed? */
bool table_has_listener(void);
void entry_set_state(struct fd_entry *e, uint64_t cookie, uint32_t state);
/* The lowest number above `fd` of a stream that an epoll knows by `data`, or -1. */
int table_next_watched(int fd, uint64_t data);
/* The lowest number above `fd` of a socket with this cookie, or -1. */
int table_next(int fd, uint64_t cookie);
/* The socket at this number has another pair, with this cookie. */
void table_rename(int fd, uint64_t cookie);
/* Sets and clears WORD_ flags. */
void entry_mark(struct fd_entry *e, unsigned set, unsigned clear);
/* False, and forgotten, when the number now names something else (closed behind our back). */
bool entry_verify(int fd, struct fd_entry *e);

#endif
