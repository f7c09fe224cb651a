/*
 * getsockopt, setsockopt. Values are the service's business, except what acts on the pair itself:
 * timeouts, cookie and a stream's peek offset are the kernel's.
 */
#include "../core/shim.h"

#include <linux/filter.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include "../core/memory.h"
#include "../core/evidence.h"
#include "../core/real.h"
#include "../core/rules.h"
#include "../core/settle.h"
#include "../core/socket.h"
#include "../datagram/datagram.h"
#include "../stream/stream.h"

#ifndef IPV6_FLOWLABEL_MGR
#define IPV6_FLOWLABEL_MGR 32
#endif
#define FLOW_REQUEST_LEN 32 /* struct in6_flowlabel_req */

/* What acts on both. A stream's low-water mark: the service does not hand over less (poll), and a
 * read of the pair waits for as much. Urgent bytes in line: the pair's own are, too. */
static bool is_shared_option(enum fd_kind kind, int level, int name) {
  if (level != SOL_SOCKET) return false;
  return name == SO_OOBINLINE || (name == SO_RCVLOWAT && kind == KIND_STREAM);
}

static bool is_native_option(enum fd_kind kind, int level, int name) {
  if (level != SOL_SOCKET) return false;
  switch (name) {
    case SO_RCVTIMEO:
    case SO_SNDTIMEO:
#ifdef SO_RCVTIMEO_NEW
#if SO_RCVTIMEO != SO_RCVTIMEO_NEW
    case SO_RCVTIMEO_NEW:
    case SO_SNDTIMEO_NEW:
#endif
#endif
    case SO_COOKIE:
      return true;
    case SO_RCVLOWAT:
      return kind == KIND_DATAGRAM;
    case SO_PEEK_OFF: /* a datagram begins with our header in the pair */
      return kind == KIND_STREAM;
    default:
      return false;
  }
}

/* An error that has already left the service, in the entry or at the head of the queue. */
static int datagram_error(int fd, struct fd_entry *e) {
  int error = atomic_exchange(&e->error, 0);
  return error != 0 ? error : dgram_take_error(fd, e);
}

/* Cut to *len; 0 or -EFAULT. */
static long int_out(int from, void *value, socklen_t room, socklen_t *len) {
  room = room < sizeof from ? room : sizeof from;
  return copy_out(value, &from, room) < 0 ? -EFAULT : copy_out(len, &room, sizeof room);
}

/* The caller's buffer says whose value is wanted: so many bytes of it; 0: the name is all. */
static uint32_t asked_len(int level, int name) {
  if (level == IPPROTO_IPV6) return name == IPV6_FLOWLABEL_MGR ? FLOW_REQUEST_LEN : 0;
  if (level != IPPROTO_IP) return 0;
  if (name == IP_MSFILTER) return IP_MSFILTER_SIZE(0);
  return name == MCAST_MSFILTER ? GROUP_FILTER_SIZE(0) : 0;
}

/* A level that the socket does not speak. Of IPv6 that is no other error than an unknown name. */
static bool is_foreign_level(const struct fd_entry *e, int level) {
  if (entry_domain(e) != AF_INET6) return false;
  if (level == IPPROTO_TCP) return entry_type(e) != SOCK_STREAM;
  return level == IPPROTO_UDP && entry_protocol(e) != IPPROTO_UDP;
}

/* What is refused whatever its value is refused before the value is looked at. */
static long refused_first(int fd, struct fd_entry *e, int level, int name, long otherwise) {
  struct control_request request = {.op = NUSE_OP_GETOPT, .a = level, .b = name};
  struct control_reply reply = {0};
  if (level == SOL_SOCKET) return otherwise;
  if (is_foreign_level(e, level)) return -ENOPROTOOPT;
  bool is_level = entry_call(fd, e, &request, &reply) == -EOPNOTSUPP;
  if (is_level) return otherwise == -EFAULT ? -ENOPROTOOPT : -EOPNOTSUPP;
  return otherwise;
}

static long getsockopt_nuse(int fd, enum fd_kind kind, struct fd_entry *e, int level, int name,
                            void *value, socklen_t *len) {
  uint8_t found[NUSE_DATA_MAX];
  socklen_t room;
  if (copy_in(&room, len, sizeof room) < 0) return -EFAULT;
  if ((int)room < 0) return refused_first(fd, e, level, name, -EINVAL);
  if (level == IPPROTO_TCP || (level == SOL_SOCKET && name == SO_ERROR)) settle();
  if (level == SOL_SOCKET && name == SO_ERROR) {
    int error = kind == KIND_DATAGRAM ? datagram_error(fd, e) : 0;
    bool is_known = error != 0 || (kind == KIND_STREAM && (entry_word(e) & WORD_UNWRITABLE) &&
                                   stream_connect_outcome(fd, e) != 0);
    if (is_known) return int_out(error, value, room, len);
  }
  struct control_request request = {
      .op = NUSE_OP_GETOPT, .a = level, .b = name, .c = (int)room};
  uint32_t asked = asked_len(level, name);
  if (asked > 0) {
    request.data = value;
    request.data_len = room < asked ? room : asked;
  }
  struct control_reply reply = {.data = found, .data_cap = sizeof found};
  long result = entry_call(fd, e, &request, &reply);
  if (result < 0) return result;
  if (level == SOL_SOCKET && name == SO_ERROR && kind == KIND_STREAM) pair_clear_error(fd);
  if ((entry_word(e) & WORD_UNWRITABLE) && !(reply.state & NUSE_STATE_CONNECTING)) {
    stream_grow_sndbuf(fd, e);
  }
  if (room > reply.data_len) room = (socklen_t)reply.data_len;
  return copy_out(value, found, room) < 0 ? -EFAULT : copy_out(len, &room, sizeof room);
}

