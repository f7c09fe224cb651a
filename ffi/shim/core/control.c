/*
 * Requests. What is answered at once goes over the process's first connection, under a lock, with
 * all signals blocked and cancellation off: a handler may itself call into the shim, and a reply
 * must not be left behind. What is not answered at all (post) goes the same way.
 *
 * A request that waits (connect, close with SO_LINGER) has a connection to itself for that time,
 * and no lock: signals come through, and other threads go on. recvmsg is what such a thread sleeps
 * in, so that SA_RESTART works as in the call itself, by the kernel, and a service that dies is
 * noticed. When a handler interrupts, or time is up, CANCEL brings the reply at once. A handler
 * that does not return (siglongjmp) leaves the connection taken for good: another is made.
 */
#include "control.h"

#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fd_table.h"
#include "real.h"

static bool is_possible(void) { return shim_enabled() && !process_is_sandboxed(); }

struct guard {
  sigset_t mask;
  int cancel_state;
};

static void page_lock(struct process_page *p) {
  int state = 0;
  if (atomic_compare_exchange_strong(&p->lock, &state, 1)) return;
  while (atomic_exchange(&p->lock, 2) != 0) {
    real()->syscall(SYS_futex, &p->lock, FUTEX_WAIT_PRIVATE, 2, NULL, NULL, 0);
  }
}

static void page_unlock(struct process_page *p) {
  if (atomic_exchange(&p->lock, 0) == 2) {
    real()->syscall(SYS_futex, &p->lock, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
  }
}

static void signals_off(struct guard *g) {
  sigset_t all;
  sigfillset(&all);
  pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &g->cancel_state);
  pthread_sigmask(SIG_SETMASK, &all, &g->mask);
}

static void signals_on(const struct guard *g) {
  pthread_sigmask(SIG_SETMASK, &g->mask, NULL);
  pthread_setcancelstate(g->cancel_state, NULL);
}

static void guard_enter(struct guard *g, struct process_page *p) {
  signals_off(g);
  page_lock(p);
}

static void guard_leave(struct guard *g, struct process_page *p) {
  page_unlock(p);
  signals_on(g);
}

/* 0, or why there will be no reply. */
static long receive(const struct control_channel *channel, struct control_reply *reply) {
  long result;
  do {
    result = message_receive(channel->fd_plus1 - 1, reply);
  } while (result == -EINTR);
  return result;
}

/* ---- possession ---- */

/* A request names its socket by a cookie, which anybody can guess: so on each connection the
 * program shows a descriptor of the socket once, by passing it along. What was shown is
 * remembered with the descriptor (entry.shown); a fork has a connection of its own, on which
 * nothing is. */

static bool is_shown(const struct fd_entry *e, uint64_t channel) {
  return e == NULL || atomic_load_explicit(&e->shown, memory_order_relaxed) == channel;
}

/* -ENOTSOCK: the number names something else by now, which nobody shall see. */
static long show(struct control_request *request) {
  if (!entry_verify(request->fd, request->entry)) return -ENOTSOCK;
  request->passed[request->passed_count++] = request->fd;
  return 0;
}

static void note_shown(struct fd_entry *e, uint64_t channel) {
  if (e != NULL) atomic_store_explicit(&e->shown, channel, memory_order_relaxed);
}

/* Sends over the first connection, which is made anew once if need be. NULL: *result says why
 * not. */
static struct control_channel *send_request(struct process_page *p,
                                            const struct control_request *request, long *result) {
  for (int attempt = 0; attempt < 2; attempt++) {
    struct control_request full = *request;
    struct control_channel *channel = channel_for_requests(p);
    if (channel == NULL) {
      *result = channel_failure();
      return NULL;
    }
    if (!is_shown(full.entry, channel->cookie) && (*result = show(&full)) < 0) return NULL;
    long sent = message_send(channel->fd_plus1 - 1, &full);
    if (sent == 0) {
      note_shown(full.entry, channel->cookie);
      return channel;
    }
    if (sent == -EFAULT || sent == -ETOOMANYREFS || sent == -EBADF) {
      *result = sent;
      return NULL;
    }
    channel_drop(channel);
  }
  *result = -ENETDOWN;
  return NULL;
}

static void reply_clear(struct control_reply *reply) {
  reply->fd = -1;
  reply->state = 0;
  reply->a = 0;
  reply->b = 0;
  reply->c = 0;
  reply->data_len = 0;
}

