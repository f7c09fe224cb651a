/*
 * A service without a stack, to test the shim by itself: fake_service PATH. It answers the control
 * protocol, moves bytes and datagrams, and lives until its standard input ends. One thread.
 */
#include "fake_model.h"

#include <errno.h>
#include <linux/errqueue.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define CONNECTIONS 512

struct header {
  int32_t word0, word1;
  uint64_t cookie;
  int32_t a, b, c;
  uint32_t data_len;
};

static struct connection { int fd; bool is_first; } connections[CONNECTIONS];
static int connection_count;
static uint8_t data[NUSE_DATA_MAX], bytes[80000];

static void add_connection(int fd, bool is_first) {
  if (connection_count == CONNECTIONS) abort();
  connections[connection_count++] = (struct connection){fd, is_first};
}

static void describe(const struct fake *s, struct header *reply) {
  reply->cookie = s->cookie;
  reply->a = s->kind;
  reply->b = s->domain;
  reply->c = s->type | s->protocol << 8;
}

/* Returns the descriptor to pass, or -1. */
static int op_socket(const struct header *request, struct header *reply) {
  struct fake *s;
  int kind = request->b == SOCK_STREAM ? NUSE_KIND_STREAM : NUSE_KIND_DATAGRAM;
  if (request->b != SOCK_STREAM && request->b != SOCK_DGRAM && request->b != SOCK_RAW) {
    reply->word0 = -ESOCKTNOSUPPORT;
    return -1;
  }
  int fd = make(&s, kind, request->a, request->b, request->c);
  describe(s, reply);
  return fd;
}

static void op_open(const struct header *request, int passed) {
  int kind = request->b == SOCK_STREAM ? NUSE_KIND_STREAM : NUSE_KIND_DATAGRAM;
  struct fake *s = add(passed, kind, request->a, request->b, request->c);
  s->cookie = request->cookie;
}

static int op_connect(struct fake *s, int fd, const struct header *request, struct header *reply) {
  if (s->kind == NUSE_KIND_STREAM) {
    int waiter = request->b == NUSE_CONNECT_WAIT ? fd : -1;
    int result =
        request->c == NUSE_CONNECT_FAST && port_of(data) == PORT_FAST
            ? connect_fast(s)
            : connect_stream(s, data, request->data_len, request->a, waiter);
    reply->a = request->cookie != s->cookie;
    reply->b = result == -EINPROGRESS ? request->a : 0;
    return result;
  }
  s->state &= ~(uint32_t)NUSE_STATE_CONNECTED;
  if (data[0] == AF_UNSPEC) return 0;
  if (address_of(data) >> 24 == 10) return -ENETUNREACH;
  s->peer = address_of(data);
  s->port = port_of(data);
  s->state |= NUSE_STATE_CONNECTED;
  return 0;
}

static int op_bind(struct fake *s) {
  if (port_of(data) == 1) return -EACCES;
  s->local_port = port_of(data);
  return 0;
}

static int op_name(struct fake *s, int peer, struct header *reply) {
  if (peer && !(s->state & NUSE_STATE_CONNECTED)) return -ENOTCONN;
  uint32_t addr = peer ? s->peer : 0xc6120002;
  reply->data_len = (uint32_t)put_name(s, addr, peer ? s->port : s->local_port, data);
  return 0;
}

static int op_getopt(struct fake *s, const struct header *request, struct header *reply) {
  int value = 0;
  int result = get_option(s, request->a, request->b, &value);
  memcpy(data, &value, sizeof value);
  reply->data_len = sizeof value;
  return result;
}

void answer_waiter(struct fake *s, int result, int filler) {
  struct header reply = {.word0 = result, .word1 = (int32_t)s->state, .cookie = s->cookie};
  int fd = s->waiter_plus1 - 1;
  s->waiter_plus1 = 0;
  if (result != -EINPROGRESS) s->pending = false;
  reply.b = filler;
  send_with_fd(fd, &(struct iovec){&reply, sizeof reply}, 1, -1);
}

