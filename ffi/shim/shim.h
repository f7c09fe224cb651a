/*
 * The preload shim: what its parts share. Theory of operation.
 *
 *   program -> interposed call -> table: what is this descriptor? -+- foreign: libc itself
 *                       |                                          +- stream: libc on the pair
 *                       v                                          +- datagram: + 64-byte header
 *               control request, answered by the service (names, options, connect, ...)
 *
 * Every nuse socket is one end of an AF_UNIX pair whose other end the service holds, so that
 * most calls need no help at all. What decides semantics is in the service; the shim moves
 * bytes and turns -errno into errno (in shim_return, nowhere else). No allocation on data
 * paths.
 *
 * Inside the shim a result is n or -errno, and libc is called through `real` only.
 */
#ifndef NUSE_SHIM_H
#define NUSE_SHIM_H

/* Before any system header: shim.h is the first include of every source. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <time.h>

#include "protocol.h"

#define EXPORT __attribute__((visibility("default")))
#define UNLIKELY(x) __builtin_expect(!!(x), 0)

/* ---- real.c: libc's own functions ---- */

struct ifaddrs;
struct if_nameindex;
struct pollfd;

#define REAL_FUNCTIONS(F)                                                                          \
  F(int, socket, (int, int, int))                                                                  \
  F(int, socketpair, (int, int, int, int *))                                                       \
  F(int, bind, (int, const struct sockaddr *, socklen_t))                                          \
  F(int, connect, (int, const struct sockaddr *, socklen_t))                                       \
  F(int, listen, (int, int))                                                                       \
  F(int, accept4, (int, struct sockaddr *, socklen_t *, int))                                      \
  F(int, getsockname, (int, struct sockaddr *, socklen_t *))                                       \
  F(int, getpeername, (int, struct sockaddr *, socklen_t *))                                       \
  F(int, getsockopt, (int, int, int, void *, socklen_t *))                                         \
  F(int, setsockopt, (int, int, int, const void *, socklen_t))                                     \
  F(int, shutdown, (int, int))                                                                     \
  F(ssize_t, send, (int, const void *, size_t, int))                                               \
  F(ssize_t, sendto, (int, const void *, size_t, int, const struct sockaddr *, socklen_t))         \
  F(ssize_t, sendmsg, (int, const struct msghdr *, int))                                           \
  F(int, sendmmsg, (int, struct mmsghdr *, unsigned, int))                                         \
  F(ssize_t, recv, (int, void *, size_t, int))                                                     \
  F(ssize_t, recvfrom, (int, void *, size_t, int, struct sockaddr *, socklen_t *))                 \
  F(ssize_t, recvmsg, (int, struct msghdr *, int))                                                 \
  F(int, recvmmsg, (int, struct mmsghdr *, unsigned, int, struct timespec *))                      \
  F(ssize_t, read, (int, void *, size_t))                                                          \
  F(ssize_t, readv, (int, const struct iovec *, int))                                              \
  F(ssize_t, write, (int, const void *, size_t))                                                   \
  F(ssize_t, writev, (int, const struct iovec *, int))                                             \
  F(ssize_t, sendfile64, (int, int, off64_t *, size_t))                                            \
  F(int, poll, (struct pollfd *, unsigned long, int))                                              \
  F(int, ppoll, (struct pollfd *, unsigned long, const struct timespec *, const sigset_t *))       \
  F(int, prctl, (int, ...))                                                                        \
  F(int, close, (int))                                                                             \
  F(int, close_range, (unsigned, unsigned, int))                                                   \
  F(int, dup, (int))                                                                               \
  F(int, dup2, (int, int))                                                                         \
  F(int, dup3, (int, int, int))                                                                    \
  F(int, fcntl64, (int, int, ...))                                                                 \
  F(int, ioctl, (int, unsigned long, ...))                                                         \
  F(int, getifaddrs, (struct ifaddrs **))                                                          \
  F(void, freeifaddrs, (struct ifaddrs *))                                                         \
  F(unsigned, if_nametoindex, (const char *))                                                      \
  F(char *, if_indextoname, (unsigned, char *))                                                    \
  F(struct if_nameindex *, if_nameindex, (void))                                                   \
  F(void, if_freenameindex, (struct if_nameindex *))

