/*
 * The doors of the data path: each call looks its descriptor up once and goes to libc, to stream/
 * or to datagram/. read and write may meet a stale entry (core/fd_table.c): ENOTSOCK
 * then means that the number now names something else, which libc shall deal with.
 *
 * Behind the doors a struct msghdr is a copy in our memory, and its array of pieces and its control
 * messages can be read; what its other pointers lead to is not looked at yet (core/memory.h).
 */
#include "../core/shim.h"

#include <netinet/in.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/netlink.h>
#include <string.h>
#include <sys/sendfile.h>
#include <unistd.h>

#include "../core/memory.h"
#include "../core/real.h"
#include "../core/rings.h"
#include "../core/settle.h"
#include "../core/socket.h"
#include "../datagram/datagram.h"
#include "../stream/stream.h"

#define SOCKADDR_MAX 128
#define PIECES_MAX 1024
#define CONTROL_MAX 131072 /* optmem_max */

static long recv_nuse(int fd, enum fd_kind kind, struct fd_entry *e, struct msghdr *msg,
                      int flags) {
  return kind == KIND_STREAM ? stream_recvmsg(fd, e, msg, flags) : dgram_recvmsg(fd, e, msg, flags);
}

static long send_nuse(int fd, enum fd_kind kind, struct fd_entry *e, const struct msghdr *msg,
                      int flags) {
  return kind == KIND_STREAM ? stream_sendmsg(fd, e, msg, flags) : dgram_sendmsg(fd, e, msg, flags);
}

/* Can `count` pieces be read, at most `PIECES_MAX`? */
static long check_pieces(const struct iovec *iov, size_t count) {
  return check_readable(iov, count * sizeof *iov);
}

static size_t iov_total(const struct iovec *iov, int count) {
  size_t total = 0;
  for (int i = 0; i < count; i++) total += iov[i].iov_len;
  return total;
}

/* The program's `from`, as the kernel takes it. */
static long message_in(struct msghdr *msg, const struct msghdr *from) {
  if (copy_in(msg, from, sizeof *msg) < 0) return -EFAULT;
  if (msg->msg_name == NULL) msg->msg_namelen = 0;
  if ((int)msg->msg_namelen < 0) return -EINVAL;
  if (msg->msg_namelen > SOCKADDR_MAX) msg->msg_namelen = SOCKADDR_MAX;
  if (msg->msg_iovlen > PIECES_MAX) return -EMSGSIZE;
  return check_pieces(msg->msg_iov, msg->msg_iovlen);
}

static long send_message(int fd, enum fd_kind kind, struct fd_entry *e, const struct msghdr *from,
                         int flags) {
  struct msghdr msg;
  long result = message_in(&msg, from);
  if (result < 0) return result;
  if (msg.msg_controllen > CONTROL_MAX) return -ENOBUFS;
  if (check_readable(msg.msg_name, msg.msg_namelen) < 0) return -EFAULT;
  if (check_readable(msg.msg_control, msg.msg_controllen) < 0) return -EFAULT;
  return send_nuse(fd, kind, e, &msg, flags);
}

/* What recvmsg() says besides the bytes. */
static long message_out(struct msghdr *to, const struct msghdr *msg) {
  if (msg->msg_name != NULL &&
      copy_out(&to->msg_namelen, &msg->msg_namelen, sizeof msg->msg_namelen) < 0) {
    return -EFAULT;
  }
  if (copy_out(&to->msg_flags, &msg->msg_flags, sizeof msg->msg_flags) < 0) return -EFAULT;
  return copy_out(&to->msg_controllen, &msg->msg_controllen, sizeof msg->msg_controllen);
}

static long recv_message(int fd, enum fd_kind kind, struct fd_entry *e, struct msghdr *to,
                         int flags) {
  struct msghdr msg;
  long result = message_in(&msg, to);
  if (result == 0) result = recv_nuse(fd, kind, e, &msg, flags);
  if (result < 0) return result;
  return message_out(to, &msg) < 0 ? -EFAULT : result;
}

