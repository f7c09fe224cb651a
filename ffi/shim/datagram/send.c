/*
 * Sending on datagram, raw and ping sockets: header, then the program's own pieces, in one
 * sendmsg; the kernel gathers, the shim copies nothing. The pair is SOCK_SEQPACKET, so a
 * message goes whole or not at all, and SO_SNDTIMEO, O_NONBLOCK and poll are the pair's.
 *
 * What an ICMP error has left for the next call waits at the head of the receive queue. Where there
 * can be one, a send looks there too, as in the kernel, but no more than once a tick of the coarse
 * clock, or after poll() has seen it: a look costs a third of a send, a tick is some milliseconds.
 * Of what stays within the stack the error is there when the send returns: some more looks, then.
 */
#include "datagram.h"

#include <netinet/in.h>
#include <string.h>
#include <sys/uio.h>

#include "../core/control.h"
#include "../core/real.h"
#include "../core/settle.h"
#include "../core/sockaddr.h"
#include "../core/socket.h"

#define UDP4_PAYLOAD_MAX 65507 /* 65535 less IPv4 and UDP headers */
#define UDP6_PAYLOAD_MAX 65527
#define IP_LEN_MAX 65535
#ifndef IPV6_FLOWINFO_SEND
#define IPV6_FLOWINFO_SEND 33
#endif
#define IOV_COUNT_MAX 1023 /* one is ours */
#define SEGMENTS_MAX 128   /* UDP_MAX_SEGMENTS */

static long name_v4(struct dgram_header *h, const void *name, socklen_t len) {
  struct sockaddr_in addr;
  if (len < sizeof addr) return -EINVAL;
  memcpy(&addr, name, sizeof addr);
  if (addr.sin_family != AF_INET && addr.sin_family != AF_UNSPEC) return -EAFNOSUPPORT;
  h->flags |= NUSE_DGRAM_HAS_ADDR;
  h->family = AF_INET;
  h->port = ntohs(addr.sin_port);
  memcpy(h->addr, &addr.sin_addr, 4);
  return 0;
}

/* v4-mapped addresses leave as IPv4: the service sees one form only. */
static long name_v6(struct dgram_head *head, bool is_udp, const void *name, socklen_t len) {
  struct dgram_header *h = &head->h;
  struct sockaddr_in6 addr = {0};
  sa_family_t family;
  if (len < sizeof family) return -EINVAL;
  memcpy(&family, name, sizeof family);
  if (family == AF_INET && is_udp) return name_v4(h, name, len);
  if (family == AF_UNSPEC && is_udp) return 0;
  if (len < offsetof(struct sockaddr_in6, sin6_scope_id)) return -EINVAL;
  if (family != AF_INET6) return is_udp ? -EINVAL : -EAFNOSUPPORT;
  memcpy(&addr, name, len < sizeof addr ? len : sizeof addr);
  h->flags |= NUSE_DGRAM_HAS_ADDR;
  h->port = ntohs(addr.sin6_port);
  if (is_v4_mapped(addr.sin6_addr.s6_addr)) {
    h->family = AF_INET;
    memcpy(h->addr, &addr.sin6_addr.s6_addr[12], 4);
  } else {
    h->family = AF_INET6;
    memcpy(h->addr, &addr.sin6_addr, 16);
    if (addr.sin6_scope_id != 0) h->ifindex = addr.sin6_scope_id;
    if (addr.sin6_flowinfo != 0) {
      return extras_add(head, IPPROTO_IPV6, IPV6_FLOWINFO_SEND, &addr.sin6_flowinfo, 4);
    }
  }
  return 0;
}

bool is_v4_bound(const struct fd_entry *e, const struct dgram_header *h) {
  if (entry_domain(e) != AF_INET6 || h->family == AF_INET) return true;
  return h->family == 0 && (entry_word(e) & NUSE_STATE_PEER_V4);
}

static long fill_header(const struct fd_entry *e, const struct msghdr *msg, int flags,
                        struct dgram_head *head) {
  struct dgram_header *h = &head->h;
  long result = 0;
  bool is_udp6 = entry_domain(e) == AF_INET6 && entry_protocol(e) == IPPROTO_UDP;
  if ((flags & MSG_OOB) && !is_udp6) return -EOPNOTSUPP;
  if (msg->msg_iovlen > IOV_COUNT_MAX) return -EMSGSIZE;
  h->magic = NUSE_DGRAM_MAGIC;
  h->time_us = channel_token(); /* NUSE_DGRAM_TOKEN_OFF */
  if (flags & MSG_DONTROUTE) h->flags |= NUSE_DGRAM_DONTROUTE;
  if ((flags & MSG_MORE) && entry_protocol(e) == IPPROTO_UDP) h->flags |= NUSE_DGRAM_MORE;
  if (msg->msg_name != NULL && msg->msg_namelen > 0) {
    result = entry_domain(e) == AF_INET6 ? name_v6(head, is_udp6, msg->msg_name, msg->msg_namelen)
                                         : name_v4(h, msg->msg_name, msg->msg_namelen);
  }
  if (result == 0 && (flags & MSG_OOB) && is_v4_bound(e, h)) result = -EOPNOTSUPP;
  return result < 0 ? result : cmsg_to_header(e, msg, head);
}

