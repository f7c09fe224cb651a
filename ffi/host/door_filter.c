/* The filter of the second door (seccomp(2), SECCOMP_RET_USER_NOTIF): which calls of a program stop
 * until nuse has answered them. The program gets it before it is executed, and all that it starts
 * inherit it. What is answered, and how: io/app/door.
 *
 * A filter sees registers only. So what concerns a descriptor stops whosever it is, and nuse lets
 * it go on if it is not nuse's; but bytes never stop: read and write are not looked at, sendto and
 * recvfrom only with an address. The shim serves its program itself: it marks its calls in the
 * last argument register, which the kernel has no use for in any of them, and they pass.
 *
 * Not for keeping anything in: who wants to get past the filter copies the mark, and is in an empty
 * network namespace then (network.c).
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/netlink.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "door_filter.h"
#include "filter.h"

#define MARK_ARGUMENT 5
/* SIOC*: 0x8900 to 0x89ff */
#define SOCKET_IOCTL_MASK 0xff00
#define SOCKET_IOCTLS 0x8900

/* They take a descriptor of which only nuse knows whose it is; no more than five arguments. The
 * most frequent first. */
static const int STOPPED[] = {
  SYS_recvmsg, SYS_sendmsg, SYS_recvmmsg, SYS_sendmmsg, SYS_getsockopt, SYS_accept4, SYS_connect,
  SYS_setsockopt, SYS_shutdown, SYS_bind, SYS_listen, SYS_accept, SYS_getsockname, SYS_getpeername,
};

/* musl asks netlink for a list by send() and does not wait for the answer: it has to be there when
 * send() returns. struct nlmsghdr and struct rtgenmsg. */
#define LIST_REQUEST_LEN 20

/* Calls of 32-bit programs, which nuse does not serve. */
#if defined(__x86_64__)
static const int REFUSED_32[] = {102 /* socketcall */, 425 /* io_uring_setup */};
#define SOCKET_32 359
#else
static const int REFUSED_32[] = {425};
#define SOCKET_32 281
#endif

/* What is not marked stops. */
static void stop_unmarked(struct program *p, uint64_t mark) {
  load_argument(p, MARK_ARGUMENT, 0);
  unless(p, (uint32_t)mark, 3);
  load_argument(p, MARK_ARGUMENT, 1);
  unless(p, (uint32_t)(mark >> 32), 1);
  answer(p, SECCOMP_RET_ALLOW);
  answer(p, SECCOMP_RET_USER_NOTIF);
}
#define STOP_UNMARKED_LEN 6

/* Sockets of the domains that nuse serves, and packet sockets, which it refuses. Netlink sockets of
 * the families that show the network stop also when the shim makes them: it serves none. */
static void stop_sockets(struct program *p, uint64_t mark) {
  unless(p, SYS_socket, 12 + STOP_UNMARKED_LEN);
  load_argument(p, 0, 0);
  unless(p, AF_NETLINK, 6);
  load_argument(p, 2, 0);
  when(p, NETLINK_ROUTE, SECCOMP_RET_USER_NOTIF);
  when(p, NETLINK_SOCK_DIAG, SECCOMP_RET_USER_NOTIF);
  answer(p, SECCOMP_RET_ALLOW);
  add(p, BPF_JMP | BPF_JEQ | BPF_K, 2, 0, AF_PACKET);
  add(p, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, AF_INET);
  unless(p, AF_INET6, STOP_UNMARKED_LEN);
  stop_unmarked(p, mark);
  answer(p, SECCOMP_RET_ALLOW);
}

/* sendto and recvfrom with an address, or with one of `refused`, flags that a pair takes for
 * something else; and those of `len` bytes without any flag, 0: of none that matters. */
static void stop_addresses(struct program *p, uint32_t call, uint32_t refused, uint32_t len) {
  unless(p, call, 11);
  load_argument(p, 4, 0);
  add(p, BPF_JMP | BPF_JEQ | BPF_K, 0, 8, 0);
  load_argument(p, 4, 1);
  add(p, BPF_JMP | BPF_JEQ | BPF_K, 0, 6, 0);
  load_argument(p, 3, 0);
  add(p, BPF_JMP | BPF_JSET | BPF_K, 4, 0, refused);
  add(p, BPF_JMP | BPF_JEQ | BPF_K, 0, 2, 0);
  load_argument(p, 2, 0);
  add(p, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, len);
  answer(p, SECCOMP_RET_ALLOW);
  answer(p, SECCOMP_RET_USER_NOTIF);
}