static void op_cancel(int fd, int filler) {
  for (int i = 0; i < socket_count; i++) {
    struct fake *s = &sockets[i];
    if (s->waiter_plus1 != fd + 1) continue;
    int expected = s->pending ? 0 : filler;
    s->pending = true;
    s->filler += expected;
    answer_waiter(s, -EINPROGRESS, expected);
  }
}

/* The connection has ended: who waited there does not any more. */
static void forget_waiter(int fd) {
  for (int i = 0; i < socket_count; i++) {
    if (sockets[i].waiter_plus1 == fd + 1) sockets[i].waiter_plus1 = 0;
  }
}

static int op_ioctl(const struct fake *s, const struct header *request, struct header *reply) {
  int value = request->a == TIOCOUTQ ? 1234 : 2;
  bool is_unread = request->a == FIONREAD && s != NULL;
  if (is_unread) value = s->steered[FAKE_OUTSIDE];
  if (request->a != TIOCOUTQ && request->a != SIOCGIFINDEX && !is_unread) return -EINVAL;
  memcpy(data + (request->a == SIOCGIFINDEX ? 16 : 0), &value, sizeof value);
  reply->data_len = request->data_len;
  return 0;
}

static int op_errqueue(struct fake *s, struct header *reply) {
  struct sock_extended_err error = {.ee_errno = (uint32_t)s->queued_errno,
                                    .ee_origin = SO_EE_ORIGIN_ICMP, .ee_type = 3, .ee_code = 1,
                                    .ee_info = 77};
  if (s->queued_errno == 0) return -EAGAIN;
  s->queued_errno = 0;
  memset(data, 0, NUSE_EE_PAYLOAD_OFF);
  memcpy(data, &error, sizeof error);
  put_name(s, 0xc6120063, 0, data + NUSE_EE_OFFENDER_OFF);
  put_name(s, 0xc6130001, 33434, data + NUSE_EE_DESTINATION_OFF);
  memcpy(data + NUSE_EE_PAYLOAD_OFF, "offending", 9);
  reply->data_len = NUSE_EE_PAYLOAD_OFF + 9;
  return 0;
}

/* Of a send with MSG_OOB: how many bytes it was to have, and how many it had not. */
static void note_urgent(struct fake *s, const struct header *request) {
  if (request->a == NUSE_MORE_URGENT) s->urgent = request->b;
  else s->urgent = request->c != 0 ? 0 : s->urgent - request->b;
}

static int answer_socket(struct fake *s, int fd, int op, const struct header *request,
                         struct header *reply) {
  switch (op) {
    case NUSE_OP_BIND:
      return op_bind(s);
    case NUSE_OP_CONNECT:
      return op_connect(s, fd, request, reply);
    case NUSE_OP_LISTEN:
      s->state |= NUSE_STATE_LISTENING;
      return 0;
    case NUSE_OP_NAME:
      return op_name(s, request->a, reply);
    case NUSE_OP_GETOPT:
      return op_getopt(s, request, reply);
    case NUSE_OP_SETOPT:
    case NUSE_OP_POST_SETOPT:
      return set_option(s, request->a, request->b, data, request->data_len, &reply->c);
    case NUSE_OP_MORE:
      if (request->a == NUSE_MORE_POSTED) s->more = true;
      else if (request->a < NUSE_MORE_URGENT) s->more = request->a != NUSE_MORE_END;
      else note_urgent(s, request);
      return 0;
    case NUSE_OP_URGENT:
      reply->a = s->announced;
      return 0;
    case NUSE_OP_SHUTDOWN:
      return shut(s, request->a);
    case NUSE_OP_WHO:
      describe(s, reply);
      return 0;
    case NUSE_OP_ERRQUEUE:
      return op_errqueue(s, reply);
    case NUSE_OP_CHECK:
      return check(s, data, request->data_len, request->a);
    default:
      return -EINVAL;
  }
}