static long call_locked(struct process_page *p, const struct control_request *request,
                        struct control_reply *reply) {
  long result;
  struct control_channel *channel = send_request(p, request, &result);
  if (channel == NULL) return result;
  result = receive(channel, reply);
  if (result == -ENETDOWN) channel_drop(channel);
  return result == 0 ? reply->result : result;
}

long control_call(const struct control_request *request, struct control_reply *reply) {
  struct guard guard;
  int saved = errno;
  long result;
  reply_clear(reply);
  if (!is_possible()) return -ENETDOWN;
  if (request->data_len > NUSE_DATA_MAX) return -EINVAL;
  struct process_page *p = process_page();
  guard_enter(&guard, p);
  result = call_locked(p, request, reply);
  if (result == -NUSE_NOT_SHOWN && request->entry != NULL) {
    note_shown(request->entry, 0);
    result = call_locked(p, request, reply);
  }
  guard_leave(&guard, p);
  errno = saved;
  return result;
}

long control_post(const struct control_request *request) {
  struct guard guard;
  int saved = errno;
  long result;
  if (!is_possible()) return -ENETDOWN;
  struct process_page *p = process_page();
  guard_enter(&guard, p);
  if (send_request(p, request, &result) != NULL) result = 0;
  guard_leave(&guard, p);
  errno = saved;
  return result;
}

void control_tell(const struct control_request *request) {
  struct guard guard;
  int saved = errno;
  if (!is_possible()) return;
  if (process_is_borrowed()) { /* its descriptors are its own: nobody takes them away meanwhile */
    channel_tell(request);
  } else {
    struct process_page *p = process_page();
    guard_enter(&guard, p);
    channel_tell(request);
    guard_leave(&guard, p);
  }
  errno = saved;
}

/* ---- requests that wait ---- */

struct waiter {
  struct control_channel *channel;
  atomic_int *busy;          /* NULL: `own` is used */
  struct control_channel own;   /* when all the kept ones are taken */
};

static void waiter_take(struct waiter *w, struct process_page *p) {
  for (int i = 0; i < WAITERS; i++) {
    int none = 0;
    if (!atomic_compare_exchange_strong(&p->waiter_busy[i], &none, 1)) continue;
    w->busy = &p->waiter_busy[i];
    w->channel = channel_of_waiter(i);
    return;
  }
  w->busy = NULL;
  w->own = (struct control_channel){0};
  w->channel = &w->own;
}

static void waiter_give(struct waiter *w) {
  if (w->busy == NULL) {
    channel_drop(w->channel);
  } else {
    atomic_store(w->busy, 0);
  }
}

/* The thread is cancelled while it waits: the service sees the connection end. */
static void waiter_abandon(void *argument) {
  struct waiter *w = argument;
  channel_drop(w->channel);
  waiter_give(w);
}

/* What was shown on the connection for requests holds for those of the threads. */
static long waiter_send(struct waiter *w, struct process_page *p,
                        const struct control_request *request) {
  struct guard guard;
  for (int attempt = 0; attempt < 2; attempt++) {
    struct control_request full = *request;
    uint64_t first = channel_cookie();
    long result = 0;
    if (!channel_is_usable(p, w->channel)) {
      guard_enter(&guard, p);
      result = channel_for_waiting(p, w->channel) ? 0 : channel_failure();
      first = channel_cookie();
      guard_leave(&guard, p);
    }
    if (result == 0 && !is_shown(full.entry, first)) result = show(&full);
    if (result < 0) return result;
    result = message_send(w->channel->fd_plus1 - 1, &full);
    if (result == 0) note_shown(full.entry, first);
    if (result == 0 || result == -EFAULT || result == -EBADF) return result;
    channel_drop(w->channel);
  }
  return -ENETDOWN;
}

/* -EINTR: a handler ran; -ETIME: `limit_ms` have passed. */
static long waiter_receive(const struct waiter *w, struct control_reply *reply, int limit_ms) {
  int fd = w->channel->fd_plus1 - 1;
  if (limit_ms >= 0) {
    struct pollfd p = {.fd = fd, .events = POLLIN};
    int n = real()->poll(&p, 1, limit_ms);
    if (n < 0) return -errno;
    if (n == 0) return -ETIME;
  }
  return message_receive(fd, reply);
}