EXPORT ssize_t read(int fd, void *buf, size_t len) {
  int saved = errno;
  struct fd_entry *e;
  enum fd_kind kind = table_kind(fd, &e);
  if (!is_nuse(kind)) return real()->read(fd, buf, len);
  if (kind == KIND_STREAM) return shim_return(stream_read(fd, e, buf, len), saved);
  if (len == 0) return 0;
  struct iovec iov = {buf, len};
  struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
  long result = dgram_recvmsg(fd, e, &msg, 0);
  if (result != -ENOTSOCK) return shim_return(result, saved);
  table_forget(fd);
  return real()->read(fd, buf, len);
}

EXPORT ssize_t readv(int fd, const struct iovec *iov, int count) {
  int saved = errno;
  struct fd_entry *e;
  enum fd_kind kind = table_kind(fd, &e);
  if (!is_nuse(kind)) return real()->readv(fd, iov, count);
  if (count < 0 || count > PIECES_MAX) return shim_return(-EINVAL, saved);
  if (check_pieces(iov, (size_t)count) < 0) return shim_return(-EFAULT, saved);
  if (iov_total(iov, count) == 0) return 0;
  struct msghdr msg = {.msg_iov = (struct iovec *)iov, .msg_iovlen = (size_t)count};
  long result = recv_nuse(fd, kind, e, &msg, 0);
  if (result != -ENOTSOCK) return shim_return(result, saved);
  table_forget(fd);
  return real()->readv(fd, iov, count);
}

/* For a send that is not ours: somebody else may be told, and look. */
static const struct real_table *settled(void) {
  settle();
  return real();
}

EXPORT ssize_t write(int fd, const void *buf, size_t len) {
  int saved = errno;
  struct fd_entry *e;
  enum fd_kind kind = table_kind(fd, &e);
  if (!is_nuse(kind)) return settled()->write(fd, buf, len);
  struct iovec iov = {(void *)buf, len};
  struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
  long result =
      kind == KIND_STREAM ? stream_write(fd, e, buf, len, 0) : dgram_sendmsg(fd, e, &msg, 0);
  if (result != -ENOTSOCK) return shim_return(result, saved);
  table_forget(fd);
  return real()->write(fd, buf, len);
}

EXPORT ssize_t writev(int fd, const struct iovec *iov, int count) {
  int saved = errno;
  struct fd_entry *e;
  enum fd_kind kind = table_kind(fd, &e);
  if (!is_nuse(kind)) return settled()->writev(fd, iov, count);
  if (count < 0 || count > PIECES_MAX) return shim_return(-EINVAL, saved);
  if (check_pieces(iov, (size_t)count) < 0) return shim_return(-EFAULT, saved);
  if (count == 0) return shim_return(0, saved); /* no datagram either */
  struct msghdr msg = {.msg_iov = (struct iovec *)iov, .msg_iovlen = (size_t)count};
  long result = send_nuse(fd, kind, e, &msg, 0);
  if (result != -ENOTSOCK) return shim_return(result, saved);
  table_forget(fd);
  return real()->writev(fd, iov, count);
}

EXPORT ssize_t recv(int fd, void *buf, size_t len, int flags) {
  int saved = errno;
  struct fd_entry *e;
  enum fd_kind kind = table_kind(fd, &e);
  if (!is_nuse(kind)) return real()->recv(fd, buf, len, flags);
  if (kind == KIND_STREAM) return shim_return(stream_recv(fd, e, buf, len, flags), saved);
  struct iovec iov = {buf, len};
  struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
  return shim_return(recv_nuse(fd, kind, e, &msg, flags), saved);
}

