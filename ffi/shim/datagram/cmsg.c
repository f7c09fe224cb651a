/*
 * Control messages of datagram sockets: program's msg_control to header fields when sending,
 * header fields to msg_control when receiving, which ones by the state bits that the service
 * keeps from setsockopt.
 */
#include "datagram.h"

#include <netinet/in.h>
#include <netinet/udp.h>
#include <string.h>
#include <sys/time.h>

#include "../core/sockaddr.h"
#include "../core/socket.h"

#define IP_OPTIONS_MAX 40
#ifndef IPV6_RECVFRAGSIZE
#define IPV6_RECVFRAGSIZE 77
#endif
#ifndef IPV6_FLOWINFO
#define IPV6_FLOWINFO 11
#endif

static void set_pktinfo(struct dgram_header *h, uint32_t ifindex, const uint8_t *source,
                        size_t len) {
  h->flags |= NUSE_DGRAM_HAS_PKTINFO;
  h->ifindex = ifindex;
  if (len == 16 && is_v4_mapped(source)) {
    memcpy(h->dst, source + 12, 4);
  } else {
    memcpy(h->dst, source, len);
  }
}

static long take_int(const struct cmsghdr *c, size_t len, int min, int *value) {
  if (len != sizeof *value) return -EINVAL;
  memcpy(value, CMSG_DATA(c), sizeof *value);
  return *value < min || *value > 255 ? -EINVAL : 0;
}

/* `min` is -1 where that stands for the socket's own value (RFC 3542 6.3). */
static long take_ttl(const struct cmsghdr *c, size_t len, int min, struct dgram_header *h) {
  int value = 0;
  long result = take_int(c, len, min, &value);
  if (result < 0 || value < 0) return result;
  h->flags |= NUSE_DGRAM_HAS_TTL;
  h->ttl = (uint8_t)value;
  return 0;
}

static long take_tos(const struct cmsghdr *c, size_t len, int min, struct dgram_header *h) {
  int value = 0;
  long result = take_int(c, len, min, &value);
  if (result < 0) return result;
  h->flags |= NUSE_DGRAM_HAS_TOS;
  h->tos = (uint8_t)value;
  return 0;
}

/* Linux takes one byte as well, of IPv4's. */
static long take_tos_v4(const struct cmsghdr *c, size_t len, struct dgram_header *h) {
  if (len != 1) return take_tos(c, len, 0, h);
  h->flags |= NUSE_DGRAM_HAS_TOS;
  h->tos = *(const uint8_t *)CMSG_DATA(c);
  return 0;
}

long extras_add(struct dgram_head *head, int level, int type, const void *data, size_t len) {
  struct dgram_header *h = &head->h;
  size_t used = h->flags & NUSE_DGRAM_HAS_EXTRAS ? h->gro_size : 0;
  size_t space = CMSG_SPACE(len);
  if (space > sizeof head->extras - used) return -ENOBUFS;
  struct cmsghdr header = {.cmsg_len = CMSG_LEN(len), .cmsg_level = level, .cmsg_type = type};
  memset(head->extras + used, 0, space);
  memcpy(head->extras + used, &header, sizeof header);
  memcpy(head->extras + used + CMSG_LEN(0), data, len);
  h->flags |= NUSE_DGRAM_HAS_EXTRAS;
  h->gro_size = (uint16_t)(used + space);
  return 0;
}

/* One that the service looks at. */
static long pass_on(struct dgram_head *head, const struct cmsghdr *c, size_t len) {
  return extras_add(head, c->cmsg_level, c->cmsg_type, CMSG_DATA(c), len);
}

static long take_v4(const struct cmsghdr *c, size_t len, struct dgram_head *head) {
  struct dgram_header *h = &head->h;
  struct in_pktinfo info;
  switch (c->cmsg_type) {
    case IP_TTL:
      return take_ttl(c, len, 1, h);
    case IP_TOS:
      return take_tos_v4(c, len, h);
    case IP_PKTINFO:
      if (len != sizeof info) return -EINVAL;
      memcpy(&info, CMSG_DATA(c), sizeof info);
      set_pktinfo(h, (uint32_t)info.ipi_ifindex, (const uint8_t *)&info.ipi_spec_dst, 4);
      return 0;
    case IP_RETOPTS:
      return pass_on(head, c, len < IP_OPTIONS_MAX ? len : IP_OPTIONS_MAX);
    default:
      return -EINVAL;
  }
}

static long take_dontfrag(const struct cmsghdr *c, size_t len, struct dgram_head *head) {
  int value;
  if (len != sizeof value) return -EINVAL;
  memcpy(&value, CMSG_DATA(c), sizeof value);
  return value < 0 || value > 1 ? -EINVAL : pass_on(head, c, len);
}

