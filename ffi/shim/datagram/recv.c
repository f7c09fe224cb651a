/*
 * Receiving on datagram, raw and ping sockets: one recvmsg scatters the header into a local and
 * the payload into the program's own pieces.
 *
 * Probed on Linux 6.18, SOCK_SEQPACKET pair: MSG_TRUNC gives the true length, MSG_PEEK leaves
 * the message, O_NONBLOCK and SO_RCVTIMEO give EAGAIN, shutdown(SHUT_RD) gives 0. Other end
 * closed: poll HUP; one ECONNRESET if it left messages of ours unread, then the queued
 * messages, then 0. A SOCK_DGRAM pair would not tell its other end about close at all.
 */
#include "datagram.h"

#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/uio.h>

#include "../core/memory.h"
#include "../core/real.h"
#include "../core/settle.h"
#include "../core/sockaddr.h"
#include "../core/socket.h"

#define RECV_FLAGS (MSG_DONTWAIT | MSG_PEEK | MSG_TRUNC)
#define IOV_COUNT_MAX 1023

static long name_out(const struct fd_entry *e, const struct dgram_header *h, struct msghdr *msg) {
  union {
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
  } addr;
  if (msg->msg_name == NULL) return 0;
  if (h->family == 0) {
    msg->msg_namelen = 0;
    return 0;
  }
  memset(&addr, 0, sizeof addr);
  if (entry_domain(e) != AF_INET6) {
    addr.v4.sin_family = AF_INET;
    addr.v4.sin_port = htons(h->port);
    memcpy(&addr.v4.sin_addr, h->addr, 4);
  } else {
    addr.v6.sin6_family = AF_INET6;
    addr.v6.sin6_port = htons(h->port);
    if (h->family == AF_INET) {
      map_v4(h->addr, addr.v6.sin6_addr.s6_addr);
    } else {
      memcpy(&addr.v6.sin6_addr, h->addr, 16);
      if (IN6_IS_ADDR_LINKLOCAL(&addr.v6.sin6_addr)) addr.v6.sin6_scope_id = h->ifindex;
    }
  }
  socklen_t room = msg->msg_namelen;
  msg->msg_namelen = sockaddr_len(&addr);
  return copy_out(msg->msg_name, &addr, room < msg->msg_namelen ? room : msg->msg_namelen);
}

/* A zero-length message: the program's own shutdown(SHUT_RD), or the service has gone. */
static long end_of_pair(int fd, struct fd_entry *e) {
  struct control_request request = {.op = NUSE_OP_WHO};
  struct control_reply reply = {0};
  struct pollfd p = {.fd = fd};
  real()->poll(&p, 1, 0);
  if (!(p.revents & POLLHUP)) return 0;
  if (entry_call(fd, e, &request, &reply) != -ENETDOWN) return 0;
  if (control_is_lost()) process_end(); /* as accept() does */
  return -ENETDOWN;
}

/* An error record instead of a datagram; peeked at, it is taken all the same, as the kernel
 * does. */
static long error_record(int fd, struct fd_entry *e, const struct dgram_header *h, int flags) {
  if (flags & MSG_PEEK) {
    dgram_take_error(fd, e);
  } else {
    dgram_note_error(fd, e);
  }
  return h->error > 0 ? -h->error : -EIO;
}

ssize_t dgram_recvmsg(int fd, struct fd_entry *e, struct msghdr *msg, int flags) {
  struct dgram_header h;
  if (flags & MSG_ERRQUEUE) return errqueue_recvmsg(fd, e, msg);
  if ((flags & MSG_OOB) && entry_protocol(e) != IPPROTO_UDP) return -EOPNOTSUPP;
  if (msg->msg_iovlen > IOV_COUNT_MAX) return -EMSGSIZE;
  long result = dgram_pending_error(e);
  if (result < 0) return result;
  struct iovec iov[msg->msg_iovlen + 1];
  iov[0] = (struct iovec){&h, sizeof h};
  for (size_t i = 0; i < msg->msg_iovlen; i++) iov[i + 1] = msg->msg_iov[i];
  struct msghdr whole = {.msg_iov = iov, .msg_iovlen = msg->msg_iovlen + 1};
  do {
    result = sys_result(real()->recvmsg(fd, &whole, flags & RECV_FLAGS));
  } while (result == -EAGAIN && settle());
  if (result == 0) return end_of_pair(fd, e);
  if (result == -ECONNRESET) return -ENETDOWN;
  if (result < 0) return result;
  if (result < (long)sizeof h || h.magic != NUSE_DGRAM_MAGIC) return -EIO;
  if (h.flags & NUSE_DGRAM_ERROR) return error_record(fd, e, &h, flags);
  size_t room = msg->msg_control == NULL ? 0 : msg->msg_controllen;
  atomic_store_explicit(&e->stamp_us, h.time_us, memory_order_relaxed);
  msg->msg_flags = (whole.msg_flags & MSG_TRUNC) | (flags & MSG_CMSG_CLOEXEC);
  msg->msg_controllen = 0;
  if (name_out(e, &h, msg) < 0) return -EFAULT;
  bool is_asked = (entry_word(e) & STATE_CMSGS) != 0;
  if (UNLIKELY(is_asked || h.gro_size != 0 || h.frag_size != 0 || h.extras != 0)) {
    cmsg_from_header(fd, e, &h, msg, room, flags);
  }
  return result - (long)sizeof h;
}
