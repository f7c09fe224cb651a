/*
 * The rules of the fake service: what its sockets answer (fake_service.h says it by port, option).
 */
#include "fake_model.h"

#include "../../../ffi/shim/datagram/header.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

struct fake sockets[SOCKETS];
int socket_count;
int op_counts[64];
int plain_messages;
static uint8_t bytes[80000];

double now_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

struct fake *find(uint64_t cookie) {
  for (int i = 0; i < socket_count; i++) {
    const struct fake *s = &sockets[i];
    if (cookie != 0 && (s->cookie == cookie || s->former_cookie == cookie)) return &sockets[i];
  }
  return NULL;
}

struct fake *add(int fd, int kind, int domain, int type, int protocol) {
  struct fake *s = NULL;
  for (int i = 0; i < socket_count && s == NULL; i++) {
    if (sockets[i].cookie == 0) s = &sockets[i];
  }
  if (s == NULL) s = &sockets[socket_count++];
  memset(s, 0, sizeof *s);
  fcntl(fd, F_SETFL, O_NONBLOCK);
  s->fd = fd;
  s->kind = kind;
  s->domain = domain;
  s->type = type;
  s->protocol = protocol;
  return s;
}

int make(struct fake **out, int kind, int domain, int type, int protocol) {
  int pair[2];
  int mark = NUSE_PAIR_MARK;
  int pair_type = kind == NUSE_KIND_STREAM ? SOCK_STREAM : SOCK_SEQPACKET;
  if (socketpair(AF_UNIX, pair_type | SOCK_CLOEXEC, 0, pair) != 0) abort();
  setsockopt(pair[1], SOL_SOCKET, SO_RCVBUF, &mark, sizeof mark);
  struct fake *s = add(pair[0], kind, domain, type, protocol);
  socklen_t len = sizeof s->cookie;
  getsockopt(pair[1], SOL_SOCKET, SO_COOKIE, &s->cookie, &len);
  *out = s;
  return pair[1];
}

void send_with_fd(int fd, struct iovec *iov, int count, int passed) {
  union {
    struct cmsghdr header;
    char room[CMSG_SPACE(sizeof(int))];
  } control = {0};
  struct msghdr msg = {.msg_iov = iov, .msg_iovlen = (size_t)count};
  if (passed >= 0) {
    msg.msg_control = &control;
    msg.msg_controllen = sizeof control;
    control.header.cmsg_level = SOL_SOCKET;
    control.header.cmsg_type = SCM_RIGHTS;
    control.header.cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(&control.header), &passed, sizeof passed);
  }
  sendmsg(fd, &msg, MSG_NOSIGNAL);
  if (passed >= 0) close(passed);
}

size_t put_name(const struct fake *s, uint32_t addr, uint16_t port, uint8_t *out) {
  struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(port)};
  struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
  v4.sin_addr.s_addr = htonl(addr);
  memcpy(&v6.sin6_addr.s6_addr[12], &v4.sin_addr, 4);
  v6.sin6_addr.s6_addr[10] = v6.sin6_addr.s6_addr[11] = 0xff;
  memset(out, 0, NUSE_SOCKADDR_LEN);
  memcpy(out, s->domain == AF_INET6 ? (void *)&v6 : (void *)&v4,
         s->domain == AF_INET6 ? sizeof v6 : sizeof v4);
  return s->domain == AF_INET6 ? sizeof v6 : sizeof v4;
}

uint32_t address_of(const uint8_t *name) {
  uint32_t addr;
  memcpy(&addr, name + (name[0] == AF_INET6 ? 20 : 4), 4);
  return ntohl(addr);
}

uint16_t port_of(const uint8_t *name) { return (uint16_t)(name[2] << 8 | name[3]); }

void establish(struct fake *s) {
  s->due = 0;
  if (s->port != PORT_REFUSE_LATER) {
    s->state = (s->state & NUSE_STATE_PAIR_SIZED) | NUSE_STATE_CONNECTED;
    if (s->waiter_plus1 > 0) answer_waiter(s, 0, 0);
    if (s->filler == 0) drained(s);
    return;
  }
  s->state = 0;
  if (s->waiter_plus1 > 0) {
    answer_waiter(s, -ECONNREFUSED, 0);
  } else {
    s->error = ECONNREFUSED;
    s->failing = true;
  }
}