static void stop_ioctls(struct program *p, uint64_t mark) {
  unless(p, SYS_ioctl, 5 + STOP_UNMARKED_LEN);
  load_argument(p, 1, 0);
  add(p, BPF_JMP | BPF_JEQ | BPF_K, 3, 0, FIONREAD);
  add(p, BPF_ALU | BPF_AND | BPF_K, 0, 0, SOCKET_IOCTL_MASK);
  add(p, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, SOCKET_IOCTLS);
  answer(p, SECCOMP_RET_ALLOW);
  stop_unmarked(p, mark);
}

/* Other architectures' calls have other numbers. */
static void refuse_others(struct program *p) {
  load(p, offsetof(struct seccomp_data, arch));
  add(p, BPF_JMP | BPF_JEQ | BPF_K, 2 * COUNT(REFUSED_32) + 12, 0, ARCH);
  add(p, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, ARCH_32);
  answer(p, REFUSE(ENOSYS));
  load(p, offsetof(struct seccomp_data, nr));
  for (int i = 0; i < COUNT(REFUSED_32); i++) when(p, (uint32_t)REFUSED_32[i], REFUSE(ENOSYS));
  unless(p, SOCKET_32, 7);
  load_argument(p, 0, 0);
  when(p, AF_INET, REFUSE(ENOSYS));
  when(p, AF_INET6, REFUSE(ENOSYS));
  when(p, AF_PACKET, REFUSE(ENOSYS));
  answer(p, SECCOMP_RET_ALLOW);
  load(p, offsetof(struct seccomp_data, nr));
  refuse_x32(p);
}

/* What moves bytes comes first. A call that passes whatever its arguments are (read, write) does
 * not come here at all: the kernel has found that out beforehand (Linux 5.11). */
static void build(struct program *p, uint64_t mark) {
  refuse_others(p);
  stop_addresses(p, SYS_recvfrom, MSG_OOB | MSG_ERRQUEUE, 0);
  stop_addresses(p, SYS_sendto, MSG_OOB | MSG_MORE | MSG_FASTOPEN, LIST_REQUEST_LEN);
  for (int i = 0; i < COUNT(STOPPED); i++) {
    unless(p, (uint32_t)STOPPED[i], STOP_UNMARKED_LEN);
    stop_unmarked(p, mark);
  }
  when(p, SYS_io_uring_setup, REFUSE(ENOSYS));
  stop_sockets(p, mark);
  stop_ioctls(p, mark);
  answer(p, SECCOMP_RET_ALLOW);
}

/* Hands a descriptor on by `door`, with a byte that says what it is of (DOOR_NEWS_). With the mark,
 * as this process could not be served yet if it stopped. Returns 0 or -errno. */
int door_hand_over(int door, int fd, char news, uint64_t mark) {
  union {
    struct cmsghdr align;
    char bytes[CMSG_SPACE(sizeof(int))];
  } control = {0};
  struct iovec iov = {&news, 1};
  struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
  msg.msg_control = &control;
  msg.msg_controllen = sizeof control.bytes;
  struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
  c->cmsg_level = SOL_SOCKET;
  c->cmsg_type = SCM_RIGHTS;
  c->cmsg_len = CMSG_LEN(sizeof(int));
  memcpy(CMSG_DATA(c), &fd, sizeof fd);
  long n = syscall(SYS_sendmsg, door, &msg, MSG_NOSIGNAL, 0L, 0L, mark);
  return n < 0 ? -errno : 0;
}

/* Puts this process, and all that it will start, behind the door; the descriptor that tells of its
 * calls goes to the other end of `door`. Returns 0 or -errno: without CAP_SYS_ADMIN in its user
 * namespace -EACCES, under another door -EBUSY. */
int door_install(int door, uint64_t mark) {
  struct program p = {.len = 0};
  build(&p, mark);
  struct sock_fprog filter = {.len = (unsigned short)p.len, .filter = p.code};
  unsigned long flags = SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_SPEC_ALLOW;
  long listener = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &filter);
  if (listener < 0) return -errno;
  int r = door_hand_over(door, (int)listener, DOOR_NEWS_CALLS, mark);
  close((int)listener);
  return r;
}
