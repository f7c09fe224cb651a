/*
 * accept: one connection off the listening pair, where each lies as a record with its descriptor.
 *
 * Probed on Linux 6.18: a message with SCM_RIGHTS on a stream pair is a record of
 * its own (a read never runs over its end), so processes that share a listener each get whole
 * connections; and when the descriptor table is full the record is consumed and its descriptor
 * lost (MSG_CTRUNC). Hence the look for a free number before the read, when the number that the
 * last one got comes near the limit: the connection stays queued on EMFILE, as in the kernel.
 */
#include "stream.h"

#include <netinet/in.h>
#include <string.h>
#include <sys/resource.h>

#include "../core/real.h"
#include "../core/settle.h"
#include "../core/sockaddr.h"
#include "../core/socket.h"

#define FREE_NUMBERS 32 /* below the limit on descriptors: no need to look for a free one */

static atomic_int last_accepted = TABLE_MAX;

/* 0, or -EMFILE: there is no number for one more descriptor. */
static long find_number(int fd) {
  struct rlimit limit;
  rlim_t last = (rlim_t)atomic_load_explicit(&last_accepted, memory_order_relaxed);
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && last + FREE_NUMBERS < limit.rlim_cur) return 0;
  int number = real()->dup(fd);
  if (number < 0) return -errno;
  real()->close(number);
  return 0;
}

/* One record off the listening pair. Returns the new descriptor, or -errno. */
static long take_record(int fd, uint8_t *record, int flags) {
  union {
    struct cmsghdr header;
    char room[CMSG_SPACE(sizeof(int))];
  } control;
  struct iovec iov = {record, NUSE_ACCEPT_LEN};
  struct msghdr msg = {
      .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
  uint32_t magic;
  int accepted = -1;
  long n = sys_result(real()->recvmsg(fd, &msg, flags & SOCK_CLOEXEC ? MSG_CMSG_CLOEXEC : 0));
  if (n == 0 || n == -ECONNRESET) {
    /* A server that does not give up would try again at once, and for ever. */
    if (control_is_lost()) process_end();
    return -EINVAL; /* shut down: no longer a listener */
  }
  if (n < 0) return n;
  if (msg.msg_controllen >= CMSG_LEN(sizeof(int)) && control.header.cmsg_type == SCM_RIGHTS) {
    memcpy(&accepted, CMSG_DATA(&control.header), sizeof(int));
  }
  memcpy(&magic, record + NUSE_ACCEPT_MAGIC_OFF, sizeof magic);
  if (accepted < 0) return msg.msg_flags & MSG_CTRUNC ? -EMFILE : -ECONNABORTED;
  atomic_store_explicit(&last_accepted, accepted, memory_order_relaxed);
  if (n == NUSE_ACCEPT_LEN && magic == NUSE_ACCEPT_MAGIC) return accepted;
  real()->close(accepted);
  return -ECONNABORTED;
}

long stream_accept(int fd, struct fd_entry *e, struct sockaddr *addr, socklen_t *len, int flags) {
  uint8_t record[NUSE_ACCEPT_LEN];
  uint16_t domain;
  uint32_t state;
  struct control_reply who = {.a = KIND_STREAM,
                              .c = SOCK_STREAM | IPPROTO_TCP << 8,
                              .state = NUSE_STATE_CONNECTED};
  if (flags & ~(SOCK_NONBLOCK | SOCK_CLOEXEC)) return -EINVAL;
  if (!(entry_word(e) & NUSE_STATE_LISTENING) && !(entry_refresh(fd, e) & NUSE_STATE_LISTENING)) {
    return entry_verify(fd, e) ? -EINVAL : -ENOTSOCK;
  }
  long accepted = find_number(fd);
  if (accepted == 0) {
    accepted = take_record(fd, record, flags);
    if (accepted == -EAGAIN && settle()) accepted = take_record(fd, record, flags);
  }
  if (accepted < 0) return accepted;
  memcpy(&who.cookie, record + NUSE_ACCEPT_COOKIE_OFF, sizeof who.cookie);
  memcpy(&domain, record + NUSE_ACCEPT_DOMAIN_OFF, sizeof domain);
  memcpy(&state, record + NUSE_ACCEPT_STATE_OFF, sizeof state);
  who.b = domain;
  who.state |= state;
  uint8_t names[2 * NUSE_SOCKADDR_LEN];
  memcpy(names, record + NUSE_ACCEPT_LOCAL_OFF, NUSE_SOCKADDR_LEN);
  memcpy(names + NUSE_SOCKADDR_LEN, record + NUSE_ACCEPT_PEER_OFF, NUSE_SOCKADDR_LEN);
  who.names = names;
  if (flags & SOCK_NONBLOCK) make_nonblocking((int)accepted);
  table_set_nuse((int)accepted, &who, 0);
  if (addr == NULL) return accepted;
  long result = sockaddr_out(record + NUSE_ACCEPT_PEER_OFF, addr, len);
  if (result == 0) return accepted;
  table_forget((int)accepted);
  real()->close((int)accepted);
  return result;
}