void show_failure(struct fake *s) {
  struct fake *fresh;
  int fd = make(&fresh, s->kind, s->domain, s->type, s->protocol);
  send_with_fd(s->fd, &(struct iovec){"!", 1}, 1, fd);
  close(s->fd);
  s->fd = fresh->fd;
  s->former_cookie = s->cookie;
  s->cookie = fresh->cookie;
  s->failing = false;
  s->filler = 0;
  memset(fresh, 0, sizeof *fresh);
  fresh->fd = -1;
}

void drained(struct fake *s) {
  bool has_fin = s->port == PORT_FIN || s->port == PORT_FIN_RESET;
  if (!has_fin || send(s->fd, "fin", 3, MSG_NOSIGNAL) != 3) return;
  s->state |= NUSE_STATE_PEER_DONE;
  shutdown(s->fd, SHUT_WR);
}

static int how_it_failed(struct fake *s) {
  int error = s->error != 0 ? s->error : ECONNABORTED;
  s->error = 0;
  return -error;
}

static int begin_connect(struct fake *s, int filler, int waiter) {
  s->state = (s->state & NUSE_STATE_PAIR_SIZED) | NUSE_STATE_CONNECTING;
  s->due = s->port == PORT_NEVER || s->port == PORT_HELD ? 0 : now_ms() + 20;
  if (waiter >= 0) {
    s->waiter_plus1 = waiter + 1;
    return DEFERRED;
  }
  s->pending = true;
  s->filler = filler;
  if (s->port == PORT_ECHO_AT_ONCE) establish(s);
  return -EINPROGRESS;
}

int connect_stream(struct fake *s, const uint8_t *name, size_t len, int filler, int waiter) {
  if (len > 0 && name[0] == AF_UNSPEC) return s->state = 0;
  if (s->state & NUSE_STATE_CONNECTING) {
    if (waiter < 0 || s->waiter_plus1 > 0) return -EALREADY;
    s->waiter_plus1 = waiter + 1;
    return DEFERRED;
  }
  bool was_pending = s->pending;
  s->pending = false;
  s->failing = false;
  if (s->state & NUSE_STATE_CONNECTED) return was_pending ? 0 : -EISCONN;
  if (was_pending) return how_it_failed(s);
  s->port = port_of(name);
  s->peer = address_of(name);
  if (s->port == PORT_REFUSE) return -ECONNREFUSED;
  if (s->port == PORT_UNREACHABLE) return -ENETUNREACH;
  return begin_connect(s, filler, waiter);
}

int connect_fast(struct fake *s) {
  if (s->state & NUSE_STATE_CONNECTED) return -EISCONN;
  s->port = PORT_FAST;
  establish(s);
  return 0;
}

int check(const struct fake *s, const uint8_t *name, size_t len, int payload) {
  if (len == 0) {
    if (!(s->state & NUSE_STATE_CONNECTED)) return -EDESTADDRREQ;
  } else {
    uint32_t addr = address_of(name);
    if (addr >> 24 == 10) return -ENETUNREACH;
    if (addr == 0xffffffff) return -EACCES;
  }
  return payload > 20000 ? -EMSGSIZE : 0;
}

static int *value_of(struct fake *s, int level, int name) {
  return &s->values[(level * 31 + name) & 127];
}

static void push_datagram(struct fake *s, int flags, int error, int payload) {
  struct dgram_header h = {.magic = NUSE_DGRAM_MAGIC, .flags = (uint16_t)flags, .error = error,
                    .payload_len = (uint32_t)payload, .family = AF_INET, .port = 5000,
                    .addr = {198, 18, 0, 1}, .ttl = FAKE_TTL, .tos = FAKE_TOS, .ifindex = 2,
                    .segment = FAKE_DST_PORT, .dst = {198, 18, 0, 2}, .time_us = FAKE_TIME_US};
  if (*value_of(s, IPPROTO_UDP, UDP_GRO)) h.gro_size = FAKE_GRO;
  if (*value_of(s, IPPROTO_IP, IP_RECVFRAGSIZE)) h.frag_size = FAKE_FRAG;
  memcpy(bytes, &h, sizeof h);
  for (int i = 0; i < payload; i++) bytes[sizeof h + (size_t)i] = (uint8_t)i;
  send(s->fd, bytes, sizeof h + (size_t)payload, MSG_NOSIGNAL);
}

