/*
 * What a descriptor is (WHO), and the state and the error of a socket, as the service knows them.
 */
#include "socket.h"

#include <fcntl.h>

#include "real.h"

/* A stream that was made unwritable (stream/connect.c) and inherited over exec is recognised by a
 * send buffer no larger than this. */
#define UNWRITABLE_SNDBUF_MAX 16384

/* Could `fd` be one of ours? Sets *definite when the answer "no" may be kept, and *foreign to what
 * it is then. */
static bool may_be_ours(int fd, uint64_t *cookie, bool *definite, enum fd_kind *foreign) {
  int mark = 0;
  socklen_t len = sizeof mark;
  bool is_socket = real()->getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &mark, &len) == 0;
  *definite = is_socket || errno != EBADF;
  *foreign = is_socket && mark == 2 * NUSE_NETLINK_MARK ? KIND_NETLINK : KIND_FOREIGN;
  return is_socket && mark == 2 * NUSE_PAIR_MARK && fd_cookie(fd, cookie);
}

static unsigned unwritable_bit(int fd, const struct control_reply *who) {
  int size = 0;
  socklen_t len = sizeof size;
  if (who->a != KIND_STREAM || (who->state & NUSE_STATE_LISTENING)) return 0;
  if (real()->getsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, &len) != 0) return 0;
  return size <= UNWRITABLE_SNDBUF_MAX ? WORD_UNWRITABLE : 0;
}

enum fd_kind table_classify(int fd, struct fd_entry **entry) {
  int saved = errno;
  uint64_t cookie = 0;
  bool definite = false;
  enum fd_kind kind = KIND_FOREIGN;
  *entry = NULL;
  if (fd < 0 || fd >= TABLE_MAX || process_is_sandboxed()) return KIND_FOREIGN;
  if (!shim_enabled()) {
    table_set_kind(fd, KIND_FOREIGN);
  } else if (process_is_borrowed()) {
    definite = false;
  } else if (!may_be_ours(fd, &cookie, &definite, &kind)) {
    if (definite) table_set_kind(fd, kind);
  } else {
    struct control_request request = {
        .op = NUSE_OP_WHO, .cookie = cookie, .passed = {fd}, .passed_count = 1};
    struct control_reply who = {0};
    long result = control_call(&request, &who);
    if (result == 0 && (who.a == KIND_STREAM || who.a == KIND_DATAGRAM)) {
      unsigned marks = WORD_TIMED | WORD_ERRORS | unwritable_bit(fd, &who);
      who.cookie = cookie;
      who.shown = channel_cookie();
      *entry = table_set_nuse(fd, &who, marks);
      if (*entry != NULL) kind = (enum fd_kind)who.a;
    } else if (result == -NUSE_NO_SOCKET) {
      table_set_kind(fd, KIND_FOREIGN);
    }
  }
  errno = saved;
  return kind;
}

uint32_t entry_refresh(int fd, struct fd_entry *e) {
  struct control_request request = {.op = NUSE_OP_WHO};
  struct control_reply who = {0};
  long result = entry_call(fd, e, &request, &who);
  return result == 0 ? who.state : entry_word(e) & WORD_STATE;
}

int entry_take_error(int fd, struct fd_entry *e) {
  int value = 0;
  struct control_request request = {
      .op = NUSE_OP_GETOPT, .a = SOL_SOCKET, .b = SO_ERROR, .c = sizeof value};
  struct control_reply reply = {.data = &value, .data_cap = sizeof value};
  long result = entry_call(fd, e, &request, &reply);
  if (result < 0 || reply.data_len < sizeof value) return 0;
  if (value != 0) pair_clear_error(fd);
  return value;
}

void pair_clear_error(int fd) {
  int saved = errno, error;
  socklen_t len = sizeof error;
  real()->getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len);
  errno = saved;
}

bool is_nonblocking(int fd) { return (real()->fcntl64(fd, F_GETFL) & O_NONBLOCK) != 0; }

void make_nonblocking(int fd) { real()->fcntl64(fd, F_SETFL, O_NONBLOCK); }