EXPORT ssize_t recvfrom(int fd, void *restrict buf, size_t len, int flags, __SOCKADDR_ARG addr,
                        socklen_t *restrict addr_len) {
  int saved = errno;
  struct fd_entry *e;
  enum fd_kind kind = table_kind(fd, &e);
  struct sockaddr *name = addr.__sockaddr__;
  if (!is_nuse(kind)) return real()->recvfrom(fd, buf, len, flags, name, addr_len);
  socklen_t room = 0;
  long named = name == NULL ? 0 : copy_in(&room, addr_len, sizeof room);
  if ((int)room < 0) named = -EINVAL;
  struct iovec iov = {buf, len};
  struct msghdr msg = {.msg_name = named < 0 ? NULL : name,
                       .msg_namelen = room,
                       .msg_iov = &iov,
                       .msg_iovlen = 1};
  long result = recv_nuse(fd, kind, e, &msg, flags);
  if (result < 0 || name == NULL) return shim_return(result, saved);
  /* A bad length is told when the datagram has been taken, as by the kernel. */
  if (named == 0) named = copy_out(addr_len, &msg.msg_namelen, sizeof msg.msg_namelen);
  return shim_return(named < 0 ? named : result, saved);
}

/* Descriptors that came by SCM_RIGHTS may be nuse sockets: looked at when they are used. */
static void forget_received(const struct msghdr *msg) {
  struct msghdr view = *msg;
  if (view.msg_control == NULL || view.msg_controllen < sizeof(struct cmsghdr)) return;
  for (struct cmsghdr *c = CMSG_FIRSTHDR(&view); c != NULL; c = CMSG_NXTHDR(&view, c)) {
    if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) continue;
    for (size_t at = CMSG_LEN(0); at + sizeof(int) <= c->cmsg_len; at += sizeof(int)) {
      int fd;
      memcpy(&fd, (const uint8_t *)c + at, sizeof fd);
      table_forget(fd);
    }
  }
}

EXPORT ssize_t recvmsg(int fd, struct msghdr *msg, int flags) {
  int saved = errno;
  struct fd_entry *e;
  enum fd_kind kind = table_kind(fd, &e);
  if (is_nuse(kind)) return shim_return(recv_message(fd, kind, e, msg, flags), saved);
  ssize_t n = real()->recvmsg(fd, msg, flags);
  if (n >= 0) forget_received(msg);
  return n;
}

/* To the kernel, by address: so it stops at the second door, which has to see who asks. */
static ssize_t netlink_send(int fd, const void *buf, size_t len, int flags) {
  struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
  return real()->sendto(fd, buf, len, flags, (struct sockaddr *)&kernel, sizeof kernel);
}

EXPORT ssize_t send(int fd, const void *buf, size_t len, int flags) {
  int saved = errno;
  struct fd_entry *e;
  enum fd_kind kind = table_kind(fd, &e);
  if (kind == KIND_NETLINK) return netlink_send(fd, buf, len, flags);
  if (!is_nuse(kind)) return settled()->send(fd, buf, len, flags);
  struct iovec iov = {(void *)buf, len};
  struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
  if (kind == KIND_STREAM && !(flags & MSG_FASTOPEN)) {
    return shim_return(stream_write(fd, e, buf, len, flags), saved);
  }
  return shim_return(send_nuse(fd, kind, e, &msg, flags), saved);
}

EXPORT ssize_t sendto(int fd, const void *buf, size_t len, int flags, __CONST_SOCKADDR_ARG addr,
                      socklen_t addr_len) {
  int saved = errno;
  struct fd_entry *e;
  enum fd_kind kind = table_kind(fd, &e);
  if (!is_nuse(kind)) return settled()->sendto(fd, buf, len, flags, addr.__sockaddr__, addr_len);
  if (addr.__sockaddr__ != NULL) {
    bool is_none = addr_len == 0 && kind == KIND_DATAGRAM;
    if (addr_len > SOCKADDR_MAX || is_none) return shim_return(-EINVAL, saved);
    if (check_readable(addr.__sockaddr__, addr_len) < 0) return shim_return(-EFAULT, saved);
  }
  struct iovec iov = {(void *)buf, len};
  struct msghdr msg = {.msg_name = (void *)addr.__sockaddr__,
                       .msg_namelen = addr_len,
                       .msg_iov = &iov,
                       .msg_iovlen = 1};
  if (kind == KIND_STREAM && !(flags & MSG_FASTOPEN)) {
    return shim_return(stream_write(fd, e, buf, len, flags), saved);
  }
  return shim_return(send_nuse(fd, kind, e, &msg, flags), saved);
}

