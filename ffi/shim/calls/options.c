/*
 * getsockopt, setsockopt. Values are the service's business, except what acts on the pair itself:
 * timeouts, low-water mark and cookie are the kernel's.
 */
#include "../core/shim.h"

#include <linux/filter.h>
#include <netinet/in.h>
#include <string.h>

#include "../core/real.h"
#include "../core/rules.h"
#include "../core/socket.h"
#include "../datagram/datagram.h"
#include "../stream/stream.h"

static bool is_native_option(int level, int name) {
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
    case SO_RCVLOWAT:
    case SO_COOKIE:
      return true;
    default:
      return false;
  }
}

/* An error that has already left the service, in the entry or at the head of the queue. */
static int datagram_error(int fd, struct fd_entry *e) {
  int error = atomic_exchange(&e->error, 0);
  return error != 0 ? error : dgram_take_error(fd, e);
}

static void int_out(int from, void *value, socklen_t *len) {
  *len = *len < sizeof from ? *len : sizeof from;
  memcpy(value, &from, *len);
}

static long getsockopt_nuse(int fd, enum fd_kind kind, struct fd_entry *e, int level, int name,
                            void *value, socklen_t *len) {
  if (len == NULL) return -EFAULT;
  if ((int)*len < 0) return -EINVAL;
  if (level == SOL_SOCKET && name == SO_ERROR) {
    int error = kind == KIND_DATAGRAM ? datagram_error(fd, e) : 0;
    bool is_known = error != 0 || (kind == KIND_STREAM && (entry_word(e) & WORD_UNWRITABLE) &&
                                   stream_connect_outcome(fd, e) != 0);
    if (is_known) {
      int_out(error, value, len);
      return 0;
    }
  }
  struct control_request request = {
      .op = NUSE_OP_GETOPT, .a = level, .b = name, .c = (int)*len};
  struct control_reply reply = {.data = value, .data_cap = *len};
  long result = entry_call(fd, e, &request, &reply);
  if (result < 0) return result;
  if (level == SOL_SOCKET && name == SO_ERROR && kind == KIND_STREAM) pair_clear_error(fd);
  if (*len > reply.data_len) *len = (socklen_t)reply.data_len;
  if ((entry_word(e) & WORD_UNWRITABLE) && !(reply.state & NUSE_STATE_CONNECTING)) {
    stream_grow_sndbuf(fd, e);
  }
  return 0;
}

EXPORT int getsockopt(int fd, int level, int name, void *restrict value, socklen_t *restrict len) {
  int saved = errno;
  struct fd_entry *e;
  enum fd_kind kind = table_kind(fd, &e);
  if (!is_nuse(kind) || is_native_option(level, name)) {
    return real()->getsockopt(fd, level, name, value, len);
  }
  return (int)shim_return(getsockopt_nuse(fd, kind, e, level, name, value, len), saved);
}

/* As setsockopt_nuse, without waiting. */
static long setsockopt_posted(struct fd_entry *e, int level, int name, const void *value) {
  struct control_request request = {.op = NUSE_OP_POST_SETOPT, .cookie = entry_cookie(e),
                                    .a = level, .b = name, .data = value,
                                    .data_len = sizeof(int)};
  return control_post(&request, -1);
}

static long setsockopt_nuse(int fd, struct fd_entry *e, int level, int name, const void *value,
                            socklen_t len) {
  struct control_request request = {
      .op = NUSE_OP_SETOPT, .a = level, .b = name, .data = value, .data_len = len};
  struct control_reply reply = {0};
  if (level == SOL_SOCKET && (name == SO_ATTACH_FILTER || name == SO_ATTACH_REUSEPORT_CBPF)) {
    struct sock_fprog program;
    if (value == NULL) return -EFAULT;
    if (len != sizeof program) return -EINVAL;
    memcpy(&program, value, sizeof program);
    request.data = program.filter;
    request.data_len = program.len * sizeof(struct sock_filter);
  }
  bool is_errors = (level == IPPROTO_IP && name == IP_RECVERR) ||
                   (level == IPPROTO_IPV6 && name == IPV6_RECVERR);
  if (is_errors) entry_mark(e, WORD_ERRORS, 0);
  destination_forget(e);
  return entry_call(fd, e, &request, &reply);
}

EXPORT int setsockopt(int fd, int level, int name, const void *value, socklen_t len) {
  int saved = errno;
  struct fd_entry *e;
  enum fd_kind kind = table_kind(fd, &e);
  if (!is_nuse(kind)) {
    return real()->setsockopt(fd, level, name, value, len);
  }
  bool is_posted = len >= sizeof(int) && rules_post(kind, level, name);
  if (is_native_option(level, name)) entry_mark(e, WORD_TIMED, 0);
  if (is_native_option(level, name) || (is_posted && !entry_verify(fd, e))) {
    return real()->setsockopt(fd, level, name, value, len);
  }
  if (is_posted) return (int)shim_return(setsockopt_posted(e, level, name, value), saved);
  return (int)shim_return(setsockopt_nuse(fd, e, level, name, value, len), saved);
}
