/*
 * recvmsg(MSG_ERRQUEUE): one entry of the stack's error queue, as ip(7) describes it: the
 * payload of the offending datagram, its destination in msg_name, struct sock_extended_err and
 * the offender's address in a control message.
 */
#include "datagram.h"

#include <netinet/in.h>
#include <linux/errqueue.h>
#include <string.h>
#include <sys/time.h>

#include "../core/memory.h"
#include "../core/sockaddr.h"
#include "../core/socket.h"

_Static_assert(sizeof(struct sock_extended_err) == NUSE_EE_OFFENDER_OFF, "extended error");

/* Bytes copied, or -EFAULT. */
static ssize_t scatter(const struct msghdr *msg, const uint8_t *from, size_t len) {
  size_t done = 0;
  for (size_t i = 0; i < msg->msg_iovlen && done < len; i++) {
    size_t piece = msg->msg_iov[i].iov_len < len - done ? msg->msg_iov[i].iov_len : len - done;
    if (copy_out(msg->msg_iov[i].iov_base, from + done, piece) < 0) return -EFAULT;
    done += piece;
  }
  return (ssize_t)done;
}

static void put_error(const struct fd_entry *e, const uint8_t *entry, struct msghdr *msg,
                      size_t room) {
  uint8_t data[sizeof(struct sock_extended_err) + NUSE_SOCKADDR_LEN];
  bool is_v6 = entry_domain(e) == AF_INET6;
  size_t len = sizeof(struct sock_extended_err) +
               (is_v6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in));
  memcpy(data, entry, sizeof data);
  cmsg_put(msg, room, is_v6 ? IPPROTO_IPV6 : IPPROTO_IP, is_v6 ? IPV6_RECVERR : IP_RECVERR, data,
           len);
}

static void put_time(const struct fd_entry *e, const uint8_t *entry, struct msghdr *msg,
                     size_t room) {
  uint64_t time_us;
  memcpy(&time_us, entry + NUSE_EE_TIME_OFF, sizeof time_us);
  if (time_us == 0) return;
  if (entry_word(e) & NUSE_STATE_TIMESTAMPNS) {
    struct timespec stamp = {.tv_sec = (time_t)(time_us / 1000000),
                             .tv_nsec = (long)(time_us % 1000000) * 1000};
    cmsg_put(msg, room, SOL_SOCKET, SO_TIMESTAMPNS, &stamp, sizeof stamp);
  } else if (entry_word(e) & NUSE_STATE_TIMESTAMP) {
    struct timeval stamp = {.tv_sec = (time_t)(time_us / 1000000),
                            .tv_usec = (suseconds_t)(time_us % 1000000)};
    cmsg_put(msg, room, SOL_SOCKET, SO_TIMESTAMP, &stamp, sizeof stamp);
  }
}

bool errqueue_has_more(int fd, struct fd_entry *e) {
  struct control_request request = {.op = NUSE_OP_ERRQUEUE, .b = 1};
  struct control_reply reply = {0};
  long result = entry_call(fd, e, &request, &reply);
  if (result == -EAGAIN) entry_mark(e, 0, WORD_QUEUED);
  return result == 0;
}

ssize_t errqueue_recvmsg(int fd, struct fd_entry *e, struct msghdr *msg) {
  uint8_t entry[NUSE_DATA_MAX];
  struct control_request request = {.op = NUSE_OP_ERRQUEUE};
  struct control_reply reply = {.data = entry, .data_cap = sizeof entry};
  size_t room = msg->msg_control == NULL ? 0 : msg->msg_controllen;
  long result = entry_call(fd, e, &request, &reply);
  if (result == -ENOTCONN) return -EAGAIN;
  if (result < 0) return result;
  if (reply.data_len < NUSE_EE_PAYLOAD_OFF || reply.data_len > sizeof entry) return -EIO;
  dgram_take_error(fd, e);
  size_t payload_len = reply.data_len - NUSE_EE_PAYLOAD_OFF;
  ssize_t copied = scatter(msg, entry + NUSE_EE_PAYLOAD_OFF, payload_len);
  if (copied < 0) return copied;
  msg->msg_flags = MSG_ERRQUEUE | ((size_t)copied < payload_len ? MSG_TRUNC : 0);
  msg->msg_controllen = 0;
  const void *destination = entry + NUSE_EE_DESTINATION_OFF;
  if (msg->msg_name != NULL && sockaddr_out(destination, msg->msg_name, &msg->msg_namelen) < 0) {
    return -EFAULT;
  }
  put_time(e, entry, msg, room);
  put_error(e, entry, msg, room);
  return copied;
}
