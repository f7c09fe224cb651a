/*
 * Which closes are waited for, and how (closing.h says why).
 */
#include "closing.h"

#include <limits.h>
#include <sys/ioctl.h>

#include "control.h"
#include "fd_table.h"
#include "real.h"

#define MATTERS (NUSE_STATE_BOUND | NUSE_STATE_LISTENING | NUSE_STATE_LINGER)

static int linger_ms(int fd, struct fd_entry *e) {
  struct linger value = {0};
  struct control_request request = {
      .op = NUSE_OP_GETOPT, .a = SOL_SOCKET, .b = SO_LINGER, .c = sizeof value};
  struct control_reply reply = {.data = &value, .data_cap = sizeof value};
  if (entry_call(fd, e, &request, &reply) < 0 || !value.l_onoff) return 0;
  return value.l_linger < INT_MAX / 1000 ? value.l_linger * 1000 : INT_MAX;
}

/* What nobody has taken from the pair: connections, or, after shutdown(SHUT_RDWR), bytes. (Of other
 * streams the service sees that by itself.) */
static void tell_untaken(int fd, struct fd_entry *e, int unit) {
  int waiting = 0;
  struct control_request request = {.op = NUSE_OP_CLOSE};
  struct control_reply reply = {0};
  if (real()->ioctl(fd, FIONREAD, &waiting) != 0 || waiting < unit) return;
  request.b = waiting / unit;
  entry_call(fd, e, &request, &reply);
}

struct closing closing_begin(int fd) {
  struct closing c = {0};
  struct fd_entry *e = table_peek(fd);
  unsigned word = e == NULL ? 0 : entry_word(e);
  bool is_read_shut = word_kind(word) == KIND_STREAM && (word & NUSE_STATE_READ_SHUT);
  c.is_local = word_is_local_stream(word);
  if (UNLIKELY(c.is_local || (word & NUSE_STATE_LISTENING))) settle(); /* what is it closed with? */
  if (!(word & MATTERS) && !is_read_shut) return c;
  if (!is_nuse(word_kind(word)) || process_is_borrowed() || !entry_verify(fd, e)) return c;
  if (word & NUSE_STATE_LISTENING) tell_untaken(fd, e, NUSE_ACCEPT_LEN);
  if (is_read_shut) tell_untaken(fd, e, 1);
  if (word & NUSE_STATE_LINGER) c.linger_ms = linger_ms(fd, e);
  c.cookie = entry_cookie(e);
  return c;
}

void closing_wait(const struct closing *c) {
  struct control_request request = {
      .op = NUSE_OP_CLOSE, .cookie = c->cookie, .a = c->linger_ms > 0 ? 1 : 0};
  struct control_reply reply = {0};
  if (c->linger_ms > 0) {
    control_wait(&request, &reply, c->linger_ms);
  } else {
    control_call(&request, &reply);
  }
}