#define REAL_FIELD(ret, name, args) ret(*name) args;
struct real_table {
  REAL_FUNCTIONS(REAL_FIELD)
};
#undef REAL_FIELD

extern struct real_table real_functions;
extern atomic_bool real_resolved;
void real_resolve(void);

/* Callable before our constructor: other libraries' constructors come first. */
static inline const struct real_table *real(void) {
  if (UNLIKELY(!atomic_load_explicit(&real_resolved, memory_order_acquire))) real_resolve();
  return &real_functions;
}

/* The one place where -errno becomes errno. `saved` is errno at entry: success does not change
 * it. */
static inline long shim_return(long result, int saved) {
  errno = result < 0 ? (int)-result : saved;
  return result < 0 ? -1 : result;
}

/* The other direction, for the result of a libc call just made. */
static inline long sys_result(long result) { return result < 0 ? -errno : result; }

/* ---- process.c: what belongs to this process and not to its fork ---- */

bool shim_enabled(void);      /* $NUSE_SOCK is set */
const char *shim_path(void);  /* its value */
bool shim_is_secure(void);    /* AT_SECURE */
bool process_is_borrowed(void); /* a vfork child: its memory is the parent's */

/* sandbox.c: no system calls but the program's own. */
extern atomic_bool sandbox_entered;
static inline bool process_is_sandboxed(void) {
  return UNLIKELY(atomic_load_explicit(&sandbox_entered, memory_order_relaxed));
}

#define WAITERS 32 /* control connections kept for threads that wait in connect() */

/* State of the control connections. Zero in a fresh fork (MADV_WIPEONFORK), zero means none. */
struct process_page {
  atomic_int pid;
  atomic_int lock;         /* futex: 0 free, 1 held, 2 held and waited for */
  bool owns_links;         /* the connections that link.c knows are not the parent's */
  atomic_int waiter_busy[WAITERS];
};
struct process_page *process_page(void);
/* Ends the process, whose network has gone, as if the machine had been switched off. */
_Noreturn void process_end(void);

/* ---- message.c, link.c, control.c ---- */

struct control_request {
  int op;
  uint64_t cookie;
  int a, b, c;
  const void *data;
  size_t data_len;
};

struct control_reply {
  int result;
  uint32_t state;
  uint64_t cookie;
  int a, b, c;
  void *data;        /* where data shall go */
  size_t data_cap;   /* room there */
  size_t data_len;   /* what the service sent; more than data_cap: cut */
  int fd;            /* -1 none */
  bool cloexec;      /* in: wanted on fd */
  bool interrupted;  /* control_wait: cut short by a signal's handler */
};

/* One message, with a descriptor unless `passed` is -1. 0 or -errno. */
long message_send(int fd, const struct control_request *request, int passed);
/* 0, -EINTR, -EFAULT, -EMFILE (the descriptor is lost), or -ENETDOWN. */
long message_receive(int fd, struct control_reply *reply);

struct control_link {
  int fd_plus1; /* 0: none */
  uint64_t cookie;
};

/* Under the lock; NULL when there is no service. */
struct control_link *link_for_requests(struct process_page *p);
bool link_is_usable(const struct process_page *p, const struct control_link *link);
/* Under the lock: makes `link` unless it is usable. */
bool link_for_waiting(struct process_page *p, struct control_link *link);
struct control_link *link_of_waiter(int index);
void link_drop(struct control_link *link);
/* What marks datagram headers as ours; 0 before the first connection. */
uint64_t link_token(void);
/* Has the service closed the connection for requests, ours or our parent's? */
bool link_is_hung_up(void);
void link_vacate(int fd);

/* One request and its reply. Returns the reply's result, -ENETDOWN when there is no service.
 * `reply` may be zero-initialised. Async-signal-safe, as the two that follow. */