EXPORT ssize_t sendmsg(int fd, const struct msghdr *msg, int flags) {
  int saved = errno;
  struct fd_entry *e;
  enum fd_kind kind = table_kind(fd, &e);
  if (!is_nuse(kind)) return settled()->sendmsg(fd, msg, flags);
  return shim_return(send_message(fd, kind, e, msg, flags), saved);
}

EXPORT int sendmmsg(int fd, struct mmsghdr *vector, unsigned count, int flags) {
  int saved = errno;
  struct fd_entry *e;
  enum fd_kind kind = table_kind(fd, &e);
  if (!is_nuse(kind)) return settled()->sendmmsg(fd, vector, count, flags);
  if (count > PIECES_MAX) count = PIECES_MAX;
  for (unsigned i = 0; i < count; i++) {
    long n = send_message(fd, kind, e, &vector[i].msg_hdr, flags);
    if (n >= 0 && copy_out(&vector[i].msg_len, &(unsigned){(unsigned)n}, sizeof(unsigned)) < 0) {
      n = -EFAULT;
    }
    if (n < 0) return (int)shim_return(i > 0 ? (long)i : n, saved);
  }
  return (int)shim_return((long)count, saved);
}

/* What is left of a recvmmsg timeout; false when nothing is. */
static bool time_left(const struct timespec *deadline, struct timespec *left) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  left->tv_sec = deadline->tv_sec - now.tv_sec;
  left->tv_nsec = deadline->tv_nsec - now.tv_nsec;
  if (left->tv_nsec < 0) {
    left->tv_sec--;
    left->tv_nsec += 1000000000;
  }
  if (left->tv_sec >= 0 && (left->tv_sec > 0 || left->tv_nsec > 0)) return true;
  *left = (struct timespec){0};
  return false;
}

/* When `timeout` from now is. */
static long deadline_of(const struct timespec *timeout, struct timespec *deadline) {
  if (timeout->tv_sec < 0 || timeout->tv_nsec < 0 || timeout->tv_nsec > 999999999) return -EINVAL;
  clock_gettime(CLOCK_MONOTONIC, deadline);
  deadline->tv_sec += timeout->tv_sec + (deadline->tv_nsec + timeout->tv_nsec) / 1000000000;
  deadline->tv_nsec = (deadline->tv_nsec + timeout->tv_nsec) % 1000000000;
  return 0;
}

/* `left`: how long, and what remains of it; NULL: no limit. */
static long recvmmsg_nuse(int fd, enum fd_kind kind, struct fd_entry *e, struct mmsghdr *vector,
                          unsigned count, int flags, struct timespec *left) {
  struct timespec deadline = {0};
  unsigned done = 0;
  if (left != NULL && deadline_of(left, &deadline) < 0) return -EINVAL;
  while (done < count) {
    long n = recv_message(fd, kind, e, &vector[done].msg_hdr, flags & ~MSG_WAITFORONE);
    if (n >= 0 && copy_out(&vector[done].msg_len, &(unsigned){(unsigned)n}, sizeof(unsigned)) < 0) {
      n = -EFAULT;
    }
    if (n < 0) {
      if (done == 0) return n;
      if (kind == KIND_DATAGRAM && n != -EAGAIN) atomic_store(&e->error, (int)-n);
      break;
    }
    done++;
    if (flags & MSG_WAITFORONE) flags |= MSG_DONTWAIT;
    if (left != NULL && !time_left(&deadline, left)) break;
    if (n == 0 && kind == KIND_STREAM) break;
  }
  return (long)done;
}