static void answer(int fd, const struct header *request, const int *passed) {
  struct header reply = {.cookie = request->cookie};
  int op = (int)((uint32_t)request->word1 >> 16), program_fd = -1;
  struct fake *s = find(request->cookie);
  op_counts[op & 63]++;
  if (op == NUSE_OP_ATTACH) add_connection(passed[0], false);
  if (op == NUSE_OP_OPEN) op_open(request, passed[0]);
  see_shown(passed, op == NUSE_OP_ATTACH || op == NUSE_OP_OPEN ? 1 : 0, request->cookie);
  if (op == NUSE_OP_CANCEL) op_cancel(fd, request->a);
  if (op == NUSE_OP_ATTACH || op == NUSE_OP_OPEN || op == NUSE_OP_CANCEL) return;
  if (op == NUSE_OP_IMAGE || op == NUSE_OP_PACKET_SOCKET) return;
  if (op == NUSE_OP_HELLO) {
    reply.a = getpid();
    reply.b = (int32_t)FAKE_TOKEN_LOW;
    reply.c = FAKE_TOKEN_HIGH;
    reply.data_len = (uint32_t)put_rules(data);
  } else if (op == NUSE_OP_SOCKET) {
    program_fd = op_socket(request, &reply);
  } else if (op == NUSE_OP_IFADDRS) {
    reply.data_len = (uint32_t)put_interfaces(data);
  } else if (op == NUSE_OP_IOCTL) {
    reply.word0 = op_ioctl(s, request, &reply);
  } else {
    reply.word0 = s == NULL ? -NUSE_NO_SOCKET : answer_socket(s, fd, op, request, &reply);
  }
  bool is_more = request->a == NUSE_MORE_END || request->a == NUSE_MORE_POSTED;
  bool is_silent = op == NUSE_OP_POST_SETOPT || (op == NUSE_OP_MORE && is_more) ||
                   (op == NUSE_OP_URGENT && request->a == 1);
  if (reply.word0 == DEFERRED || is_silent) return;
  if (s != NULL) reply.word1 = (int32_t)(s->state | (s->error != 0 ? NUSE_STATE_ERROR : 0));
  struct iovec iov[2] = {{&reply, sizeof reply}, {data, reply.data_len}};
  send_with_fd(fd, iov, reply.data_len > 0 ? 2 : 1, program_fd);
}