long control_call(const struct control_request *request, struct control_reply *reply);
/* A request without a reply, `passed` is a descriptor to go with it or -1. 0 or -errno. */
long control_post(const struct control_request *request, int passed);
/* A request that is answered when something has happened, in `limit_ms` (-1: whenever). Cut short
 * by the limit or by a handler (reply->interrupted), it is CANCELled: -EINPROGRESS. */
long control_wait(const struct control_request *request, struct control_reply *reply,
                  int limit_ms);
/* Does a control connection (ours, or one inherited by fork) sit at this number? */
bool control_holds(int fd);
/* The lowest number from `first` to `last` at which one does, or -1. */
long control_next(unsigned first, unsigned last);
/* Moves the control connection away from `fd`, when one sits there, so that dup2 may take the
 * number. */
void control_vacate(int fd);
/* Asks: has the service gone for good? */
bool control_is_lost(void);

/* ---- table.c ---- */

enum fd_kind {
  KIND_UNKNOWN = 0,
  KIND_STREAM = NUSE_KIND_STREAM,
  KIND_DATAGRAM = NUSE_KIND_DATAGRAM,
  KIND_FOREIGN = 3,
  KIND_CONTROL = 4,
};

/* word: bits 0..15 NUSE_STATE_, 16..18 kind, then WORD_ flags */
#define WORD_STATE 0xffffu
#define WORD_KIND_SHIFT 16
#define WORD_KIND_MASK (7u << WORD_KIND_SHIFT)
#define WORD_LOWERED (1u << 20) /* SO_SNDBUF is small for a connect under way */
#define WORD_LARGE (1u << 21)   /* SO_SNDBUF is large already */
#define WORD_TIMED (1u << 22)   /* SO_SNDTIMEO may be set */
#define WORD_MORE (1u << 23)    /* the last send had MSG_MORE */
#define WORD_ERRORS (1u << 24)  /* IP_RECVERR may be set */