static long recvmmsg_within(int fd, enum fd_kind kind, struct fd_entry *e, struct mmsghdr *vector,
                            unsigned count, int flags, struct timespec *timeout) {
  struct timespec left;
  if (timeout == NULL) return recvmmsg_nuse(fd, kind, e, vector, count, flags, NULL);
  if (copy_in(&left, timeout, sizeof left) < 0) return -EFAULT;
  long result = recvmmsg_nuse(fd, kind, e, vector, count, flags, &left);
  return result > 0 && copy_out(timeout, &left, sizeof left) < 0 ? -EFAULT : result;
}

EXPORT int recvmmsg(int fd, struct mmsghdr *vector, unsigned count, int flags,
                    struct timespec *timeout) {
  int saved = errno;
  struct fd_entry *e;
  enum fd_kind kind = table_kind(fd, &e);
  if (is_nuse(kind)) {
    return (int)shim_return(recvmmsg_within(fd, kind, e, vector, count, flags, timeout), saved);
  }
  int n = real()->recvmmsg(fd, vector, count, flags, timeout);
  for (int i = 0; i < n; i++) forget_received(&vector[i].msg_hdr);
  return n;
}

/* Its pair would take the bytes. */
static bool is_unconnected(int fd, struct fd_entry *e) {
  if ((entry_word(e) & NUSE_STATE_CONNECTED) || !entry_verify(fd, e)) return false;
  return !(entry_refresh(fd, e) & (NUSE_STATE_CONNECTED | NUSE_STATE_CONNECTING));
}

EXPORT ssize_t sendfile64(int out, int in, off64_t *offset, size_t count) {
  int saved = errno;
  struct fd_entry *e;
  enum fd_kind kind = table_kind(out, &e);
  if (kind == KIND_DATAGRAM && entry_verify(out, e)) {
    return shim_return(dgram_sendfile(out, e, in, offset, count), saved);
  }
  if (kind == KIND_STREAM && (entry_word(e) & WORD_UNWRITABLE)) {
    long result = stream_await_connect(out, e, 0, SO_SNDTIMEO);
    if (result < 0) return shim_return(result, saved);
  }
  if (kind == KIND_STREAM && is_unconnected(out, e)) return shim_return(-EPIPE, saved);
  if (kind == KIND_STREAM) ring_leave_any(out, e, RING_SEND);
  if (kind == KIND_STREAM && !(entry_word(e) & WORD_SNDBUF_GROWN)) {
    stream_verify_and_grow_sndbuf(out, e);
  }
  ssize_t n = real()->sendfile64(out, in, offset, count);
  if (n > 0 && kind == KIND_STREAM && (entry_word(e) & WORD_MORE)) stream_say_more(out, e, false);
  if (kind == KIND_STREAM) stream_note_sent(e, n);
  return n;
}

EXPORT ssize_t splice(int in, off64_t *in_offset, int out, off64_t *out_offset, size_t len,
                      unsigned flags) {
  int saved = errno;
  struct fd_entry *e;
  if (table_kind(in, &e) == KIND_STREAM) ring_leave_any(in, e, RING_RECEIVE);
  enum fd_kind kind = table_kind(out, &e);
  if (kind == KIND_STREAM && (entry_word(e) & WORD_UNWRITABLE)) {
    int nonblocking = flags & SPLICE_F_NONBLOCK ? MSG_DONTWAIT : 0;
    long result = stream_await_connect(out, e, nonblocking, SO_SNDTIMEO);
    if (result < 0) return shim_return(result, saved);
  }
  if (kind == KIND_STREAM) ring_leave_any(out, e, RING_SEND);
  ssize_t n = real()->splice(in, in_offset, out, out_offset, len, flags);
  if (kind == KIND_STREAM) stream_note_sent(e, n);
  return n;
}

EXPORT ssize_t sendfile(int out, int in, off_t *offset, size_t count) {
  _Static_assert(sizeof(off_t) == sizeof(off64_t), "one kind of offset");
  return sendfile64(out, in, (off64_t *)offset, count);
}
