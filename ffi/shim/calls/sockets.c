/*
 * Making sockets and naming them: socket, socketpair, bind, listen, getsockname, getpeername,
 * shutdown, accept. AF_INET and AF_INET6 are ours, every other family is the kernel's.
 *
 * What is always granted (rules of HELLO) socket() makes itself: the pair, one end of which it
 * gives to the service (OPEN), without waiting.
 */
#include "../core/shim.h"

#include <fcntl.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "../core/evidence.h"
#include "../core/memory.h"
#include "../core/real.h"
#include "../core/rings.h"
#include "../core/rules.h"
#include "../core/settle.h"
#include "../core/sockaddr.h"
#include "../core/socket.h"
#include "../core/watched.h"
#include "../datagram/datagram.h"
#include "../stream/stream.h"

#define SOCKADDR_MAX 128
#define UNPRIVILEGED_PORT_START 1024
#define SOCKET_TYPE_MASK 0xf

/* Marks the program's end, and fills in its cookie. */
static bool pair_prepare(int fd, struct control_reply *who) {
  int mark = NUSE_PAIR_MARK;
  int size = NUSE_PAIR_SNDBUF;
  socklen_t len = sizeof who->cookie;
  if (who->a == KIND_DATAGRAM &&
      real()->setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size) != 0) {
    real()->setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
  }
  return real()->setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &mark, sizeof mark) == 0 &&
         real()->getsockopt(fd, SOL_SOCKET, SO_COOKIE, &who->cookie, &len) == 0;
}

/* By number: libc's own names a path, which a sandbox may not let us (core/sandbox.c). */
static uint32_t inode_of(int fd) {
  struct stat info;
  return real()->syscall(SYS_fstat, fd, &info) != 0 ? 0 : (uint32_t)info.st_ino;
}

/* -ENETDOWN when it does not work, for whatever reason: ask instead. */
static long socket_opened(struct control_reply *who, int flags) {
  int pair[2];
  int type = who->a == KIND_STREAM ? SOCK_STREAM : SOCK_SEQPACKET;
  if (real()->socketpair(AF_UNIX, type | flags, 0, pair) != 0) return -ENETDOWN;
  bool is_ready = pair_prepare(pair[0], who);
  struct control_request request = {.op = NUSE_OP_OPEN, .cookie = who->cookie, .a = who->b,
                                    .b = who->c & 0xff, .c = who->c >> 8};
  uint32_t inode = inode_of(pair[0]);
  _Static_assert(sizeof inode == NUSE_OPEN_INODE_LEN, "what tools know a socket by");
  request.data = &inode;
  request.data_len = sizeof inode;
  request.passed[request.passed_count++] = pair[1];
  bool is_sent = is_ready && control_post(&request) == 0;
  real()->close(pair[1]);
  if (is_sent) {
    who->shown = channel_cookie();
    table_set_nuse(pair[0], who, 0);
    return pair[0];
  }
  real()->close(pair[0]);
  return -ENETDOWN;
}

static long socket_asked(int domain, int type, int protocol, int flags) {
  struct control_request request = {
      .op = NUSE_OP_SOCKET, .a = domain, .b = type, .c = protocol};
  struct control_reply who = {.cloexec = (flags & SOCK_CLOEXEC) != 0};
  if (type == SOCK_RAW) evidence_of_raw(&request);
  long result = control_call(&request, &who);
  evidence_close(&request);
  if (result < 0) return result;
  if (who.fd < 0) return -ENETDOWN;
  if (flags & SOCK_NONBLOCK) make_nonblocking(who.fd);
  who.shown = channel_cookie();
  table_set_nuse(who.fd, &who, 0);
  return who.fd;
}