struct fd_entry {
  atomic_uint word;
  atomic_uint meta;  /* domain | type << 8 | protocol << 16 */
  atomic_uint epoch; /* of the destination verdicts, check.c */
  atomic_int error;  /* to be reported by the next call (positive errno) */
  atomic_uint looked; /* when a send last looked for an error, milliseconds */
  _Atomic uint64_t cookie;
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

void table_set_nuse(int fd, const struct control_reply *who);
void table_set_kind(int fd, enum fd_kind kind); /* FOREIGN, CONTROL */
void table_forget(int fd);                      /* back to unknown */
void table_forget_nuse(int fd);                 /* only when it is a nuse socket: for close */
void table_forget_range(unsigned first, unsigned last);
void table_copy(int from, int to);
/* Has a listener been seen here that is not known to be closed? */
bool table_has_listener(void);
void entry_set_state(struct fd_entry *e, uint64_t cookie, uint32_t state);
/* The lowest number above `fd` of a socket with this cookie, or -1. */
int table_next(int fd, uint64_t cookie);
/* The socket at this number has another pair, with this cookie. */
void table_rename(int fd, uint64_t cookie);
/* Sets and clears WORD_ flags. */
void entry_mark(struct fd_entry *e, unsigned set, unsigned clear);
/* False, and forgotten, when the number now names something else (closed behind our back). */
bool entry_verify(int fd, struct fd_entry *e);
/* A request about the entry's socket; keeps its cached state. The service does not know it:
 * -ENOTCONN (it has ended long ago), -ENOTSOCK (the number names something else now). */
long entry_call(int fd, struct fd_entry *e, struct control_request *request,
                struct control_reply *reply);
/* The same for a request that waits. */
long entry_wait(int fd, struct fd_entry *e, struct control_request *request,
                struct control_reply *reply, int limit_ms);
/* Asks the service anew; returns the state bits. */
uint32_t entry_refresh(int fd, struct fd_entry *e);
/* SO_ERROR, taken: positive errno or 0. */
int entry_take_error(int fd, struct fd_entry *e);

/* ---- connect.c, renew.c, stream.c ---- */

/* Before data on a stream that is not known to be connected: waits for the end of a connect under
 * way, as long as `option` allows (SO_SNDTIMEO, SO_RCVTIMEO). 0 when connected, -ENOTCONN, or why
 * it failed; STREAM_ENDED when that has been told already. */
#define STREAM_ENDED 1
long stream_settle(int fd, struct fd_entry *e, int flags, int option);
/* Makes SO_SNDBUF large: after a connect, and when there is much to send. */
void stream_raise(int fd, struct fd_entry *e);
/* Of a non-blocking connect, as the pair shows it: CONNECTING, CONNECTED (noted), or 0: ask. */
uint32_t stream_outcome(int fd, struct fd_entry *e);
/* connect() as the first half of a send with MSG_FASTOPEN: 0, then the bytes may follow. */
long stream_connect_fast(int fd, struct fd_entry *e, const struct msghdr *msg, int flags);
/* The bytes so far are all, or not: MSG_MORE. */
void stream_say_more(int fd, struct fd_entry *e, bool is_on);
/* SO_ERROR has been taken: POLLERR goes too. */
void stream_clear_error(int fd);
/* renew.c: puts the fresh pair that waits in the old one into its place. 0 or -errno. */
long stream_renew(int fd, struct fd_entry *e);
/* stream_raise, if it is still ours. */
void stream_enlarge(int fd, struct fd_entry *e);
ssize_t stream_read(int fd, struct fd_entry *e, void *buf, size_t len);
ssize_t stream_recv(int fd, struct fd_entry *e, void *buf, size_t len, int flags);
ssize_t stream_write(int fd, struct fd_entry *e, const void *buf, size_t len, int flags);
ssize_t stream_recvmsg(int fd, struct fd_entry *e, struct msghdr *msg, int flags);
ssize_t stream_sendmsg(int fd, struct fd_entry *e, const struct msghdr *msg, int flags);

/* ---- datagram_send.c, datagram_recv.c, cmsg.c, check.c, errqueue.c ---- */

struct dgram_header {
  uint16_t magic, flags;
  uint32_t payload_len;
  uint16_t family, port;
  int32_t error;
  uint8_t addr[16];
  uint8_t ttl, tos;
  uint16_t zero;
  uint32_t ifindex;
  uint8_t dst[16];
  uint64_t time_us;
};

ssize_t dgram_recvmsg(int fd, struct fd_entry *e, struct msghdr *msg, int flags);
ssize_t dgram_sendmsg(int fd, struct fd_entry *e, const struct msghdr *msg, int flags);
/* Payload length of the next datagram, 0 when none. */
long dgram_next_len(int fd, struct fd_entry *e);
/* -errno that an earlier call has found and left for the next; 0: none. */
long dgram_pending_error(struct fd_entry *e);
/* Is there an error record at the head of the queue? */
bool dgram_error_waits(int fd);
/* Takes an error record off the head of the queue: its errno, or 0. */
int dgram_take_error(int fd, struct fd_entry *e);
ssize_t errqueue_recvmsg(int fd, struct fd_entry *e, struct msghdr *msg);

long cmsg_to_header(const struct fd_entry *e, const struct msghdr *msg, struct dgram_header *h);
void cmsg_from_header(const struct fd_entry *e, const struct dgram_header *h, struct msghdr *msg,
                      size_t room);
/* Appends one control message; `room` is the size of msg_control, msg_controllen what is used. */
void cmsg_put(struct msghdr *msg, size_t room, int level, int type, const void *data, size_t len);

/* May a datagram of `len` bytes go to the header's address (or the peer)? 0 or -errno. */
long check_destination(int fd, struct fd_entry *e, const struct dgram_header *h, const void *name,
                       socklen_t name_len, size_t len);
void check_forget(struct fd_entry *e);
void check_trust_peer(struct fd_entry *e);

/* ---- names.c ---- */

/* SIOCGIFCONF: `ifconf` is the program's struct ifconf. */
long names_ifconf(void *ifconf);

/* ---- sockets.c ---- */

/* Copies a sockaddr out as the kernel does: cut to *len, *len set to the true length. */
long sockaddr_out(const void *from, struct sockaddr *to, socklen_t *len);
/* Length of a sockaddr by its family; 0 for none. */
socklen_t sockaddr_len(const void *addr);

#endif