/* One request. False: the connection has ended. */
static bool serve_one(int fd, bool *more) {
  struct header request;
  union {
    struct cmsghdr header;
    char room[CMSG_SPACE(2 * sizeof(int))];
  } control;
  struct iovec iov[2] = {{&request, sizeof request}, {data, sizeof data}};
  struct msghdr msg = {
      .msg_iov = iov, .msg_iovlen = 2, .msg_control = &control, .msg_controllen = sizeof control};
  int passed[2] = {-1, -1};
  memset(data, 0, 64);
  ssize_t n = recvmsg(fd, &msg, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
  *more = n > 0;
  if (n < 0 && errno == EAGAIN) return true;
  if (n < (ssize_t)sizeof request || request.word0 != NUSE_MAGIC) return false;
  if (msg.msg_controllen > 0) {
    memcpy(passed, CMSG_DATA(&control.header), control.header.cmsg_len - CMSG_LEN(0));
  }
  if ((request.word1 & 0xffff) != NUSE_VERSION) abort();
  if ((size_t)n != sizeof request + request.data_len) abort();
  answer(fd, &request, passed);
  return true;
}

/* The socket stays known by its cookie: SO_ERROR will be asked. */
static void end_with(struct fake *s, int error) {
  s->error = error;
  shutdown(s->fd, SHUT_RDWR);
  hang_up(s);
}

static void move_stream(struct fake *s) {
  if (s->failing) {
    show_failure(s);
    return;
  }
  if (s->filler > 0) {
    ssize_t n = recv(s->fd, bytes, (size_t)s->filler, MSG_DONTWAIT);
    if (n == 0) hang_up(s);
    if (n > 0 && (s->filler -= (int)n) == 0) drained(s);
    return;
  }
  if (s->port == PORT_TIMEOUT_ON_DATA) {
    end_with(s, ETIMEDOUT);
    return;
  }
  ssize_t n = recv(s->fd, bytes, sizeof bytes, MSG_DONTWAIT);
  if (n == 0 || (n < 0 && errno != EAGAIN)) {
    hang_up(s);
  } else if (s->port == PORT_RESET_ON_DATA || s->port == PORT_FIN_RESET) {
    send(s->fd, "bye", 3, MSG_NOSIGNAL); /* in vain after the FIN */
    end_with(s, s->port == PORT_FIN_RESET ? EPIPE : ECONNRESET);
  } else if (n > 0 && !(s->state & NUSE_STATE_LISTENING)) {
    send(s->fd, bytes, (size_t)n, MSG_NOSIGNAL);
  }
}

static bool is_waiting(const struct fake *s) {
  return s->kind == NUSE_KIND_STREAM && (s->state & NUSE_STATE_CONNECTING);
}

/* What is opened on a process's first connection is named on its others: of the first all that is
 * there is served, of the others one request a turn. */
static bool serve(struct connection c, bool is_polled) {
  bool more = c.is_first || is_polled;
  do {
    if (more && !serve_one(c.fd, &more)) return false;
  } while (more && c.is_first);
  return true;
}

static void serve_connections(const struct pollfd *polled, int count) {
  int left = 0;
  for (int i = 0; i < connection_count; i++) {
    struct connection c = connections[i];
    if (serve(c, i < count && polled[i].revents != 0)) {
      connections[left++] = c;
    } else {
      forget_waiter(c.fd);
      close(c.fd);
    }
  }
  connection_count = left;
}

static void step(int listener) {
  static struct pollfd polled[2 + CONNECTIONS + SOCKETS];
  int served = connection_count;
  int known = socket_count;
  polled[0] = (struct pollfd){.fd = 0, .events = POLLIN};
  polled[1] = (struct pollfd){.fd = listener, .events = POLLIN};
  for (int i = 0; i < served; i++) {
    polled[2 + i] = (struct pollfd){.fd = connections[i].fd, .events = POLLIN};
  }
  for (int i = 0; i < known; i++) {
    struct fake *s = &sockets[i];
    int events = is_waiting(s) || s->steered[FAKE_STALL] ? 0 : POLLIN;
    polled[2 + served + i] = (struct pollfd){.fd = s->fd, .events = (short)events};
  }
  poll(polled, (nfds_t)(2 + served + known), 5);
  if (polled[0].revents != 0) exit(0);
  for (int i = 0; i < known; i++) {
    struct fake *s = &sockets[i];
    if (s->due != 0 && now_ms() >= s->due) establish(s);
    if (polled[2 + served + i].revents == 0 || s->fd < 0) continue;
    if (is_waiting(s)) {
      hang_up(s);
    } else if (s->kind == NUSE_KIND_STREAM) {
      move_stream(s);
    } else {
      move_datagram(s);
    }
  }
  serve_connections(polled + 2, served);
  if (polled[1].revents != 0) add_connection(accept4(listener, NULL, NULL, SOCK_CLOEXEC), true);
}

int main(int argc, char **argv) {
  struct sockaddr_un name = {.sun_family = AF_UNIX};
  int listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
  if (argc != 2 || strlen(argv[1]) >= sizeof name.sun_path) return 2;
  strcpy(name.sun_path, argv[1]);
  if (bind(listener, (struct sockaddr *)&name, sizeof name) != 0 || listen(listener, 64) != 0) {
    perror("fake_service");
    return 1;
  }
  puts("ready");
  fflush(stdout);
  for (;;) step(listener);
}