static void incoming(struct fake *listener) {
  uint8_t record[NUSE_ACCEPT_LEN] = {0};
  uint32_t magic = NUSE_ACCEPT_MAGIC;
  uint32_t kind = NUSE_KIND_STREAM;
  uint16_t domain = (uint16_t)listener->domain;
  struct fake *s;
  int fd = make(&s, 1, listener->domain, SOCK_STREAM, IPPROTO_TCP);
  s->state = NUSE_STATE_CONNECTED;
  s->peer = 0xc6120001;
  s->port = PORT_ECHO;
  memcpy(record + NUSE_ACCEPT_MAGIC_OFF, &magic, 4);
  memcpy(record + NUSE_ACCEPT_KIND_OFF, &kind, 4);
  memcpy(record + NUSE_ACCEPT_COOKIE_OFF, &s->cookie, 8);
  memcpy(record + NUSE_ACCEPT_DOMAIN_OFF, &domain, 2);
  put_name(s, s->peer, 4321, record + NUSE_ACCEPT_PEER_OFF);
  put_name(s, 0xc6120002, 80, record + NUSE_ACCEPT_LOCAL_OFF);
  send(s->fd, "hello", 5, MSG_NOSIGNAL);
  send_with_fd(listener->fd, &(struct iovec){record, sizeof record}, 1, fd);
}

static void release_held(void) {
  for (int i = 0; i < socket_count; i++) {
    struct fake *s = &sockets[i];
    if (s->port == PORT_HELD && s->state == NUSE_STATE_CONNECTING) establish(s);
  }
}

static void steer(struct fake *s, int name, int value) {
  switch (name) {
    case FAKE_RELEASE:
      release_held();
      break;
    case FAKE_INCOMING:
      for (int i = 0; i < value; i++) incoming(s);
      break;
    case FAKE_ERROR_RECORD:
      push_datagram(s, NUSE_DGRAM_ERROR, value, 0);
      break;
    case FAKE_ERRQUEUE:
      s->queued_errno = value;
      break;
    case FAKE_HANG_UP:
      close(s->fd);
      s->fd = -1;
      break;
    case FAKE_URGENT:
      send(s->fd, "0123456789", (size_t)value, MSG_OOB);
      break;
    case FAKE_ANNOUNCED:
      s->announced = value != 0;
      break;
    case FAKE_LOCAL:
      s->state |= NUSE_STATE_LOCAL;
      break;
    case FAKE_DATAGRAM:
      push_datagram(s, 0, FAKE_DROPS, value);
      break;
    default:
      s->steered[name & 15] = value;
  }
}

static uint32_t state_bit(int level, int name) {
  if (level == IPPROTO_TCP) {
    return name == TCP_INQ             ? NUSE_STATE_INQ
           : name == TCP_NOTSENT_LOWAT ? NUSE_STATE_PAIR_SIZED
                                       : 0;
  }
  if (level == SOL_SOCKET) {
    return name == SO_TIMESTAMP     ? NUSE_STATE_TIMESTAMP
           : name == SO_TIMESTAMPING ? NUSE_STATE_TIMESTAMPING
           : name == SO_TIMESTAMPNS ? NUSE_STATE_TIMESTAMPNS
           : name == SO_RXQ_OVFL ? NUSE_STATE_RXQ_OVFL
                                    : 0;
  }
  if (level == IPPROTO_IP) {
    return name == IP_RECVTTL   ? NUSE_STATE_RECVTTL
           : name == IP_RECVTOS ? NUSE_STATE_RECVTOS
           : name == IP_PKTINFO ? NUSE_STATE_PKTINFO
           : name == IP_RECVORIGDSTADDR ? NUSE_STATE_ORIGDSTADDR
                                : 0;
  }
  if (level != IPPROTO_IPV6) return 0;
  return name == IPV6_RECVPKTINFO ? NUSE_STATE_PKTINFO6 : 0;
}

int set_option(struct fake *s, int level, int name, const uint8_t *data, size_t len, int *sndbuf) {
  int value = 0;
  if (level == SOL_SOCKET && name == SO_ATTACH_FILTER) {
    s->filter_len = (int)len;
    return 0;
  }
  if (len < sizeof value) return -EINVAL;
  memcpy(&value, data, sizeof value);
  uint32_t bit = state_bit(level, name);
  if (bit == NUSE_STATE_PAIR_SIZED && level == IPPROTO_TCP) *sndbuf = value;
  s->state = value != 0 ? s->state | bit : s->state & ~bit;
  if (level == LEVEL_FAKE) {
    steer(s, name, value);
  } else {
    *value_of(s, level, name) = value;
  }
  return 0;
}