EXPORT int getsockopt(int fd, int level, int name, void *restrict value, socklen_t *restrict len) {
  int saved = errno;
  struct fd_entry *e;
  enum fd_kind kind = table_kind(fd, &e);
  if (!is_nuse(kind) || is_native_option(kind, level, name)) {
    return real()->getsockopt(fd, level, name, value, len);
  }
  return (int)shim_return(getsockopt_nuse(fd, kind, e, level, name, value, len), saved);
}

/* Need nobody wait for it? Then *number is the value. */
static bool may_post(int fd, enum fd_kind kind, const struct fd_entry *e, int level, int name,
                     const void *value, socklen_t len, int *number) {
  if ((int)len < (int)sizeof *number || copy_in(number, value, sizeof *number) < 0) return false;
  if (!rules_post(kind, level, name, *number)) return false;
  bool holds_back = level == IPPROTO_TCP && ((name == TCP_CORK && *number != 0) ||
                                             (name == TCP_NODELAY && *number == 0));
  return !holds_back || stream_may_post_hold(fd, e);
}

/* As setsockopt_nuse, without waiting. */
static long setsockopt_posted(int fd, struct fd_entry *e, int level, int name, int value) {
  struct control_request request = {.op = NUSE_OP_POST_SETOPT, .a = level, .b = name,
                                    .data = &value, .data_len = sizeof value};
  return entry_post(fd, e, &request);
}

/* Some of whose values only an administrator may set (io/app/endpoint/privilege.ts). */
static bool takes_privilege(int level, int name) {
  if (level == IPPROTO_IP) return name == IP_TRANSPARENT;
  if (level == IPPROTO_IPV6) return name == IPV6_TRANSPARENT;
  return level == SOL_SOCKET && (name == SO_RCVBUFFORCE || name == SO_SNDBUFFORCE ||
                                 name == SO_MARK || name == SO_PRIORITY || name == SO_DEBUG);
}

/* Headers of the program's own making. */
static bool takes_raw(int level, int name) {
  if (level == IPPROTO_IP) return name == IP_OPTIONS;
  return level == IPPROTO_IPV6 && (name == IPV6_HOPOPTS || name == IPV6_RTHDRDSTOPTS ||
                                   name == IPV6_DSTOPTS || name == IPV6_2292PKTOPTIONS);
}

static void note_error_pri(struct fd_entry *e, const void *value) {
  int is_on = 0;
  if (copy_in(&is_on, value, sizeof is_on) < 0) return;
  entry_mark(e, is_on ? WORD_ERROR_PRI : 0, is_on ? 0 : WORD_ERROR_PRI);
}

static long setsockopt_nuse(int fd, struct fd_entry *e, int level, int name, const void *value,
                            socklen_t len) {
  struct control_request request = {
      .op = NUSE_OP_SETOPT, .a = level, .b = name, .data = value, .data_len = len};
  struct control_reply reply = {0};
  if (level == SOL_SOCKET && (name == SO_ATTACH_FILTER || name == SO_ATTACH_REUSEPORT_CBPF)) {
    struct sock_fprog program;
    if (len != sizeof program) return -EINVAL;
    if (copy_in(&program, value, sizeof program) < 0) return -EFAULT;
    request.data = program.filter;
    request.data_len = program.len * sizeof(struct sock_filter);
  }
  bool is_errors = (level == IPPROTO_IP && name == IP_RECVERR) ||
                   (level == IPPROTO_IPV6 && name == IPV6_RECVERR);
  if (is_errors) entry_mark(e, WORD_ERRORS, 0);
  destination_forget(e);
  if (takes_privilege(level, name)) evidence_of_admin(&request);
  if (takes_raw(level, name)) evidence_of_raw(&request);
  long result = entry_call(fd, e, &request, &reply);
  if (result == -EFAULT) result = refused_first(fd, e, level, name, result);
  if (result == -EFAULT && level == IPPROTO_IP && name == IP_MTU) result = -ENOPROTOOPT;
  if (result == 0 && reply.c > 0) stream_resize_sndbuf(fd, e, reply.c);
  evidence_close(&request);
  bool is_pri = level == SOL_SOCKET && name == SO_SELECT_ERR_QUEUE && result == 0;
  if (is_pri && word_kind(entry_word(e)) == KIND_DATAGRAM) note_error_pri(e, value);
  return result;
}

/* TCP_CORK lets bytes go. */
static void note_released(const struct fd_entry *e, int level) {
  if (level == IPPROTO_TCP && word_is_local_stream(entry_word(e))) settle_note(UNDER_WAY_BYTES);
}

EXPORT int setsockopt(int fd, int level, int name, const void *value, socklen_t len) {
  int saved = errno;
  struct fd_entry *e;
  enum fd_kind kind = table_kind(fd, &e);
  if (!is_nuse(kind)) {
    return real()->setsockopt(fd, level, name, value, len);
  }
  int number;
  bool is_posted = may_post(fd, kind, e, level, name, value, len, &number);
  if (is_native_option(kind, level, name)) entry_mark(e, WORD_TIMED, 0);
  if (is_native_option(kind, level, name) || (is_posted && !entry_verify(fd, e))) {
    return real()->setsockopt(fd, level, name, value, len);
  }
  long result = is_posted ? setsockopt_posted(fd, e, level, name, number)
                          : setsockopt_nuse(fd, e, level, name, value, len);
  note_released(e, level);
  if (result == 0 && is_shared_option(kind, level, name)) {
    real()->setsockopt(fd, level, name, value, len);
  }
  return (int)shim_return(result, saved);
}