static long take_v6(const struct cmsghdr *c, size_t len, struct dgram_head *head) {
  struct dgram_header *h = &head->h;
  struct in6_pktinfo info;
  switch (c->cmsg_type) {
    case IPV6_2292HOPLIMIT:
    case IPV6_HOPLIMIT:
      return take_ttl(c, len, -1, h);
    case IPV6_TCLASS: /* -1 is 255: so does Linux 6.18 */
      return take_tos(c, len, -1, h);
    case IPV6_FLOWINFO:
      return len < sizeof(uint32_t) ? -EINVAL : pass_on(head, c, sizeof(uint32_t));
    case IPV6_DONTFRAG:
      return take_dontfrag(c, len, head);
    case IPV6_2292HOPOPTS:
    case IPV6_HOPOPTS:
    case IPV6_2292DSTOPTS:
    case IPV6_DSTOPTS:
    case IPV6_RTHDRDSTOPTS:
    case IPV6_2292RTHDR:
    case IPV6_RTHDR:
      return pass_on(head, c, len);
    case IPV6_2292PKTINFO:
    case IPV6_PKTINFO:
      if (len < sizeof info) return -EINVAL;
      memcpy(&info, CMSG_DATA(c), sizeof info);
      set_pktinfo(h, (uint32_t)info.ipi6_ifindex, info.ipi6_addr.s6_addr, 16);
      return 0;
    default:
      return -EINVAL;
  }
}

static long take_udp(const struct fd_entry *e, const struct cmsghdr *c, size_t len,
                     struct dgram_header *h) {
  if (entry_protocol(e) != IPPROTO_UDP) return 0;
  if (c->cmsg_type != UDP_SEGMENT || len != sizeof h->segment) return -EINVAL;
  h->flags |= NUSE_DGRAM_HAS_SEGMENT;
  memcpy(&h->segment, CMSG_DATA(c), sizeof h->segment);
  return 0;
}

/* SO_MARK and its like, which change nothing that we send. */
static long take_socket(const struct cmsghdr *c) {
  switch (c->cmsg_type) {
    case SO_MARK:
    case SO_TIMESTAMPING:
    case SCM_TXTIME:
    case SCM_RIGHTS:
    case SCM_CREDENTIALS:
      return 0;
    default:
      return -EINVAL;
  }
}

/* Of a socket of IPv6: what goes over IPv4 goes by IPv4's, and IPV6_PKTINFO if it is mapped. */
static long take_mapped(const struct cmsghdr *c, size_t len, struct dgram_head *head) {
  struct in6_pktinfo info;
  if (c->cmsg_level == IPPROTO_IP) return take_v4(c, len, head);
  if (c->cmsg_type != IPV6_PKTINFO) return 0;
  if (len < sizeof info) return -EINVAL;
  memcpy(&info, CMSG_DATA(c), sizeof info);
  if (!is_v4_mapped(info.ipi6_addr.s6_addr)) return -EINVAL;
  set_pktinfo(&head->h, (uint32_t)info.ipi6_ifindex, info.ipi6_addr.s6_addr, 16);
  return 0;
}

static long take_ip(const struct fd_entry *e, const struct cmsghdr *c, size_t len,
                    struct dgram_head *head) {
  bool is_v4 = is_v4_bound(e, &head->h);
  if (entry_domain(e) != AF_INET6) return c->cmsg_level == IPPROTO_IP ? take_v4(c, len, head) : 0;
  if (is_v4) return take_mapped(c, len, head);
  return c->cmsg_level == IPPROTO_IPV6 ? take_v6(c, len, head) : 0;
}

/* 0 or -errno. Messages of other levels change nothing that we send. */
long cmsg_to_header(const struct fd_entry *e, const struct msghdr *msg, struct dgram_head *head) {
  struct msghdr view = *msg;
  if (msg->msg_control == NULL || msg->msg_controllen < sizeof(struct cmsghdr)) return 0;
  for (struct cmsghdr *c = CMSG_FIRSTHDR(&view); c != NULL; c = CMSG_NXTHDR(&view, c)) {
    long result = 0;
    size_t behind = (size_t)((const uint8_t *)c - (const uint8_t *)msg->msg_control);
    if (c->cmsg_len < CMSG_LEN(0) || c->cmsg_len > msg->msg_controllen - behind) return -EINVAL;
    size_t len = c->cmsg_len - CMSG_LEN(0);
    if (c->cmsg_level == SOL_SOCKET) result = take_socket(c);
    if (c->cmsg_level == IPPROTO_IP || c->cmsg_level == IPPROTO_IPV6) {
      result = take_ip(e, c, len, head);
    }
    if (c->cmsg_level == IPPROTO_UDP) result = take_udp(e, c, len, &head->h);
    if (result < 0) return result;
  }
  return 0;
}

static void put_timestamp(uint32_t state, const struct dgram_header *h, struct msghdr *msg,
                          size_t room) {
  struct timespec now;
  if (h->time_us != 0) {
    now.tv_sec = (time_t)(h->time_us / 1000000);
    now.tv_nsec = (long)(h->time_us % 1000000) * 1000;
  } else {
    clock_gettime(CLOCK_REALTIME, &now);
  }
  if (state & NUSE_STATE_TIMESTAMPNS) {
    cmsg_put(msg, room, SOL_SOCKET, SO_TIMESTAMPNS, &now, sizeof now);
  } else if (state & NUSE_STATE_TIMESTAMP) {
    struct timeval micro = {.tv_sec = now.tv_sec, .tv_usec = now.tv_nsec / 1000};
    cmsg_put(msg, room, SOL_SOCKET, SO_TIMESTAMP, &micro, sizeof micro);
  }
  if (state & NUSE_STATE_TIMESTAMPING) {
    const struct timespec stamps[3] = {now}; /* by software; the others are a device's */
    cmsg_put(msg, room, SOL_SOCKET, SO_TIMESTAMPING, stamps, sizeof stamps);
  }
}

