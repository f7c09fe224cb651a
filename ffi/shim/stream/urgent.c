/*
 * Urgent data, the program's half of the story that io/app/endpoint/urgent.ts tells. The pair's own
 * urgent byte does nearly all of it; what is left is to tell the service that somebody looks out
 * for it, to tell an announced byte from none, and to put right three things.
 *
 * Probed on Linux 6.18, on an AF_UNIX stream end:
 *   an urgent byte with nothing behind it      POLLIN and POLLPRI; TCP: POLLPRI
 *   read by MSG_OOB, an empty place is left    POLLIN, until a read comes by, be it of 0 bytes
 *   FIONREAD                                   all bytes; TCP: those before the mark
 * The empty place is the mark: once taken away, that the next byte to be read follows it is kept in
 * the entry (WORD_AT_MARK). Other processes that have the socket do not know, and need not.
 */
#include "stream.h"

#include <limits.h>
#include <linux/sockios.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>

#include "../core/memory.h"
#include "../core/real.h"
#include "../core/settle.h"
#include "../core/socket.h"

#define SCRATCH 16384
#define PEEKED_MAX 256 /* times SCRATCH: FIONREAD looks as far */

atomic_bool urgent_has_owner;

/* ---- what the pair shows ---- */

static bool pair_is_at_mark(int fd) {
  int is_at_mark = 0;
  /* Marked as ours: it would stop at the second door (core/marked.c) */
  return real()->syscall(SYS_ioctl, (long)fd, (long)SIOCATMARK, &is_at_mark, 0l, 0l,
                         NUSE_DOOR_MARK) == 0 && is_at_mark != 0;
}

/* Is there something to be read that is not urgent, or the end? */
static bool pair_has_more(int fd) {
  char c;
  int saved = errno;
  bool has_more = real()->recv(fd, &c, 1, MSG_PEEK | MSG_DONTWAIT) >= 0;
  errno = saved;
  return has_more;
}

static bool pair_is_urgent(int fd) {
  struct pollfd p = {.fd = fd, .events = POLLPRI};
  return real()->poll(&p, 1, 0) == 1 && (p.revents & POLLPRI);
}

bool urgent_was_all(int fd, struct fd_entry *e, const sigset_t *mask) {
  static const struct timespec none = {0};
  if (!entry_verify(fd, e) || pair_has_more(fd)) return false;
  /* The kernel found something to read, and has left the signal for later */
  if (mask != NULL) real()->ppoll(NULL, 0, &none, mask);
  return !pair_is_urgent(fd);
}

bool urgent_is_alone(int fd) { return pair_is_at_mark(fd) && !pair_has_more(fd); }

/* ---- looking out ---- */

/* All that has come is in the pair afterwards. `*before`, if a byte is announced and not there: how
 * many bytes are missing before it. */
static bool urgent_ask(int fd, struct fd_entry *e, int *before) {
  struct control_request request = {.op = NUSE_OP_URGENT};
  struct control_reply reply = {0};
  settle();
  if (!entry_verify(fd, e) || entry_call(fd, e, &request, &reply) < 0) return false;
  entry_mark(e, WORD_URGENT, 0);
  *before = reply.b;
  return reply.a != 0;
}

void urgent_watch(int fd, bool is_at_once) {
  struct control_request request = {.op = NUSE_OP_URGENT, .a = 1};
  struct fd_entry *e;
  int before, saved = errno;
  if (table_kind(fd, &e) != KIND_STREAM) return;
  if ((entry_word(e) & (WORD_URGENT | NUSE_STATE_LISTENING)) || !entry_verify(fd, e)) return;
  if (is_at_once) urgent_ask(fd, e, &before);
  else if (entry_post(fd, e, &request) == 0) entry_mark(e, WORD_URGENT, 0);
  errno = saved;
}

void urgent_own(int fd) {
  struct fd_entry *e;
  if (table_kind(fd, &e) != KIND_STREAM) return;
  urgent_watch(fd, true);
  entry_mark(e, WORD_OWNED, 0);
  atomic_store_explicit(&urgent_has_owner, true, memory_order_relaxed);
}

/* ---- the mark ---- */