static size_t payload_max(const struct fd_entry *e, const struct dgram_header *h) {
  if (entry_protocol(e) != IPPROTO_UDP) return IP_LEN_MAX;
  bool is_v6 = h->family == AF_INET6 || (h->family == 0 && entry_domain(e) == AF_INET6);
  return is_v6 ? UDP6_PAYLOAD_MAX : UDP4_PAYLOAD_MAX;
}

/* The pair is broken: by the program's own shutdown, or because the service has gone. */
static long broken_pair(int fd, struct fd_entry *e) {
  struct control_request request = {.op = NUSE_OP_WHO};
  struct control_reply reply = {0};
  return entry_call(fd, e, &request, &reply) == -ENETDOWN ? -ENETDOWN : -EPIPE;
}

/* An error that a send fails with; 0: none. Of what was sent within the stack it comes at once. */
static long error_before(int fd, struct fd_entry *e, bool is_local) {
  struct timespec now;
  long error = dgram_pending_error(e);
  if (error < 0 || !dgram_can_have_errors(e)) return error;
  clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
  unsigned tick = (unsigned)(now.tv_sec * 1000 + now.tv_nsec / 1000000) << LOOKS_BITS;
  unsigned looked = atomic_load_explicit(&e->looked, memory_order_relaxed);
  unsigned looks = (looked & ~LOOKS_MASK) == tick ? looked & LOOKS_MASK : 0;
  if (looks >= (is_local ? LOOKS_MASK : 1)) return 0;
  atomic_store_explicit(&e->looked, tick | (looks + 1), memory_order_relaxed);
  if (looked == 0) return 0;
  if (is_local) settle();
  return -dgram_take_error(fd, e);
}

ssize_t dgram_sendmsg(int fd, struct fd_entry *e, const struct msghdr *msg, int flags) {
  struct dgram_head head; /* what is behind the header is written before it is read */
  struct dgram_header *h = memset(&head.h, 0, sizeof head.h);
  uint64_t len = 0;
  long result = fill_header(e, msg, flags, &head);
  if (result < 0) return result;
  struct iovec iov[msg->msg_iovlen + 1];
  size_t head_len = sizeof *h + (h->flags & NUSE_DGRAM_HAS_EXTRAS ? h->gro_size : 0);
  iov[0] = (struct iovec){&head, head_len};
  for (size_t i = 0; i < msg->msg_iovlen; i++) {
    iov[i + 1] = msg->msg_iov[i];
    if ((ssize_t)iov[i + 1].iov_len < 0) return -EINVAL;
    if (iov[i + 1].iov_len > IP_LEN_MAX) return -EMSGSIZE;
    len += iov[i + 1].iov_len;
  }
  if (len > payload_max(e, h)) return -EMSGSIZE;
  if (h->segment > 0 && len > (size_t)h->segment * SEGMENTS_MAX) return -EINVAL;
  h->payload_len = (uint32_t)len;
  bool named = (h->flags & NUSE_DGRAM_HAS_ADDR) != 0;
  size_t longest = h->segment > 0 && h->segment < len ? h->segment : len;
  bool is_local = false;
  result = destination_check(fd, e, &head, named ? msg->msg_name : NULL,
                             named ? msg->msg_namelen : 0, longest, &is_local);
  if (result == -EMSGSIZE) dgram_note_error(fd, e); /* the error queue tells of it, too */
  if (result == 0) result = error_before(fd, e, is_local);
  if (result < 0) return entry_verify(fd, e) ? result : -ENOTSOCK;
  struct msghdr whole = {.msg_iov = iov, .msg_iovlen = msg->msg_iovlen + 1};
  result = sys_result(real()->sendmsg(fd, &whole, (flags & MSG_DONTWAIT) | MSG_NOSIGNAL));
  if (is_local) settle_note(UNDER_WAY_BYTES);
  if (result >= 0) return result - (long)head_len;
  if (result == -EPIPE || result == -ECONNRESET) return broken_pair(fd, e);
  return result;
}