static void put_pktinfo6(const struct dgram_header *h, struct msghdr *msg, size_t room) {
  struct in6_pktinfo info = {.ipi6_ifindex = h->ifindex};
  if (h->family == AF_INET) {
    map_v4(h->dst, info.ipi6_addr.s6_addr);
  } else {
    memcpy(&info.ipi6_addr, h->dst, 16);
  }
  cmsg_put(msg, room, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof info);
}

/* Whom it was sent to. */
static void put_destination(const struct dgram_header *h, struct msghdr *msg, size_t room) {
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(h->segment)};
  memcpy(&to.sin_addr, h->dst, sizeof to.sin_addr);
  cmsg_put(msg, room, IPPROTO_IP, IP_ORIGDSTADDR, &to, sizeof to);
}

/* What the service has kept of the datagram besides. */
static void put_extras(int fd, struct fd_entry *e, uint32_t number, struct msghdr *msg, size_t room,
                       int flags) {
  uint8_t found[NUSE_DATA_MAX] __attribute__((aligned(8)));
  struct control_request request = {
      .op = NUSE_OP_EXTRAS, .a = (int)number, .b = (flags & MSG_PEEK) != 0};
  struct control_reply reply = {.data = found, .data_cap = sizeof found};
  if (number == 0 || entry_call(fd, e, &request, &reply) < 0) return;
  if (reply.data_len > sizeof found) return;
  struct msghdr view = {.msg_control = found, .msg_controllen = reply.data_len};
  for (struct cmsghdr *c = CMSG_FIRSTHDR(&view); c != NULL; c = CMSG_NXTHDR(&view, c)) {
    cmsg_put(msg, room, c->cmsg_level, c->cmsg_type, CMSG_DATA(c), c->cmsg_len - CMSG_LEN(0));
  }
}

/* In the kernel's order. msg_controllen is what is used so far. */
void cmsg_from_header(int fd, struct fd_entry *e, const struct dgram_header *h, struct msghdr *msg,
                      size_t room, int flags) {
  uint32_t state = entry_word(e) & WORD_STATE;
  int ttl = h->ttl;
  int tos = h->tos;
  if (state & STATE_STAMPS) put_timestamp(state, h, msg, room);
  if ((state & NUSE_STATE_RXQ_OVFL) && h->error != 0) {
    cmsg_put(msg, room, SOL_SOCKET, SO_RXQ_OVFL, &h->error, sizeof h->error);
  }
  if (h->gro_size != 0) {
    int size = h->gro_size;
    cmsg_put(msg, room, IPPROTO_UDP, UDP_GRO, &size, sizeof size);
  }
  if (h->family == AF_INET) {
    if (state & NUSE_STATE_PKTINFO) {
      struct in_pktinfo info = {.ipi_ifindex = (int)h->ifindex};
      memcpy(&info.ipi_spec_dst, h->dst, 4);
      memcpy(&info.ipi_addr, h->dst, 4);
      cmsg_put(msg, room, IPPROTO_IP, IP_PKTINFO, &info, sizeof info);
    }
    if (state & NUSE_STATE_RECVTTL) cmsg_put(msg, room, IPPROTO_IP, IP_TTL, &ttl, sizeof ttl);
    if (state & NUSE_STATE_RECVTOS) cmsg_put(msg, room, IPPROTO_IP, IP_TOS, &h->tos, 1);
    put_extras(fd, e, h->extras, msg, room, flags);
    if (state & NUSE_STATE_ORIGDSTADDR) put_destination(h, msg, room);
    if (h->frag_size != 0) {
      int size = h->frag_size;
      cmsg_put(msg, room, IPPROTO_IP, IP_RECVFRAGSIZE, &size, sizeof size);
    }
  }
  if (entry_domain(e) != AF_INET6) return;
  if (state & NUSE_STATE_PKTINFO6) put_pktinfo6(h, msg, room);
  if (h->family != AF_INET6) return;
  if (state & NUSE_STATE_RECVHOPLIMIT) {
    cmsg_put(msg, room, IPPROTO_IPV6, IPV6_HOPLIMIT, &ttl, sizeof ttl);
  }
  if (state & NUSE_STATE_RECVTCLASS) {
    cmsg_put(msg, room, IPPROTO_IPV6, IPV6_TCLASS, &tos, sizeof tos);
  }
  put_extras(fd, e, h->extras, msg, room, flags);
  if (h->frag_size != 0) {
    int size = h->frag_size;
    cmsg_put(msg, room, IPPROTO_IPV6, IPV6_RECVFRAGSIZE, &size, sizeof size);
  }
}