static long socket_nuse(int domain, int type, int protocol) {
  struct control_reply who = {0};
  int flags = type & (SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (type & ~(SOCKET_TYPE_MASK | flags)) return -EINVAL;
  if (!rules_known()) control_prepare();
  if (rules_grant(domain, type & ~flags, protocol, &who)) {
    long fd = socket_opened(&who, flags);
    if (fd >= 0) return fd;
  }
  return socket_asked(domain, type & ~flags, protocol, flags);
}

/* Its frames would be none of the stack's: refused, and said. */
static long packet_refused(void) {
  struct control_request request = {.op = NUSE_OP_PACKET_SOCKET,
                                    .data = program_invocation_name,
                                    .data_len = strnlen(program_invocation_name, SOCKADDR_MAX)};
  control_tell(&request);
  return -EAFNOSUPPORT;
}

/* A socket of the kernel's, which asks for the right to it; the stack shows its frames there. */
static long packet_socket(int type, int protocol) {
  struct control_request request = {.op = NUSE_OP_CAPTURE};
  struct control_reply reply = {0};
  int fd = real()->socket(AF_PACKET, type, protocol);
  if (fd < 0) return -errno;
  if (control_call(&request, &reply) < 0) {
    real()->close(fd);
    return packet_refused();
  }
  table_set_kind(fd, KIND_FOREIGN);
  return fd;
}

/* The second door serves it, also here. */
static bool is_netlink(int domain, int protocol) {
  return domain == AF_NETLINK && (protocol == NETLINK_ROUTE || protocol == NETLINK_SOCK_DIAG);
}

EXPORT int socket(int domain, int type, int protocol) {
  int saved = errno;
  if (domain == AF_PACKET && shim_enabled()) {
    return (int)shim_return(packet_socket(type, protocol), saved);
  }
  if ((domain == AF_INET || domain == AF_INET6) && shim_enabled()) {
    return (int)shim_return(socket_nuse(domain, type, protocol), saved);
  }
  int fd = real()->socket(domain, type, protocol);
  if (fd >= 0) table_set_kind(fd, is_netlink(domain, protocol) ? KIND_NETLINK : KIND_FOREIGN);
  return fd;
}

EXPORT int socketpair(int domain, int type, int protocol, int pair[2]) {
  int result = real()->socketpair(domain, type, protocol, pair);
  if (result == 0) {
    table_set_kind(pair[0], KIND_FOREIGN);
    table_set_kind(pair[1], KIND_FOREIGN);
  }
  return result;
}

/* The port, if it is one that takes a privilege; else 0. */
static int privileged_port(const struct sockaddr *addr, socklen_t len) {
  struct sockaddr_in name; /* the port of a sockaddr_in6 is at the same place */
  if (len < sizeof name || copy_in(&name, addr, sizeof name) < 0) return 0;
  int port = ntohs(name.sin_port);
  return port < UNPRIVILEGED_PORT_START ? port : 0;
}

EXPORT int bind(int fd, __CONST_SOCKADDR_ARG addr, socklen_t len) {
  int saved = errno;
  struct fd_entry *e;
  if (!is_nuse(table_kind(fd, &e))) return real()->bind(fd, addr.__sockaddr__, len);
  if (len > SOCKADDR_MAX) return (int)shim_return(-EINVAL, saved);
  settle();
  struct control_request request = {
      .op = NUSE_OP_BIND, .data = addr.__sockaddr__, .data_len = len};
  struct control_reply reply = {0};
  destination_forget(e);
  int port = privileged_port(addr.__sockaddr__, len);
  if (port > 0) evidence_of_port(&request, port);
  long result = entry_call(fd, e, &request, &reply);
  evidence_close(&request);
  return (int)shim_return(result, saved);
}

EXPORT int listen(int fd, int backlog) {
  int saved = errno;
  struct fd_entry *e;
  if (!is_nuse(table_kind(fd, &e))) return real()->listen(fd, backlog);
  struct control_request request = {.op = NUSE_OP_LISTEN, .a = backlog};
  struct control_reply reply = {0};
  bool is_first = !(entry_word(e) & NUSE_STATE_LISTENING);
  long result = entry_call(fd, e, &request, &reply);
  if (result == 0 && is_first) stream_make_unwritable_listener(fd);
  return (int)shim_return(result, saved);
}

/* The names of an accepted stream are its names as long as it is connected, which the pair shows.
 * (Another process that shares it could disconnect it by connect(AF_UNSPEC); nobody does.) */
static bool knows_names(int fd, struct fd_entry *e) {
  struct pollfd p = {.fd = fd};
  unsigned word = entry_word(e);
  if (!(word & WORD_NAMED) || word_is_local_stream(word) || process_is_sandboxed()) return false;
  return entry_verify(fd, e) && real()->poll(&p, 1, 0) == 0;
}

/* peer 0: our address, 1: the peer's. */
static long name_nuse(int fd, struct fd_entry *e, int peer, struct sockaddr *addr,
                      socklen_t *len) {
  if (knows_names(fd, e)) return sockaddr_out(e->names + peer * NUSE_SOCKADDR_LEN, addr, len);
  uint8_t found[SOCKADDR_MAX] = {0};
  struct control_request request = {.op = NUSE_OP_NAME, .a = peer};
  struct control_reply reply = {.data = found, .data_cap = sizeof found};
  long result = entry_call(fd, e, &request, &reply);
  if (result < 0) return result;
  return sockaddr_out(found, addr, len);
}

EXPORT int getsockname(int fd, __SOCKADDR_ARG addr, socklen_t *restrict len) {
  int saved = errno;
  struct fd_entry *e;
  if (!is_nuse(table_kind(fd, &e))) return real()->getsockname(fd, addr.__sockaddr__, len);
  return (int)shim_return(name_nuse(fd, e, 0, addr.__sockaddr__, len), saved);
}

EXPORT int getpeername(int fd, __SOCKADDR_ARG addr, socklen_t *restrict len) {
  int saved = errno;
  struct fd_entry *e;
  if (!is_nuse(table_kind(fd, &e))) return real()->getpeername(fd, addr.__sockaddr__, len);
  return (int)shim_return(name_nuse(fd, e, 1, addr.__sockaddr__, len), saved);
}

/* A stream that may connect again: what was shut down was an attempt. */
static bool has_no_connection(const struct fd_entry *e) {
  unsigned word = entry_word(e);
  return word_kind(word) == KIND_STREAM && !(word & (NUSE_STATE_CONNECTED | NUSE_STATE_LISTENING));
}

/* The stack is told first and decides; then the pair, so that EOF, EPIPE and the wake-ups are
 * native. */
static long shutdown_nuse(int fd, struct fd_entry *e, int how) {
  struct control_request request = {.op = NUSE_OP_SHUTDOWN, .a = how, .b = 1};
  struct control_reply reply = {.cloexec = true};
  bool is_local = word_is_local_stream(entry_word(e));
  if (process_is_sandboxed()) return sys_result(real()->shutdown(fd, how));
  settle();
  if (how != SHUT_RD) ring_leave_any(fd, e, RING_SEND);
  if (how != SHUT_WR) ring_leave_any(fd, e, RING_RECEIVE);
  long result = entry_call(fd, e, &request, &reply);
  if (reply.fd >= 0) {
    stream_put_pair(fd, e, reply.fd);
  } else if (result >= 0 && !has_no_connection(e)) {
    real()->shutdown(fd, how);
  } else if (result >= 0 && (entry_word(e) & WORD_UNWRITABLE)) {
    stream_grow_sndbuf(fd, e);
  }
  if (is_local) settle_note(UNDER_WAY_CHANGES);
  watched_may_show(fd, e);
  return result;
}

EXPORT int shutdown(int fd, int how) {
  int saved = errno;
  struct fd_entry *e;
  if (!is_nuse(table_kind(fd, &e))) return real()->shutdown(fd, how);
  return (int)shim_return(shutdown_nuse(fd, e, how), saved);
}

EXPORT int accept4(int fd, __SOCKADDR_ARG addr, socklen_t *restrict len, int flags) {
  int saved = errno;
  struct fd_entry *e;
  switch (table_kind(fd, &e)) {
    case KIND_STREAM:
      return (int)shim_return(stream_accept(fd, e, addr.__sockaddr__, len, flags), saved);
    case KIND_DATAGRAM:
      if (flags & ~(SOCK_NONBLOCK | SOCK_CLOEXEC)) return (int)shim_return(-EINVAL, saved);
      return (int)shim_return(-EOPNOTSUPP, saved);
    default: {
      int accepted = real()->accept4(fd, addr.__sockaddr__, len, flags);
      if (accepted >= 0) table_set_kind(accepted, KIND_FOREIGN);
      return accepted;
    }
  }
}

EXPORT int accept(int fd, __SOCKADDR_ARG addr, socklen_t *restrict len) {
  return accept4(fd, addr, len, 0);
}
