/*
 * connect: of a stream (stream/connect.c), or the peer of a datagram socket.
 */
#include "../core/shim.h"

#include <netinet/in.h>

#include "../core/real.h"
#include "../core/socket.h"
#include "../datagram/datagram.h"
#include "../stream/stream.h"

#define SOCKADDR_MAX 128

static long connect_datagram(int fd, struct fd_entry *e, const struct sockaddr *addr,
                             socklen_t len) {
  struct control_request request = {.op = NUSE_OP_CONNECT, .data = addr, .data_len = len};
  struct control_reply reply = {0};
  destination_forget(e);
  long result = entry_call(fd, e, &request, &reply);
  if (result == 0 && (reply.state & NUSE_STATE_CONNECTED)) destination_trust_peer(e, reply.c != 0);
  return result;
}

EXPORT int connect(int fd, __CONST_SOCKADDR_ARG name, socklen_t len) {
  int saved = errno;
  const struct sockaddr *addr = name.__sockaddr__;
  struct fd_entry *e;
  enum fd_kind kind = table_kind(fd, &e);
  if (!is_nuse(kind)) return real()->connect(fd, addr, len);
  if (len > SOCKADDR_MAX || len < sizeof addr->sa_family) return (int)shim_return(-EINVAL, saved);
  long result = kind == KIND_STREAM ? stream_connect(fd, e, addr, len)
                                    : connect_datagram(fd, e, addr, len);
  return (int)shim_return(result, saved);
}