int get_option(struct fake *s, int level, int name, int *value) {
  if (level == LEVEL_FAKE) {
    if (name == FAKE_FILTER_LEN) *value = s->filter_len;
    if (name == FAKE_MORE) *value = s->more;
    if (name == FAKE_URGENT) *value = s->urgent;
    if (name == FAKE_PLAIN) *value = plain_messages;
    int op = name - FAKE_COUNT_OP;
    if (op >= 0 && op < 64) *value = op_counts[op];
  } else if (level == SOL_SOCKET && name == SO_ERROR) {
    *value = s->error;
    s->error = 0;
  } else if (level == SOL_SOCKET && name == SO_TYPE) {
    *value = s->type;
  } else if (level == SOL_SOCKET && name == SO_PEERCRED) {
    return -ENOPROTOOPT;
  } else {
    *value = s->values[(level * 31 + name) & 127];
  }
  return 0;
}

static size_t put_interface(uint8_t *out, const char *name, uint32_t index, uint16_t family,
                            uint32_t addr) {
  struct fake v4 = {.domain = AF_INET};
  uint32_t flags = IFF_UP | IFF_RUNNING | (index == 1 ? IFF_LOOPBACK : IFF_BROADCAST);
  uint32_t hw_len = 6;
  uint16_t hw_type = index == 1 ? 772 : 1;
  memset(out, 0, NUSE_IF_LEN);
  strcpy((char *)out, name);
  memcpy(out + NUSE_IF_INDEX_OFF, &index, 4);
  memcpy(out + NUSE_IF_FLAGS_OFF, &flags, 4);
  memcpy(out + NUSE_IF_FAMILY_OFF, &family, 2);
  memcpy(out + NUSE_IF_HWTYPE_OFF, &hw_type, 2);
  memcpy(out + NUSE_IF_HWADDR_LEN_OFF, &hw_len, 4);
  memcpy(out + NUSE_IF_HWADDR_OFF, "\2\0\0\0\0\5", 6);
  if (family == AF_INET) {
    put_name(&v4, addr, 0, out + NUSE_IF_ADDR_OFF);
    put_name(&v4, 0xffffff00, 0, out + NUSE_IF_NETMASK_OFF);
    if (index != 1) put_name(&v4, addr | 0xff, 0, out + NUSE_IF_BROADCAST_OFF);
  }
  return NUSE_IF_LEN;
}

size_t put_interfaces(uint8_t *out) {
  size_t len = put_interface(out, "lo", 1, AF_PACKET, 0);
  len += put_interface(out + len, "eth0", 2, AF_PACKET, 0);
  len += put_interface(out + len, "lo", 1, AF_INET, 0x7f000001);
  return len + put_interface(out + len, "eth0", 2, AF_INET, 0xc6120002);
}

size_t put_rules(uint8_t *out) {
  static const int32_t rules[][NUSE_RULE_LEN / 4] = {
      {NUSE_OP_OPEN, AF_INET, SOCK_STREAM, 0, IPPROTO_TCP, 0},
      {NUSE_OP_OPEN, AF_INET, SOCK_STREAM, IPPROTO_TCP, IPPROTO_TCP, 0},
      {NUSE_OP_OPEN, AF_INET, SOCK_DGRAM, 0, IPPROTO_UDP, 0},
      {NUSE_OP_OPEN, AF_INET, SOCK_DGRAM, IPPROTO_UDP, IPPROTO_UDP, 0},
      {NUSE_OP_POST_SETOPT, NUSE_KIND_STREAM, IPPROTO_TCP, TCP_NODELAY, INT32_MIN, INT32_MAX},
      {NUSE_OP_POST_SETOPT, NUSE_KIND_STREAM, IPPROTO_TCP, TCP_CORK, INT32_MIN, INT32_MAX},
      {NUSE_OP_POST_SETOPT, NUSE_KIND_STREAM, IPPROTO_TCP, TCP_KEEPCNT, 1, 127},
      {NUSE_OP_POST_SETOPT, NUSE_KIND_STREAM, SOL_SOCKET, SO_KEEPALIVE, INT32_MIN, INT32_MAX},
  };
  memcpy(out, rules, sizeof rules);
  return sizeof rules;
}

int shut(const struct fake *s, int how) {
  if (how < 0 || how > 2) return -EINVAL;
  return s->state & (NUSE_STATE_CONNECTED | NUSE_STATE_LISTENING) ? 0 : -ENOTCONN;
}

void see_shown(const int passed[2], int from, uint64_t cookie) {
  for (int i = from; i < 2 && passed[i] >= 0; i++) {
    uint64_t found = 0;
    socklen_t len = sizeof found;
    getsockopt(passed[i], SOL_SOCKET, SO_COOKIE, &found, &len);
    if (found == cookie) op_counts[FAKE_SHOWN]++;
    close(passed[i]);
  }
}
