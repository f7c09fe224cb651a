/*
 * What recvmsg() says besides the bytes, one message behind the other (ancillary.h).
 */
#include "ancillary.h"

#include "memory.h"

void cmsg_put(struct msghdr *msg, size_t room, int level, int type, const void *data, size_t len) {
  size_t used = msg->msg_controllen;
  struct cmsghdr header = {.cmsg_len = CMSG_LEN(len), .cmsg_level = level, .cmsg_type = type};
  if (used > room || room - used < sizeof header || msg->msg_control == NULL) {
    msg->msg_flags |= MSG_CTRUNC;
    return;
  }
  size_t left = room - used;
  if (left < header.cmsg_len) {
    msg->msg_flags |= MSG_CTRUNC;
    header.cmsg_len = left;
  }
  uint8_t *at = (uint8_t *)msg->msg_control + used;
  if (copy_out(at, &header, sizeof header) < 0) return;
  if (copy_out(at + CMSG_LEN(0), data, header.cmsg_len - CMSG_LEN(0)) < 0) return;
  msg->msg_controllen = used + (left < CMSG_SPACE(len) ? left : CMSG_SPACE(len));
}
