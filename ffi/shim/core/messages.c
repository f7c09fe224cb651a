/*
 * The messages of the control protocol, on a connection that somebody else keeps (channels.c).
 */
#include "control.h"

#include <string.h>

#include "real.h"

struct wire_header {
  uint32_t word0, word1; /* request: magic, version | op << 16; reply: result, state */
  uint64_t cookie;
  int32_t a, b, c;
  uint32_t data_len;
};
_Static_assert(sizeof(struct wire_header) == NUSE_HEADER_LEN, "header length");

union passed_fd {
  struct cmsghdr header;
  char room[CMSG_SPACE(PASSED_MAX * sizeof(int))];
};

static void fill_header(struct wire_header *h, const struct control_request *request) {
  h->word0 = NUSE_MAGIC;
  h->word1 = NUSE_VERSION | (uint32_t)request->op << 16;
  h->cookie = request->cookie;
  h->a = request->a;
  h->b = request->b;
  h->c = request->c;
  h->data_len = (uint32_t)request->data_len;
}

long message_send(int fd, const struct control_request *request) {
  struct wire_header h;
  struct iovec iov[2] = {{&h, sizeof h}, {(void *)request->data, request->data_len}};
  union passed_fd control;
  struct msghdr msg = {.msg_iov = iov, .msg_iovlen = request->data_len > 0 ? 2 : 1};
  fill_header(&h, request);
  if (request->passed_count > 0) {
    size_t len = (size_t)request->passed_count * sizeof(int);
    memset(&control, 0, sizeof control);
    msg.msg_control = &control;
    msg.msg_controllen = CMSG_SPACE(len);
    control.header.cmsg_level = SOL_SOCKET;
    control.header.cmsg_type = SCM_RIGHTS;
    control.header.cmsg_len = CMSG_LEN(len);
    memcpy(CMSG_DATA(&control.header), request->passed, len);
  }
  long n;
  do {
    n = sys_result(real()->sendmsg(fd, &msg, MSG_NOSIGNAL));
  } while (n == -EINTR);
  return n < 0 ? n : 0;
}

static long take_fd(const struct msghdr *msg, const union passed_fd *control, int *fd) {
  *fd = -1;
  if (msg->msg_controllen >= CMSG_LEN(sizeof(int)) && control->header.cmsg_level == SOL_SOCKET &&
      control->header.cmsg_type == SCM_RIGHTS) {
    memcpy(fd, CMSG_DATA(&control->header), sizeof(int));
    return 0;
  }
  return msg->msg_flags & MSG_CTRUNC ? -EMFILE : 0;
}

long message_receive(int fd, struct control_reply *reply) {
  struct wire_header h;
  struct iovec iov[2] = {{&h, sizeof h}, {reply->data, reply->data_cap}};
  union passed_fd control;
  struct msghdr msg = {.msg_iov = iov,
                       .msg_iovlen = reply->data_cap > 0 ? 2 : 1,
                       .msg_control = &control,
                       .msg_controllen = sizeof control};
  long n = sys_result(real()->recvmsg(fd, &msg, reply->cloexec ? MSG_CMSG_CLOEXEC : 0));
  if (n == -EINTR) return n;
  if (n < (long)sizeof h) return -ENETDOWN;
  long passed = take_fd(&msg, &control, &reply->fd);
  if (passed < 0) return passed;
  reply->result = (int32_t)h.word0;
  reply->state = h.word1;
  reply->cookie = h.cookie;
  reply->a = h.a;
  reply->b = h.b;
  reply->c = h.c;
  reply->data_len = h.data_len;
  return 0;
}