/* The byte at the mark has been read: takes the empty place away when nothing else is left. */
static void tidy_mark(int fd, struct fd_entry *e) {
  char none;
  int saved = errno;
  bool is_at_mark = pair_is_at_mark(fd);
  if (!pair_has_more(fd)) {
    if (is_at_mark && pair_is_urgent(fd)) return; /* the next one */
    if (is_at_mark) real()->recv(fd, &none, 0, MSG_DONTWAIT);
    entry_mark(e, is_at_mark ? WORD_AT_MARK : 0, WORD_MARK_AHEAD);
  }
  errno = saved;
}

void urgent_after_read(int fd, struct fd_entry *e) {
  unsigned word = entry_word(e);
  if (word & WORD_AT_MARK) entry_mark(e, 0, WORD_AT_MARK);
  if (word & WORD_MARK_AHEAD) tidy_mark(fd, e);
}

long urgent_at_mark(int fd, struct fd_entry *e) {
  int before = 1;
  if (pair_is_at_mark(fd) || (entry_word(e) & WORD_AT_MARK)) return 1;
  bool is_announced = urgent_ask(fd, e, &before);
  if (pair_is_at_mark(fd)) return 1;
  return is_announced && before == 0 && !pair_has_more(fd);
}

static bool pair_is_inline(int fd) {
  int is_inline = 0;
  socklen_t len = sizeof is_inline;
  real()->getsockopt(fd, SOL_SOCKET, SO_OOBINLINE, &is_inline, &len);
  return is_inline != 0;
}

/* A look at the bytes ends at the mark, and counts right where the pair's own FIONREAD does not:
 * that knows nothing of an urgent byte which a read has passed over. */
long urgent_waiting(int fd, struct fd_entry *e) {
  static char scratch[SCRATCH];
  struct iovec pieces[PEEKED_MAX];
  struct msghdr msg = {.msg_iov = pieces, .msg_iovlen = PEEKED_MAX};
  if (pair_is_inline(fd)) return stream_unread(fd, e);
  if ((entry_word(e) & WORD_AT_MARK) || pair_is_at_mark(fd)) return 0;
  for (int i = 0; i < PEEKED_MAX; i++) pieces[i] = (struct iovec){scratch, sizeof scratch};
  long waiting = sys_result(real()->recvmsg(fd, &msg, MSG_PEEK | MSG_DONTWAIT));
  bool has_mark = (entry_word(e) & WORD_MARK_AHEAD) || pair_is_urgent(fd);
  if (waiting >= SCRATCH && !has_mark) return stream_unread(fd, e); /* more may wait outside */
  return waiting < 0 ? 0 : waiting;
}

/* ---- MSG_OOB ---- */

/* By recvmsg, which does not stop at the second door (core/marked.c). */
static long pair_take(int fd, char *byte, int flags) {
  struct iovec iov = {byte, 1};
  struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
  return sys_result(real()->recvmsg(fd, &msg, flags));
}

long urgent_recv(int fd, struct fd_entry *e, void *buf, size_t len, int flags) {
  char byte;
  int before = 0;
  int taken = MSG_OOB | MSG_DONTWAIT | (flags & MSG_PEEK);
  if (entry_word(e) & NUSE_STATE_LISTENING) return -ENOTCONN;
  long result = pair_take(fd, &byte, taken);
  if (result == -EINVAL) {
    bool is_announced = urgent_ask(fd, e, &before);
    result = pair_take(fd, &byte, taken);
    if (result == -EINVAL && is_announced) return -EAGAIN;
  }
  if (result < 0) return result;
  if (!(flags & MSG_PEEK)) {
    entry_mark(e, WORD_MARK_AHEAD, 0);
    tidy_mark(fd, e);
  }
  if (len == 0) return 0;
  return (flags & MSG_TRUNC) || copy_out(buf, &byte, 1) == 0 ? 1 : -EFAULT;
}

static long say(int fd, struct fd_entry *e, int what, size_t len, bool is_none) {
  struct control_request request = {.op = NUSE_OP_MORE,
                                    .a = what,
                                    .b = len < INT_MAX ? (int)len : INT_MAX,
                                    .c = is_none};
  struct control_reply reply = {0};
  return entry_verify(fd, e) ? entry_call(fd, e, &request, &reply) : 0;
}

void urgent_before_send(int fd, struct fd_entry *e, size_t len) {
  if (len > 0) say(fd, e, NUSE_MORE_URGENT, len, false);
}

void urgent_after_send(int fd, struct fd_entry *e, size_t len, long result) {
  size_t written = result > 0 ? (size_t)result : 0;
  if (written < len) say(fd, e, NUSE_MORE_URGENT_SHORT, len - written, written == 0);
}
