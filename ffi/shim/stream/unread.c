/*
 * How much a stream has to read: SIOCINQ, and TCP_INQ's control message with each recvmsg().
 *
 * What has been received is in the pair, unless that is full; then the rest waits in the service,
 * until a quarter of the pair is left. So the service is asked where the pair may be full, but for
 * one case: nothing waited when it was asked last, and the pair has held less and less since. What
 * was read in between has made room for as much as came. (Whoever asks and does not read asks the
 * service each time, and so does not wait in vain for more.)
 */
#include "stream.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/ioctl.h>

#include "../core/ancillary.h"
#include "../core/real.h"
#include "../core/rings.h"
#include "../core/socket.h"

#ifndef TCP_INQ
#define TCP_INQ 36
#endif

/* A pair with less is not full: what has been received is in it. (One that is full of pieces of
 * much less than a segment holds fewer bytes; then what waits before it is not told.) */
#define PAIR_MUCH 32768
#define TRIES_MAX 3

/* In the pair and, behind that, in the ring. */
static int pair_unread(int fd, const struct fd_entry *e) {
  int waiting = 0;
  if (real()->ioctl(fd, FIONREAD, &waiting) != 0) return -errno;
  if (!entry_has_ring(e, RING_RECEIVE)) return waiting;
  int before, in_ring = (int)ring_unread(e);
  do { /* bytes may move from the one into the other */
    before = waiting + in_ring;
    if (real()->ioctl(fd, FIONREAD, &waiting) != 0) return -errno;
    in_ring = (int)ring_unread(e);
  } while (waiting + in_ring < before);
  return waiting + in_ring;
}

/* May something be waiting for room in the pair, which holds `held` bytes? */
static bool may_be_full(struct fd_entry *e, int held) {
  int below = atomic_load_explicit(&e->whole_below, memory_order_relaxed);
  if (entry_word(e) & NUSE_STATE_READ_SHUT) return true;
  if (held < (below > PAIR_MUCH ? below : PAIR_MUCH)) return false;
  if (held >= atomic_load_explicit(&e->whole_at, memory_order_relaxed)) return true;
  atomic_store_explicit(&e->whole_at, held, memory_order_relaxed);
  return false;
}

/* What the service has had no room for in the pair. */
static int waiting_outside(int fd, struct fd_entry *e) {
  int waiting = 0, unused = 0;
  struct control_request request = {
      .op = NUSE_OP_IOCTL, .a = FIONREAD, .data = &unused, .data_len = sizeof unused};
  struct control_reply reply = {.data = &waiting, .data_cap = sizeof waiting};
  if (entry_call(fd, e, &request, &reply) != 0) return 0;
  atomic_store_explicit(&e->whole_below, reply.b, memory_order_relaxed);
  return waiting;
}

long stream_unread(int fd, struct fd_entry *e) {
  int saved = errno;
  int before = pair_unread(fd, e);
  long all = before;
  /* Again, when bytes have moved from the one into the other while we counted. */
  bool may_wait = before >= 0 && may_be_full(e, before);
  for (int i = 0; i < TRIES_MAX && may_wait && entry_verify(fd, e); i++) {
    int ring = waiting_outside(fd, e);
    int after = pair_unread(fd, e);
    all = (long)after + ring;
    atomic_store_explicit(&e->whole_at, ring == 0 ? after : 0, memory_order_relaxed);
    if (after == before) break;
    before = after;
  }
  errno = saved;
  return all;
}

/* The peer's FIN counts as one more (Linux tcp_inq_hint), once the pair shows it. */
static int inq_hint(int fd, struct fd_entry *e) {
  struct pollfd p = {.fd = fd, .events = POLLRDHUP};
  long waiting = stream_unread(fd, e);
  bool is_ended = real()->poll(&p, 1, 0) == 1;
  return (waiting < 0 ? 0 : (int)waiting) + (is_ended ? 1 : 0);
}

void stream_put_inq(int fd, struct fd_entry *e, struct msghdr *msg, size_t room) {
  int saved = errno;
  int waiting = inq_hint(fd, e);
  cmsg_put(msg, room, IPPROTO_TCP, TCP_INQ, &waiting, sizeof waiting);
  errno = saved;
}