static long waiter_cancel(const struct waiter *w, struct control_reply *reply) {
  struct guard guard;
  struct control_request cancel = {.op = NUSE_OP_CANCEL, .a = NUSE_FILLER_LEN};
  signals_off(&guard);
  long result = message_send(w->channel->fd_plus1 - 1, &cancel);
  if (result == 0) result = receive(w->channel, reply);
  signals_on(&guard);
  return result;
}

static long waiter_call(struct waiter *w, struct process_page *p,
                        const struct control_request *request, struct control_reply *reply,
                        int limit_ms) {
  long result = waiter_send(w, p, request);
  if (result < 0) return result;
  result = waiter_receive(w, reply, limit_ms);
  if (result == -EINTR || result == -ETIME) {
    reply->interrupted = result == -EINTR;
    result = waiter_cancel(w, reply);
  }
  if (result == 0) return reply->result;
  channel_drop(w->channel);
  return result;
}

/* Once more, should it have been shown on a connection that is no more. */
static long waiter_call_shown(struct waiter *w, struct process_page *p,
                              const struct control_request *request,
                              struct control_reply *reply, int limit_ms) {
  long result = waiter_call(w, p, request, reply, limit_ms);
  if (result != -NUSE_NOT_SHOWN || request->entry == NULL) return result;
  note_shown(request->entry, 0);
  return waiter_call(w, p, request, reply, limit_ms);
}

long control_wait(const struct control_request *request, struct control_reply *reply,
                  int limit_ms) {
  struct waiter waiter;
  int saved = errno;
  long result;
  reply_clear(reply);
  reply->interrupted = false;
  if (!is_possible()) return -ENETDOWN;
  struct process_page *p = process_page();
  waiter_take(&waiter, p);
  pthread_cleanup_push(waiter_abandon, &waiter);
  result = waiter_call_shown(&waiter, p, request, reply, limit_ms);
  pthread_cleanup_pop(0);
  waiter_give(&waiter);
  errno = saved;
  return result;
}

/* ---- about a socket ---- */

static long keep_state(int fd, struct fd_entry *e, const struct control_request *request,
                       const struct control_reply *reply, long result) {
  bool is_unknown = result == -NUSE_NO_SOCKET || result == -NUSE_NOT_SHOWN;
  if (is_unknown) return entry_verify(fd, e) ? -ENOTCONN : -ENOTSOCK;
  bool is_answered = result != -ENETDOWN && !is_for_want(result);
  if (is_answered) entry_set_state(e, request->cookie, reply->state);
  return result;
}

static void about(int fd, struct fd_entry *e, struct control_request *request) {
  request->cookie = entry_cookie(e);
  request->entry = e;
  request->fd = fd;
}

long entry_call(int fd, struct fd_entry *e, struct control_request *request,
                struct control_reply *reply) {
  about(fd, e, request);
  return keep_state(fd, e, request, reply, control_call(request, reply));
}

long entry_post(int fd, struct fd_entry *e, struct control_request *request) {
  about(fd, e, request);
  return control_post(request);
}

long entry_wait(int fd, struct fd_entry *e, struct control_request *request,
                struct control_reply *reply, int limit_ms) {
  about(fd, e, request);
  return keep_state(fd, e, request, reply, control_wait(request, reply, limit_ms));
}

/* ---- a new image ---- */

void control_begin(void) {
  struct guard guard;
  int saved = errno;
  struct process_page *p = process_page();
  guard_enter(&guard, p);
  channel_begin(p);
  guard_leave(&guard, p);
  errno = saved;
}

void control_pass_on(bool has_shim, const char *path) {
  int saved = errno;
  channel_pass_on(has_shim, path);
  errno = saved;
}

/* ---- the rest ---- */

void control_prepare(void) {
  struct guard guard;
  int saved = errno;
  if (!is_possible()) return;
  struct process_page *p = process_page();
  guard_enter(&guard, p);
  channel_for_requests(p);
  guard_leave(&guard, p);
  errno = saved;
}

void control_vacate(int fd) {
  struct guard guard;
  int saved = errno;
  if (process_is_borrowed()) return;
  struct process_page *p = process_page();
  guard_enter(&guard, p);
  channel_vacate(fd);
  guard_leave(&guard, p);
  errno = saved;
}

bool control_is_lost(void) {
  struct control_request request = {.op = NUSE_OP_HELLO};
  struct control_reply reply = {0};
  return !process_is_sandboxed() && control_call(&request, &reply) == -ENETDOWN;
}
